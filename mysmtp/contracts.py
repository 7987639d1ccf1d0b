"""The typed seams between the rooms. What stands here is all that one side may know of the other.

What a store may have beyond these, for those who show what rests there and look after it, stands in `powers`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from mysmtp.message import Body, Envelope, MailboxSummary, MailSummary, Message, Spooled, StoredMail, Trace

T = TypeVar("T")


class Offload(Protocol):
    """Run blocking work where it stops nobody else, and wait for its result.

    The process gives gevent's thread pool; tests give a plain call.
    """

    def __call__(self, work: Callable[[], T], /) -> T: ...


def run_here(work: Callable[[], T]) -> T:
    """Run blocking work right here: the plainest Offload, for tests and one-shot commands."""
    return work()


class Signal(Protocol):
    """How one waits for another: `threading.Event` is one, and the process gives one that costs a greenlet less."""

    def wait(self) -> object:
        """Return once it is set."""

    def set(self) -> None:
        """Let the one who waits go on."""


class Receipt(Protocol):
    """The promise that a mail handed over will be stored, or its refusal: nobody is told of either before `wait`."""

    def wait(self) -> None:
        """Return once the mail would survive a power cut. Raises StoreFailed when nothing was stored."""


class MessageStore(Protocol):
    """Where mail rests. Mailbox names are those of `address.mailbox_name`; ids count up from 1, never given twice.

    Every method may be called from many greenlets (or threads) at once and blocks only its caller.
    """

    def append(self, mailboxes: Sequence[str], message: Message) -> Sequence[int]:
        """Store one copy in each of these (distinct) mailboxes, all or none; return the ids in their order.

        Returns only when the copies would survive a power cut. Raises StoreFailed when nothing was stored.
        """

    def submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Receipt:
        """Begin to store as `append` does, and return without waiting for the disk.

        Calls `stored` with the ids once the copies are durable, before `Receipt.wait` returns; it must not block.
        Raises StoreFailed when it is clear at once that nothing will be stored.
        """

    def mailboxes(self) -> Sequence[MailboxSummary]:
        """Return every mailbox, by name; those that cannot be read are left out."""

    def summary(self, mailbox: str) -> MailboxSummary:
        """Return one mailbox. Raises NoSuchMailbox, StoreFailed."""

    def list(self, mailbox: str) -> Sequence[MailSummary]:
        """Return its mails by rising id, without deleted and damaged ones. Raises as `summary`.

        What is returned stays as it is; its items may be made as they are asked for, and block their caller then.
        """

    def contents(self, mailbox: str) -> bytes:
        """Return the mails of `list` as the bytes of LIST, a row of `mysmtp.listing` for each. Raises as `summary`."""

    def read(self, mailbox: str, mail_id: int) -> StoredMail:
        """Return one mail. Raises NoSuchMailbox, NoSuchMail, DamagedMail, StoreFailed."""

    def delete(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        """Delete these mails; return the ids that were there to delete. Raises NoSuchMailbox, StoreFailed."""

    def restore(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        """Undo a deletion; return the ids that came back. Raises NoSuchMailbox, StoreFailed."""

    def close(self) -> None:
        """Finish what is under way and let go of files and locks. The store is not used afterwards."""


@runtime_checkable
class Surveyed(Protocol):
    """Mails that can be surveyed all at once: an optional power of what `MessageStore.list` returned."""

    def stamps(self) -> Iterator[tuple[int, int | None, int]]:
        """Give id, moment of arrival (microseconds since 1970, None: not known) and size of each mail."""

    def sizes_in_lines(self) -> Sequence[int]:
        """Return how many octets the mails have in lines that end with CR LF (`mysmtp.crlf`), from the first on.

        They may be fewer than the mails: the rest must be read to be measured. Takes its time once for a large mailbox.
        Raises StoreFailed.
        """

    def away(self, work: Callable[[], T]) -> T:
        """Do something that takes long because the mails are many, where it stops nobody else."""


class Spool(Spooled, Protocol):
    """Where a large mail on its way in lies instead of in memory; it is gone with the last one who has it."""

    def add(self, octets: bytes | bytearray) -> None:
        """Put octets behind those that are there. Waits for the disk. Raises StoreFailed: then it is of no use."""

    def shorten(self, octets: int) -> None:
        """Take so many octets off its end."""


@runtime_checkable
class Spooling(Protocol):
    """A store on a disk, which takes large mails piece by piece: an optional power of a MessageStore."""

    def free(self) -> int:
        """Return how many octets the disk has room for, as it was a moment ago. Asked for each mail; never raises."""

    def spool(self) -> Spool:
        """Return an empty spool, which is to become the body of a mail for this store. Raises StoreFailed."""

    def pour(
        self,
        mailbox: str,
        mail_id: int,
        through: Callable[[Iterator[bytes]], Iterator[bytes]],
        head: Callable[[MailSummary], bytes],
    ) -> tuple[MailSummary, memoryview] | None:
        """Return a large mail as one piece that takes no memory, and is to be sent, not looked at; and its summary.

        `through` changes it piece by piece; what `head` returns afterwards, 8 KiB at most, stands before it. Both are
        called elsewhere, and perhaps twice. None where the mail is to be read as a whole. Raises NoSuchMailbox,
        StoreFailed.
        """

    def fetch(
        self,
        mailbox: str,
        mail_id: int,
        least: int,
        through: Callable[[Iterator[bytes]], Iterator[bytes]],
        head: Callable[[MailSummary], bytes],
    ) -> StoredMail | memoryview:
        """Return a mail as `pour` does where it has so many octets at least, else as `read`. Raises as `read`."""


class Deliverer(Protocol):
    """The way from a protocol to the mailboxes (a mail delivery agent, RFC 5598 section 4.3.3)."""

    def deliver(self, envelope: Envelope, body: Body, trace: Trace) -> Receipt:
        """Begin to store the mail for all its recipients, all or none; the bus hears of it when it is durable.

        Raises StoreFailed as `MessageStore.submit` does.
        """
