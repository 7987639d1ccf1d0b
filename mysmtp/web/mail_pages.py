"""The pages of one mail: each view of it has an address of its own. Nothing is changed here.

Routes only: they ask the store, have the mail opened off the hub, and fill the template.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BareResponse

from mysmtp.contracts import Marking, RecordKeeper
from mysmtp.message import StoredMail
from mysmtp.tape import Mail
from mysmtp.web import presenting_mail as mails
from mysmtp.web.actions import mark
from mysmtp.web.guard import POLICY
from mysmtp.web.panes import panes_beside
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
    store = site().store
    if not isinstance(store, RecordKeeper):
        raise NotFound
    stored, clock = store.read(name, mail_id), site().clock()
    record, look = store.record(name, mail_id), site().surveys.of
    return _page(name, stored, site().offload(lambda: open_record(stored, record, clock, look)))


@newest_routes.get("/mailbox/<mailbox:name>/newest")
def newest(name: str) -> BareResponse:
    """Show the newest mail of a mailbox, whichever that is when the page is asked for; its list where it has none."""
    last = site().store.summary(name).newest
    if last is None:
        return redirect(url_for("pages.mailbox", name=name), 303)
    return _view(name, last.id, "", following=True)


def _view(name: str, mail_id: int, tab: str, *, following: bool = False) -> Response:
    stored, address, clock = site().store.read(name, mail_id), image_address(name, mail_id), site().clock()
    look = site().surveys.of
    opened = site().offload(lambda: open_mail(stored, tab, address, clock, look))
    if opened is None:
        raise NotFound
    return _page(name, stored, opened, remote=address.remote, following=following)


def _look_at(name: str, stored: StoredMail) -> None:
    """Mark a mail seen that a reader opens; what a script fetches, or a browser in advance, nobody has read."""
    headers = request.headers
    fetched = headers.get("Sec-Fetch-Dest", "document") != "document" or "prefetch" in headers.get("Sec-Purpose", "")
    if request.method == "GET" and not fetched and not stored.summary.seen and isinstance(site().store, Marking):
        mark({name: [stored.summary.id]}, True)


def _page(name: str, stored: StoredMail, opened: Opened, *, remote: bool = False, following: bool = False) -> Response:
    store = site().store
    _look_at(name, stored)
    found = store.list(name)
    page = render_template(
        "mail.html",
        name=name,
        label=plain(name),
        mail=mails.view_of(stored, name, site().clock()),
        opened=opened,
        letter=opened.letter,
        remote=remote,
        following=following,
        width=width if (width := request.args.get("width", "")) in WIDTHS else "",
        last_id=store.summary(name).last_id,
        beside=mails.neighbours(found, stored.summary.id),
        panes=panes_beside(name, found, stored.summary.id),
        keeps_records=isinstance(store, RecordKeeper),
        stored_at=_stored_at(name, stored),
    )
    response = make_response(page)
    if opened.page is not None:
        response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


def _stored_at(name: str, stored: StoredMail) -> tuple[int, int] | None:
    """Return the session that stored a mail and the line that says so, None if that is not kept."""
    session = stored.trace.session if stored.trace else 0
    line = site().recorder.entry_of(session, Mail(name, stored.summary.id))
    return (session, line) if line is not None else None
