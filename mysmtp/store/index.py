"""What is known of one mailbox file: its records in order, and where the next look at a file that grew begins.

Knows no locks: whoever calls holds the mailbox. `look` blocks on the disk; everything else is memory. What was known
when the process ended last may be given by `recall`; it counts only for the very file it was learnt from.
"""

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from mysmtp.store.columns import PAGE
from mysmtp.store.disk import Signature, read_exactly, signature
from mysmtp.store.known import Kept, Known, Recalled, is_of
from mysmtp.store.listed import Listing, Rows
from mysmtp.store.record import LISTED, STATUS, Record, Row, Status, row_of
from mysmtp.store.scan import Scanner

_CHUNK = 256 << 10  # octets read at once: they stay in the processor's cache while they are scanned
_TAIL = 256  # octets before the settled end that must be the same for a grown file to be trusted
_WRONG = frozenset((int(Status.DAMAGED), int(Status.UNFINISHED)))


def _nothing() -> Recalled | None:
    return None


def _unheard(_octets: int) -> None:
    return


class Index:
    """The records of one file, as of the last `look`."""

    def __init__(self, recall: Callable[[], Recalled | None] = _nothing) -> None:
        self.signature: Signature | None = None
        self.limit: int | None = None  # octets beyond this are a write that failed and could not be undone
        self.known = Known()
        self.kept = Kept()
        self._recall: Callable[[], Recalled | None] | None = recall
        self._listing = Listing()

    @property
    def size(self) -> int:
        """Octets of the file that are indexed."""
        return self.signature[2] if self.signature else 0

    @property
    def last_id(self) -> int:
        """The highest id given so far."""
        return max((each.id for each in self.known.open_end), default=0) or self.known.last_id

    @property
    def settled(self) -> bool:
        """Whether an append leaves every record as it is."""
        return not self.known.open_end and self.known.resume == self.size

    @property
    def mails(self) -> int:
        """How many mails there are to list."""
        return self.known.columns.mails + len(self.open_mails())

    @property
    def octets(self) -> int:
        """How many octets their bodies have."""
        return self.known.columns.octets + sum(each.size for each in self.open_mails())

    def find(self, mail_id: int) -> Record | None:
        """Return the record of an id, whatever its status."""
        found = self.row(mail_id)
        return found.record() if found else None

    def row(self, mail_id: int) -> Row | None:
        """Return the record of an id in compact form."""
        at = self.known.columns.find(mail_id)
        if at >= 0:
            return self.known.columns.row(at)
        return next((each for each in self.known.open_end if each.id == mail_id), None)

    def records(self) -> Iterator[Record]:
        """Give the records that have an id, by rising id."""
        columns = self.known.columns
        settled = (columns.row(at) for at in range(len(columns)))
        return (each.record() for each in chain(settled, self.known.open_end) if each.id)

    def damaged(self) -> Iterator[Record]:
        """Give what is damaged or unfinished, with or without an id, by place in the file."""
        rows = chain(self.known.columns.damaged(), self.known.strays, self.known.open_end)
        return iter(sorted((each.record() for each in rows if each.flags in _WRONG), key=lambda each: each.start))

    def listed(self) -> Rows:
        """Return what a list shows, made as it is asked for; stays as it is when the index goes on."""
        return Rows(self.known.columns, self.known.columns.listed(), self.open_mails())

    def newest(self) -> Row | None:
        """Return the newest mail that a list shows."""
        if mails := self.open_mails():
            return mails[-1]
        at = self.known.columns.last_listed()
        return self.known.columns.row(at) if at >= 0 else None

    def contents(self, undated: bytes) -> bytes:
        """Return the rows of LIST; `undated` stands for a date where a record has none."""
        return self._listing.read(self.known.columns, self.open_mails(), undated)

    def forget(self) -> None:
        """Trust nothing: the next look reads the whole file."""
        self.signature = None
        self.known = Known()
        self.kept = Kept()
        self._recall = None
        self._listing.forget()

    def look(self, descriptor: int, told: Callable[[int], None] = _unheard) -> list[Record]:
        """Follow what happened to the file; return the records that are new and odd. Raises OSError.

        `told` is called with the number of octets each time some were read.
        """
        now = signature(os.fstat(descriptor))
        if now == self.signature:
            return []
        news = self._remember(descriptor, now)
        if now == self.signature:
            return news
        if self.limit is not None and self.signature is not None:
            self.limit = None  # someone else has changed the file: what it holds is the truth again
            self.forget()
        if not self._grown(descriptor, now):
            self.forget()
        try:
            found = self._scan(descriptor, now[2] if self.limit is None else min(now[2], self.limit), told)
        except BaseException:
            self.forget()
            raise
        self.signature = now
        return [each.record() for each in chain(found, self.known.open_end) if each.note]

    def added(self, records: Sequence[Record], now: Signature, tail: bytes) -> None:
        """Take in what this process has just written at the end of a settled file that now ends in `tail`."""
        self.wrote([row_of(record, own=True) for record in records], now, tail)

    def wrote(self, rows: Sequence[Row], now: Signature, tail: bytes) -> None:
        """Do as `added` does, for records in compact form."""
        known = self.known
        known.columns.extend(rows)
        known.last_id = rows[-1].id
        known.resume = now[2]
        known.tail = (known.tail + tail)[-_TAIL:]
        self.signature = now

    def remarked(self, records: Sequence[Record], descriptor: int) -> None:
        """Take in that this process has overwritten the markers of these records. Raises OSError."""
        columns = self.known.columns
        places = [columns.find(record.id) for record in records]
        if min(places, default=0) < 0:
            self.forget()
            return
        for at, record in zip(places, records, strict=True):
            columns.mark(at, columns.flags[at] & ~STATUS | record.status)
            self.kept.stale.add(at // PAGE)
        self.kept.checked = self.kept.checked_to = 0
        self._listing.forget()
        self.signature = signature(os.fstat(descriptor))
        self.known.tail = self._read_tail(descriptor)

    def _scan(self, descriptor: int, end: int, told: Callable[[int], None]) -> list[Row]:
        """Read on from where the last look ended; return the settled records that are new and odd."""
        known, kept, odd = self.known, self.kept, []
        scanner, offset = Scanner(known.resume, known.last_id), known.resume
        crc = kept.checked if kept.checked_to == offset else None
        while offset < end and (chunk := os.pread(descriptor, min(_CHUNK, end - offset), offset)):
            rows = scanner.feed(chunk)
            noted = [each for each in rows if each.note]
            strays = [each for each in noted if not each.id]
            known.strays += strays
            known.columns.extend([each for each in rows if each.id] if strays else rows)
            odd += noted
            offset += len(chunk)
            crc = None if crc is None else zlib.crc32(chunk, crc)
            told(len(chunk))
        if crc is not None and scanner.resume == offset:
            kept.checked, kept.checked_to = crc, offset
        known.resume, known.last_id = scanner.resume, scanner.last_id
        known.tail = self._read_tail(descriptor)
        known.open_end = scanner.end()
        return odd

    def _remember(self, descriptor: int, now: Signature) -> list[Record]:
        """At the first look, take up what was known of this very file; return what is odd in it."""
        if self._recall is None or self.signature is not None:
            return []
        recalled, self._recall = self._recall(), None
        if recalled is None or not is_of(recalled, descriptor, now):
            return []
        self.known, self.kept, self.signature = recalled.known, recalled.kept, recalled.signature
        columns = self.known.columns
        odd = [columns.row(at) for at in columns.notes()] + self.known.strays
        return [each.record() for each in odd + self.known.open_end if each.note]

    def open_mails(self) -> list[Row]:
        """Return the mails of a list that more octets could still change."""
        return [each for each in self.known.open_end if each.flags in LISTED]

    def _grown(self, descriptor: int, now: Signature) -> bool:
        """Tell whether the file is the one that is indexed, with more at its end."""
        was = self.signature
        tail = self.known.tail
        return was is not None and now[:2] == was[:2] and now[2] > was[2] and tail == self._read_tail(descriptor)

    def _read_tail(self, descriptor: int) -> bytes:
        start = max(0, self.known.resume - _TAIL)
        return read_exactly(descriptor, self.known.resume - start, start)
