"""Where the mails of one mailbox stand among those of all mailboxes: by moment, then by id.

Pure memory, over an index. A mail that knows only its day counts from the beginning of that day, or from the latest
mail before it in the file if that is of the same day: it stands above that, as its mailbox shows it. One that knows
nothing counts from when its file was changed.
"""

import operator
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from mysmtp.store.index import Index
from mysmtp.store.known import Known
from mysmtp.store.record import KNOWN, LISTED, NO_MOMENT, Row

_DAY = 24 * 3600 * 1_000_000
Standing = tuple[int, float]  # moment in microseconds since 1970, id
_IS_LISTED = bytes(flags in LISTED for flags in range(256))


class Moments:
    """The order of one mailbox's mails."""

    def __init__(self) -> None:
        self._of: Known | None = None
        self._moments = array("q")
        self._order: array[int] | None = None  # places by rising moment; None: they lie in that order
        self._latest = NO_MOMENT  # of them
        self._days: dict[bytes, int] = {}
        self._newest: tuple[object, Standing | None] = (None, None)  # what the index was like, and what was newest then

    def of(self, index: Index, row: Row) -> int:
        """Return the moment that a mail of the index counts from."""
        self._follow(index)
        place = index.known.columns.find(row.id)
        return self._moments[place] if place >= 0 else self._reckoned(index, index.open_mails())[row.id]

    def newest(self, index: Index, remarked: int) -> Standing | None:
        """Return where the newest listed mail stands; at once if the file is as it was, not `remarked` either."""
        now = (index.known, index.signature, remarked)
        if self._newest[0] != now:
            self._newest = (now, next(self.below(index, None), None))
        return self._newest[1]

    def below(self, index: Index, standing: Standing | None) -> Iterator[Standing]:
        """Give the listed mails that stand below a place, from there down; without one, all from the newest on."""
        self._follow(index)
        more = self._open(index, standing, operator.lt)
        for mail in self._down(index, len(self._moments) if standing is None else self._place(index, standing)):
            while more and more[-1] > mail:
                yield more.pop()
            yield mail
        yield from reversed(more)

    def above(self, index: Index, standing: Standing) -> Iterator[Standing]:
        """Give the listed mails that stand at a place or above it, from there up."""
        self._follow(index)
        more = self._open(index, standing, operator.ge)[::-1]
        for at in range(self._place(index, standing), len(self._moments)):
            mail = self._listed(index, at)
            while mail and more and more[-1] < mail:
                yield more.pop()
            if mail:
                yield mail
        yield from reversed(more)

    def before(self, index: Index, moment: int) -> set[int]:
        """Return the ids of listed mails that came in before a moment; one that knows a day only, at its end."""
        found = set()
        for _, mail_id in self.below(index, (moment, -1)):
            row = index.row(int(mail_id))
            if row and (row.arrived != NO_MOMENT or self._alone(index, row) + _DAY <= moment):
                found.add(row.id)
        return found

    def count_above(self, index: Index, standing: Standing) -> int:
        """Return how many listed mails stand at a place or above it."""
        self._follow(index)
        place, flags = self._place(index, standing), index.known.columns.flags
        if self._order is None:
            settled = flags[place:].translate(_IS_LISTED).count(1)
        else:
            settled = sum(flags[at] in LISTED for at in self._order[place:])
        return settled + len(self._open(index, standing, operator.ge))

    def _open(
        self, index: Index, standing: Standing | None, fits: Callable[[Standing, Standing], bool]
    ) -> list[Standing]:
        """Return where the mails stand that more octets of the file could still change; few, by rising moment."""
        found = sorted((moment, mail_id) for mail_id, moment in self._reckoned(index, index.open_mails()).items())
        return [each for each in found if standing is None or fits(each, standing)]

    def _down(self, index: Index, place: int) -> Iterator[Standing]:
        return filter(None, (self._listed(index, at) for at in range(place - 1, -1, -1)))

    def _listed(self, index: Index, at: int) -> Standing | None:
        columns, place = index.known.columns, self._order[at] if self._order else at
        return (self._moments[place], columns.id_at(place)) if columns.flags[place] in LISTED else None

    def _place(self, index: Index, standing: Standing) -> int:
        """Return how many settled mails stand below."""
        columns, order, moments = index.known.columns, self._order, self._moments

        def key(at: int) -> Standing:
            place = order[at] if order else at
            return moments[place], columns.id_at(place)

        return bisect_left(range(len(moments)), standing, key=key)

    def _follow(self, index: Index) -> None:
        """Take in what is new in the index, or all when it was made anew."""
        columns = index.known.columns
        if self._of is not index.known:
            self._of, self._moments, self._latest, self._order = index.known, array("q"), NO_MOMENT, None
        first = len(self._moments)
        if first == len(columns):
            return
        fresh = columns.arrivals(first)
        if NO_MOMENT in fresh:
            fresh = array("q", self._reckoned(index, map(columns.row, range(first, len(columns)))).values())
        self._latest = max(self._latest, max(fresh))
        self._moments += fresh
        since = self._moments[max(0, first - 1) :]
        if self._order is not None or any(one > other for one, other in pairwise(since)):
            self._order = array("q", sorted(range(len(self._moments)), key=self._moments.__getitem__))

    def _reckoned(self, index: Index, rows: Iterable[Row]) -> dict[int, int]:
        """Return the moments that rows count from, by id, where they come after those that were taken in."""
        found, latest = {}, self._latest
        for row in rows:
            moment = self._alone(index, row) if row.flags & KNOWN else latest  # what is no mail stands nowhere
            if row.arrived == NO_MOMENT and moment < latest < moment + _DAY:
                moment = latest
            found[row.id] = moment
            latest = max(latest, moment)
        return found

    def _alone(self, index: Index, row: Row) -> int:
        """Return the moment that a mail counts from if there is no other."""
        if row.arrived != NO_MOMENT:
            return row.arrived
        date = row.text.rpartition(b"\n")[2]
        if date not in self._days:
            self._days[date] = _beginning(date.decode("latin-1"))
        changed = index.signature[3] // 1000 if index.signature else 0
        return self._days[date] if self._days[date] != NO_MOMENT else changed


def _beginning(date: str) -> int:
    """Return when a day (``dd-mm-yyyy``) began here, NO_MOMENT for what is no day."""
    try:
        return round(datetime.strptime(date, "%d-%m-%Y").timestamp() * 1_000_000)
    except (ValueError, OverflowError, OSError):
        return NO_MOMENT
