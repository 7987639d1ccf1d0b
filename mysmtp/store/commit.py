"""Group commit: mails that are handed over while the disk is busy become durable together, with one sync.

One committer takes all that wait, again and again; it is nobody's greenlet, so nobody's end can stop it in the middle.
Whoever handed a mail over keeps a ticket and may wait for it or be killed: the mail's fate is the same. Works with
threads and, where they are patched in, with greenlets.
"""

import errno
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mysmtp.contracts import Signal
from mysmtp.errors import StoreFailed
from mysmtp.store.tray import Tray
from mysmtp.store.write import Encoded

log = logging.getLogger(__name__)

_BATCH = 16 << 20  # octets that a batch of several mails may have
_QUEUE = 64 << 20  # octets that may wait in memory for a slow disk; more is refused
_MAIL, _COPY = 1024, 100  # octets for what is known of a mail, and of each copy of it


@dataclass(slots=True)  # not frozen: one is made for each mail, and nobody changes it
class Delivery:
    """A mail, and the trays of the mailboxes for its copies."""

    mail: Encoded
    trays: tuple[Tray, ...]


class Ticket:
    """The Receipt of one delivery: settled once, with its ids or with why it was not stored."""

    __slots__ = ("_done", "_signal", "_stored", "_woken", "delivery", "fault", "ids")

    def __init__(
        self,
        delivery: Delivery,
        stored: Callable[[Sequence[int]], None],
        signal: Callable[[], Signal] = threading.Event,
    ) -> None:
        self.delivery = delivery
        self.ids: Sequence[int] = ()
        self.fault: BaseException | None = None
        self._stored = stored
        self._done = False
        self._signal = signal
        self._woken: Signal | None = None

    @property
    def done(self) -> bool:
        """Whether it is settled."""
        return self._done

    def settle(self, ids: Sequence[int]) -> None:
        """Tell that the copies are durable."""
        self.ids = ids
        try:
            self._stored(ids)
        except Exception:
            log.exception("the news of a stored mail could not be told")
        self._wake()

    def refuse(self, fault: BaseException) -> None:
        """Tell that nothing was stored."""
        self.fault = fault
        self._wake()

    def wait(self) -> None:
        """Return once the copies are durable. Raises StoreFailed."""
        if not self._done:
            self._woken = self._signal()
            if not self._done:  # it may have been settled since, without a look at the event
                self._woken.wait()
        if self.fault is not None:
            raise StoreFailed from self.fault

    def _wake(self) -> None:
        self._done = True
        if self._woken is not None:
            self._woken.set()


class Committer:
    """The queue, and the one thread that empties it: `commit` makes a batch durable and settles its tickets.

    What `commit` leaves unsettled when it raises is refused.
    """

    def __init__(self, commit: Callable[[Sequence[Ticket]], None]) -> None:
        self._commit = commit
        self._queue: deque[Ticket] = deque()
        self._weight = 0
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # held for a few steps only, never while anything waits
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many mails wait for a batch that has not begun."""
        return len(self._queue)

    def submit(self, ticket: Ticket) -> None:
        """Take a ticket. Raises StoreFailed when the disk is so far behind that no more may wait."""
        with self._lock:
            if self._closed:
                raise StoreFailed from OSError("the store is closed")
            if self._weight > _QUEUE:
                raise StoreFailed from OSError(errno.ENOBUFS, "the disk is too far behind")
            self._weight += _held(ticket)
            self._queue.append(ticket)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="committer", daemon=True)
                thread.start()
                self._thread = thread
        self._wanted.set()

    def close(self) -> None:
        """Return when all that was taken is settled. Nothing is taken afterwards."""
        with self._lock:
            self._closed = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._queue or not self._closed:
            self._wanted.wait()
            self._wanted.clear()
            while batch := self._take():
                self._do(batch)

    def _do(self, batch: Sequence[Ticket]) -> None:
        try:
            self._commit(batch)
        except BaseException as fault:  # noqa: BLE001  whatever it is, the clients are told and the committer goes on
            for ticket in batch:
                if not ticket.done:
                    ticket.refuse(fault)

    def _take(self) -> Sequence[Ticket]:
        batch: list[Ticket] = []
        weight = held = 0
        while self._queue and (not batch or weight + _weight(self._queue[0]) <= _BATCH):
            ticket = self._queue.popleft()
            weight += _weight(ticket)
            held += _held(ticket)
            batch.append(ticket)
        with self._lock:
            self._weight -= held
        return batch


def _weight(ticket: Ticket) -> int:
    """Return the octets to be written for a mail."""
    mail = ticket.delivery.mail
    return max(mail.size, mail.held) + _MAIL


def _held(ticket: Ticket) -> int:
    """Return the octets of memory that a mail takes while it waits.

    A large one takes little: its lines are in a file already. It takes room on the disk, which is looked at before any
    of it is written, and a descriptor, and its client waits for it before the next.
    """
    return ticket.delivery.mail.held + _MAIL + _COPY * len(ticket.delivery.trays)
