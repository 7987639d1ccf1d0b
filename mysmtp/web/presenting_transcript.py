"""The transcript of a session as its page shows it: each line with its octets visible, and its part of the drawing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mysmtp.entry import Entry, Mail
from mysmtp.inspector.explain import Explanation, explain
from mysmtp.inspector.lines import Line, Place
from mysmtp.inspector.protocols import Known
from mysmtp.inspector.shut import Shut
from mysmtp.inspector.walk import is_hard
from mysmtp.protocol.reply import DONE
from mysmtp.web.presenting import count_words, size_words
from mysmtp.web.presenting_lanes import Lane, drawn
from mysmtp.wire import spelled

FOLDED = 20  # lines of a message after which the rest is folded
_HIDDEN = "****"
_MOST_HEX = 4096  # octets of a line


class Piece(NamedTuple):
    """A piece of a line: `look` is ``end`` (its line end), ``part`` (it came in pieces), ``hid``, ``note`` or empty."""

    text: str
    look: str = ""


class Gone(NamedTuple):
    """Lines that a page that is open was not given: how many, in words. `first` is the line to begin at to see them."""

    words: str
    first: str = ""


class Shown(NamedTuple):
    """A line that is shown: its place among all; that of the first of those folded before it, and what is said of them.

    Where none is folded that is its own place.
    """

    at: int
    first: int
    folded: str = ""


class Row(NamedTuple):
    """One line of the transcript. Before it lines of what is long are `folded`, or others are `gone`."""

    name: str
    number: int
    side: str
    at: str
    gap: str
    pieces: tuple[Piece, ...]
    code: str
    look: str
    lane: Lane
    moves: str
    why: Explanation | None
    mails: tuple[Mail, ...]
    waited: str
    folded: str
    gone: Gone | None
    hex: tuple[str, ...]
    chosen: bool
    later: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asked for: lines from an entry on, the step to stand at, octets in hex, messages unfolded.

    `news`: a page that is open asks for what came after the line `first`, the last one that it shows.
    """

    first: Place | None = None
    step: int | None = None
    hex: bool = False
    whole: bool = False
    news: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What is the same for all lines of a page. `newest` is the last line of a session if it is shown, else None.

    `shut` tells what could not be done where.
    """

    known: Known
    asked: Asked
    step: int | None
    open: bool
    newest: Line | None
    shut: Shut


def shown_of(lines: Sequence[Line], start: int, end: int, *, whole: bool) -> Iterator[Shown]:
    """Yield which lines are shown from one place to another; the middle of what is long is folded, wherever that began.

    With `whole` it is not.
    """
    count = left_out = octets = lost = 0
    for at in range(_beginning(lines, start), end):
        line = lines[at]
        count = count + 1 if _is_long(line) else 0
        goes_on = at + 1 < len(lines) and _is_long(lines[at + 1])
        if count > FOLDED and not whole and goes_on and at + 1 < end:
            left_out, octets, lost = left_out + 1, octets + len(line.octets), lost + line.cut
            continue
        folded = f"{count_words(left_out, 'line')}, {size_words(octets)} not shown here." if left_out else ""
        folded += f" Between them {size_words(lost)} were not kept." if lost else ""
        if at >= start:
            yield Shown(at, at - left_out, folded)
        left_out = octets = lost = 0


def rows_of(lines: Sequence[Line], shown: Iterable[Shown], around: Around) -> Iterator[Row]:
    """Yield lines that are shown as rows."""
    for each in shown:
        yield _row(lines[each.at], around, each.folded)


def _state_before(line: Line) -> str:
    return line.entry.before or line.state if line.is_reply else line.state


def _beginning(lines: Sequence[Line], start: int) -> int:
    """Return the place of the first line of what is long, if the one at `start` is in its midst."""
    while 0 < start < len(lines) and _is_long(lines[start]):
        start -= 1
    return start


def _is_long(line: Line) -> bool:
    """Tell whether a line is one of many: of a message, or of a reply after its first."""
    return line.body or (line.side == "S" and line.part > 0)


def _row(line: Line, around: Around, folded: str) -> Row:
    entry, reply, step = line.entry, line.is_reply, around.step
    was = _state_before(line)
    before, after = (around.known.digit(state) for state in (was, (entry.after or was) if reply else was))
    newest = line is around.newest and around.open
    return Row(
        name=line.name,
        number=line.number,
        side=line.side,
        at=f"{line.at:.3f}",
        gap=f"+{line.gap:.3f}" if line.gap >= 0.0005 else "",
        pieces=tuple(_pieces(line)),
        code=_shown_code(line),
        look=look_of(entry, line.code) if line.code or reply else "",
        lane=_lane(line, before, after, around),
        moves=f"moves to state {after}, {entry.after}" if before != after else "",
        why=explain(entry, around.known, shut=around.shut.at(line.number)) if reply else None,
        mails=entry.mails if reply else (),
        waited=f"{entry.waited * 1000:.1f} ms" if reply and entry.waited else "",
        folded=folded,
        gone=None,
        hex=tuple(hex_rows(line.octets)) if around.asked.hex else (),
        chosen=line.number == step if step is not None else newest,
        later=step is not None and line.number > step,
    )


def look_of(entry: Entry, code: str) -> str:
    """Return the class that a reply's code is shown in: k2, k3, k4 or k5."""
    if code.isdigit():
        return f"k{code[0]}" if code[0] in "2345" else "k2"
    return "k2" if entry.mark == DONE else "k5"


def hex_rows(octets: bytes) -> Iterator[str]:
    """Yield octets sixteen to a row, with their places."""
    for start in range(0, min(len(octets), _MOST_HEX), 16):
        yield f"{start:04x}  {octets[start : start + 16].hex(' ')}"


def _shown_code(line: Line) -> str:
    """Return the code of a reply with the hyphen that tells that more lines follow: no gap may part them."""
    return f"{line.code}-" if line.code and line.octets[len(line.code) :].startswith(b"-") else line.code


def _pieces(line: Line) -> Iterator[Piece]:
    """Yield a line as pieces: its code left out, its end apart, hidden octets spelled."""
    octets = line.octets[: len(line.octets) - len(line.end)]
    begin = len(_shown_code(line))
    for place in line.pieces:
        if begin < place <= len(octets):
            yield Piece(spelled(octets[begin:place]))
            yield Piece("¦", "part")
            begin = place
    rest = spelled(octets[begin:])
    if line.entry.masked and rest.endswith(_HIDDEN):
        yield Piece(rest.removesuffix(_HIDDEN))
        yield Piece("(hidden)", "hid")
    else:
        yield Piece(rest)
    if line.end:
        yield Piece(spelled(line.end), "end")
    elif line.side == "C" and not line.cut:
        yield Piece("no line end", "note")
    if line.cut:
        yield Piece(f"… {size_words(line.cut)} not kept", "note")


def _lane(line: Line, before: int, after: int, around: Around) -> Lane:
    newest = line is around.newest
    first = line.number == 1 and not line.part
    refused = line.is_reply and line.entry.mark != DONE
    hard = refused and is_hard(line.code)
    return drawn(before, after, first, newest and not around.open, newest and around.open, refused, hard)
