"""HubSignal: how one greenlet waits for another of its thread, at less cost than an event that any may wait for.

Knows gevent's loop and nothing of what is waited for.
"""

from collections.abc import Callable

import gevent


class HubSignal:
    """A `contracts.Signal` for one greenlet that waits and another, in the same thread, that sets."""

    __slots__ = ("_is_set", "_switch")

    def __init__(self) -> None:
        self._is_set = False
        self._switch: Callable[[], object] | None = None

    def wait(self) -> None:
        """Return once it is set."""
        hub = gevent.get_hub()
        try:
            while not self._is_set:
                self._switch = gevent.getcurrent().switch
                hub.switch()
        finally:
            self._switch = None  # one that was killed is not woken: it may wait for something else by now

    def set(self) -> None:
        """Let the one who waits go on, in the next round of the loop."""
        self._is_set = True
        if self._switch is not None:
            gevent.get_hub().loop.run_callback(self._resume)

    def _resume(self) -> None:
        if self._switch is not None:
            self._switch()
