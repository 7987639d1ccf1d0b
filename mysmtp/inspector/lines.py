"""The lines of a transcript: what a tape holds, cut where a person reads a line, each with the state around it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mysmtp.tape import BODY, CLIENT, SERVER, TLS, Entry
from mysmtp.wire import lines_of

CODE = re.compile(rb"([0-9]{3}|\+OK|-ERR)(?=[ \r\n-]|$)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that crossed. `number` is that of its entry, `part` counts the lines of that entry from 0.

    `side` is ``C`` or ``S``, or ``T`` where TLS began. `gap` is the seconds since the line before it. `octets` include
    its end. `pieces` tells where it was parted, from its beginning. After a line with `cut`, so many octets are left
    out. `entry` is what it is a part of; on `part` 0 of a reply its facts are told.
    """

    number: int
    part: int
    side: str
    at: float
    gap: float
    octets: bytes
    entry: Entry
    state: str
    pieces: tuple[int, ...] = ()
    body: bool = False
    cut: int = 0

    @property
    def name(self) -> str:
        """What it is called in an address: `12`, or `12.1` for the second line of an entry."""
        return f"{self.number}.{self.part}" if self.part else str(self.number)

    @property
    def is_reply(self) -> bool:
        """Whether a reply begins here."""
        return self.side == "S" and not self.part

    @property
    def end(self) -> bytes:
        """Its line end, b"" if it has none."""
        return b"\r\n" if self.octets.endswith(b"\r\n") else b"\n" if self.octets.endswith(b"\n") else b""

    @property
    def code(self) -> str:
        """The code a reply begins with, such as ``200`` or ``+OK``; "" elsewhere."""
        match = CODE.match(self.octets) if self.is_reply else None
        return match[1].decode() if match else ""


def lines_from(entries: Iterable[Entry], state: str) -> Sequence[Line]:
    """Return the lines of these entries; `state` is the one before the first of them."""
    found: list[Line] = []
    at = 0.0
    for line in _cut(entries, state):
        found.append(replace(line, gap=max(0.0, line.at - at)))
        at = line.at
    return found


def _cut(entries: Iterable[Entry], state: str) -> Iterator[Line]:
    message = _Message(state)
    for entry in entries:
        if entry.kind == BODY:
            yield from message.take(entry)
            continue
        yield from message.end()
        if entry.kind == SERVER:
            state = entry.after or state
        yield from _of_entry(entry, state)
        message = _Message(state)
    yield from message.end()


def _of_entry(entry: Entry, state: str) -> Iterator[Line]:
    side = {CLIENT: "C", SERVER: "S", TLS: "T"}[entry.kind]
    octets = lines_of(entry.octets) or [b""]
    last_kept = len(octets) - 1
    if entry.cut:
        octets += _last_lines(entry.tail)
    begin = 0
    for part, line in enumerate(octets):
        pieces = tuple(place - begin for place in entry.pieces if begin < place < begin + len(line))
        begin += len(line)
        cut = entry.cut if part == last_kept else 0
        yield Line(entry.number, part, side, entry.at, 0.0, line, entry, state, pieces, cut=cut)


def _last_lines(tail: bytes) -> list[bytes]:
    """Return the last line of what was cut, if it is there whole."""
    lines = lines_of(tail)
    return lines[-1:] if len(lines) > 1 else []


class _Message:
    """The lines of one message, which comes in pieces that care for no line."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._first: Entry | None = None  # the piece that the line under way began in
        self._octets = b""
        self._pieces: list[int] = []
        self._part = 0

    def take(self, entry: Entry) -> Iterator[Line]:
        """Take one more piece; yield the lines it completes."""
        if self._first is None or not self._octets:
            self._first, self._part = entry, 0
        else:
            self._pieces.append(len(self._octets))
        for octets in lines_of(entry.octets):
            self._octets += octets
            if octets.endswith(b"\n"):
                yield self._line(entry)
                self._part = self._part + 1 if self._first is entry else 0
                self._first, self._octets = entry, b""
                self._pieces.clear()
        if entry.cut:
            yield replace(self._line(entry), cut=entry.cut)
            self._part += 1
            self._first, self._octets = entry, b""
            for octets in _last_lines(entry.tail):
                self._octets = octets
                yield self._line(entry)
                self._octets = b""

    def end(self) -> Iterator[Line]:
        """Yield what is left without a line end."""
        if self._octets and self._first is not None:
            yield self._line(self._first)
            self._octets = b""

    def _line(self, last: Entry) -> Line:
        first = self._first or last
        pieces = tuple(self._pieces)
        return Line(first.number, self._part, "C", last.at, 0.0, self._octets, first, self._state, pieces, body=True)
