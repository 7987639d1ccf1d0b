"""Group commit: callers that wait at the same time share one batch, and so one sync.

The first to come leads: it takes all that wait, has them done, wakes them, and hands on to the first that came
meanwhile. Knows nothing of mail. Works with threads and, where they are patched in, with greenlets.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Ticket(Generic[Item, Result]):
    """One caller's place in the queue."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.woken = threading.Event()
        self.leads = False
        self.result: Result | None = None
        self.fault: Exception | None = None


class GroupCommit(Generic[Item, Result]):
    """Gathers items into batches for `work`, which does them and tells the results, in order, before it returns.

    A caller may be killed while it leads: `work` then has told its results, and they count, or has done nothing, and
    the others' items are done in the next batch.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item], Callable[[Sequence[Result]], None]], None],
        most: int = 1000,
        weigh: Callable[[Item], int] = lambda _: 1,
    ) -> None:
        self._work = work
        self._most = most  # what a batch of several items may weigh
        self._weigh = weigh
        self._lock = threading.Lock()  # held for a few steps only, never while anything waits
        self._queue: list[_Ticket[Item, Result]] = []
        self._led = False

    @property
    def waiting(self) -> int:
        """How many wait for a batch that has not begun."""
        return len(self._queue)

    def submit(self, item: Item) -> Result:
        """Have `item` done, perhaps together with others; return its result. Raises what `work` raises."""
        ticket: _Ticket[Item, Result] = _Ticket(item)
        with self._lock:
            self._queue.append(ticket)
            ticket.leads = not self._led
            self._led = True
        try:
            if not ticket.leads:
                ticket.woken.wait()
        except BaseException:
            self._leave(ticket)
            raise
        if ticket.leads:
            self._lead()
        if ticket.result is None:
            raise ticket.fault or RuntimeError("a batch ended without a result")
        return ticket.result

    def _lead(self) -> None:
        batch = self._take()

        def tell(results: Sequence[Result]) -> None:
            for ticket, result in zip(batch, results, strict=True):
                ticket.result = result

        try:
            self._work([ticket.item for ticket in batch], tell)
        except Exception as fault:  # noqa: BLE001  each caller is told, this one too
            for ticket in batch:
                ticket.fault = fault
        except BaseException:  # this caller is killed: what was not done for the others waits for the next leader
            with self._lock:
                self._queue[:0] = [ticket for ticket in batch[1:] if ticket.result is None]
            raise
        finally:
            self._hand_on()
            for ticket in batch:
                if ticket.result is not None or ticket.fault is not None:
                    ticket.woken.set()

    def _take(self) -> list[_Ticket[Item, Result]]:
        with self._lock:
            count, weight = 0, 0
            for ticket in self._queue:
                weight += self._weigh(ticket.item)
                if count and weight > self._most:
                    break
                count += 1
            batch, self._queue = self._queue[:count], self._queue[count:]
            return batch

    def _hand_on(self) -> None:
        with self._lock:
            self._led = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].woken.set()

    def _leave(self, ticket: _Ticket[Item, Result]) -> None:
        """A caller is killed while it waits: its item, unless it is being done, is not done."""
        with self._lock:
            if ticket in self._queue:
                self._queue.remove(ticket)
        if ticket.leads:
            self._hand_on()
