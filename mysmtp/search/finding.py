"""What a search finds: a page of mails, all of them, or how many, in an index that was brought up to date just now.

Whatever takes long, SQLite's work above all, is run by way of `offload`, as few times as can be: each time costs more
than most of the work does. The marks of what was seen are the store's, which is asked for many mails at once.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from functools import partial
from itertools import chain, islice
from typing import TypeVar

from mysmtp.contracts import MessageStore, Offload
from mysmtp.offload import to_the_end
from mysmtp.powers import Marking
from mysmtp.search.box import Box
from mysmtp.search.follower import Follower
from mysmtp.search.found import COUNTED, Count, Found, Hit, Nearby
from mysmtp.search.keys import LAST_KEY
from mysmtp.search.plan import Plan, plan_of
from mysmtp.search.query import Query
from mysmtp.search.tables import Tables, Totals
from mysmtp.search.words import fold

T = TypeVar("T")

_CHUNK = COUNTED + 1
_END = LAST_KEY * 2


_Row = tuple[int, Box, int]  # a mail: its key, its mailbox, its id there


class Finder:
    """Finds mails in tables that a follower has brought up to date. `zone` (None: this machine's) is that of days."""

    def __init__(
        self, store: MessageStore, tables: Tables, follower: Follower, offload: Offload, zone: tzinfo | None
    ) -> None:
        self._store = store
        self._marks = store if isinstance(store, Marking) else None
        self._tables = tables
        self._follower = follower
        self._offload = offload
        self._zone = zone

    def page(self, query: Query, before: int | None, most: int, instead: Sequence[Query]) -> Found:
        """Return a page of the mails a query means, with keys below `before`, or the newest."""
        plan = self._plan(query)
        counted = self._first(plan, _CHUNK)
        page = counted[: most + 1]
        if before is not None and counted and before <= counted[0][0]:
            page = self._first(plan, most + 1, end=before) or page
        shown, some = page[:most], counted[:COUNTED]
        hits, totals = self._hits(shown)
        return Found(
            hits=hits,
            newer=self._newer(plan, shown, most) if shown and shown[0] != counted[0] else None,
            older=shown[-1][0] if shown and len(page) > most else None,
            place=some.index(shown[0]) + 1 if shown and shown[0] in some else 0,
            total=len(some),
            more=len(counted) > COUNTED,
            mailboxes=len({box.number for _, box, _ in some}),
            searched=totals.mails - self._follower.hidden,
            boxes=len(self._follower.boxes),
            unsearched=self._follower.unsearched,
            cut=totals.cut,
            files_cut=totals.files_cut,
            nowhere=self._nowhere(query),
            instead=() if counted else tuple(map(self._count, instead)),
        )

    def nearby(self, query: Query, mailbox: str, mail_id: int, most: int) -> Nearby | None:
        """Return what is round a mail among what a query means, at most so much above it; None if it is not indexed."""
        box = self._follower.boxes.get(mailbox)
        key = None if box is None else self._away(lambda tables: tables.key(box.number, mail_id))
        if key is None:
            return None
        plan = self._plan(query)
        above, older = self._first(plan, most, first=key + 1, newest=False), self._first(plan, 1, end=key)
        return Nearby(key, _mail_of(above), _mail_of(older), len(above))

    def matches(self, query: Query) -> dict[str, list[int]]:
        """Return the ids of all mails that a query means, by mailbox."""
        found: dict[str, list[int]] = {}
        for _, box, mail_id in chain.from_iterable(self._chunks(self._plan(query))):
            found.setdefault(box.name, []).append(mail_id)
        return found

    def _count(self, query: Query) -> Count:
        found = len(self._first(self._plan(query), _CHUNK))
        return Count(min(found, COUNTED), found > COUNTED)

    def _hits(self, rows: Sequence[_Row]) -> tuple[list[Hit], Totals]:
        """Return mails with their texts and marks, and the totals of the index."""
        keys = [key for key, _, _ in rows]
        sheets, totals = self._away(lambda tables: (tables.sheets(keys), tables.totals()))
        unseen = self._unseen(rows)
        hits = [
            Hit(key, box.name, mail_id, sheets[key], (box.number, mail_id) not in unseen)
            for key, box, mail_id in rows
            if key in sheets
        ]
        return hits, totals

    def _newer(self, plan: Plan, shown: Sequence[_Row], most: int) -> int:
        """Return the key of the page above the one that is shown."""
        above = self._first(plan, most + 1, first=shown[0][0] + 1, newest=False)
        return above[most][0] if len(above) > most else 0

    def _plan(self, query: Query) -> Plan:
        plan = self._away(lambda tables: plan_of(query, self._numbers, tables.beginning_with, self._zone))
        if plan.unread is None:
            return plan
        boxes = self._follower.boxes
        some = (each for each in self._store.mailboxes() if each.unseen < each.mails or plan.unread)
        names = [each.name for each in some if each.unseen or not plan.unread]
        return plan.within([boxes[name].number for name in names if name in boxes])

    def _numbers(self, name: str) -> Sequence[int]:
        """Return the mailbox of this name, or else those that have it in theirs."""
        wanted, names = fold(name), {box.number: fold(box.name) for box in self._follower.boxes.values()}
        same = [number for number, each in names.items() if each == wanted]
        return same or [number for number, each in names.items() if wanted in each]

    def _nowhere(self, query: Query) -> Sequence[str]:
        names = [str(each.value) for each in query.conditions if each.kind == "in" and not each.without]
        return [name for name in names if not self._numbers(name)]

    def _first(self, plan: Plan, most: int, *, first: int = 0, end: int = _END, newest: bool = True) -> list[_Row]:
        """Return the newest (or oldest) mails that are meant, with keys from `first` up to, not with, `end`."""
        step = most if plan.unread is None else _CHUNK
        return list(islice(chain.from_iterable(self._chunks(plan, first, end, newest, step)), most))

    def _chunks(
        self, plan: Plan, first: int = 0, end: int = _END, newest: bool = True, step: int = _CHUNK
    ) -> Iterator[list[_Row]]:
        """Give every mail that is meant, so many of the index at a time."""
        numbers = self._follower.numbers
        while not plan.never:
            found = self._away(partial(Tables.select, statement=plan.select(first, end, step, newest)))
            rows = [
                (key, box, mail_id)
                for key, number, mail_id in found
                if (box := numbers.get(number)) is not None and not box.hides(mail_id)
            ]
            if plan.unread is not None:
                unseen = self._unseen(rows)
                rows = [row for row in rows if ((row[1].number, row[2]) in unseen) is plan.unread]
            yield rows
            if len(found) < step:
                return
            first, end = (first, found[-1][0]) if newest else (found[-1][0] + 1, end)

    def _unseen(self, rows: Sequence[_Row]) -> set[tuple[int, int]]:
        """Return which of these mails nobody has looked at, by number of the mailbox and id."""
        asked: dict[str, list[int]] = {}
        for _, box, mail_id in rows:
            asked.setdefault(box.name, []).append(mail_id)
        found = self._marks.unseen_among(asked) if self._marks and asked else {}
        boxes = self._follower.boxes
        return {(boxes[name].number, mail_id) for name, ids in found.items() for mail_id in ids}

    def _away(self, work: Callable[[Tables], T]) -> T:
        return to_the_end(self._offload, lambda: work(self._tables))


def _mail_of(rows: Sequence[_Row]) -> tuple[str, int] | None:
    """Return mailbox and id of the first of these mails."""
    return (rows[0][1].name, rows[0][2]) if rows else None
