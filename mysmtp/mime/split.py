"""Where the parts of a multipart lie (RFC 2046 section 5.1.1). Looks for its lines only; copies nothing.

The standard library's parser reads line by line and asks each line about every multipart around it; this finds the
boundary's octets and then looks at what is beside them, so that the cost is that of one search for each level.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LOOKED_AT = 20_000  # places that may hold more text than a boundary, in one multipart


@dataclass(frozen=True, slots=True)
class Split:
    """The parts, as (start, end) in the octets; whether the closing line was seen; what was wrong, in words."""

    spans: Sequence[tuple[int, int]]
    closed: bool
    problems: Sequence[str] = ()


def split(octets: bytes, start: int, end: int, boundary: bytes, most: int) -> Split:
    """Return the parts between `start` and `end`, at most `most`; none where no line of the boundary was found.

    The line end before a boundary belongs to the boundary. Two boundary lines in a row hold no part.
    """
    if not boundary:
        return Split((), False, ("a multipart without a boundary, shown as text",))
    lines, closed, problems = _lines(octets, start, end, boundary, most)
    if not lines:
        return Split((), False, ("a multipart without any line of its boundary, shown as text",))
    ends = [begin for begin, _ in lines[1:]]
    if not closed:
        ends.append(end)
        problems = problems or ["the multipart is not closed: its end may be missing"]
    spans = [
        (after, _without_line_end(octets, after, before))
        for (_, after), before in zip(lines, ends, strict=False)
        if after < before
    ]
    return Split(spans[:most], closed, problems)


def _lines(
    octets: bytes, start: int, end: int, boundary: bytes, most: int
) -> tuple[list[tuple[int, int]], bool, list[str]]:
    """Return where each boundary line begins and the next one begins, and whether the last of them closes."""
    mark = b"--" + boundary
    rest = re.compile(rb"(--)?[ \t]*(?:\r\n|\r|\n|\Z)")
    found: list[tuple[int, int]] = []
    at, looked_at = octets.find(mark, start, end), 0
    while at >= 0:
        looked_at += 1
        if len(found) > most or looked_at > _LOOKED_AT:
            return found, False, [f"more than {most:,} parts; the others are not shown"]
        line = rest.match(octets, at + len(mark), end) if at == start or octets[at - 1] in b"\r\n" else None
        if line:
            closing = bool(line[1])
            if closing and not found:
                return [], False, []
            found.append((at, line.end()))
            if closing:
                return found, True, []
        at = octets.find(mark, line.end() if line else at + 1, end)
    return found, False, []


def _without_line_end(octets: bytes, start: int, end: int) -> int:
    for line_end in (b"\r\n", b"\n", b"\r"):
        if octets.endswith(line_end, start, end):
            return end - len(line_end)
    return end
