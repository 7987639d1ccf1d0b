"""Two sessions side by side, as their page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mysmtp.inspector.compare import Pair
from mysmtp.inspector.lines import Line
from mysmtp.web.presenting import count_words
from mysmtp.wire import spelled


@dataclass(frozen=True, slots=True)
class Half:
    """A line of one of them: where it stands, who said it, when, what. `look` is the class of a reply's code."""

    name: str
    side: str
    at: str
    text: str


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


def beside_of(pairs: Sequence[Pair]) -> Beside:
    """Return the view of two sessions."""
    rows = tuple(_both(pair) for pair in pairs)
    changed, left, right = (sum(row.mark == mark for row in rows) for mark in "≠<>")
    parts = [f"{count_words(changed, 'line')} {'differs' if changed == 1 else 'differ'}"] if changed else []
    parts += [f"{count_words(left, 'line')} only on the left"] if left else []
    parts += [f"{count_words(right, 'line')} only on the right"] if right else []
    return Beside(rows, ", ".join(parts) if parts else "Both said the same, octet for octet")


def _both(pair: Pair) -> Both:
    mark = "=" if pair.same else "<" if pair.right is None else ">" if pair.left is None else "≠"
    return Both(_half(pair.left), _half(pair.right), mark)


def _half(line: Line | None) -> Half | None:
    return Half(line.name, line.side, f"{line.at:.3f}", spelled(line.octets[:2000])) if line else None
