"""The path that a session walked through its protocol: which steps, how often, where it was refused, where it is."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mysmtp.entry import SERVER, Entry
from mysmtp.inspector.protocols import Known
from mysmtp.protocol.reply import DONE


@dataclass(slots=True)
class Walk:
    """Where a session has been. `steps` counts (lane before, lane after, verb); `refusals` counts (lane, code) in the

    order in which they came; `entered` is the number of the entry that last led to a lane, where one did.
    """

    state: str
    steps: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    refusals: Counter[tuple[int, str]] = field(default_factory=Counter)
    entered: dict[int, int] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry], known: Known) -> None:
        """Walk on through these entries."""
        for entry in entries:
            if entry.kind == SERVER:
                here, there = self._count(entry, known, 1)
                self.entered.setdefault(here, entry.number)
                if here != there:
                    self.entered[there] = entry.number
                self.state = entry.after or self.state

    def forget(self, entries: Sequence[Entry], known: Known) -> None:
        """Take back the oldest steps, which are not kept any more."""
        for entry in entries:
            if entry.kind == SERVER:
                self._count(entry, known, -1)
        self.steps, self.refusals = +self.steps, +self.refusals  # without those that are 0 now
        last = entries[-1].number if entries else 0
        self.entered = {lane: number for lane, number in self.entered.items() if number > last}

    def _count(self, entry: Entry, known: Known, by: int) -> tuple[int, int]:
        """Count a step, or what refused it; return the lanes before and after."""
        here, there = known.digit(entry.before or self.state), known.digit(entry.after or self.state)
        if entry.mark != DONE:
            self.refusals[here, code_of(entry)] += by
        if entry.verb and (entry.mark == DONE or here != there):
            self.steps[here, there, entry.verb] += by
        return here, there


def code_of(entry: Entry) -> str:
    """Return the code of a reply as it stands on the wire: `403`, `-ERR`."""
    return entry.octets[:4].rstrip(b" -").decode("ascii", "replace")


def is_hard(code: str) -> bool:
    """Return whether a code refuses for good: 5xx, -ERR. 4xx does so for now, or for this state."""
    return code.startswith(("5", "-"))


def walk_of(entries: Iterable[Entry], known: Known) -> Walk:
    """Return the path through these entries, which may begin anywhere."""
    walk = Walk(known.dialect.initial)
    walk.add(entries, known)
    return walk


def moves_of(known: Known) -> Mapping[str, frozenset[tuple[int, int]]]:
    """Return for each verb but those that end a session the lanes it leads from and to, as its table has them.

    Where it is read only to be refused it leads nowhere.
    """
    return {
        verb: frozenset(
            (known.digit(state), known.digit(after)) for state, after in rule.moves.items() if state not in rule.vain
        )
        for verb, rule in known.dialect.verbs.items()
        if not rule.ends
    }
