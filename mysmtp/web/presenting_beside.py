"""Two sessions side by side, as their page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mysmtp.inspector.compare import Pair
from mysmtp.inspector.lines import Line
from mysmtp.web.presenting import count_words, size_words
from mysmtp.wire import spelled

_LONGEST = 2000  # octets of a line that are shown


@dataclass(frozen=True, slots=True)
class Half:
    """A line of one of them: where it stands, who said it, when, what: in three pieces, the middle one of which differs

    from the line beside it. `more` tells how much of it is not shown, "" if all is.
    """

    name: str
    side: str
    at: str
    text: tuple[str, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Both:
    """A line of each, None where one has nothing to say; `mark` is ``=``, ``≠``, ``<`` (only left) or ``>``."""

    left: Half | None
    right: Half | None
    mark: str


@dataclass(frozen=True, slots=True)
class Beside:
    """All the lines, and in words how they differ."""

    MOST: ClassVar[int] = 600  # lines of each that are compared
    rows: tuple[Both, ...]
    words: str


def beside_of(pairs: Sequence[Pair], *, partly: bool = False) -> Beside:
    """Return the view of two sessions, of which only the first lines are compared if it is `partly`."""
    rows = tuple(_both(pair) for pair in pairs)
    changed, left, right = (sum(row.mark == mark for row in rows) for mark in "≠<>")
    parts = [f"{count_words(changed, 'line')} {'differs' if changed == 1 else 'differ'}"] if changed else []
    parts += [f"{count_words(left, 'line')} only on the left"] if left else []
    parts += [f"{count_words(right, 'line')} only on the right"] if right else []
    most = f"first {Beside.MOST:,} lines"
    if not parts:
        where = f", in their {most}; what follows is not compared" if partly else ""
        return Beside(rows, f"Both said the same, octet for octet{where}")
    where = f", in the {most} of each; what follows is not compared" if partly else ""
    return Beside(rows, ", ".join(parts) + where)


def _both(pair: Pair) -> Both:
    mark = "=" if pair.same else "<" if pair.right is None else ">" if pair.left is None else "≠"
    first, last = _shared(pair.left.octets, pair.right.octets) if pair.left and pair.right and not pair.same else (0, 0)
    return Both(_half(pair.left, first, last), _half(pair.right, first, last), mark)


def _shared(left: bytes, right: bytes) -> tuple[int, int]:
    """Return how many octets two lines begin with alike, and end with; no character is parted."""
    most = min(len(left), len(right))
    first = next((at for at in range(most) if left[at] != right[at]), most)
    while first and (_is_inside(left, first) or _is_inside(right, first)):
        first -= 1
    most -= first
    last = next((at for at in range(most) if left[-1 - at] != right[-1 - at]), most)
    while last and (_is_inside(left, len(left) - last) or _is_inside(right, len(right) - last)):
        last -= 1
    return first, last


def _is_inside(octets: bytes, at: int) -> bool:
    """Tell whether a character of UTF-8 goes on here."""
    return at < len(octets) and octets[at] & 0xC0 == 0x80


def _half(line: Line | None, first: int, last: int) -> Half | None:
    """Return a line whose first and last octets are those of the one beside it; 0 and 0 where nothing is alike."""
    if line is None:
        return None
    octets = line.octets[:_LONGEST]
    end = len(line.octets) - last
    pieces = (octets[:first], octets[first:end], octets[end:]) if first or last else (octets, b"", b"")
    hidden = len(line.octets) - len(octets)
    more = f"… {size_words(hidden)} not shown" if hidden else ""
    return Half(line.name, line.side, f"{line.at:.3f}", tuple(map(spelled, pieces)), more)
