"""Whole mails into a store and out of it, many at a time: what `mysmtp import` and `mysmtp export` do with either the
folder or the server that has it. Knows neither files of mail nor HTTP.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from mysmtp.address import mailbox_name
from mysmtp.contracts import MessageStore, Receipt
from mysmtp.errors import DamagedMail, NoSuchMail, StoreFailed
from mysmtp.events import Bus, MessageStored
from mysmtp.message import Envelope, MailSummary, Message, Trace
from mysmtp.parcel import Parcel, full

FAILED = "500 "  # how the words begin when the store failed, and more of the same would too
MOST_MAILBOXES = 1000  # for one mail, as in SMTP
_VIA = "import"


def take_in(store: MessageStore, parcels: Sequence[Parcel], bus: Bus | None = None) -> Sequence[str]:
    """Store mails; return for each ``""``, or in words why not. Waits once for all of them."""
    results: list[str] = []
    receipts: list[tuple[int, Receipt]] = []
    for number, parcel in enumerate(parcels):
        mailboxes = tuple(dict.fromkeys(map(mailbox_name, parcel.recipients)))
        if len(mailboxes) > MOST_MAILBOXES:
            results.append(f"it is for {len(mailboxes):,} mailboxes; one mail goes to {MOST_MAILBOXES:,} at most")
            continue
        message = Message(
            Envelope(parcel.sender, parcel.recipients), parcel.body, parcel.arrived or datetime.now(UTC), Trace(_VIA)
        )
        try:
            receipts.append((number, store.submit(mailboxes, message, _news(bus, mailboxes, len(parcel.body)))))
            results.append("")
        except StoreFailed as fault:
            results.append(_words(fault))
    for number, receipt in receipts:
        try:
            receipt.wait()
        except StoreFailed as fault:
            results[number] = _words(fault)
    return results


def give_out(store: MessageStore, mailbox: str, after: int) -> Sequence[Parcel]:
    """Return the next mails after an id, one at least if there is one. Raises NoSuchMailbox, StoreFailed."""
    mails = store.list(mailbox)
    found: list[Parcel] = []
    for place in range(bisect_right(mails, after, key=_id), len(mails)):
        try:
            mail = store.read(mailbox, mails[place].id)
        except (NoSuchMail, DamagedMail):
            continue  # since it was listed
        sender = mail.envelope.reverse_path if mail.envelope else _bare(mail.summary.sender)
        paths = mail.envelope.forward_paths if mail.envelope else ()
        found.append(Parcel(sender, paths, mail.body, mail.summary.arrived, mail.summary.id, mail.summary.date))
        if full(found):
            break
    return found


def _bare(sender: str) -> str:
    """Return a sender that another program wrote, without brackets."""
    return sender[1:-1] if sender.startswith("<") and sender.endswith(">") else sender


def _id(mail: MailSummary) -> int:
    return mail.id


def _news(bus: Bus | None, mailboxes: Sequence[str], size: int) -> Callable[[Sequence[int]], None]:
    def stored(ids: Sequence[int]) -> None:
        if bus is not None:
            for mailbox, mail_id in zip(mailboxes, ids, strict=True):
                bus.publish(MessageStored(0, mailbox, mail_id, size))

    return stored


def _words(fault: StoreFailed) -> str:
    cause = fault.__cause__
    if isinstance(cause, ValueError):
        return f"no mailbox can have that name: {cause}"
    return f"{FAILED}Failed to store message: {getattr(cause, 'strerror', None) or cause or 'no cause is known'}"
