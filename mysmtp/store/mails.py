"""The mails of a mailbox as a list shows them, made as they are asked for: nobody needs all of a large mailbox at once.

`Mails` only hands rows on, some at a time; `preview_of` blocks on the disk.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar, overload

from mysmtp.contracts import Offload, run_here
from mysmtp.message import MailSummary
from mysmtp.store.frame import body_start, previewed, read_preview
from mysmtp.store.record import NO_MOMENT, OWN, Row, microseconds
from mysmtp.store.textformat import PREVIEW

T = TypeVar("T")
Stamp = tuple[int, int | None, int]  # id, moment of arrival, size

_MANY = 256  # mails that are made at once for those who want all
_HEAD = 560  # octets that hold the head of nearly every record


class Mails(Sequence[MailSummary]):
    """The mails of these rows, as `make` returns them for some of the rows, and then `more`: a Surveyed.

    `stamp` gives the stamps of the rows, `measure` sizes in CR LF lines, `do` runs what takes long. Stays as it is when
    the mailbox goes on.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        make: Callable[[Sequence[Row]], list[MailSummary]],
        stamp: Callable[[], Iterator[Stamp]],
        measure: Callable[[], Sequence[int]],
        more: Sequence[MailSummary] = (),
        do: Offload = run_here,
    ) -> None:
        self._do = do
        self._rows = rows
        self._make = make
        self._stamp = stamp
        self._measure = measure
        self._more = more

    def __len__(self) -> int:
        return len(self._rows) + len(self._more)

    @overload
    def __getitem__(self, at: int) -> MailSummary: ...

    @overload
    def __getitem__(self, at: slice) -> list[MailSummary]: ...

    def __getitem__(self, at: int | slice) -> MailSummary | list[MailSummary]:
        places = range(len(self))[at]
        if isinstance(places, int):
            return self._some([places])[0]
        return self._some(places)

    def __iter__(self) -> Iterator[MailSummary]:
        for start in range(0, len(self), _MANY):
            yield from self[start : start + _MANY]

    def __reversed__(self) -> Iterator[MailSummary]:
        for end in range(len(self), 0, -_MANY):
            yield from reversed(self[max(0, end - _MANY) : end])

    def stamps(self) -> Iterator[Stamp]:
        yield from self._stamp()
        for mail in self._more:
            arrived = microseconds(mail.arrived)
            yield mail.id, None if arrived == NO_MOMENT else arrived, mail.size

    def sizes_in_lines(self) -> Sequence[int]:
        return self._measure()

    def away(self, work: Callable[[], T]) -> T:
        return self._do(work)

    def _some(self, places: Sequence[int]) -> list[MailSummary]:
        """Make mails with one call, in the order of their places."""
        count = len(self._rows)
        made = iter(self._make([self._rows[at] for at in places if at < count]) if count else ())
        return [next(made) if at < count else self._more[at - count] for at in places]


def preview_of(row: Row, descriptor: int, most: int = PREVIEW) -> bytes:
    """Return the first octets of a mail's body, none where the mail does not lie where it should."""
    length = row.end - row.start
    with suppress(OSError):
        octets = os.pread(descriptor, min(length, _HEAD + previewed(most)), row.start)
        if len(octets) < length and body_start(octets, 0) + previewed(most) > len(octets):
            octets = os.pread(descriptor, length, row.start)
        return read_preview(octets, row.text, bool(row.flags & OWN), row.size, most)
    return b""
