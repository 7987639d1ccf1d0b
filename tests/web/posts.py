"""Mail to put into stores of tests: short to write, and a store that is a RecordKeeper, damage and foreign mail too."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from mysmtp.contracts import Receipt
from mysmtp.errors import DamagedMail, NoSuchMail, NoSuchMailbox
from mysmtp.listing import row_of
from mysmtp.message import Envelope, MailboxSummary, MailSummary, Message, Place, StoredMail, Trace

NOON = datetime(2026, 11, 23, 12, 0, 0, 418_000, tzinfo=UTC)


def message(
    body: bytes | str,
    sender: str = "alice@example.com",
    to: Sequence[str] = ("bob@example.com",),
    at: datetime = NOON,
    trace: Trace | None = None,
) -> Message:
    """Return a mail on its way in."""
    octets = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
    how = trace or Trace("my_smtp", 57, "127.0.0.1:51514", "example.com", "x12330")
    return Message(Envelope(sender, tuple(to)), octets, at, how)


def summary(mail_id: int, sender: str = "a@x", at: datetime | None = NOON, preview: bytes = b"Hello\n") -> MailSummary:
    """Return a mail of a list."""
    return MailSummary(mail_id, sender, "23-11-2026", at, len(preview), preview)


class OddStore:
    """One mailbox, odd@example.com: mail 1 foreign, 2 damaged, 3 ours with a record and a place.

    `wrong` is what its `troubles` says.
    """

    name = "odd@example.com"
    place = Place("mailbox/odd@example.com.txt", 104_882, 143_790)

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def troubles(self) -> Sequence[str]:
        return self.wrong

    def append(self, mailboxes: Sequence[str], message: Message) -> Sequence[int]:
        raise NotImplementedError

    def submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Receipt:
        raise NotImplementedError

    def mailboxes(self) -> Sequence[MailboxSummary]:
        return [self.summary(self.name)]

    def summary(self, mailbox: str) -> MailboxSummary:
        mails = self.list(mailbox)
        damage = (Place(self.place.file, 1204, 1390),)
        return MailboxSummary(mailbox, len(mails), 12, 3, mails[-1], damage)

    def list(self, mailbox: str) -> Sequence[MailSummary]:
        if mailbox != self.name:
            raise NoSuchMailbox(mailbox)
        return [MailSummary(1, "<>", "12-03-2025", None, 6, b"Hello\n"), summary(3)]

    def contents(self, mailbox: str) -> bytes:
        return b"".join(map(row_of, self.list(mailbox)))

    def read(self, mailbox: str, mail_id: int) -> StoredMail:
        mails = {mail.id: mail for mail in self.list(mailbox)}
        if mail_id == 2:
            raise DamagedMail(mailbox, mail_id)
        if mail_id not in mails:
            raise NoSuchMail(mailbox, mail_id)
        if mail_id == 1:
            return StoredMail(mails[1], b"Hello\n", place=self.place)
        envelope = Envelope("a@x", (mailbox,))
        trace = Trace("my_smtp", 57, "127.0.0.1:51514", "x", "x12330")
        return StoredMail(mails[3], b"Hello\n", envelope, trace, "b0aba0c9", self.place)

    def record(self, mailbox: str, mail_id: int) -> bytes:
        return b"===START_EMAIL=== id=%d\nFrom: a@x\nHello\r\n===END_EMAIL===\n" % mail_id

    def delete(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        raise RuntimeError("a secret of /var/lib")

    def restore(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        return ()

    def close(self) -> None:
        pass
