"""Lines of a large mail, at the speed of memory, and in pieces: no one call keeps the other threads waiting. Pure."""

from dataclasses import dataclass

_PIECE = 1 << 20  # octets that one call looks through


@dataclass(frozen=True, slots=True)
class LineEnds:
    """How often octets hold a CR, an LF, and a CR with the LF that belongs to it."""

    cr: int
    lf: int
    pairs: int


def count_line_ends(octets: bytes, piece: int = _PIECE) -> LineEnds:
    """Count line ends; a pair that two pieces share counts once."""
    starts = range(0, len(octets), piece)
    return LineEnds(
        sum(octets.count(b"\r", start, start + piece) for start in starts),
        sum(octets.count(b"\n", start, start + piece) for start in starts),
        sum(octets.count(b"\r\n", start, start + piece + 1) for start in starts),
    )


def longer_line(octets: bytes, longest: int) -> int | None:
    """Return where the first line of more than `longest` octets begins, None where there is none.

    CR and LF end a line, each alone too, and are no part of it. Where some lines end within reach, all but the last
    are short enough: it goes from there, so that every octet is looked at twice at most.
    """
    start, reach = 0, longest + 1
    last = len(octets) - reach
    while start <= last:
        end = octets.rfind(b"\n", start, start + reach)
        if end < 0:
            end = octets.rfind(b"\r", start, start + reach)
        if end < 0:
            return start
        start = end + 1
    return None


def line_number(octets: bytes, place: int, piece: int = _PIECE) -> int:
    """Return the number, from 1, of the line that a place is in; LF ends a line."""
    return 1 + sum(octets.count(b"\n", start, min(start + piece, place)) for start in range(0, place, piece))
