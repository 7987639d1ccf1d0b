"""The lines of a transcript: what a tape holds, cut where a person reads a line, each with the state around it."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import NamedTuple

from mysmtp.entry import CLIENT, FLOWING, SERVER, TLS, Entry
from mysmtp.wire import lines_of

CODE = re.compile(rb"([0-9]{3}|\+OK|-ERR)(?=[ \r\n-]|$)")

Place = tuple[int, int]  # of a line: the number of its entry, and its part


class Line(NamedTuple):
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
    def place(self) -> Place:
        """Where it stands in its session."""
        return self.number, self.part

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
        """The code a reply begins with, such as ``200`` or ``+OK``; "" elsewhere.

        A mail that was sent by LMTP has a reply for each recipient (RFC 2033, section 4.2), each with its code.
        """
        begins = self.is_reply or (self.side == "S" and self.entry.verb in ("DATA", "BDAT"))
        match = CODE.match(self.octets) if begins else None
        return match[1].decode() if match else ""


def lines_from(entries: Iterable[Entry], state: str) -> Sequence[Line]:
    """Return the lines of these entries; `state` is the one before the first of them."""
    cutter = Cutter(state)
    cutter.take(entries)
    return cutter.lines()


class Cutter:
    """Cuts entries into lines as they come. `state` is the one before the first of them."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._at = 0.0
        self._lines: list[Line] = []
        self._message = _Message(state)

    def take(self, entries: Iterable[Entry]) -> None:
        """Cut some more."""
        for entry in entries:
            if entry.kind in FLOWING:
                self._add(self._message.take(entry))
                continue
            self._add(self._message.end())
            if entry.kind == SERVER:
                self._state = entry.after or self._state
            self._add(_of_entry(entry, self._state))
            self._message = _Message(self._state)

    def _add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            gap = line.at - self._at
            self._lines.append(Line._make((*line[:4], gap, *line[5:])) if gap > 0 else line)
            self._at = line.at

    def forget(self, number: int) -> None:
        """Let go of the lines up to the entry of this number."""
        del self._lines[: bisect_right(self._lines, number, key=lambda line: line.number)]

    def lines(self, more: Iterable[Entry] = ()) -> Sequence[Line]:
        """Return all lines, also one whose end has not come; with `more`, those of these entries as well."""
        rest = copy(self)
        rest._lines, rest._message = [], copy(self._message)
        rest.take(more)
        rest._add(rest._message.end())
        return self._lines + rest._lines


def _of_entry(entry: Entry, state: str) -> Iterator[Line]:
    side = {CLIENT: "C", SERVER: "S", TLS: "T"}[entry.kind]
    octets = lines_of(entry.octets) or [b""]
    last_kept = len(octets) - 1
    if entry.cut:
        octets += _last_lines(entry.tail)
    begin = 0
    for part, line in enumerate(octets):
        pieces = _within(entry.pieces, begin, begin + len(line)) if entry.pieces else ()
        begin += len(line)
        cut = entry.cut if part == last_kept else 0
        yield Line(entry.number, part, side, entry.at, 0.0, line, entry, state, pieces, cut=cut)


def _within(places: Iterable[int], begin: int, end: int) -> tuple[int, ...]:
    return tuple(place - begin for place in places if begin < place < end)


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
        self._pieces: tuple[int, ...] = ()
        self._part = 0

    def take(self, entry: Entry) -> Iterator[Line]:
        """Take one more piece; yield the lines it completes."""
        if self._first is None or not self._octets:
            self._first, self._part = entry, 0
        elif entry.octets:
            self._pieces += (len(self._octets),)
        for octets in lines_of(entry.octets):
            self._octets += octets
            if octets.endswith(b"\n"):
                yield self._line(entry)
                self._part = self._part + 1 if self._first is entry else 0
                self._first, self._octets = entry, b""
                self._pieces = ()
        if entry.cut:
            yield self._line(entry)._replace(cut=entry.cut)
            self._part += 1
            self._first, self._octets, self._pieces = entry, b"", ()
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
        part, octets = self._part, self._octets
        return Line(first.number, part, "C", last.at, 0.0, octets, first, self._state, self._pieces, body=True)
