"""Which mails of a mailbox file were looked at. A mark counts for the very mail it was given to, and no other.

Pure memory. A mark is kept under the id of a mail as a print of what the mail is known by: a file that was replaced
and has another mail under that id shows it as new, one that was only rewritten keeps its marks.
"""

import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping

from mysmtp.store.index import Index
from mysmtp.store.known import Known
from mysmtp.store.record import LISTED, Row

SHIFT = 9  # bits of an id within its page of marks
_IDS = 1 << SHIFT
_CODE = "I" if array("I").itemsize == 4 else "L"
PAGE_OCTETS = array(_CODE).itemsize * _IDS
_IS_LISTED = bytes(flags in LISTED for flags in range(256))


class Seen:
    """The marks of one mailbox. `version` is another number after each change; `stale` are pages that were changed."""

    def __init__(self, pages: Mapping[int, bytes] | None = None) -> None:
        self.version = 0
        self.stale: set[int] = set()
        self._pages = {number: array(_CODE, octets) for number, octets in (pages or {}).items()}
        self._of: Known | None = None
        self._seen = bytearray()  # for each row of `_of`, whether it is marked

    def has(self, row: Row) -> bool:
        """Tell whether a mail is marked seen."""
        page = self._pages.get(row.id >> SHIFT)
        return page is not None and page[row.id & _IDS - 1] == print_of(row)

    def mark(self, rows: Iterable[Row], index: Index, seen: bool) -> list[int]:
        """Mark mails of an index seen, or new again; return the ids of those that were not."""
        self._follow(index)
        changed = [row for row in rows if self.has(row) is not seen]
        for row in changed:
            self._put(row, seen)
            if (at := index.known.columns.find(row.id)) >= 0:
                self._seen[at] = seen
        self.version += bool(changed)
        return [row.id for row in changed]

    def unseen(self, index: Index) -> Iterator[Row]:
        """Give the mails of a list that are not marked."""
        self._follow(index)
        columns = index.known.columns
        for at in columns.listed():
            if not self._seen[at]:
                yield columns.row(at)
        yield from (row for row in index.open_mails() if not self.has(row))

    def count_unseen(self, index: Index) -> int:
        """Return how many mails of a list are not marked: at once, however many there are."""
        self._follow(index)
        listed = int.from_bytes(index.known.columns.flags.translate(_IS_LISTED), "little")
        seen = (listed & int.from_bytes(self._seen, "little")).bit_count()
        return index.mails - seen - sum(self.has(row) for row in index.open_mails())

    def page(self, number: int) -> bytes:
        """Return a page of marks as octets, as `Seen` takes it; empty when nothing on it is marked."""
        page = self._pages.get(number)
        return page.tobytes() if page is not None and any(page) else b""

    def _put(self, row: Row, seen: bool) -> None:
        number = row.id >> SHIFT
        page = self._pages.setdefault(number, array(_CODE, bytes(PAGE_OCTETS)))
        page[row.id & _IDS - 1] = print_of(row) if seen else 0
        self.stale.add(number)

    def _follow(self, index: Index) -> None:
        """Find the marks of rows that are new in the index, or of all when it was made anew."""
        if self._of is not index.known:
            self._of, self._seen = index.known, bytearray()
            self.version += 1
        columns = index.known.columns
        first, last = len(self._seen), len(columns)
        if not self._pages:
            self._seen += bytes(last - first)
            return
        for at in range(first, last):
            self._seen.append(columns.id_at(at) >> SHIFT in self._pages and self.has(columns.row(at)))


def print_of(row: Row) -> int:
    """Return what a mail is known by besides its id: a CRC-32 of moment, size, sender and date, never 0."""
    return zlib.crc32(b"%d %d " % (row.arrived, row.size) + row.text) or 1
