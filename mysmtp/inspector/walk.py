"""The path that a session walked through its protocol: which steps, how often, where it was refused, where it is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mysmtp.inspector.protocols import Known
from mysmtp.protocol.reply import DONE
from mysmtp.tape import SERVER, Entry


@dataclass(slots=True)
class Walk:
    """Where a session has been. `steps` counts (lane before, lane after, verb); `refusals` counts (lane, code) in the

    order in which they came; `entered` is the number of the entry that last led to a lane, where one did.
    """

    state: str
    steps: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    refusals: Counter[tuple[int, str]] = field(default_factory=Counter)
    entered: dict[int, int] = field(default_factory=dict)


def code_of(entry: Entry) -> str:
    """Return the code of a reply as it stands on the wire: `403`, `-ERR`."""
    return entry.octets[:4].rstrip(b" -").decode("ascii", "replace")


def walk_of(entries: Iterable[Entry], known: Known) -> Walk:
    """Return the path through these entries, which may begin anywhere."""
    walk = Walk(known.dialect.initial)
    for entry in entries:
        if entry.kind != SERVER:
            continue
        here = known.digit(entry.before or walk.state)
        there = known.digit(entry.after or walk.state)
        walk.entered.setdefault(here, entry.number)
        if entry.mark != DONE:
            walk.refusals[here, code_of(entry)] += 1
        if entry.verb and (entry.mark == DONE or here != there):
            walk.steps[here, there, entry.verb] += 1
        if here != there:
            walk.entered[there] = entry.number
        walk.state = entry.after or walk.state
    return walk


def moves_of(known: Known) -> Mapping[str, frozenset[tuple[int, int]]]:
    """Return for each verb but those that end a session the lanes it leads from and to, as its table has them."""
    return {
        verb: frozenset((known.digit(state), known.digit(after)) for state, after in rule.moves.items())
        for verb, rule in known.dialect.verbs.items()
        if not rule.ends
    }
