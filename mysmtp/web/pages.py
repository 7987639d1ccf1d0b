"""The pages of lists: all mailboxes, one mailbox. Nothing is changed here.

Routes only: they ask the store, hand what it says to the presenting modules, and pick the template.
"""

from flask import Blueprint, render_template, request, url_for
from werkzeug.exceptions import BadRequest

from mysmtp.config import Config
from mysmtp.web import presenting_boxes as table
from mysmtp.web import presenting_lists as lists
from mysmtp.web.guard import host_of
from mysmtp.web.presenting import count_words, plain
from mysmtp.web.site import Deed, reachable, site

routes = Blueprint("pages", __name__)


@routes.get("/")
def mailboxes() -> str:
    """Show every mailbox, or how to send the first mail."""
    boxes = site().store.mailboxes()
    if not boxes:
        host, port = reachable(site().endpoints.my_smtp, host_of(request.environ["HTTP_HOST"]) or "")
        return render_template("empty.html", host=host, port=port, send=send_words(host, port))
    page = table.table_of(boxes, site().clock(), _place(request.args.get("before")))
    news = sum(box.last_id for box in boxes)
    return render_template("mailboxes.html", page=page, totals=table.totals_of(boxes), news=news)


@routes.get("/mailbox/<mailbox:name>")
def mailbox(name: str) -> str:
    """Show the mails of one mailbox: LIST."""
    before = _key(request.args.get("before"))
    summary = site().store.summary(name)
    found = site().store.list(name)
    clock = site().clock()
    page = lists.page_of(found, before)
    own, others = lists.troubles_about(plain(name), site().troubles())
    return render_template(
        "mailbox.html",
        name=name,
        label=plain(name),
        summary=summary,
        facts=lists.facts_of(len(found), summary.size),
        count=len(found),
        upto=found[-1].id if found else 0,
        page=page,
        days=lists.days_of(page.mails, clock),
        before=before,
        side=_side(name),
        damage=lists.damage_words(summary.damage, site().mailbox_folder),
        own_troubles=own,
        troubles=others,
        told=_told(name),
    )


@routes.get("/mailbox/<mailbox:name>/delete")
def ask_delete_all(name: str) -> str:
    """Ask before a whole mailbox is emptied (without JavaScript; with it, a dialog asks)."""
    found = site().store.list(name)
    upto = found[-1].id if found else 0
    return render_template("delete.html", name=name, label=plain(name), count=len(found), upto=upto)


def send_words(host: str, port: int) -> str:
    """Return the command that sends a first mail, empty if it is not installed; defaults are left out."""
    command = site().send_command
    if not command:
        return ""
    usual = Config()
    where = (f" --host {host}" if host != usual.host else "") + (f" --port {port}" if port != usual.port else "")
    return f'{command} send{where} --to bob@example.com "Hello Bob"'


def _side(name: str) -> tuple[tuple[table.BoxRow, ...], int]:
    boxes = site().store.mailboxes()
    return table.side_of(boxes, name, site().clock()), len(boxes)


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


def _told(name: str) -> dict[str, str] | None:
    """Return what to tell of the deed in this address: words, the token that undoes it, the row that came back."""
    token = request.args.get("done", "")
    deed = site().deeds.find(token, name)
    if deed is None:
        return None
    undo = token if deed.kind == "deleted" and deed.ids else ""
    row = str(max(deed.ids)) if deed.kind == "restored" and deed.ids else ""
    return {"words": deed_words(deed), "undo": undo, "row": row}


def deed_words(deed: Deed) -> str:
    """Return a deed in words: ``Deleted mail 14``, ``Deleted 12 mails``, ``Mail 14 is back``."""
    one = len(deed.ids) == 1
    if deed.kind == "deleted":
        if not deed.ids:
            return "Nothing deleted: it was gone already"
        return f"Deleted mail {deed.ids[0]}" if one else f"Deleted {count_words(len(deed.ids), 'mail')}"
    if not deed.ids:
        return "Nothing put back: the space is reclaimed, or it was back already"
    words = f"Mail {deed.ids[0]} is back" if one else f"{count_words(len(deed.ids), 'mail')} are back"
    return words + (f", {deed.missed:,} could not be put back" if deed.missed else "")


def after_deed(deed: Deed, before: str | None, row: int | None) -> str:
    """Return the address of the page that tells of a deed, at the row where reading goes on."""
    token = site().deeds.remember(deed)
    key = before if before and before.isascii() and before.isdigit() else None
    anchor = f"mail-{row}" if row is not None else None
    return url_for("pages.mailbox", name=deed.mailbox, before=key, done=token, _anchor=anchor)
