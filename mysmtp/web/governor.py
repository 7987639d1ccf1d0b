"""The web's share of the hub while mail is busy: both run on one thread, and pages must not starve mail.

Each connection of the web pays for the CPU it used by waiting before its next request. While no mail moves nobody
waits; a reader who clicks now and then never does, for some work may be done ahead. Knows no page and no protocol.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gevent
from gevent import Greenlet, getcurrent
from gevent.lock import Semaphore

from mysmtp.contracts import Offload

T = TypeVar("T")

SHARE = 0.1
EASY = 0.35  # of the share, for what pages do by themselves
MANY = 20  # mails a second that are a flood
AFTERWARDS = 2.0  # seconds for which it is taken to go on
LONGEST_EASE = 2.5  # seconds that these wait at most
AHEAD = 0.1  # seconds of work that may be done before it is paid for
QUIET = 0.25  # seconds without news of mail, of those that the web left free, after which mail is not busy
WAITING = 64  # requests that may wait; one more is refused
RESERVED = 0.005  # seconds of work that a request which has just begun is taken for


class Account:
    """What the web has used and may use, in seconds of the hub's CPU. Pure arithmetic: whoever asks gives the time.

    Whether mail is busy is told by its news, in the time that the web left free: a web that holds the hub for a second
    has not made mail quiet.
    """

    def __init__(self, now: float, share: float = SHARE) -> None:
        self._share = share
        self._balance = AHEAD
        self._at = now
        self.spent = 0.0
        self._news = self._known = 0
        self._heard = self._flooded_until = float("-inf")
        self._counted, self._counted_at = 0, now

    def hear(self, _news: object = None) -> None:
        """Take note that mail moves. Called for every mail, so it does next to nothing."""
        self._news += 1

    def spend(self, seconds: float) -> None:
        """Charge work that was done."""
        self.spent += seconds
        self._balance -= seconds

    def reserve(self, seconds: float) -> None:
        """Set aside work that will be charged as it is done; less than nothing gives it back."""
        self._balance -= seconds

    def owed(self, now: float) -> float:
        """Return the seconds that the web has to wait at `now` before it may go on; 0 while mail is not busy."""
        busy = self.is_busy(now)
        self._balance = min(AHEAD, self._balance + self._share * (now - self._at))
        self._at = now
        if not busy:
            self._balance = max(0.0, self._balance)
        return max(0.0, -self._balance / self._share)

    def is_busy(self, now: float) -> bool:
        """Return whether mail has moved lately."""
        free = now - self.spent
        if self._news != self._known:
            self._known, self._heard = self._news, free
        return free - self._heard <= QUIET

    def is_flooded(self, now: float) -> bool:
        """Return whether mail comes in numbers, though it may stand still now: a machine with other work stalls it."""
        if now - self._counted_at >= 1.0:
            if self._news - self._counted >= MANY * (now - self._counted_at):
                self._flooded_until = now + AFTERWARDS
            self._counted, self._counted_at = self._news, now
        return now < self._flooded_until


class Crowded(Exception):
    """Enough requests wait already."""


class Governor:
    """The door to the hub: everything of the web passes it, one after the other, in the order in which it came."""

    def __init__(
        self,
        share: float = SHARE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = gevent.sleep,
    ) -> None:
        self._account = Account(clock(), share)
        self._clock = clock
        self._sleep = sleep
        self._door = Semaphore()
        self._waiting = 0
        self._open = False
        self._share = share
        self._eased = 0.0, clock()
        self.hear = self._account.hear
        self.spend = self._account.spend

    def greenlet(self, run: Callable[..., object], *arguments: object) -> "Metered":
        """Return a greenlet that runs `run`, and whose CPU is charged."""
        return Metered(self.spend, run, *arguments)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Do a request inside this once it is its turn. Raises Crowded."""
        if self._waiting >= WAITING:
            raise Crowded
        self.wait()
        self._account.reserve(RESERVED)
        try:
            yield
        finally:
            self._account.reserve(-RESERVED)

    def wait(self) -> None:
        """Return when the web may go on: at once while mail is not busy, or while enough is paid."""
        if not self._waiting and not self.owed():
            return
        self._waiting += 1
        try:
            with self._door:
                while owed := self.owed():
                    self._sleep(min(owed, QUIET))
        finally:
            self._waiting -= 1

    def ease(self) -> None:
        """Return when the web has used no more than `EASY` of its share since this returned, or `LONGEST_EASE` later.

        For what pages do by themselves: it leaves the rest to whoever clicks. At once while mail is not busy.
        """
        spent, began = self._eased
        until = min(began + (self.spent - spent) / (self._share * EASY), self._clock() + LONGEST_EASE)
        while not self._open and self._is_pressed(now := self._clock()) and until - now > 0.001:
            self._sleep(min(until - now, QUIET))
        self._eased = self.spent, self._clock()
        self.wait()

    def _is_pressed(self, now: float) -> bool:
        flooded = self._account.is_flooded(now)
        return self._account.is_busy(now) or flooded

    @property
    def spent(self) -> float:
        """Seconds of CPU that the web has used so far."""
        return self._account.spent

    def open(self) -> None:
        """Let everyone pass from now on: the server stops."""
        self._open = True

    def owed(self) -> float:
        """Return the seconds that the web has to wait now."""
        return 0.0 if self._open else self._account.owed(self._clock())


class Metered(Greenlet):  # type: ignore[misc]
    """A greenlet that knows what it costs: the hub switches to it, and gets the switch back when it waits or ends."""

    def __init__(self, spend: Callable[[float], None], run: Callable[..., object], *arguments: object) -> None:
        super().__init__(run, *arguments)
        self.spend = spend

    def switch(self, *arguments: Any) -> Any:
        return charged(lambda: super(Metered, self).switch(*arguments), self.spend)

    def throw(self, *arguments: Any) -> Any:
        return charged(lambda: super(Metered, self).throw(*arguments), self.spend)


def charging(offload: Offload) -> Offload:
    """Return `offload` so that a metered greenlet also pays for what is run elsewhere for it: there is one GIL."""

    def run(work: Callable[[], T]) -> T:
        caller = getcurrent()
        return offload(lambda: charged(work, caller.spend)) if isinstance(caller, Metered) else offload(work)

    return run


def charged(work: Callable[[], T], spend: Callable[[float], None]) -> T:
    """Do some work right here and tell `spend` the CPU seconds it took."""
    began = time.thread_time()
    try:
        return work()
    finally:
        spend(time.thread_time() - began)
