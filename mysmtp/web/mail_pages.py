"""The pages of one mail: each view of it has an address of its own. Nothing is changed here.

Routes only: they ask the store, have the mail opened off the hub, and fill the template.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BareResponse

from mysmtp.entry import Mail
from mysmtp.message import StoredMail, Trace
from mysmtp.powers import Gathering, Marking, RecordKeeper
from mysmtp.web import origins
from mysmtp.web import presenting_mail as mails
from mysmtp.web.actions import mark
from mysmtp.web.around import Around, around
from mysmtp.web.guard import POLICY, of_another_site
from mysmtp.web.origins import ALL, MAILBOX, Origin
from mysmtp.web.panes import side_beside, width_of_list
from mysmtp.web.parts import image_address
from mysmtp.web.presenting import plain
from mysmtp.web.reading import Opened, open_mail, open_record
from mysmtp.web.site import site

WIDTHS = ("phone", "tablet", "desktop")  # at which HTML can be shown; how wide they are stands in the style sheet

routes = Blueprint("mail", __name__, url_prefix="/mailbox/<mailbox:name>/<mail_id:mail_id>")
newest_routes = Blueprint("newest", __name__)


@routes.get("")
def show(name: str, mail_id: int) -> Response:
    """Show one mail as its sender meant it: GET_MAIL."""
    return _view(name, mail_id, "")


@routes.get("/<any(html, markup, text, links, headers, parts, source, checks):tab>")
def view(name: str, mail_id: int, tab: str) -> Response:
    """Show one mail in another way, if it has that."""
    return _view(name, mail_id, tab)


@routes.get("/raw")
def raw(name: str, mail_id: int) -> Response:
    """Show the record of one mail as it lies in its file."""
    return _raw(name, mail_id)


@newest_routes.get("/mailbox/<mailbox:name>/newest")
def newest(name: str) -> BareResponse:
    """Show the newest mail of a mailbox, whichever that is when the page is asked for; its list where it has none."""
    last = site().store.summary(name).newest
    if last is None:
        return redirect(url_for("pages.mailbox", name=name), 303)
    return _newest(name, last.id, MAILBOX)


@newest_routes.get("/all/newest")
def across() -> BareResponse:
    """Show the newest mail of all mailboxes; their list where there is none."""
    store = site().store
    if not isinstance(store, Gathering):
        raise NotFound
    for rank, _ in store.gather(1).mails:
        return _newest(rank.mailbox, rank.id, ALL)
    return redirect(url_for("pages.across"), 303)


def _newest(name: str, mail_id: int, origin: Origin) -> Response:
    """Show the newest mail in the way that is asked for, or as its sender meant it where it cannot be shown so."""
    asked = request.args.get("tab", "")
    if asked == "raw":
        return _raw(name, mail_id, origin)
    try:
        return _view(name, mail_id, asked, origin)
    except NotFound:
        return _view(name, mail_id, "", origin)


def _raw(name: str, mail_id: int, followed: Origin | None = None) -> Response:
    store = site().store
    if not isinstance(store, RecordKeeper):
        raise NotFound
    clock, look = site().clock(), site().surveys.of
    stored, opened = site().opening.open_with(
        lambda: store.record(name, mail_id), name, mail_id, lambda mail, record: open_record(mail, record, clock, look)
    )
    return _page(name, stored, opened, followed=followed)


def _view(name: str, mail_id: int, tab: str, followed: Origin | None = None) -> Response:
    address, clock, look = image_address(name, mail_id), site().clock(), site().surveys.of
    stored, opened = site().opening.open(name, mail_id, lambda mail: open_mail(mail, tab, address, clock, look))
    if opened is None:
        raise NotFound
    return _page(name, stored, opened, remote=address.remote, followed=followed)


def _look_at(name: str, stored: StoredMail) -> None:
    """Mark a mail seen that a reader opens: not one that a script fetches, a browser in advance, or another site."""
    headers = request.headers
    fetched = headers.get("Sec-Fetch-Dest", "document") != "document" or "prefetch" in headers.get("Sec-Purpose", "")
    elsewhere = fetched or of_another_site(headers)
    if request.method == "GET" and not elsewhere and not stored.summary.seen and isinstance(site().store, Marking):
        mark({name: [stored.summary.id]}, True)


def _page(
    name: str, stored: StoredMail, opened: Opened, *, remote: bool = False, followed: Origin | None = None
) -> Response:
    """Fill the template. `followed` is the list whose newest mail this is shown as."""
    store = site().store
    _look_at(name, stored)
    beside = bool(width_of_list())
    place = around(followed or origins.asked(), (name, stored.summary.id), beside=beside)
    summary = store.summary(name)
    page = render_template(
        "mail.html",
        name=name,
        label=plain(name),
        mail=mails.view_of(stored, name, site().clock()),
        opened=opened,
        letter=opened.letter,
        remote=remote,
        following=followed is not None,
        width=width if (width := request.args.get("width", "")) in WIDTHS else "",
        last_id=summary.last_id,
        unseen=summary.unseen,
        place=place,
        **_addresses(place, followed is not None),
        panes=side_beside(name) if beside else None,
        keeps_records=isinstance(store, RecordKeeper),
        stored_at=_stored_at(name, stored),
    )
    response = make_response(page)
    if opened.page is not None:
        response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


def _addresses(place: Around, following: bool) -> dict[str, Callable[..., str]]:
    """Return what makes the addresses of the mail's pages, which tell where it was opened from, and those of its views.

    While the newest is followed, its views are those of whichever mail is the newest.
    """
    (name, mail_id), origin = place.mail, place.origin
    known: dict[str, Any] = {"name": name, "mail_id": mail_id, **origin.args}
    to = partial(url_for, **known)

    def at_tab(tab: str, **more: Any) -> str:
        if following and origin == ALL:
            return url_for("newest.across", tab=tab, **more)
        if following:
            return url_for("newest.newest", name=name, tab=tab, **more)
        return url_for("mail.raw", **known) if tab == "raw" else url_for("mail.view", tab=tab, **known, **more)

    return {"to": to, "at_tab": at_tab}


def _stored_at(name: str, stored: StoredMail) -> tuple[int, int] | None:
    """Return the session that stored a mail and the line that says so, 0 where that made room; None if not kept."""
    trace = stored.trace
    if trace is None:
        return None
    line = site().recorder.entry_of(trace.session, Mail(name, stored.summary.id))
    if line is None and not _made_room(trace, stored.summary.arrived):
        return None
    return trace.session, line or 0


def _made_room(trace: Trace, arrived: datetime | None) -> bool:
    """Tell whether a session is kept, but no longer its line that stored a mail.

    Sessions are counted anew by each process: that it is the same one is told by its peer and its time.
    """
    tape = site().recorder.find(trace.session)
    if tape is None or not tape.lost or arrived is None:
        return False
    return tape.peer == trace.peer and tape.began <= arrived
