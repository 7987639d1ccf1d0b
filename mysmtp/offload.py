"""Running blocking work elsewhere without letting go of it too early.

A caller that is killed while it waits (gevent kills by an exception) must not release its locks while the work still
runs in another thread: it waits for the end of the work first, then dies.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar, cast

from mysmtp.contracts import Offload

T = TypeVar("T")

_LOOK_EVERY = 0.002  # seconds; only a killed caller looks


class _Work(Generic[T]):
    """Work that can tell whether it runs. Its flags are set by one side and read by the other, without a lock."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.begun = self.ended = self.given_up = False
        self.fault: BaseException | None = None

    def __call__(self) -> T | None:
        """Do the work; what it raises is kept for the caller, for a pool of threads would report it as well."""
        try:
            self.begun = True
            return None if self.given_up else self._work()
        except BaseException as fault:  # noqa: BLE001  raised again by the caller
            self.fault = fault
            return None
        finally:
            self.ended = True


def to_the_end(offload: Offload, work: Callable[[], T]) -> T:
    """Run `work` by way of `offload`; return or raise as it does. Never left while the work runs."""
    task = _Work(work)
    try:
        result = offload(task)
    except BaseException:
        task.given_up = True  # from here on it does not begin
        while task.begun and not task.ended:
            _pause()
        raise
    if task.fault is not None:
        raise task.fault
    return cast(T, result)  # None comes only where nobody waits for it


def _pause() -> None:
    with suppress(BaseException):  # killed again: what came first is raised when the work has ended
        time.sleep(_LOOK_EVERY)
