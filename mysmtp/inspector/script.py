"""A recorded session as a script to be played again, of what was exported of it (`crossings`).

What the client sent at once stands in one step; what the server said until the client went on stands in one step too,
so that nobody has to know where a reply ends.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mysmtp.entry import BODY, SERVER, TLS
from mysmtp.inspector.crossings import DOTS, Crossing, Unplayable, crossings_in, missing
from mysmtp.wire import HIDDEN

_SECRET = re.compile(rb"(?:AUTH +\S+ +|PASS +|APOP +)\*{4}\r?\n", re.IGNORECASE)
_ANSWER = re.compile(rb"\*{4}\r?\n")
_FILLER = b"x"
_FILLING = 62  # octets of a line that is put in for what is missing


@dataclass(frozen=True, slots=True)
class Send:
    """What the client sent at once. `masked`: four asterisks stand for a secret. `gap`: seconds after the step before;

    None where that is not known. `alone`: it came in a read of its own.
    """

    octets: bytes
    gap: float | None = None
    masked: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What the server said until the client went on, within `lasted` seconds. `holes`: where its octets are not known,

    each from the first of them to the one after the last; zeros stand there.
    """

    octets: bytes
    lasted: float = 0.0
    holes: tuple[tuple[int, int], ...] = ()

    def against(self, octets: bytes) -> bytes:
        """Return what it was, with what is not known taken from other octets."""
        known = bytearray(self.octets)
        for start, stop in self.holes:
            known[start:stop] = octets[start:stop].ljust(stop - start, b"\0")
        return bytes(known)


@dataclass(frozen=True, slots=True)
class Secured:
    """TLS begins."""


Step = Send | Heard | Secured


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation to be played. `protocol` is `my_smtp`, `smtp`, `lmtp` or `pop3`."""

    protocol: str
    steps: Sequence[Step]

    @property
    def at_once(self) -> bool:
        """Whether TLS begins before anything is said."""
        return bool(self.steps) and isinstance(self.steps[0], Secured)

    @property
    def masked(self) -> Sequence[bytes]:
        """What the client sent with a secret in it."""
        return [step.octets for step in self.steps if isinstance(step, Send) and step.masked]


def read(text: str, *, fill: bool = False) -> Script:
    """Return the script in what was exported. `fill` puts octets of its own where some of the client's are missing.

    Raises Unplayable.
    """
    protocol, crossings = crossings_in(text)
    if all(each.kind == SERVER for each in crossings):
        raise Unplayable("no client says anything in it")
    end = b"\n" if protocol == "my_smtp" else b"\r\n"
    return Script(protocol, tuple(_steps(crossings, protocol, end if fill else None)))


@dataclass(slots=True)
class _Maker:
    """Steps while they are made. `end`: how lines that are put in end, None to put in nothing."""

    protocol: str
    end: bytes | None
    steps: list[Step] = field(default_factory=list)
    at: float | None = None  # of the last piece
    sent_at: float | None = None  # of the client's last piece

    def add(self, piece: Crossing) -> None:
        gap = max(0.0, piece.at - self.at) if piece.at is not None and self.at is not None else None
        if piece.kind == TLS:
            self.steps.append(Secured())
        elif piece.kind == SERVER:
            self._heard(piece, gap or 0.0)
        else:
            self._sent(piece, gap)
        self.at = piece.at

    def _heard(self, piece: Crossing, gap: float) -> None:
        last = self.steps.pop() if self.steps and isinstance(self.steps[-1], Heard) else Heard(b"")
        assert isinstance(last, Heard)
        octets, holes = last.octets + piece.octets, last.holes
        if piece.cut:
            hole = piece.cut - len(piece.tail)
            holes = (*holes, (len(octets), len(octets) + hole))
            octets += b"\0" * hole + piece.tail
        self.steps.append(Heard(octets, max(last.lasted, gap), holes))

    def _sent(self, piece: Crossing, gap: float | None) -> None:
        octets = piece.octets
        last = self.steps[-1] if self.steps else None
        if piece.cut:
            if self.end is None:
                raise Unplayable(missing(piece.cut))
            before = octets or (last.octets if isinstance(last, Send) else b"")
            count, of_command = piece.cut - len(piece.tail), piece.kind != BODY and piece.tail not in DOTS
            octets += _FILLER * count if of_command else filling(count, self.end, before, piece.tail)
            octets += piece.tail
        masked = self._looks_masked(octets) if piece.masked is None else piece.masked and HIDDEN in octets
        place = None if masked or piece.alone else self._came_with(piece, gap)
        if place is None:
            self.steps.append(Send(octets, gap, masked, piece.alone))
        else:
            sent = self.steps[place]
            assert isinstance(sent, Send)
            self.steps[place] = replace(sent, octets=sent.octets + octets)
        self.sent_at = piece.at

    def _came_with(self, piece: Crossing, gap: float | None) -> int | None:
        """Return the place of the step that a piece came with, None where it came later.

        What was read at once has the same moment, also where replies stand between; a text's moments are not exact.
        """
        exact = piece.masked is not None
        pipelined = exact and piece.at == self.sent_at and len(self.steps) > 1 and isinstance(self.steps[-1], Heard)
        place = len(self.steps) - 1 - pipelined
        last = self.steps[place] if place >= 0 else None
        if not isinstance(last, Send) or last.masked or last.alone:
            return None
        return place if pipelined or piece.cut or (not gap and (exact or last.octets.endswith(b"\n"))) else None

    def _looks_masked(self, octets: bytes) -> bool:
        """Return whether a line of a text, which cannot say so, holds asterisks in place of a secret."""
        last = self.steps[-1] if self.steps else None
        asked = isinstance(last, Heard) and last.octets.rsplit(b"\n", 2)[-2:][0].startswith(b"334")
        first = self.protocol == "pop3" or not isinstance(last, Send)
        return bool((asked and _ANSWER.fullmatch(octets)) or (first and _SECRET.fullmatch(octets)))


def _steps(crossings: Iterable[Crossing], protocol: str, end: bytes | None) -> Sequence[Step]:
    maker = _Maker(protocol, end)
    for piece in crossings:
        maker.add(piece)
    return maker.steps


def filling(count: int, end: bytes, before: bytes, after: bytes) -> bytes:
    """Return so many octets, in lines that end with `end`, to stand between others without parting a CR from its LF."""
    if count <= 0:
        return b""
    first = b"\n" if before.endswith(b"\r") else b""
    last = b"\r" if after.startswith(b"\n") and end == b"\r\n" else b""
    if after in DOTS:
        last = end
    room = max(0, count - len(first) - len(last))
    lines = (_FILLER * _FILLING + end) * (room // (_FILLING + len(end)) + 1)
    middle = lines[:room]
    spare = len(middle) - len(middle.rstrip(b"\r\n"))
    return (first + middle[: room - spare] + _FILLER * spare + last)[:count]
