"""What a MessageStore may be able to do beyond its contract, for those who show the mail in it and look after it.

Each is asked for with `isinstance`; who finds it lacking does without.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from mysmtp.message import BoxCount, Changes, Compaction, Gathered, Rank, StoredMail


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
class Counting(Protocol):
    """A store that counts new mails without looking at any mail: an optional power of a MessageStore."""

    def counts(self) -> Sequence[BoxCount]:
        """Return name and `unseen` of every mailbox, as `mailboxes` does, for less. Raises StoreFailed."""


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


@runtime_checkable
class Exclusive(Protocol):
    """A store that one process at a time has: an optional power of a MessageStore."""

    def announce(self, address: str) -> None:
        """Let those who find it taken know where this process can be asked, such as ``http://127.0.0.1:8025``."""
