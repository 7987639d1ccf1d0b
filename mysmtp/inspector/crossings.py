"""What crossed in a session, piece by piece, read from what was exported of it (`export`), or from `--wire`."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mysmtp.entry import CLIENT, FLOWING, SERVER, TLS, Entry
from mysmtp.inspector.export import entry_of
from mysmtp.wire import OF_SESSION, TLS_BEGINS, unspelled

DOTS = (b".\r\n", b".\n")  # lines that end a message
_LINE = re.compile(r"(?: *(?P<at>[0-9]{1,9}\.[0-9]{3})  )?(?:(?P<side>[CS]): (?P<octets>.*)|(?P<remark> *#.*| *))")
_SWAKS = re.compile(r"^\{ printf .*\| swaks ", re.MULTILINE)
_LEFT_OUT = re.compile(r"# ([0-9]{1,12}) octets are left out here")
_LOST = re.compile(r"# The first [0-9]+ entries were not kept")
_FACTS = re.compile(r"# Session [0-9]+: (\w+)")


class Unplayable(Exception):
    """What was read cannot be played; `str(fault)` says why. Not yet safe to show."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One piece that crossed, `cut` octets of which are missing before its `tail`. `masked`: None where not told."""

    kind: str
    octets: bytes
    at: float | None = None
    masked: bool | None = None
    alone: bool = False
    cut: int = 0
    tail: bytes = b""


def crossings_in(text: str) -> tuple[str, Sequence[Crossing]]:
    """Return the protocol, and what crossed. Raises Unplayable."""
    if _SWAKS.search(text):
        raise Unplayable("it is a command of swaks, to be run in a shell")
    if text.lstrip().startswith("{"):
        return _of_json(text)
    crossings = list(_of_text(text))
    return _told_protocol(text) or _guessed(crossings), crossings


def missing(count: int) -> str:
    """Return the words for so many octets that nobody can send again."""
    return f"{count:,} octets were not kept; the JSON of the session plays with --fill, which puts in as many others"


def _of_json(text: str) -> tuple[str, Sequence[Crossing]]:
    try:
        told = json.loads(text)
        entries = [entry_of(each) for each in told["entries"]]
        protocol, lost = str(told["protocol"]), int(told["lost"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as fault:
        raise Unplayable("it is JSON, but not of one session as /sessions/1.json tells it") from fault
    if lost:
        raise Unplayable(f"its first {lost:,} entries were not kept")
    return protocol, [each for entry in entries for each in _of_entry(entry)]


def _of_entry(entry: Entry) -> Iterator[Crossing]:
    if entry.kind not in (CLIENT, *FLOWING, SERVER, TLS):
        raise Unplayable("there is an entry of a kind that is not known")
    whole = Crossing(
        entry.kind, entry.octets, entry.at, entry.masked, bool(entry.pieces), entry.cut, entry.tail[-entry.cut :]
    )
    begin = 0
    for place in sorted(set(entry.pieces)):
        if begin < place < len(entry.octets):
            yield replace(whole, octets=entry.octets[begin:place], cut=0, tail=b"")
            begin = place
    yield replace(whole, octets=entry.octets[begin:])


def _of_text(text: str) -> Iterator[Crossing]:
    waiting: Crossing | None = None  # a hole, whose last line may come next
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
        raise Unplayable(missing(waiting.cut))


def _of_line(found: re.Match[str], number: int) -> Crossing | None:
    at = float(found["at"]) if found["at"] else None
    if found["side"] is None:
        remark = found["remark"]
        if _LOST.match(remark):
            raise Unplayable("its first entries were not kept")
        if remark.startswith(OF_SESSION):
            raise Unplayable(f"it holds lines of several sessions, from line {number} on; `mysmtp replay` plays one")
        if remark.startswith(TLS_BEGINS.rstrip()):
            return Crossing(TLS, b"", at)
        if left := _LEFT_OUT.fullmatch(remark):
            return Crossing("hole", b"", at, cut=int(left[1]))
        return None
    try:
        octets = unspelled(found["octets"])
    except (ValueError, UnicodeError) as fault:
        raise Unplayable(f"line {number}: {fault}") from fault
    return Crossing(CLIENT if found["side"] == "C" else SERVER, octets, at)


def _joined(hole: Crossing, side: str, tail: Crossing, number: int) -> Crossing:
    """Return what stood after a hole of one `side` with the hole before it: its last line is a part of what was left

    out. A line of a message may as well be one that came after what was left out, unless it ends the message.
    """
    lone_dot = tail.octets in DOTS
    if len(tail.octets) > hole.cut or tail.kind != side or not (side == SERVER or lone_dot):
        raise Unplayable(f"{missing(hole.cut)} (before line {number})")
    return replace(tail, octets=b"", cut=hole.cut, tail=tail.octets)


def _told_protocol(text: str) -> str:
    found = _FACTS.match(text)
    return found[1].lower() if found else ""


def _guessed(crossings: Sequence[Crossing]) -> str:
    """Return the protocol by who speaks first, and how."""
    spoken = [each for each in crossings if each.kind in (CLIENT, SERVER)]
    first = spoken[0] if spoken else None
    if first is None or first.kind == CLIENT:
        return "my_smtp"
    if first.octets.startswith((b"+OK", b"-ERR")):
        return "pop3"
    return "lmtp" if any(each.octets[:4].upper() == b"LHLO" for each in spoken) else "smtp"
