"""A recorded session as a script to be played again, read from its JSON or its text (`export`), or from `--wire`.

What the client sent at once stands in one step; what the server said until the client went on stands in one step too,
so that nobody has to know where a reply ends.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mysmtp.entry import BODY, CLIENT, FLOWING, SERVER, TLS, Entry
from mysmtp.inspector.export import entry_of
from mysmtp.wire import OF_SESSION, TLS_BEGINS, unspelled

_LINE = re.compile(r"(?: *(?P<at>[0-9]{1,9}\.[0-9]{3})  )?(?:(?P<side>[CS]): (?P<octets>.*)|(?P<remark> *#.*| *))")
_LEFT_OUT = re.compile(r"# ([0-9]{1,12}) octets are left out here")
_LOST = re.compile(r"# The first [0-9]+ entries were not kept")
_FACTS = re.compile(r"# Session [0-9]+: (\w+)")
_SECRET = re.compile(rb"(?:AUTH +\S+ +|PASS +|APOP +)\*{4}\r?\n", re.IGNORECASE)
_ANSWER = re.compile(rb"\*{4}\r?\n")
_DOTS = (b".\r\n", b".\n")  # lines that end a message
_FILLER = b"x"
_FILLING = 62  # octets of a line that is put in for what is missing


class Unplayable(Exception):
    """What was read cannot be played; `str(fault)` says why. Not yet safe to show."""


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


@dataclass(frozen=True, slots=True)
class _Crossing:
    """One piece that crossed, `cut` octets of which are missing before its `tail`. `masked`: None where not told."""

    kind: str
    octets: bytes
    at: float | None = None
    masked: bool | None = None
    alone: bool = False
    cut: int = 0
    tail: bytes = b""


def read(text: str, *, fill: bool = False) -> Script:
    """Return the script in what was exported. `fill` puts octets of its own where some of the client's are missing.

    Raises Unplayable.
    """
    crossings: Sequence[_Crossing]
    if text.lstrip().startswith("{"):
        protocol, crossings = _of_json(text)
    else:
        crossings = list(_of_text(text))
        protocol = _told_protocol(text) or _guessed(crossings)
    if all(each.kind == SERVER for each in crossings):
        raise Unplayable("no client says anything in it")
    end = b"\n" if protocol == "my_smtp" else b"\r\n"
    return Script(protocol, tuple(_steps(crossings, protocol, end if fill else None)))


def _of_json(text: str) -> tuple[str, Sequence[_Crossing]]:
    try:
        told = json.loads(text)
        entries = [entry_of(each) for each in told["entries"]]
        protocol, lost = str(told["protocol"]), int(told["lost"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as fault:
        raise Unplayable("it is JSON, but not of one session as /sessions/1.json tells it") from fault
    if lost:
        raise Unplayable(f"its first {lost:,} entries were not kept")
    return protocol, [each for entry in entries for each in _of_entry(entry)]


def _of_entry(entry: Entry) -> Iterator[_Crossing]:
    if entry.kind not in (CLIENT, *FLOWING, SERVER, TLS):
        raise Unplayable("there is an entry of a kind that is not known")
    whole = _Crossing(
        entry.kind, entry.octets, entry.at, entry.masked, bool(entry.pieces), entry.cut, entry.tail[-entry.cut :]
    )
    begin = 0
    for place in sorted(set(entry.pieces)):
        if begin < place < len(entry.octets):
            yield replace(whole, octets=entry.octets[begin:place], cut=0, tail=b"")
            begin = place
    yield replace(whole, octets=entry.octets[begin:])


def _of_text(text: str) -> Iterator[_Crossing]:
    waiting: _Crossing | None = None  # a hole, whose last line may come next
    side = ""  # who spoke last, whose hole it is
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.fullmatch(line.removesuffix("\r"))
        if found is None:
            raise Unplayable(f"line {number} is no line of a conversation: {line[:80]}")
        made = _of_line(found, number)
        if made is None:
            continue
        if waiting is not None:
            yield _joined(waiting, side, made, number)
            waiting = None
        elif made.cut:
            waiting = made
        else:
            yield made
        side = side if made.cut else made.kind
    if waiting is not None:
        raise Unplayable(_missing(waiting.cut))


def _of_line(found: re.Match[str], number: int) -> _Crossing | None:
    at = float(found["at"]) if found["at"] else None
    if found["side"] is None:
        remark = found["remark"]
        if _LOST.match(remark):
            raise Unplayable("its first entries were not kept")
        if remark.startswith(OF_SESSION):
            raise Unplayable(f"it holds lines of several sessions, from line {number} on; `mysmtp replay` plays one")
        if remark.startswith(TLS_BEGINS.rstrip()):
            return _Crossing(TLS, b"", at)
        if left := _LEFT_OUT.fullmatch(remark):
            return _Crossing("hole", b"", at, cut=int(left[1]))
        return None
    try:
        octets = unspelled(found["octets"])
    except (ValueError, UnicodeError) as fault:
        raise Unplayable(f"line {number}: {fault}") from fault
    return _Crossing(CLIENT if found["side"] == "C" else SERVER, octets, at)


def _joined(hole: _Crossing, side: str, tail: _Crossing, number: int) -> _Crossing:
    """Return what stood after a hole of one `side` with the hole before it: its last line is a part of what was left

    out. A line of a message may as well be one that came after what was left out, unless it ends the message.
    """
    lone_dot = tail.octets in _DOTS
    if len(tail.octets) > hole.cut or tail.kind != side or not (side == SERVER or lone_dot):
        raise Unplayable(f"{_missing(hole.cut)} (before line {number})")
    return replace(tail, octets=b"", cut=hole.cut, tail=tail.octets)


def _missing(count: int) -> str:
    return f"{count:,} octets were not kept; the JSON of the session plays with --fill, which puts in as many others"


def _told_protocol(text: str) -> str:
    found = _FACTS.match(text)
    return found[1].lower() if found else ""


def _guessed(crossings: Sequence[_Crossing]) -> str:
    """Return the protocol by who speaks first, and how."""
    spoken = [each for each in crossings if each.kind in (CLIENT, SERVER)]
    first = spoken[0] if spoken else None
    if first is None or first.kind == CLIENT:
        return "my_smtp"
    if first.octets.startswith((b"+OK", b"-ERR")):
        return "pop3"
    return "lmtp" if any(each.octets[:4].upper() == b"LHLO" for each in spoken) else "smtp"


@dataclass(slots=True)
class _Maker:
    """Steps while they are made. `end`: how lines that are put in end, None to put in nothing."""

    protocol: str
    end: bytes | None
    steps: list[Step] = field(default_factory=list)
    at: float | None = None  # of the last piece
    sent_at: float | None = None  # of the client's last piece

    def add(self, piece: _Crossing) -> None:
        gap = max(0.0, piece.at - self.at) if piece.at is not None and self.at is not None else None
        if piece.kind == TLS:
            self.steps.append(Secured())
        elif piece.kind == SERVER:
            self._heard(piece, gap or 0.0)
        else:
            self._sent(piece, gap)
        self.at = piece.at

    def _heard(self, piece: _Crossing, gap: float) -> None:
        last = self.steps.pop() if self.steps and isinstance(self.steps[-1], Heard) else Heard(b"")
        assert isinstance(last, Heard)
        octets, holes = last.octets + piece.octets, last.holes
        if piece.cut:
            hole = piece.cut - len(piece.tail)
            holes = (*holes, (len(octets), len(octets) + hole))
            octets += b"\0" * hole + piece.tail
        self.steps.append(Heard(octets, max(last.lasted, gap), holes))

    def _sent(self, piece: _Crossing, gap: float | None) -> None:
        octets = piece.octets
        last = self.steps[-1] if self.steps else None
        if piece.cut:
            if self.end is None:
                raise Unplayable(_missing(piece.cut))
            before = octets or (last.octets if isinstance(last, Send) else b"")
            missing, of_command = piece.cut - len(piece.tail), piece.kind != BODY and piece.tail not in _DOTS
            octets += _FILLER * missing if of_command else filling(missing, self.end, before, piece.tail)
            octets += piece.tail
        masked = self._looks_masked(octets) if piece.masked is None else piece.masked and b"****" in octets
        place = None if masked or piece.alone else self._came_with(piece, gap)
        if place is None:
            self.steps.append(Send(octets, gap, masked, piece.alone))
        else:
            sent = self.steps[place]
            assert isinstance(sent, Send)
            self.steps[place] = replace(sent, octets=sent.octets + octets)
        self.sent_at = piece.at

    def _came_with(self, piece: _Crossing, gap: float | None) -> int | None:
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


def _steps(crossings: Iterable[_Crossing], protocol: str, end: bytes | None) -> Sequence[Step]:
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
    if after in _DOTS:
        last = end
    room = max(0, count - len(first) - len(last))
    lines = (_FILLER * _FILLING + end) * (room // (_FILLING + len(end)) + 1)
    middle = lines[:room]
    spare = len(middle) - len(middle.rstrip(b"\r\n"))
    return (first + middle[: room - spare] + _FILLER * spare + last)[:count]
