"""One mailbox file: what it holds, reading a mail, deleting and undeleting in place, and what is done about damage.

Every method blocks and expects its caller to hold `lock`; none takes a lock. The file is looked at before each answer,
so what others do to it shows at once.
"""

import logging
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial

from mysmtp.contracts import Offload, run_here
from mysmtp.errors import DamagedMail, NoSuchMail, NoSuchMailbox, StoreFailed
from mysmtp.message import MailboxSummary, MailSummary, Place, Rank, StoredMail
from mysmtp.store import damage, names
from mysmtp.store.beginning import print_of, read_beginning
from mysmtp.store.disk import Disk, read_exactly
from mysmtp.store.folder import Folder
from mysmtp.store.frame import Frame, claimed_id, full_name, read_frame, read_trace
from mysmtp.store.index import Index
from mysmtp.store.known import Recalled
from mysmtp.store.listed import Rows
from mysmtp.store.mails import Mails, Stamp, preview_of
from mysmtp.store.measure import measure
from mysmtp.store.moments import Moments
from mysmtp.store.record import LISTED, Record, Row, Status, microseconds
from mysmtp.store.seen import Seen
from mysmtp.store.textformat import GONE, START, local_date
from mysmtp.text import visible

log = logging.getLogger(__name__)

FRESH = 5.0  # seconds in which an unfinished last record may still be on its way
_MANY = 4096  # mails that are gone through at once
_FIRST_LINE = 1000  # octets that hold any START line of ours


class Mailbox:
    """A mailbox file and what is known of it. `name` is the mailbox it was asked for by.

    `recall` is asked once, by the file's name, for what was known of it before, `marks` for which mails were seen.
    """

    def __init__(
        self,
        folder: Folder,
        file: str,
        name: str,
        disk: Disk,
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
        self._disk = disk
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
        with self._opened(os.O_RDONLY, told):
            return

    def damaged(self) -> list[Record]:
        """Return what is damaged; an unfinished last record only once it has had time to be finished."""
        pending = self._pending()
        return [record for record in self.index.damaged() if record.status is Status.DAMAGED or not pending]

    def list_mails(self, more: Sequence[MailSummary] = (), do: Offload = run_here) -> Sequence[MailSummary]:
        """Return its mails by rising id, made when asked for by way of `do`, and then `more`.

        Raises NoSuchMailbox, StoreFailed.
        """
        with self._opened(os.O_RDONLY):
            rows, undated = self.index.listed(), self._undated()
            return Mails(
                rows,
                lambda some: do(lambda: self._summaries(some, undated)),
                lambda: _stamps(rows, do),
                lambda: self._sizes_in_lines(rows, do),
                more,
            )

    def some(self, mail_ids: Sequence[int]) -> dict[int, MailSummary]:
        """Return some of its mails as a list shows them, by id."""
        rows = [row for mail_id in mail_ids if (row := self.index.row(mail_id))]
        return {mail.id: mail for mail in self._summaries(rows, self._undated())}

    def rank(self, mail_id: int) -> Rank:
        """Return where one of its mails stands among those of all. Raises NoSuchMailbox, NoSuchMail, StoreFailed."""
        with self._opened(os.O_RDONLY):
            row = self.index.row(mail_id)
            if row is None or row.flags not in LISTED:
                raise NoSuchMail(self.name, mail_id)
            return Rank(self.moments.of(self.index, row), self.name, mail_id)

    def beginnings(self, mail_ids: Sequence[int], octets: int) -> dict[int, bytes]:
        """Return the first octets of the bodies of some of its mails. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDONLY) as descriptor:
            rows = [row for mail_id in mail_ids if (row := self.index.row(mail_id)) and row.flags in LISTED]
            return {row.id: preview_of(row, descriptor, octets) for row in rows}

    def contents(self) -> bytes:
        """Return the rows of LIST. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDONLY):
            return self.index.contents(self._undated().encode())

    def summarize(self) -> MailboxSummary:
        """Return the whole mailbox in short. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDONLY) as descriptor:
            index, newest = self.index, self.index.newest()
            places = tuple(self._place(record) for record in self.damaged())
            mail = self._summary(newest, descriptor, self._undated()) if newest else None
            unseen = self.seen.count_unseen(index)
            return MailboxSummary(self.name, index.mails, index.octets, index.last_id, mail, places, unseen)

    def read(self, mail_id: int) -> StoredMail:
        """Return one mail. Raises NoSuchMailbox, NoSuchMail, DamagedMail, StoreFailed."""
        with self._opened(os.O_RDONLY) as descriptor:
            return self._stored(descriptor, mail_id)[0]

    def read_some(self, mail_ids: Sequence[int], octets: int) -> list[tuple[StoredMail, int] | None]:
        """Return mails, each with the CRC-32 of its record, None for those that are gone or damaged.

        Ends early once bodies of so many octets were read; of one that is larger by itself only so much is read. Raises
        NoSuchMailbox, StoreFailed.
        """
        found: list[tuple[StoredMail, int] | None] = []
        room = octets
        with self._opened(os.O_RDONLY) as descriptor:
            for mail_id in mail_ids:
                try:
                    found.append(self._begun(descriptor, mail_id, octets))
                except (NoSuchMail, DamagedMail):
                    found.append(None)
                    continue
                room -= len(found[-1][0].body) if found[-1] else 0
                if room <= 0:
                    break
        return found

    def _begun(self, descriptor: int, mail_id: int, most: int) -> tuple[StoredMail, int]:
        """Return a mail, of a large one the first octets, with the CRC-32 of its record. Raises as `_stored` does."""
        row = self.index.row(mail_id)
        frame = None
        if row is not None and row.size > most and row.flags in LISTED:
            frame = read_beginning(descriptor, row, most)
        if row is None or frame is None:
            mail, record = self._stored(descriptor, mail_id)
            return mail, zlib.crc32(record)
        place = self._place(row.record())
        return self._made(frame, replace(frame.summary(mail_id), size=row.size), place), print_of(descriptor, row)

    def prints(self, mail_ids: Sequence[int]) -> dict[int, int]:
        """Return the CRC-32 of the records of mails as they lie in the file. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDONLY) as descriptor:
            rows = (self.index.row(mail_id) for mail_id in mail_ids)
            return {row.id: print_of(descriptor, row) for row in rows if row is not None and row.flags in LISTED}

    def record(self, mail_id: int) -> bytes:
        """Return a record as it lies in the file. Raises NoSuchMailbox, NoSuchMail, StoreFailed."""
        with self._opened(os.O_RDONLY) as descriptor:
            return self._fetch(descriptor, mail_id)[1]

    def remark(self, mail_ids: Sequence[int], status: Status) -> Sequence[int]:
        """Give mails the marker of GONE, or of MAIL again, with one sync. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDWR) as descriptor:
            if self.index.limit is not None:
                raise StoreFailed from OSError("an earlier write could not be undone")
            records = self._to_remark(descriptor, mail_ids, status)
            if records:
                self.remarked += 1
                self._overwrite(descriptor, records, status)
            return [record.id for record in records]

    def mark(self, mail_ids: Sequence[int] | None, seen: bool) -> Sequence[int]:
        """Mark mails (None: all) seen, or new again; return those that were not. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDONLY):
            if mail_ids is None:
                rows = self.seen.unseen(self.index) if seen else iter(self.index.listed())
            else:
                found = (self.index.row(mail_id) for mail_id in dict.fromkeys(mail_ids))
                rows = (row for row in found if row and row.flags in LISTED)
            return self.seen.mark(rows, self.index, seen)

    def unseen(self) -> Sequence[int]:
        """Return the ids of the mails nobody has looked at. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDONLY):
            return [row.id for row in self.seen.unseen(self.index)]

    def unseen_among(self, mail_ids: Sequence[int]) -> Sequence[int]:
        """Return which of these mails nobody has looked at. Raises NoSuchMailbox, StoreFailed."""
        with self._opened(os.O_RDONLY):
            found = (self.index.row(mail_id) for mail_id in mail_ids)
            return [row.id for row in found if row and row.flags in LISTED and not self.seen.has(row)]

    def outdated(self, before: datetime | None, last: int | None) -> Sequence[int]:
        """Return the ids of mails that came in before a moment, or are not the last. Raises as `unseen`."""
        with self._opened(os.O_RDONLY):
            listed = self.index.listed()
            ids = set() if last is None else {row.id for row in listed[: max(0, len(listed) - last)]}
            if before is not None:
                ids |= self.moments.before(self.index, microseconds(before))
            return sorted(ids)

    def name_inside(self) -> str:
        """Return the full name that records of a file with an abbreviated name carry, ``""`` without."""
        with self._opened(os.O_RDONLY) as descriptor:
            for each in self.index.records():
                last = read_exactly(descriptor, each.end - each.start, each.start).rstrip(b"\n").rpartition(b"\n")[2]
                if each.summary and (name := full_name(last)):
                    return name
            return ""

    def _stored(self, descriptor: int, mail_id: int) -> tuple[StoredMail, bytes]:
        """Return a mail and its record. Raises NoSuchMail, DamagedMail, OSError."""
        record, octets, frame = self._fetch(descriptor, mail_id)
        if frame is None:
            raise DamagedMail(self.name, mail_id)
        return self._made(frame, frame.summary(mail_id), self._place(record)), octets

    def _made(self, frame: Frame, summary: MailSummary, place: Place) -> StoredMail:
        """Return a mail from what its record says."""
        envelope, trace = read_trace(frame) or (None, None)
        row = self.index.row(summary.id)
        seen = row is not None and self.seen.has(row)
        summary = replace(summary, date=summary.date or self._undated(), seen=seen)
        return StoredMail(summary, frame.body, envelope, trace, frame.crc, place)

    def name_fully(self) -> None:
        """Take the full name that its records carry, where the file's name is abbreviated. Raises as `name_inside`."""
        if names.cut_name(self.name):
            return
        name = self.name_inside()
        if name and names.cut_name(name) and names.file_name(name) == names.lower(self.file):
            self.name = name

    def _sizes_in_lines(self, rows: Rows, do: Offload) -> Sequence[int]:
        """Return the octets of rows of a list in CR LF lines: all that are settled, none if the file is another one."""
        try:
            while not do(self._measure_some):
                continue
        except NoSuchMailbox:
            return ()
        return do(lambda: rows.in_lines(self.index.known.columns))

    def _measure_some(self) -> bool:
        with self._opened(os.O_RDONLY) as descriptor:
            return measure(self.index.known.columns, descriptor)

    def _summaries(self, rows: Sequence[Row], undated: str) -> list[MailSummary]:
        """Return mails as a list shows them; without their first octets where the file is not what it was."""
        try:
            with self.folder.open_files.borrowed(self.file, os.O_RDONLY) as descriptor:
                return [self._summary(each, descriptor, undated) for each in rows]
        except OSError:
            return [self._summary(each, -1, undated) for each in rows]

    def _summary(self, row: Row, descriptor: int, undated: str) -> MailSummary:
        mail = row.summary(preview_of(row, descriptor) if descriptor >= 0 else b"", self.seen.has(row))
        assert mail is not None  # it is listed
        return mail if mail.date else replace(mail, date=undated)

    @contextmanager
    def _opened(self, flags: int, told: Callable[[int], None] | None = None) -> Iterator[int]:
        try:
            with self.folder.open_files.borrowed(self.file, flags) as descriptor:
                self.look(descriptor, told)
                yield descriptor
        except FileNotFoundError:
            self.index.forget()
            raise NoSuchMailbox(self.name) from None
        except OSError as fault:
            raise StoreFailed from fault

    def _fetch(self, descriptor: int, mail_id: int) -> tuple[Record, bytes, Frame | None]:
        """Read a record that is no deleted one; when it is not as indexed, look at the whole file and read it again.

        What it says is None where it is no mail.
        """
        for again in (True, False):
            record = self.index.find(mail_id)
            if record is None or record.status is Status.GONE:
                raise NoSuchMail(self.name, mail_id)
            if record.status is Status.UNFINISHED and self._pending():
                raise NoSuchMail(self.name, mail_id)
            octets = read_exactly(descriptor, record.end - record.start, record.start)
            frame = read_frame(octets) if record.status is Status.MAIL else None
            if frame is None or _is_as_indexed(record, octets, frame):
                return record, octets, frame
            if again:
                self.index.forget()
                self.look(descriptor)
        raise DamagedMail(self.name, mail_id)

    def _to_remark(self, descriptor: int, mail_ids: Sequence[int], status: Status) -> list[Record]:
        """Return the records that can take the marker, each checked to lie where the index says."""
        was, marker = (Status.MAIL, START) if status is Status.GONE else (Status.GONE, GONE)
        for again in (True, False):
            found = [self.index.find(mail_id) for mail_id in dict.fromkeys(mail_ids)]
            records = [each for each in found if each and each.status is was and each.summary]
            if all(_begins_with(descriptor, record, marker) for record in records):
                return records
            if again:
                self.index.forget()
                self.look(descriptor)
        raise StoreFailed from OSError("the file changes all the time")

    def _overwrite(self, descriptor: int, records: list[Record], status: Status) -> None:
        marker, was = (GONE, START) if status is Status.GONE else (START, GONE)
        try:
            for record in records:
                self._put(descriptor, marker, record.start)
            self._disk.sync(descriptor)
            self.index.remarked([replace(record, status=status) for record in records], descriptor)
        except OSError:
            self.index.forget()
            for record in records:
                with suppress(OSError):
                    self._put(descriptor, was, record.start)
            raise

    def _put(self, descriptor: int, marker: bytes, offset: int) -> None:
        if self._disk.overwrite(descriptor, marker, offset) != len(marker):
            raise OSError("a marker was written in part")

    def _pending(self) -> bool:
        return abs(time.time() - self._changed) < FRESH

    def _undated(self) -> str:
        """Return the date of mails that have none: the file's."""
        return local_date(datetime.fromtimestamp(self._changed, UTC))

    def _place(self, record: Record) -> Place:
        return Place(str(self.folder.path / self.file), record.start, record.end)

    def _tell(self, record: Record) -> bool:
        """Log what is wrong with a record, once; tell whether this was the first time."""
        key = (record.start, record.end, record.note)
        if key in self._told:
            return False
        self._told.add(key)
        log.warning("%s, octets %d to %d: %s", visible(self.file), record.start, record.end, record.note)
        return True


def _stamps(rows: Rows, do: Offload) -> Iterator[Stamp]:
    """Give the stamps of rows, many at a time and others in between."""
    for start in range(0, len(rows), _MANY):
        yield from do(partial(rows.stamps, start, start + _MANY))


def _is_as_indexed(record: Record, octets: bytes, frame: Frame) -> bool:
    shown = replace(frame.summary(record.id), preview=b"")
    return octets.startswith(START) and not frame.fault and shown == record.summary


def _begins_with(descriptor: int, record: Record, marker: bytes) -> bool:
    """Tell whether a record lies in the file with this marker and an id that can be its own."""
    first = read_exactly(descriptor, min(_FIRST_LINE, record.end - record.start), record.start).split(b"\n", 1)[0]
    return first.startswith(marker) and claimed_id(first) <= record.id
