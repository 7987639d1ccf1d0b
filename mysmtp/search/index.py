"""The index of all mail: the door of this room. Finds what is searched for, and keeps up with the mailboxes.

Whoever searches first has the store asked what has changed, which costs a look at each file; what is not indexed yet is
indexed then and there if that takes but a moment, and counted if not. So nothing that is there is missing without a
word, and nothing that is gone is found. A damaged index is put aside and made again, by itself.

`offload` runs what takes long; the lock is taken by whoever waits for it.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mysmtp.contracts import Followed, Marking, MessageStore, Offload, run_here
from mysmtp.errors import MailFault, NoSuchMailbox
from mysmtp.search import stamp
from mysmtp.search.follower import Box, Follower
from mysmtp.search.plan import Plan, plan_of
from mysmtp.search.query import Query
from mysmtp.search.sheet import Sheet
from mysmtp.search.tables import LAST_KEY, Tables
from mysmtp.search.words import fold
from mysmtp.store.offload import to_the_end

log = logging.getLogger(__name__)

T = TypeVar("T")

DATABASE = "search.db"
_ASIDE = "search.damaged"
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
COUNTED = 1000  # mails that are counted; of more it is said that there are more
PATIENCE = 0.2  # seconds in which a search waits for mails to be indexed
_CHUNK = 1001
_FAULTS = (sqlite3.Error, ValueError, OverflowError)


_Row = tuple[int, Box, int]  # a mail: its key, its mailbox, its id there


class Unsearchable(MailFault):
    """The index cannot be used now; the cause is in the log."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A mail that was found: its key in the order of all mail, its mailbox and id, its texts, whether it was seen."""

    key: int
    mailbox: str
    id: int
    sheet: Sheet
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, newest first. `newer` and `older` are keys; 0: the newest page, None: none.

    `total` mails in `mailboxes` were counted, `more`: and there are more; `place` is that of the first hit among them,
    from 1 on, 0 where it is none of them. `unsearched` of all mails were not searched yet; `searched` were, in `boxes`
    mailboxes, `cut` of them not to their end.
    """

    hits: Sequence[Hit]
    newer: int | None
    older: int | None
    place: int
    total: int
    more: bool
    mailboxes: int
    searched: int
    boxes: int
    unsearched: int
    cut: int


@dataclass(frozen=True, slots=True)
class Nearby:
    """What is round a mail among what a search finds, whether it is found itself or not: mailbox and id, None without.

    `key` is its own in the order of all mail; `above` counts what is newer, as far as was asked for.
    """

    key: int
    newer: tuple[str, int] | None
    older: tuple[str, int] | None
    above: int


class MailIndex:
    """The index of a store's mail. Every method may be called by many at once and blocks its caller.

    Raises Unsearchable and StoreFailed where nothing can be told.
    """

    def __init__(self, store: MessageStore, *, offload: Offload = run_here, zone: tzinfo | None = None) -> None:
        assert isinstance(store, Followed)
        self._store = store
        self._marks = store if isinstance(store, Marking) else None
        self._offload = offload
        self._zone = zone
        self._lock = threading.RLock()
        self._named: set[str] = set()
        self._tables: Tables | None = None
        self._follower: Follower | None = None
        self._place: tuple[Path, object] | None = None
        self._warned = False

    def note(self, mailbox: str) -> None:
        """Look at a mailbox next time, whatever its file looks like. Costs next to nothing."""
        self._named.add(mailbox)

    def find(self, query: Query, before: int | None = None, most: int = 50) -> Found:
        """Return a page of the mails a query means, with keys below `before`, or the newest."""
        with self._lock:
            return self._safely(lambda: self._find(query, before, most))

    def nearby(self, query: Query, mailbox: str, mail_id: int, most: int = 50) -> Nearby | None:
        """Return what is round a mail among what a query means, at most so much above it; None if it is not indexed."""
        with self._lock:
            return self._safely(lambda: self._nearby(query, mailbox, mail_id, most))

    def matches(self, query: Query, patience: float = 10.0) -> tuple[dict[str, list[int]], int]:
        """Return the ids of all mails that a query means, by mailbox, and how many mails were not searched yet.

        Waits for so many seconds at most for mails to be indexed.
        """
        with self._lock:
            return self._safely(lambda: self._matches(query, patience))

    def catch_up(self, seconds: float) -> bool:
        """Index what has changed, for about so many seconds; tell whether more is left to do."""
        with self._lock:
            return self._safely(lambda: self._catch_up(seconds).busy)

    def step(self) -> bool:
        """Do a little of what is left to do; tell whether there was anything."""
        with self._lock:
            return self._safely(lambda: self._ready().step())

    @property
    def unsearched(self) -> int:
        """How many mails are known not to be searched yet."""
        return self._follower.unsearched if self._follower else 0

    def rebuild(self, told: Callable[[int, int], None]) -> int:
        """Index all mail anew; `told` hears of how many mails are done, and of how many. Return how many there are."""
        with self._lock:
            self.clear()
            self._safely(lambda: self._ready().survey())
            total = self.unsearched
            while self.step():
                told(total - self.unsearched, total)
            return self._away(Tables.totals)[0]

    def clear(self) -> None:
        """Forget everything: all mail is indexed anew."""
        with self._lock:
            self._safely(self._ready)
            self._drop()
            if self._place is not None:
                _remove(self._place[0], "", *_BESIDE)

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._drop(whole=True)

    def _find(self, query: Query, before: int | None, most: int) -> Found:
        follower = self._catch_up(PATIENCE)
        plan = self._plan(query, follower)
        counted = list(islice(self._all(plan, follower), COUNTED + 1))
        page = counted[: most + 1]
        if before is not None and counted and before <= counted[0][0]:
            page = list(islice(self._all(plan, follower, end=before), most + 1)) or page
        shown = page[:most]
        sheets = self._away(lambda tables: [tables.sheet(key) for key, _, _ in shown])
        unseen = _Unseen(self._marks)
        hits = [
            Hit(key, box.name, mail_id, sheet, not unseen.has(box.name, mail_id))
            for (key, box, mail_id), sheet in zip(shown, sheets, strict=True)
            if sheet is not None
        ]
        searched, cut = self._away(lambda tables: tables.totals())
        some = counted[:COUNTED]
        return Found(
            hits=hits,
            newer=self._newer(plan, follower, shown, most) if shown and shown[0] != counted[0] else None,
            older=shown[-1][0] if shown and len(page) > most else None,
            place=some.index(shown[0]) + 1 if shown and shown[0] in some else 0,
            total=len(some),
            more=len(counted) > COUNTED,
            mailboxes=len({box.number for _, box, _ in some}),
            searched=searched,
            boxes=len(follower.boxes),
            unsearched=follower.unsearched,
            cut=cut,
        )

    def _newer(self, plan: Plan, follower: Follower, shown: Sequence[_Row], most: int) -> int:
        """Return the key of the page above the one that is shown."""
        above = list(islice(self._all(plan, follower, first=shown[0][0] + 1, newest=False), most + 1))
        return above[most][0] if len(above) > most else 0

    def _nearby(self, query: Query, mailbox: str, mail_id: int, most: int) -> Nearby | None:
        follower = self._catch_up(PATIENCE)
        box = follower.boxes.get(mailbox)
        key = None if box is None else self._away(lambda tables: tables.key(box.number, mail_id))
        if key is None:
            return None
        plan = self._plan(query, follower)
        above = list(islice(self._all(plan, follower, first=key + 1, newest=False), most))
        older = next(self._all(plan, follower, end=key), None)
        return Nearby(key, _mail_of(above[0]) if above else None, _mail_of(older) if older else None, len(above))

    def _matches(self, query: Query, patience: float) -> tuple[dict[str, list[int]], int]:
        follower = self._catch_up(patience)
        found: dict[str, list[int]] = {}
        for _, box, mail_id in self._all(self._plan(query, follower), follower):
            found.setdefault(box.name, []).append(mail_id)
        return found, follower.unsearched

    def _plan(self, query: Query, follower: Follower) -> Plan:
        boxes = follower.boxes

        def numbers(name: str) -> Sequence[int]:
            """Return the mailbox of this name, or else those that have it in theirs."""
            wanted, names = fold(name), {box.number: fold(box.name) for box in boxes.values()}
            same = [number for number, each in names.items() if each == wanted]
            return same or [number for number, each in names.items() if wanted in each]

        plan = plan_of(query, numbers, self._zone)
        if plan.unread is None:
            return plan
        some = (each for each in self._store.mailboxes() if each.unseen < each.mails or plan.unread)
        names = [each.name for each in some if each.unseen or not plan.unread]
        return plan.within([boxes[name].number for name in names if name in boxes])

    def _all(
        self, plan: Plan, follower: Follower, *, first: int = 0, end: int = LAST_KEY * 2, newest: bool = True
    ) -> Iterator[_Row]:
        """Give every mail that is meant, as many of the index at a time as a page counts."""
        unseen = _Unseen(self._marks)
        while not plan.never:
            rows = self._away(partial(Tables.select, statement=plan.select(first, end, _CHUNK, newest)))
            for key, number, mail_id in rows:
                box = follower.numbers.get(number)
                if box is None or box.hides(mail_id):
                    continue
                if plan.unread is None or unseen.has(box.name, mail_id) is plan.unread:
                    yield key, box, mail_id
            if len(rows) < _CHUNK:
                return
            first, end = (first, rows[-1][0]) if newest else (rows[-1][0] + 1, end)

    def _catch_up(self, seconds: float) -> Follower:
        until = time.monotonic() + seconds
        follower = self._ready()
        named, self._named = frozenset(self._named), set()
        follower.survey(named)
        while follower.step() and time.monotonic() < until:
            pass
        return follower

    def _ready(self) -> Follower:
        """Return the follower of the folder as it is now, its database open. Raises what `_safely` handles."""
        place = self._store.hidden_place(DATABASE)
        if self._follower is None or self._tables is None or place != self._place:
            self._drop()
            self._place = place
            self._tables = self._opened(place[0] if place else None)
            self._follower = Follower(self._store, self._tables, self._offload)
            self._warned = False
        return self._follower

    def _opened(self, path: Path | None) -> Tables:
        opened: list[Tables] = []
        try:
            to_the_end(self._offload, lambda: opened.append(_open(path)))
        except BaseException:  # whoever waits may be killed: nobody else could open it then
            for tables in opened:
                tables.close()
            raise
        return opened[0]

    def _away(self, work: Callable[[Tables], T]) -> T:
        tables = self._tables
        assert tables is not None  # `_catch_up` comes first
        return to_the_end(self._offload, lambda: work(tables))

    def _safely(self, work: Callable[[], T]) -> T:
        """Do something with the database; one that is no good is made again, once. Raises Unsearchable."""
        for again in (True, False):
            try:
                return work()
            except _FAULTS as fault:
                self._drop()
                if _is_passing(fault) or not again:
                    self._warn(f"cannot be used now: {fault}")
                    raise Unsearchable from fault
                self._warn(f"is made again from the mailbox files: {fault}")
                self._put_aside()
            except OSError as fault:
                self._drop()
                self._warn(f"cannot be used now: {fault}")
                raise Unsearchable from fault
        raise AssertionError

    def _drop(self, whole: bool = False) -> None:
        """Let go of the database; it is opened again when it is needed. `whole`: nothing was wrong with it."""
        tables, self._tables, self._follower = self._tables, None, None
        if tables is not None:
            to_the_end(self._offload, partial(_close, tables, self._place[0] if self._place and whole else None))

    def _put_aside(self) -> None:
        if self._place is None:
            return
        path = self._place[0]
        with suppress(OSError):
            path.replace(path.with_name(_ASIDE))
        _remove(path, *_BESIDE)

    def _warn(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("the index of words %s", what)


def _mail_of(row: _Row) -> tuple[str, int]:
    _, box, mail_id = row
    return box.name, mail_id


def _open(path: Path | None) -> Tables:
    """Open the database; one that was not closed as it should is checked. Raises what `_safely` handles."""
    trusted = path is None or stamp.take(path)
    tables = Tables(path)
    try:
        if not trusted:
            tables.check()
    except BaseException:
        tables.close()
        raise
    return tables


def _remove(path: Path, *endings: str) -> None:
    for ending in endings:
        with suppress(OSError):
            path.with_name(path.name + ending).unlink()


def _close(tables: Tables, path: Path | None) -> None:
    tables.close()
    if path is not None:
        stamp.leave(path)


class _Unseen:
    """The mails that nobody has looked at, asked for once for each mailbox."""

    def __init__(self, marks: Marking | None) -> None:
        self._marks = marks
        self._known: dict[str, frozenset[int]] = {}

    def has(self, mailbox: str, mail_id: int) -> bool:
        if mailbox not in self._known:
            ids: Sequence[int] = ()
            with suppress(NoSuchMailbox):
                ids = self._marks.unseen(mailbox) if self._marks else ()
            self._known[mailbox] = frozenset(ids)
        return mail_id in self._known[mailbox]


# What says that the disk or its owner has no room for it now; anything else says that the database is no good.
_LATER = frozenset(
    (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY,
     sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_INTERRUPT)
)  # fmt: skip


def _is_passing(fault: Exception) -> bool:
    """Tell whether the fault says nothing of what is in the database."""
    return getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _LATER
