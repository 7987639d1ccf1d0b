"""The index of all mail: the door of this room. Finds what is searched for, and keeps up with the mailboxes.

Whoever searches first has the store asked what has changed, which costs a look at each file; what is not indexed yet is
indexed then and there if that takes but a moment, and counted if not. So nothing that is there is missing without a
word, and nothing that is gone is found. A damaged index is put aside and made again, by itself.

`offload` runs what takes long; the lock is taken by whoever waits for it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TypeVar

from mysmtp.contracts import MessageStore, Offload, run_here
from mysmtp.errors import MailFault
from mysmtp.losable import FAULTS, IN_MEMORY, Losable, Words, is_passing, remove
from mysmtp.offload import to_the_end
from mysmtp.powers import Followed
from mysmtp.search import stamp
from mysmtp.search.finding import Finder
from mysmtp.search.follower import Follower
from mysmtp.search.found import Found, Nearby
from mysmtp.search.query import Query
from mysmtp.search.tables import Tables

T = TypeVar("T")

DATABASE = "search.db"
_ASIDE = "search.damaged"
_WORDS = Words("the index of words", "cannot be used now", "is made again from the mailbox files")
PATIENCE = 0.2  # seconds in which a search waits for mails to be indexed


class Unsearchable(MailFault):
    """The index cannot be used now; the cause is in the log."""


class MailIndex:
    """The index of a store's mail. Every method may be called by many at once and blocks its caller.

    Raises Unsearchable and StoreFailed where nothing can be told.
    """

    def __init__(self, store: MessageStore, *, offload: Offload = run_here, zone: tzinfo | None = None) -> None:
        assert isinstance(store, Followed)
        self._store = store
        self._offload = offload
        self._zone = zone
        self._lock = threading.RLock()
        self._named: set[str] = set()
        self._database = Losable(_WORDS, _ASIDE, _opened)
        self._follower: Follower | None = None
        self._place: tuple[Path, object] | None = None

    def note(self, mailbox: str) -> None:
        """Look at a mailbox next time, whatever its file looks like. Costs next to nothing."""
        self._named.add(mailbox)

    def find(self, query: Query, before: int | None = None, most: int = 50, instead: Sequence[Query] = ()) -> Found:
        """Return a page of the mails a query means, with keys below `before`, or the newest.

        Where that are none, it is counted what other queries find `instead`.
        """
        with self._lock:
            return self._safely(lambda: self._caught_up(PATIENCE).page(query, before, most, instead))

    def nearby(self, query: Query, mailbox: str, mail_id: int, most: int = 50) -> Nearby | None:
        """Return what is round a mail among what a query means, at most so much above it; None if it is not indexed."""
        with self._lock:
            return self._safely(lambda: self._caught_up(PATIENCE).nearby(query, mailbox, mail_id, most))

    def matches(self, query: Query, patience: float = 10.0) -> tuple[dict[str, list[int]], int]:
        """Return the ids of all mails that a query means, by mailbox, and how many mails were not searched yet.

        Waits for so many seconds at most for mails to be indexed.
        """
        with self._lock:
            return self._safely(lambda: (self._caught_up(patience).matches(query), self.unsearched))

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
            return to_the_end(self._offload, self._tables.totals)[0]

    def clear(self) -> None:
        """Forget everything: all mail is indexed anew."""
        with self._lock:
            self._safely(self._ready)
            self._drop()
            if self._place is not None:
                remove(self._place[0])

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._drop(whole=True)

    @property
    def _tables(self) -> Tables:
        tables = self._database.opened
        assert tables is not None  # `_ready` comes first
        return tables

    def _caught_up(self, seconds: float) -> Finder:
        """Return what finds mails, once those that are new were indexed, for about so many seconds."""
        follower = self._catch_up(seconds)
        return Finder(self._store, self._tables, follower, self._offload, self._zone)

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
        if place != self._place:
            self._drop()
            self._place = place
        if self._follower is None:
            path = place[0] if place else IN_MEMORY
            tables = to_the_end(self._offload, lambda: self._database.open(path))
            self._follower = Follower(self._store, tables, self._offload)
            self._database.is_well()
        return self._follower

    def _safely(self, work: Callable[[], T]) -> T:
        """Do something with the database; one that is no good is made again, once. Raises Unsearchable."""
        for again in (True, False):
            try:
                return work()
            except FAULTS as fault:
                self._drop()
                to_the_end(self._offload, partial(self._database.suffer, fault))
                if is_passing(fault) or not again:
                    raise Unsearchable from fault
        raise AssertionError

    def _drop(self, whole: bool = False) -> None:
        """Let go of the database; it is opened again when it is needed. `whole`: nothing was wrong with it."""
        self._follower = None
        if self._database.opened is not None:
            to_the_end(self._offload, partial(self._close, whole))

    def _close(self, whole: bool) -> None:
        self._database.close()
        if whole and self._place is not None:
            stamp.leave(self._place[0])


def _opened(path: Path) -> Tables:
    """Open the database; one that was not closed as it should is checked. Raises FAULTS."""
    trusted = path == IN_MEMORY or stamp.take(path)
    tables = Tables(path)
    try:
        if not trusted:
            tables.check()
    except BaseException:
        tables.close()
        raise
    return tables
