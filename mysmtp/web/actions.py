"""What the pages change: delete, mark, undo, theme. Each is a POST of a page of ours, answered with 303 to a page.

Nothing here asks: a deletion only marks mails, so every one can be undone, and so can every mark.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable
from werkzeug.wrappers import Response

from mysmtp.contracts import Marking
from mysmtp.errors import NoSuchMailbox
from mysmtp.events import MailboxChanged, MailsMarked
from mysmtp.search.index import Unsearchable
from mysmtp.search.query import Unreadable, read_query
from mysmtp.web.deeds import Deed, deed_of
from mysmtp.web.panes import COOKIE, OFF, WIDTHS
from mysmtp.web.presenting import count_words
from mysmtp.web.presenting_mail import neighbours
from mysmtp.web.site import site
from mysmtp.web.urls import mail_of

THEMES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600
DEEDS = ("delete", "seen", "new")

routes = Blueprint("actions", __name__)

Mails = Mapping[str, Sequence[int]]  # ids by mailbox


@routes.post("/mails")
def chosen() -> Response:
    """Delete the chosen mails, or mark them, in whichever mailboxes they lie.

    A field named as the deed holds one mail it is for; else `do` is the deed, for each `mail`.
    """
    form = request.form
    single = next((deed for deed in DEEDS if deed in form), "")
    deed, keys = (single, [form[single]]) if single else (form.get("do", ""), form.getlist("mail"))
    mails = by_mailbox(keys)
    if deed not in DEEDS:
        raise BadRequest("do: delete, seen or new.")
    row = _row_after(mails) if deed == "delete" else None
    return _told(done(deed, mails), local_path(form.get("back", "/")), row)


@routes.post("/found")
def found() -> Response:
    """Delete or mark all mails that a search finds, whatever part of them its page showed."""
    deed, index = request.form.get("do", ""), site().index
    if index is None:
        raise NotFound
    try:
        query = read_query(request.form.get("q", ""))
    except Unreadable:
        raise BadRequest("q: this search can't be read.") from None
    if deed not in DEEDS or not query.parts:
        raise BadRequest("do: delete, seen or new; q: what to search for.")
    try:
        mails, unsearched = index.matches(query)
    except Unsearchable:
        raise ServiceUnavailable("The index of words cannot be used now; the log says why.") from None
    if unsearched:
        raise BadRequest(f"{count_words(unsearched, 'mail')} could not be searched yet. Try again in a while.")
    return _told(done(deed, mails), url_for("search.search", q=query.text), None)


@routes.post("/mailbox/<mailbox:name>/<mail_id:mail_id>/delete")
def delete(name: str, mail_id: int) -> Response:
    """Delete one mail and go on in the list at the row after it."""
    row = _row_after({name: [mail_id]})
    return _told(done("delete", {name: [mail_id]}), url_for("pages.mailbox", name=name), row)


@routes.post("/mailbox/<mailbox:name>/delete")
def delete_all(name: str) -> Response:
    """Delete the mails of a mailbox that its page showed: those that came in since stay."""
    upto = _upto()
    asked = [mail.id for mail in site().store.list(name) if mail.id <= upto]
    gone = done("delete", {name: asked})
    left = max((mail.id for mail in site().store.list(name)), default=None)
    return _told(gone, url_for("pages.mailbox", name=name), (name, left) if left else None)


@routes.post("/mailbox/<mailbox:name>/seen")
def seen_all(name: str) -> Response:
    """Mark the mails of a mailbox that its page showed as seen."""
    upto = _upto()
    asked = [each for each in _marking().unseen(name) if each <= upto]
    return _told(done("seen", {name: asked}), local_path(request.form.get("back", "/")), None)


@routes.post("/undo")
def undo() -> Response:
    """Put back what a deletion took, or take back marks."""
    token = request.form.get("deed", "")
    deed = site().deeds.find(token)
    if deed is None or deed.kind == "restored":
        raise BadRequest("This is too long ago to be undone here; the server was started again since.")
    mails = dict(deed.mails)
    if deed.kind == "deleted":
        back = _each(mails, site().store.restore, MailboxChanged)
        told = deed_of("restored", back, deed.count - sum(map(len, back.values())))
    else:
        told = done("new" if deed.kind == "seen" else "seen", mails)
    site().deeds.forget(token)
    return _told(told, local_path(request.form.get("back", "/")), told.newest)


@routes.post("/split")
def split() -> Response:
    """Remember in a cookie whether mails open beside the list, and how wide that is; go back to where it was chosen."""
    wanted = request.form.get("split", "")
    if wanted not in (OFF, *WIDTHS):
        raise BadRequest(f"split: off, or how many hundredths the list takes, {WIDTHS[0]} to {WIDTHS[-1]} by fives.")
    response = redirect(local_path(request.form.get("back", "/")), 303)
    response.set_cookie(COOKIE, wanted, max_age=YEAR, httponly=True, samesite="Lax")
    return response


@routes.post("/theme")
def theme() -> Response:
    """Remember the choice of light or dark in a cookie, and go back to where it was made."""
    wanted = request.form.get("theme", "")
    if wanted not in THEMES:
        raise BadRequest("theme: auto, light or dark.")
    response = redirect(local_path(request.form.get("back", "/")), 303)
    response.set_cookie("theme", wanted, max_age=YEAR, httponly=True, samesite="Lax")
    return response


def done(deed: str, mails: Mails) -> Deed:
    """Do one of DEEDS to mails, tell other open pages, and return what was done."""
    if deed == "delete":
        return deed_of("deleted", _each(mails, site().store.delete, MailboxChanged))
    return deed_of("seen" if deed == "seen" else "new", mark(mails, deed == "seen"))


def mark(mails: Mails, seen: bool) -> Mails:
    """Mark mails, tell other open pages, and return those that were not."""
    store = _marking()
    return _each(mails, lambda name, ids: store.mark(name, ids, seen), MailsMarked)


def _each(
    mails: Mails, do: Callable[[str, Sequence[int]], Sequence[int]], event: type[MailboxChanged] | type[MailsMarked]
) -> Mails:
    """Do something in each mailbox; one that is gone has nothing left to do it to, unless it is the only one."""
    changed: dict[str, Sequence[int]] = {}
    for name, ids in mails.items():
        try:
            changed[name] = do(name, ids) if ids else ()
        except NoSuchMailbox:
            if len(mails) == 1:
                raise
            changed[name] = ()
        if changed[name]:
            site().bus.publish(event(0, name))
    return changed


def by_mailbox(keys: Iterable[str]) -> Mails:
    """Return the mails of keys as `urls.mail_key` makes them. Raises BadRequest for what is none."""
    found: dict[str, list[int]] = {}
    for key in keys:
        mail = mail_of(key)
        if mail is None:
            raise BadRequest("mail: a mailbox and a mail id are needed, such as bob@example.com/14.")
        found.setdefault(mail[0], []).append(mail[1])
    return found


def _marking() -> Marking:
    store = site().store
    if not isinstance(store, Marking):
        raise NotFound
    return store


def _upto() -> int:
    upto = request.form.get("upto", "")
    if not (upto.isascii() and upto.isdigit() and len(upto) <= 18):
        raise BadRequest("upto: the highest mail id it is for is needed, in digits.")
    return int(upto)


def _row_after(mails: Mails) -> tuple[str, int] | None:
    """Return the mail at which reading goes on when these are gone, where one mailbox has them all."""
    if len(mails) != 1:
        return None
    ((name, ids),) = mails.items()
    beside = neighbours(site().store.list(name), min(ids))
    row = beside.older if beside.older is not None else beside.newer
    return None if row is None else (name, row)


def _told(deed: Deed, back: str, row: tuple[str, int] | None) -> Response:
    """Return to a page that tells of a deed, at the row where reading goes on if it is a mailbox's own page."""
    token = site().deeds.remember(deed)
    path, _, query = back.partition("#")[0].partition("?")
    kept = [(key, value) for key, value in parse_qsl(query, keep_blank_values=True) if key != "done"]
    own = row is not None and urlsplit(url_for("pages.mailbox", name=row[0])).path == path
    anchor = f"#mail-{row[1]}" if own and row is not None else ""
    return redirect(f"{path}?{urlencode([*kept, ('done', token)])}{anchor}", 303)


def local_path(address: str) -> str:
    """Return an address if it is a path of this server, else ``/``: no form may send its reader elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    ours = not parts.scheme and not parts.netloc and address.startswith("/") and address.isprintable()
    return address if ours and address[1:2] not in ("/", "\\") else "/"
