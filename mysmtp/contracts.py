"""The typed seams between the rooms. What stands here is all that one side may know of the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from mysmtp.message import (
    Body,
    Changes,
    Compaction,
    Envelope,
    Gathered,
    MailboxSummary,
    MailSummary,
    Message,
    Rank,
    Spooled,
    StoredMail,
    Trace,
)

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


@runtime_checkable
class RecordKeeper(Protocol):
    """A store that keeps each mail as a record a person can read: an optional power of a MessageStore."""

    def record(self, mailbox: str, mail_id: int) -> bytes:
        """Return the record as it lies in the file, damaged or not. Raises as `MessageStore.read` does."""


@runtime_checkable
class Marking(Protocol):
    """A store that keeps which mails were looked at: an optional power of a MessageStore.

    Its `MailSummary.seen` and `MailboxSummary.unseen` tell. A mark belongs to a mail, not to its id: another mail that
    comes to stand under that id, in a file that was replaced, is new.
    """

    def mark(self, mailbox: str, mail_ids: Sequence[int] | None, seen: bool) -> Sequence[int]:
        """Mark these mails (None: all) seen, or new again; return the ids of those that were not.

        Raises NoSuchMailbox, StoreFailed. What is not there is passed over.
        """

    def unseen(self, mailbox: str) -> Sequence[int]:
        """Return the ids of the mails nobody has looked at, rising. Raises NoSuchMailbox, StoreFailed."""

    def unseen_among(self, mails: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
        """Return which of these mails, ids by mailbox, nobody has looked at; those that are gone are left out.

        Costs less than a question for each mailbox. Raises StoreFailed.
        """


@runtime_checkable
class Followed(Protocol):
    """A store that can be followed by whoever keeps something of every mail: an optional power of a MessageStore."""

    def states(self) -> Mapping[str, str]:
        """Return a state for every mailbox: another one when anything in it may have changed, now or over a restart.

        Costs a look at each file and no more. Raises StoreFailed.
        """

    def changes(self, mailbox: str, since: object) -> Changes:
        """Return what has changed since the `mark` of an earlier answer; all there is, without one that still counts.

        Raises NoSuchMailbox, StoreFailed.
        """

    def read_some(self, mailbox: str, mail_ids: Sequence[int], octets: int) -> Sequence[tuple[StoredMail, int] | None]:
        """Return mails with their prints, in the order of the ids; None for those that are gone, or damaged.

        Ends early once bodies of so many octets were read; the `body` of a mail that is larger by itself is no more
        than so many of its first octets. Raises as `changes`.
        """

    def prints(self, mailbox: str, mail_ids: Sequence[int]) -> Mapping[int, int]:
        """Return a print of each of these mails that is there: another one when the mail is another. Raises likewise.

        Costs reading them, and nothing is taken apart.
        """

    def hidden_place(self, name: str) -> tuple[Path, object] | None:
        """Return where a database of this name may lie beside the mailboxes, and an identity of that place.

        None for a store without files. Raises OSError where something else lies there: nothing planted is followed.
        """


@runtime_checkable
class Gathering(Protocol):
    """A store that can show the mails of all mailboxes as one list: an optional power of a MessageStore."""

    def gather(self, count: int, below: Rank | None = None, above: Rank | None = None) -> Gathered:
        """Return the newest `count` mails, or the first below a rank, or the nearest above one.

        Where fewer stand above, the newest. Raises StoreFailed; mailboxes that cannot be read are left out.
        """

    def rank(self, mailbox: str, mail_id: int) -> Rank:
        """Return where a mail stands in that list. Raises NoSuchMailbox, NoSuchMail, StoreFailed."""


@runtime_checkable
class Previewing(Protocol):
    """A store that can tell how mails begin without reading them whole: an optional power of a MessageStore."""

    def beginnings(self, mails: Mapping[str, Sequence[int]], octets: int) -> Mapping[tuple[str, int], bytes]:
        """Return the first octets of the bodies of mails, given as ids by mailbox; what is gone is left out.

        Raises StoreFailed.
        """


@runtime_checkable
class Expiring(Protocol):
    """A store that finds at once what is too old to be kept: an optional power of a MessageStore."""

    def outdated(self, mailbox: str, before: datetime | None, last: int | None) -> Sequence[int]:
        """Return the ids of the mails that came in before a moment (aware), or are not the `last` of the mailbox.

        Rising; None is no such rule. A mail that knows only its day counts as come in at the end of that day. Raises
        NoSuchMailbox, StoreFailed.
        """


@runtime_checkable
class Watchful(Protocol):
    """A store that notices what is wrong with it: an optional power of a MessageStore."""

    def troubles(self) -> Sequence[str]:
        """Return one line of words for each thing that is wrong now; nothing when all is well.

        Such as ``bob@example.com takes no mail until its file is verified``: a mailbox it is about stands in it by its
        name. Every page asks, so this answers from memory and never waits for the disk.
        """


@runtime_checkable
class Compacting(Protocol):
    """A store in which deleted mails take room until it is freed: an optional power of a MessageStore."""

    def compact(self, mailbox: str) -> Compaction:
        """Free the room of a mailbox's deleted mails, unless they can still be put back. Raises NoSuchMailbox.

        Takes its time with a large mailbox, and holds it only for a moment of it.
        """

    def tend(self) -> None:
        """Free the room of some mailbox where that is worth the work. To be called about once a minute."""


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
        called elsewhere. None where the mail is to be read as a whole. Raises NoSuchMailbox, StoreFailed.
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


@runtime_checkable
class Exclusive(Protocol):
    """A store that one process at a time has: an optional power of a MessageStore."""

    def announce(self, address: str) -> None:
        """Let those who find it taken know where this process can be asked, such as ``http://127.0.0.1:8025``."""


class Deliverer(Protocol):
    """The way from a protocol to the mailboxes (a mail delivery agent, RFC 5598 section 4.3.3)."""

    def deliver(self, envelope: Envelope, body: Body, trace: Trace) -> Receipt:
        """Begin to store the mail for all its recipients, all or none; the bus hears of it when it is durable.

        Raises StoreFailed as `MessageStore.submit` does.
        """
