"""The records of one mailbox file in compact columns: some 80 octets a mail instead of objects.

Pure memory. Rows are only ever added, by rising id and place; of a row that stands only the flags change.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import compress

from mysmtp.store.record import LISTED, Row, Status

PAGE = 48  # rows that are packed together: with ordinary senders they fill one page of a database
_NUMBERS = ("_ids", "_starts", "_ends", "_sizes", "_arrived", "_text_ends")
_WIDTH = 8
_FEW = 6  # rows that are added faster one by one
_IS_LISTED = bytes(flags in LISTED for flags in range(256))


class Columns:
    """Rows, each at a place from 0 on. `mails` and `octets` count what a list shows, and the octets of its bodies.

    `in_lines` has the octets in CR LF lines of the first rows, as many as somebody wanted to know (`measure`).
    """

    __slots__ = (*_NUMBERS, "_damaged", "_notes", "_texts", "flags", "in_lines", "mails", "octets")

    def __init__(self) -> None:
        self.flags = bytearray()
        self.mails = 0
        self.octets = 0
        self.in_lines = array("q")
        self._ids = array("q")
        self._starts = array("q")
        self._ends = array("q")
        self._sizes = array("q")
        self._arrived = array("q")
        self._text_ends = array("q")
        self._texts = bytearray()
        self._notes: dict[int, str] = {}
        self._damaged: list[int] = []

    def __len__(self) -> int:
        return len(self.flags)

    def extend(self, rows: Sequence[Row]) -> None:
        """Add rows that have an id."""
        if len(rows) < _FEW:
            for row in rows:
                self._append(row)
            return
        first = len(self)
        ids, starts, ends, flags, sizes, arrived, texts, notes = zip(*rows, strict=True)
        self._ids.extend(ids)
        self._starts.extend(starts)
        self._ends.extend(ends)
        self._sizes.extend(sizes)
        self._arrived.extend(arrived)
        for text in texts:
            self._texts += text
            self._text_ends.append(len(self._texts))
        if any(notes):
            self._notes.update((first + at, note) for at, note in enumerate(notes) if note)
        self.flags += bytes(flags)
        self._count(first)

    def _append(self, row: Row) -> None:
        """Add one row: as `extend` does for many, for which this would take twice as long."""
        mail_id, start, end, flags, size, arrived, text, note = row
        self._ids.append(mail_id)
        self._starts.append(start)
        self._ends.append(end)
        self._sizes.append(size)
        self._arrived.append(arrived)
        self._texts += text
        self._text_ends.append(len(self._texts))
        if note:
            self._notes[len(self)] = note
        if flags in LISTED:
            self.mails += 1
            self.octets += size
        elif flags == Status.DAMAGED:
            self._damaged.append(len(self))
        self.flags.append(flags)

    def row(self, at: int) -> Row:
        """Return the row at a place."""
        text = bytes(self._texts[self._text_ends[at - 1] if at else 0 : self._text_ends[at]])
        note = self._notes.get(at, "")
        sizes, arrived = self._sizes[at], self._arrived[at]
        return Row(self._ids[at], self._starts[at], self._ends[at], self.flags[at], sizes, arrived, text, note)

    def id_at(self, at: int) -> int:
        """Return the id of the row at a place."""
        return self._ids[at]

    def arrivals(self, first: int) -> "array[int]":
        """Return when the mails from a place on came in, as a Row keeps it."""
        return self._arrived[first:]

    def find(self, mail_id: int) -> int:
        """Return the place of an id, -1 where there is none."""
        at = bisect_left(self._ids, mail_id)
        return at if at < len(self) and self._ids[at] == mail_id else -1

    def stamps(self, places: Sequence[int]) -> list[tuple[int, int, int]]:
        """Return id, moment and size of the rows at these places."""
        return list(
            zip(*(map(each.__getitem__, places) for each in (self._ids, self._arrived, self._sizes)), strict=True)
        )

    def spans(self, first: int, octets: int) -> Iterator[tuple[int, int, int, int]]:
        """Give start, end, flags and size of rows from a place on: those in so many octets, and one at least."""
        last = bisect_right(self._ends, self._starts[first] + octets, first + 1) if first < len(self) else first
        return zip(*(each[first:last] for each in (self._starts, self._ends, self.flags, self._sizes)), strict=True)

    def mark(self, at: int, flags: int) -> None:
        """Give the row at a place other flags."""
        for listed, change in ((self.flags[at], -1), (flags, 1)):
            if listed in LISTED:
                self.mails += change
                self.octets += change * self._sizes[at]
        self.flags[at] = flags

    def listed(self) -> Sequence[int]:
        """Return the places of what a list shows, as they are now."""
        if self.mails == len(self):
            return range(len(self))
        return array("q", compress(range(len(self)), self.flags.translate(_IS_LISTED)))

    def last_listed(self) -> int:
        """Return the place of the newest mail that a list shows, -1 without."""
        return max(self.flags.rfind(flags) for flags in LISTED)

    def entries(self, first: int = 0) -> Iterator[tuple[int, bytes]]:
        """Give id and text of what a list shows, from a place on."""
        base = start = self._text_ends[first - 1] if first else 0
        texts = bytes(self._texts[base:])
        for mail_id, end, flags in zip(self._ids[first:], self._text_ends[first:], self.flags[first:], strict=True):
            if flags in LISTED:
                yield mail_id, texts[start - base : end - base]
            start = end

    def notes(self) -> dict[int, str]:
        """Return the notes, by place."""
        return self._notes

    def damaged(self) -> Iterator[Row]:
        """Give the rows of damaged records."""
        return map(self.row, self._damaged)

    def pack(self, number: int) -> bytes:
        """Return a page of rows as octets: what `unpack` takes. Notes are not in it."""
        first, last = number * PAGE, min(len(self), (number + 1) * PAGE)
        start = self._text_ends[first - 1] if first else 0
        numbers = (getattr(self, name)[first:last].tobytes() for name in _NUMBERS)
        return b"".join((*numbers, self.flags[first:last], self._texts[start : self._text_ends[last - 1]]))

    def unpack(self, pages: Sequence[bytes], rows: int, notes: dict[int, str]) -> None:
        """Take in pages from the first on, which hold so many rows. Raises ValueError where they do not."""
        for octets in pages:
            count = min(PAGE, rows - len(self))
            view, width = memoryview(octets), count * _WIDTH
            for number, name in enumerate(_NUMBERS):
                getattr(self, name).frombytes(view[number * width : (number + 1) * width])
            rest = len(_NUMBERS) * width
            self.flags += view[rest : rest + count]
            self._texts += view[rest + count :]
            if len(self._text_ends) != len(self.flags) or self._text_ends[-1] != len(self._texts):
                raise ValueError("a page does not hold what it should")
        if len(self) != rows:
            raise ValueError("pages are missing")
        self._notes.update(notes)
        self._count(0)

    def _count(self, first: int) -> None:
        listed = self.flags[first:].translate(_IS_LISTED)
        self.mails += listed.count(1)
        self.octets += sum(compress(self._sizes[first:], listed))
        if Status.DAMAGED in self.flags[first:]:
            self._damaged += [at for at in range(first, len(self)) if self.flags[at] == Status.DAMAGED]
