"""One mailbox file and what is known of it: looked at before each answer, so what others do to it shows at once.

Tells of damage once, and has it kept. Every method blocks and expects its caller to hold `lock`; none takes a lock.
Reading mails stands in `fetching`, deleting them in `remarking`, lists in `showing`.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial

from mysmtp.errors import NoSuchMail, NoSuchMailbox, StoreFailed
from mysmtp.message import Place, Rank
from mysmtp.store import damage, names
from mysmtp.store.disk import read_exactly
from mysmtp.store.folder import Folder
from mysmtp.store.frame import full_name
from mysmtp.store.index import Index
from mysmtp.store.known import Recalled
from mysmtp.store.moments import Moments
from mysmtp.store.record import LISTED, Record, Status, microseconds
from mysmtp.store.seen import Seen
from mysmtp.store.textformat import local_date
from mysmtp.text import visible

log = logging.getLogger(__name__)

FRESH = 5.0  # seconds in which an unfinished last record may still be on its way


class Mailbox:
    """A mailbox file and what is known of it. `name` is the mailbox it was asked for by.

    `recall` is asked once, by the file's name, for what was known of it before, `marks` for which mails were seen.
    """

    def __init__(
        self,
        folder: Folder,
        file: str,
        name: str,
        recall: Callable[[str], Recalled | None] | None = None,
        marks: Callable[[str], Mapping[int, bytes]] | None = None,
    ) -> None:
        self.folder = folder
        self.file = file
        self.name = name
        self.lock = threading.RLock()
        self.remarked = 0  # how often markers were overwritten here, which changes no size
        self.index = Index(partial(recall, file)) if recall else Index()
        self.moments = Moments()
        self._marks = marks
        self._told: set[tuple[int, int, str]] = set()
        self._changed = 0.0  # the file's time

    @cached_property
    def seen(self) -> Seen:
        """Which of its mails were looked at. Blocks the first time."""
        return Seen(self._marks(self.file) if self._marks else None)

    def forget_marks(self) -> None:
        """Ask for the marks again: the folder is another one."""
        self.__dict__.pop("seen", None)

    def look(self, descriptor: int, told: Callable[[int], None] | None = None) -> None:
        """Bring the index up to date with the open file, and tell of damage that is new. Raises OSError.

        `told` is called with the number of octets each time some were read.
        """
        found = self.index.look(descriptor, told) if told else self.index.look(descriptor)
        self._changed = os.fstat(descriptor).st_mtime
        for record in found:
            if record.note and record.status in (Status.MAIL, Status.GONE):
                self._tell(record)
        for record in self.damaged():
            if self._tell(record):
                damage.keep(self.folder.descriptor, self.file, descriptor, record.start, record.end)

    def scan(self, told: Callable[[int], None]) -> None:
        """Look at the file, telling of progress as `look` does. Raises NoSuchMailbox, StoreFailed."""
        with self.opened(os.O_RDONLY, told):
            return

    def damaged(self) -> list[Record]:
        """Return what is damaged; an unfinished last record only once it has had time to be finished."""
        pending = self.pending()
        return [record for record in self.index.damaged() if record.status is Status.DAMAGED or not pending]

    def rank(self, mail_id: int) -> Rank:
        """Return where one of its mails stands among those of all. Raises NoSuchMailbox, NoSuchMail, StoreFailed."""
        with self.opened(os.O_RDONLY):
            row = self.index.row(mail_id)
            if row is None or row.flags not in LISTED:
                raise NoSuchMail(self.name, mail_id)
            return Rank(self.moments.of(self.index, row), self.name, mail_id)

    def mark(self, mail_ids: Sequence[int] | None, seen: bool) -> Sequence[int]:
        """Mark mails (None: all) seen, or new again; return those that were not. Raises NoSuchMailbox, StoreFailed."""
        with self.opened(os.O_RDONLY):
            if mail_ids is None:
                rows = self.seen.unseen(self.index) if seen else iter(self.index.listed())
            else:
                found = (self.index.row(mail_id) for mail_id in dict.fromkeys(mail_ids))
                rows = (row for row in found if row and row.flags in LISTED)
            return self.seen.mark(rows, self.index, seen)

    def unseen(self) -> Sequence[int]:
        """Return the ids of the mails nobody has looked at. Raises NoSuchMailbox, StoreFailed."""
        with self.opened(os.O_RDONLY):
            return [row.id for row in self.seen.unseen(self.index)]

    def unseen_among(self, mail_ids: Sequence[int]) -> Sequence[int]:
        """Return which of these mails nobody has looked at. Raises NoSuchMailbox, StoreFailed."""
        with self.opened(os.O_RDONLY):
            found = (self.index.row(mail_id) for mail_id in mail_ids)
            return [row.id for row in found if row and row.flags in LISTED and not self.seen.has(row)]

    def outdated(self, before: datetime | None, last: int | None) -> Sequence[int]:
        """Return the ids of mails that came in before a moment, or are not the last. Raises as `unseen`."""
        with self.opened(os.O_RDONLY):
            listed = self.index.listed()
            ids = set() if last is None else {row.id for row in listed[: max(0, len(listed) - last)]}
            if before is not None:
                ids |= self.moments.before(self.index, microseconds(before))
            return sorted(ids)

    def name_inside(self) -> str:
        """Return the full name that records of a file with an abbreviated name carry, ``""`` without."""
        with self.opened(os.O_RDONLY) as descriptor:
            for each in self.index.records():
                last = read_exactly(descriptor, each.end - each.start, each.start).rstrip(b"\n").rpartition(b"\n")[2]
                if each.summary and (name := full_name(last)):
                    return name
            return ""

    def name_fully(self) -> None:
        """Take the full name that its records carry, where the file's name is abbreviated. Raises as `name_inside`."""
        if names.cut_name(self.name):
            return
        name = self.name_inside()
        if name and names.cut_name(name) and names.file_name(name) == names.lower(self.file):
            self.name = name

    @contextmanager
    def opened(self, flags: int, told: Callable[[int], None] | None = None) -> Iterator[int]:
        """Open the file, and look at it first. Raises NoSuchMailbox, StoreFailed."""
        try:
            with self.folder.open_files.borrowed(self.file, flags) as descriptor:
                self.look(descriptor, told)
                yield descriptor
        except FileNotFoundError:
            self.index.forget()
            raise NoSuchMailbox(self.name) from None
        except OSError as fault:
            raise StoreFailed from fault

    def pending(self) -> bool:
        """Tell whether an unfinished last record may still be on its way."""
        return abs(time.time() - self._changed) < FRESH

    def undated(self) -> str:
        """Return the date of mails that have none: the file's."""
        return local_date(datetime.fromtimestamp(self._changed, UTC))

    def place(self, record: Record) -> Place:
        """Return where a record lies."""
        return Place(str(self.folder.path / self.file), record.start, record.end)

    def _tell(self, record: Record) -> bool:
        """Log what is wrong with a record, once; tell whether this was the first time."""
        key = (record.start, record.end, record.note)
        if key in self._told:
            return False
        self._told.add(key)
        log.warning("%s, octets %d to %d: %s", visible(self.file), record.start, record.end, record.note)
        return True
