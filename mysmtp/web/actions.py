"""What the pages change: delete, mark, undo. Each is a POST of a page of ours, answered with 303 to a page.

Nothing here asks: a deletion only marks mails, so every one can be undone, and so can every mark.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable
from werkzeug.wrappers import Response

from mysmtp.errors import NoSuchMailbox
from mysmtp.events import MailboxChanged, MailsMarked
from mysmtp.powers import Marking
from mysmtp.search.index import Unsearchable
from mysmtp.search.query import Unreadable, read_query
from mysmtp.web import origins
from mysmtp.web.around import around
from mysmtp.web.deeds import Deed, deed_of
from mysmtp.web.origins import MAILBOX, MailAt, Origin
from mysmtp.web.presenting import count_words
from mysmtp.web.site import site
from mysmtp.web.urls import local_path, mail_of

DEEDS = ("delete", "seen", "new")

routes = Blueprint("actions", __name__)

Mails = Mapping[str, Sequence[int]]  # ids by mailbox


@routes.post("/mails")
def chosen() -> Response:
    """Delete the chosen mails, or mark them, in whichever mailboxes they lie.

    A field named as the deed holds one mail it is for; else `do` is the deed, for each `mail`. Where `open` is one of
    them, the page of that mail cannot be gone back to: `list` is where it was opened from.
    """
    form = request.form
    single = next((deed for deed in DEEDS if deed in form), "")
    deed, keys = (single, [form[single]]) if single else (form.get("do", ""), form.getlist("mail"))
    mails = by_mailbox(keys)
    if deed not in DEEDS:
        raise BadRequest("do: delete, seen or new.")
    away = deed != "seen" and form.get("open") in keys
    back = local_path(form.get("list" if away else "back", "/"))
    row = _row_after(mails, origins.at(back)) if deed == "delete" else None
    was_done = done(deed, mails)
    return told(was_done, back, was_done.newest if single == "new" else row)


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
    return told(done(deed, mails), url_for("search.search", q=query.text), None)


@routes.post("/mailbox/<mailbox:name>/<mail_id:mail_id>/delete")
def delete(name: str, mail_id: int) -> Response:
    """Delete one mail and go on in the list it was opened from (`back`), at the row after it."""
    origin = origins.at(local_path(request.form.get("back", "/")))
    there = around(origin, (name, mail_id))
    gone = done("delete", {name: [mail_id]})
    if there.next is None:
        return told(gone, there.origin.address(name), None)
    return told(gone, around(there.origin, there.next).up, there.next)


@routes.post("/mailbox/<mailbox:name>/delete")
def delete_all(name: str) -> Response:
    """Delete the mails of a mailbox that its page showed: those that came in since stay."""
    last = upto()
    asked = [mail.id for mail in site().store.list(name) if mail.id <= last]
    gone = done("delete", {name: asked})
    left = max((mail.id for mail in site().store.list(name)), default=None)
    return told(gone, url_for("pages.mailbox", name=name), (name, left) if left else None)


@routes.post("/mailbox/<mailbox:name>/seen")
def seen_all(name: str) -> Response:
    """Mark the mails of a mailbox that its page showed as seen."""
    last = upto()
    asked = [each for each in marking().unseen(name) if each <= last]
    return told(done("seen", {name: asked}), local_path(request.form.get("back", "/")), None)


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
        undone = deed_of("restored", back, deed.count - sum(map(len, back.values())))
    else:
        undone = done("new" if deed.kind == "seen" else "seen", mails)
    undone = replace(undone, undoes=True)
    site().deeds.forget(token)
    return told(undone, local_path(request.form.get("back", "/")), undone.newest)


def done(deed: str, mails: Mails) -> Deed:
    """Do one of DEEDS to mails, tell other open pages, and return what was done."""
    if deed == "delete":
        return deed_of("deleted", _each(mails, site().store.delete, MailboxChanged))
    return deed_of("seen" if deed == "seen" else "new", mark(mails, deed == "seen"))


def mark(mails: Mails, seen: bool) -> Mails:
    """Mark mails, tell other open pages, and return those that were not."""
    store = marking()
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


def marking() -> Marking:
    """Return the store, if it keeps marks. Raises NotFound."""
    store = site().store
    if not isinstance(store, Marking):
        raise NotFound
    return store


def upto() -> int:
    """Return what the form is meant up to: a mail id, or a moment. Raises BadRequest."""
    text = request.form.get("upto", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequest("upto: the highest mail id it is for is needed, in digits.")
    return int(text)


def _row_after(mails: Mails, origin: Origin) -> MailAt | None:
    """Return the mail at which reading goes on when these are gone, where their list tells of one."""
    if len(mails) != 1:
        return None
    ((name, ids),) = mails.items()
    return around(origin, (name, min(ids))).next if len(ids) == 1 or origin == MAILBOX else None


def told(deed: Deed, back: str, row: MailAt | None) -> Response:
    """Return to a page that tells of a deed, at the row where reading goes on if its list may have that."""
    token = site().deeds.remember(deed)
    path, _, query = back.partition("#")[0].partition("?")
    kept = [(key, value) for key, value in parse_qsl(query, keep_blank_values=True) if key != "done"]
    anchor = ""
    if row is not None:
        origin = origins.at(back)
        own = origin != MAILBOX or f"{path}/".startswith(urlsplit(url_for("pages.mailbox", name=row[0])).path + "/")
        anchor = f"#{origin.row(row)}" if own else ""
    return redirect(f"{path}?{urlencode([*kept, ('done', token)])}{anchor}", 303)
