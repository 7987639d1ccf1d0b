"""A tape that is read again and again while it is written: each time only what is new is looked at."""

from bisect import bisect_right
from collections.abc import Sequence

from mysmtp.entry import FLOWING, Entry
from mysmtp.inspector.lines import Cutter, Line
from mysmtp.inspector.protocols import Known
from mysmtp.inspector.walk import Walk
from mysmtp.tape import Tape


def first_state(entries: Sequence[Entry], known: Known) -> str:
    """Return the state before the first of these entries."""
    return next((entry.before for entry in entries if entry.before), known.dialect.initial)


class Study:
    """What a tape holds: its entries, its lines, the walk. As of the last `read`."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.entries: Sequence[Entry] = ()
        self.lines: Sequence[Line] = ()
        self.walk = Walk(known.dialect.initial)
        self._kept: list[Entry] = []  # those that will change no more
        self._last = 0  # the number of the last of them
        self._cutter: Cutter | None = None

    def read(self, tape: Tape) -> "Study":
        """Look at what is new, and let go of what the tape has let go. Return itself."""
        new = tape.entries(self._last + 1)
        if self._cutter is None or (new and new[0].number > self._last + 1):
            self._cutter, self._kept, self.walk = (
                Cutter(first_state(new, self.known)),
                [],
                Walk(self.known.dialect.initial),
            )
        growing = new[-1:] if new and new[-1].kind in FLOWING and new[-1].cut else []
        settled = new[: len(new) - len(growing)]
        self._forget(tape.lost, self._cutter)
        self._cutter.take(settled)
        self.walk.add(settled, self.known)
        self._kept += settled
        self._last = settled[-1].number if settled else self._last
        self.entries = [*self._kept, *growing]
        self.lines = self._cutter.lines(growing)
        return self

    def _forget(self, lost: int, cutter: Cutter) -> None:
        if self._kept and self._kept[0].number <= lost:
            gone = bisect_right(self._kept, lost, key=lambda entry: entry.number)
            self.walk.forget(self._kept[:gone], self.known)
            cutter.forget(lost)
            del self._kept[:gone]
