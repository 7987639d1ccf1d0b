"""`textformat.quote` and `unquote` for octets that come in pieces: to the same result, whatever the lines are like."""

import re
from collections.abc import Callable, Iterable, Iterator

from mysmtp.store.textformat import quote, unquote

_LONG = 64 << 10  # octets of a line after which its end is not waited for
_MARKERS = 17  # octets of the longest marker
_QUOTES = re.compile(rb">*")


def quoted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give what `quote` makes of all pieces together, in pieces of their size, however long the lines are.

    A line that looks like a marker gets a `>` before it or, which is the same, behind those that it begins with.
    """
    return _by_lines(pieces, quote, 0)


def unquoted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give what `unquote` makes of all pieces together, in pieces of their size, however long the lines are."""
    return _by_lines(pieces, unquote, 1)  # the last `>` is the one that may go


def _by_lines(pieces: Iterable[bytes], change: Callable[[bytes], bytes], last: int) -> Iterator[bytes]:
    """Change whole lines, and long ones as soon as it is known what they are; of their `>`, so many are held back."""
    held, inside = b"", False  # the beginning of a line that may be changed; whether this line is not
    for piece in pieces:
        octets = held + piece
        start = octets.find(b"\n") + 1 if inside else 0
        if inside and not start:
            held = b""
            yield octets
            continue
        end = octets.rfind(b"\n") + 1
        yield octets[:start] + change(octets[start:end])
        held, inside = octets[end:], False
        if len(held) > _LONG:
            quotes = _QUOTES.match(held)
            assert quotes is not None
            inside = quotes.end() + _MARKERS <= len(held)
            known = len(held) if inside else max(0, quotes.end() - last)
            yield change(held) if inside else held[:known]
            held = held[known:]
    yield change(held)
