"""The pages of lists: all mailboxes, one mailbox. Nothing is changed here.

Routes only: they ask the store, hand what it says to the presenting modules, and pick the template.
"""

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.exceptions import BadRequest, NotFound

from mysmtp.message import Rank
from mysmtp.powers import Gathering
from mysmtp.web import guide
from mysmtp.web import presenting_boxes as table
from mysmtp.web import presenting_lists as lists
from mysmtp.web.looking import days_in, gathered_page
from mysmtp.web.panes import side_beside, side_of
from mysmtp.web.presenting import plain
from mysmtp.web.presenting_across import rank_of
from mysmtp.web.site import site

MOST_ON_ICON = 99

routes = Blueprint("pages", __name__)


@routes.get("/")
def mailboxes() -> str:
    """Show every mailbox, or those with some text in their names, or how to send the first mail."""
    boxes = site().store.mailboxes()
    if not boxes:
        return guide.empty()
    names = request.args.get("names", "").strip()
    shown = table.named(boxes, names)
    page = table.table_of(shown, site().clock(), _place(request.args.get("before")), looking=site().beginnings.look)
    news = sum(box.last_id for box in boxes)
    unseen = sum(box.unseen for box in boxes)
    totals = table.totals_of(shown)
    return render_template("mailboxes.html", page=page, totals=totals, news=news, unseen=unseen, names=names)


@routes.get("/mailbox/<mailbox:name>")
def mailbox(name: str) -> str:
    """Show the mails of one mailbox: LIST."""
    before = _key(request.args.get("before"))
    summary = site().store.summary(name)
    found = site().store.list(name)
    page = lists.page_of(found, before)
    own, others = lists.troubles_about(plain(name), site().troubles())
    return render_template(
        "mailbox.html",
        name=name,
        label=plain(name),
        summary=summary,
        facts=lists.facts_of(len(found), summary.unseen, summary.size),
        count=len(found),
        upto=found[-1].id if found else 0,
        page=page,
        days=days_in(name, page.mails),
        before=before,
        side=side_beside(name),
        damage=lists.damage_words(summary.damage, site().mailbox_folder),
        own_troubles=own,
        troubles=others,
        unseen=summary.unseen,
    )


@routes.get("/all")
def across() -> str:
    """Show the mails of all mailboxes, newest first."""
    store = site().store
    if not isinstance(store, Gathering):
        raise NotFound
    below, above = (_rank(key) for key in ("before", "after"))
    gathered = store.gather(lists.PAGE, below, above)
    newest = gathered if not gathered.above else store.gather(1)
    boxes = gathered.boxes
    return render_template(
        "all.html",
        upto=newest.mails[0][0].moment if newest.mails else 0,
        page=gathered_page(gathered),
        facts=lists.facts_of(gathered.total, sum(box.unseen for box in boxes), sum(box.size for box in boxes)),
        count=gathered.total,
        unseen=sum(box.unseen for box in boxes),
        news=sum(box.last_id for box in boxes),
        side=side_of(boxes, ""),
    )


@routes.get("/icon/<int(max=999):new>.svg")
def icon(new: int) -> Response:
    """Draw the icon of a page with how many new mails it tells of."""
    response = make_response(render_template("icon.svg", words=str(new) if new <= MOST_ON_ICON else f"{MOST_ON_ICON}+"))
    response.mimetype = "image/svg+xml"
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _rank(name: str) -> Rank | None:
    text = request.args.get(name)
    found = rank_of(text) if text is not None else None
    if text is not None and found is None:
        raise BadRequest(f"{name}={plain(text[:40])}: that is no place in this list.")
    return found


def _place(text: str | None) -> table.BoxKey | None:
    if text is None:
        return None
    found = table.place_of(text)
    if found is None:
        raise BadRequest(f"before={plain(text[:40])}: that is no place in this list.")
    return found


def _key(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequest(f"before={plain(text[:40])}: a mail id is needed there, in digits.")
    return int(text)
