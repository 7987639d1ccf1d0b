"""Whether a login is good, asked in turn: nobody guesses quickly, nor keeps others from logging in.

An address has a few logins looked at at the same time, the others of it wait; a wrong one takes its place for a second.
Knows no protocol and no file.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import gevent
from gevent.lock import Semaphore

from mysmtp.contracts import Offload
from mysmtp.crowd import source_of
from mysmtp.offload import to_the_end

AT_ONCE = 4  # logins of one address
WRONG_TAKES = 1.0  # seconds


@dataclass(slots=True)
class _Gate:
    semaphore: Semaphore = field(default_factory=lambda: Semaphore(AT_ONCE))
    users: int = 0


class Logins:
    """Asks `known(user, password)`, which may take long, by way of `offload`."""

    def __init__(self, known: Callable[[str, str], bool], offload: Offload) -> None:
        self._known = known
        self._offload = offload
        self._gates: dict[str, _Gate] = {}

    def check(self, peer: str, user: str, password: str) -> bool:
        """Tell whether a client at `peer` (address and port) may be this user. Raises what `known` raises."""
        with self._turn(source_of(peer.rpartition(":")[0].strip("[]"))):
            good = to_the_end(self._offload, partial(self._known, user, password))
            if not good:
                gevent.sleep(WRONG_TAKES)
            return good

    @contextmanager
    def _turn(self, source: str) -> Iterator[None]:
        gate = self._gates.setdefault(source, _Gate())
        gate.users += 1
        try:
            with gate.semaphore:
                yield
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[source]
