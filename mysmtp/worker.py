"""Worker: one native thread that does what blocks for greenlets of one hub, one piece of work after the other.

A pool of threads makes a result and a watcher for each piece of work. Mail waits for every commit, so here what can be
is made once. Knows gevent's loop and nothing of what is done.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import gevent
from gevent import monkey

T = TypeVar("T")

_start = monkey.get_original("_thread", "start_new_thread")
_Queue = monkey.get_original("queue", "SimpleQueue")


class _Task:
    """A piece of work, who waits for it, and what came of it."""

    __slots__ = ("done", "fault", "result", "switch", "work")

    def __init__(self, work: Callable[[], Any], switch: Callable[[], object]) -> None:
        self.work = work
        self.switch: Callable[[], object] | None = switch
        self.done = False
        self.result: Any = None
        self.fault: BaseException | None = None


class Worker:
    """A `contracts.Offload`. Make it in the thread of the hub, and call it there."""

    def __init__(self) -> None:
        self._hub = gevent.get_hub()
        self._asked = _Queue()
        self._done: deque[_Task] = deque()
        self._news = self._hub.loop.async_()
        self._waiting = 0
        self._begun = False

    def __call__(self, work: Callable[[], T]) -> T:
        """Do it in the thread; return or raise as it does. A caller that is killed leaves it to run."""
        if not self._begun:
            self._begun = True
            _start(self._run, ())
        task = _Task(work, gevent.getcurrent().switch)
        self._waiting += 1
        if self._waiting == 1:
            self._news.start(self._tell)  # only meanwhile: an armed watcher keeps the loop alive
        self._asked.put(task)
        try:
            while not task.done:
                self._hub.switch()
        finally:
            task.switch = None  # one that was killed is not woken: it may wait for something else by now
        if task.fault is not None:
            raise task.fault
        result: T = task.result
        return result

    def close(self) -> None:
        """Let the thread end once all is done that was asked for. Nothing is asked for afterwards."""
        self._asked.put(None)

    def _run(self) -> None:
        """In the thread: do what is asked for."""
        while (task := self._asked.get()) is not None:
            try:
                task.result = task.work()
            except BaseException as fault:  # noqa: BLE001  raised again by who asked
                task.fault = fault
            self._done.append(task)
            self._news.send()
            del task  # nothing is kept of it while the next one is waited for

    def _tell(self) -> None:
        """In the hub: wake those whose work is done."""
        while self._done:
            task = self._done.popleft()
            task.done = True
            self._waiting -= 1
            if not self._waiting:
                self._news.stop()
            if task.switch is not None:
                task.switch()
