"""What a mailbox shows in a list: its mails, made as they are asked for, and the bytes of LIST, kept and extended.

Pure memory, over the columns of an index.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import overload

from mysmtp.listing import row
from mysmtp.store.columns import Columns
from mysmtp.store.record import NO_MOMENT, Row


class Rows(Sequence[Row]):
    """Rows of an index, made as they are asked for."""

    def __init__(self, columns: Columns, places: Sequence[int], more: Sequence[Row]) -> None:
        self._columns = columns
        self._places = places
        self._more = more

    def __len__(self) -> int:
        return len(self._places) + len(self._more)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...

    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        at = at + len(self) if at < 0 else at
        if not 0 <= at < len(self):
            raise IndexError(at)
        settled = len(self._places)
        return self._columns.row(self._places[at]) if at < settled else self._more[at - settled]

    def stamps(self, first: int, last: int) -> list[tuple[int, int | None, int]]:
        """Return id, moment (None: not known) and size of these rows."""
        more = self._more[max(0, first - len(self._places)) : max(0, last - len(self._places))]
        found = self._columns.stamps(self._places[first:last]) + [(row.id, row.arrived, row.size) for row in more]
        return [(mail_id, None if arrived == NO_MOMENT else arrived, size) for mail_id, arrived, size in found]

    def in_lines(self, columns: Columns) -> Sequence[int]:
        """Return what `Columns.in_lines` says of the settled rows; nothing if these are other columns."""
        return array("q", map(columns.in_lines.__getitem__, self._places)) if columns is self._columns else ()


class Listing:
    """The rows of LIST for the records of an index, made when they are asked for and kept for the next time."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._count = 0  # records that were looked at
        self._dated = True  # whether each of them has a date of its own

    def read(self, columns: Columns, more: Iterable[Row], undated: bytes) -> bytes:
        """Return the rows of all records and of `more`; `undated` is the date of those that have none."""
        for mail_id, text in columns.entries(self._count):
            sender, _, date = text.partition(b"\n")
            self._octets += row(mail_id, sender, date or undated)
            self._dated = self._dated and bool(date)
        self._count = len(columns)
        octets = bytes(self._octets)
        for each in more:
            sender, _, date = each.text.partition(b"\n")
            octets += row(each.id, sender, date or undated)
        if not self._dated:
            self.forget()
        return octets

    def forget(self) -> None:
        """Make them anew the next time."""
        self._octets, self._count, self._dated = bytearray(), 0, True
