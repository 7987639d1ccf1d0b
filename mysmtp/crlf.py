"""A mail in lines that end with CR LF, as POP3 sends every mail (RFC 1939 section 11). Pure."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

_EMPTY_LINE: Final = b"\n\r\n"  # with the end of the line before it


def in_crlf_lines(body: bytes) -> bytes:
    """Return a mail with CR LF for each LF that stands alone, and for a last line end that is missing.

    A mail whose lines end with CR LF is returned as it is.
    """
    if body.count(b"\n") != body.count(b"\r\n"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return body if not body or body.endswith(b"\n") else body + b"\r\n"


def crlf_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give what `in_crlf_lines` makes of all pieces together, piece by piece."""
    held, last = b"", b"\n"
    for piece in pieces:
        octets = held + piece
        held = b"\r" if octets.endswith(b"\r") else b""
        last = octets[-1:] or last
        yield octets[: len(octets) - len(held)].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield held if last == b"\n" else held + b"\r\n"


def size_in_crlf_lines(body: bytes) -> int:
    """Return the octets of `in_crlf_lines`."""
    alone = body.count(b"\n") - body.count(b"\r\n")
    return len(body) + alone + (2 if body and not body.endswith(b"\n") else 0)


def top_of(mail: Iterable[bytes], lines: int) -> Iterator[bytes]:
    """Give the header of a mail in CR LF lines, the empty line after it, and so many lines more.

    The mail comes in pieces, and is taken to its end whatever is given of it: what is damaged is found out so. A mail
    without an empty line, as My_SMTP may bring, is all header: it is given whole.
    """
    pieces = iter(mail)
    before = b"\n"  # the last octets that came
    for piece in pieces:
        end = (before + piece).find(_EMPTY_LINE) + len(_EMPTY_LINE)
        if end >= len(_EMPTY_LINE):
            yield from _first_lines(chain((piece,), pieces), end - len(before), lines)
            return
        yield piece
        before = (before + piece)[-2:]


def _first_lines(pieces: Iterable[bytes], start: int, lines: int) -> Iterator[bytes]:
    """Give so many octets, and so many lines after them; take all pieces."""
    for piece in pieces:
        there = piece.count(b"\n", start)
        yield piece if there < lines else piece[: after_lines(piece, start, lines)]
        lines, start = max(0, lines - there), 0


def after_lines(octets: bytes, start: int, lines: int) -> int:
    """Return the place after so many lines from `start` on, which are there: in few steps, however short they are."""
    if not lines:
        return start
    end = len(octets)
    while end - start > 1:  # the last of their LFs stands from `start` on, before `end`
        middle = (start + end) // 2
        there = octets.count(b"\n", start, middle)
        if there < lines:
            start, lines = middle, lines - there
        else:
            end = middle
    return end
