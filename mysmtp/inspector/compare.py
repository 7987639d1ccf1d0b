"""Two sessions side by side: their lines matched where they are the same, and the differences marked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mysmtp.inspector.lines import Line


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of each session, None where one has nothing to lay beside the other; whether they are the same."""

    left: Line | None
    right: Line | None
    same: bool


def side_by_side(left: Sequence[Line], right: Sequence[Line]) -> Sequence[Pair]:
    """Lay the lines of two sessions beside each other. The same is what has the same octets, from the same side.

    A line that only ends otherwise has its place beside its counterpart, and differs.
    """
    matcher = SequenceMatcher(None, [_key(line) for line in left], [_key(line) for line in right], autojunk=False)
    return [pair for step in matcher.get_opcodes() for pair in _pairs(step, left, right)]


def _key(line: Line) -> tuple[str, bytes, int]:
    return line.side, line.octets.rstrip(b"\r\n\0"), line.cut


def _pairs(step: tuple[str, int, int, int, int], left: Sequence[Line], right: Sequence[Line]) -> Iterator[Pair]:
    kind, left_from, left_to, right_from, right_to = step
    ours, theirs = list(left[left_from:left_to]), list(right[right_from:right_to])
    if kind == "equal":
        yield from (Pair(one, other, same=one.octets == other.octets) for one, other in zip(ours, theirs, strict=True))
        return
    loose = SequenceMatcher(None, [_kin(line) for line in ours], [_kin(line) for line in theirs], autojunk=False)
    for alike, ours_from, ours_to, theirs_from, theirs_to in loose.get_opcodes():
        yield from _differing(ours[ours_from:ours_to], theirs[theirs_from:theirs_to], alike=alike == "equal")


def _kin(line: Line) -> tuple[str, bytes]:
    """Return what lines have in common that are each other's counterpart: the same verb, a reply of the same code."""
    if line.side == "C" and not line.body and not line.part:
        words = line.octets.rstrip(b"\r\n\0").replace(b":", b" ").split(maxsplit=1)
        return "C", words[0].upper() if words else b""
    return line.side, line.code.encode() or line.octets


def _differing(ours: list[Line], theirs: list[Line], *, alike: bool) -> Iterator[Pair]:
    """Lay what differs beside what came from the same side, so that a command is read against a command."""
    while ours or theirs:
        one = ours[0] if ours else None
        other = theirs[0] if theirs else None
        if not alike and one and other and one.side != other.side:
            one, other = (one, None) if len(ours) >= len(theirs) else (None, other)
        if one:
            ours.pop(0)
        if other:
            theirs.pop(0)
        yield Pair(one, other, same=False)
