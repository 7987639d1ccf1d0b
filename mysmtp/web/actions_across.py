"""What the page of all mail changes in every mailbox at once: delete all that it showed, or mark it read.

Which mails a page showed is told by the moment of the newest one, for they have no number in common: what came in later
stays as it is. Mails that know no moment were there before.
"""

from collections.abc import Callable, Iterator, Sequence

from flask import Blueprint, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from mysmtp.contracts import Surveyed
from mysmtp.errors import NoSuchMailbox
from mysmtp.message import MailboxSummary
from mysmtp.powers import Gathering
from mysmtp.web.actions import Mails, done, marking, told, upto
from mysmtp.web.presenting import microseconds
from mysmtp.web.site import site
from mysmtp.web.urls import local_path

routes = Blueprint("across", __name__, url_prefix="/all")


@routes.post("/delete")
def delete_all() -> Response:
    """Delete the mails of all mailboxes that the page showed."""
    last = upto()
    gone = done("delete", _each(lambda box: list(_until(box.name, last))))
    return told(gone, url_for("pages.across"), None)


@routes.post("/seen")
def seen_all() -> Response:
    """Mark the mails of all mailboxes that the page showed as seen."""
    last, store = upto(), marking()

    def asked(box: MailboxSummary) -> Sequence[int]:
        return sorted({*store.unseen(box.name)}.intersection(_until(box.name, last))) if box.unseen else ()

    return told(done("seen", _each(asked)), local_path(request.form.get("back", "/")), None)


def _each(asked: Callable[[MailboxSummary], Sequence[int]]) -> Mails:
    """Return what is asked for of each mailbox; one that is gone meanwhile has nothing left to ask for."""
    store = site().store
    if not isinstance(store, Gathering):
        raise NotFound
    found: dict[str, Sequence[int]] = {}
    for box in store.mailboxes():
        try:
            ids = asked(box)
        except NoSuchMailbox:
            continue
        if ids:
            found[box.name] = ids
    return found


def _until(name: str, last: int) -> Iterator[int]:
    """Give the ids of the mails of a mailbox that came in up to a moment, and of those that know none."""
    mails = site().store.list(name)
    known = ((each.id, microseconds(each.arrived), each.size) for each in mails)
    stamps = mails.stamps() if isinstance(mails, Surveyed) else known
    return (mail_id for mail_id, moment, _ in stamps if moment is None or moment <= last)
