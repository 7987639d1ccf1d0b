"""The list of sessions as it is shown: a picture of each, what came of it in words, and which of them are asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mysmtp.entry import CLIENT, SERVER, Entry
from mysmtp.inspector.doctor import tongue
from mysmtp.inspector.protocols import Known, label_of, name_of
from mysmtp.inspector.walk import code_of, is_hard
from mysmtp.protocol.reply import DONE, REFUSED
from mysmtp.tape import Tape
from mysmtp.text import clipped
from mysmtp.web.presenting import Clock, When, count_words, plain
from mysmtp.wire import spelled

PAGE = 50
READ = 64  # of the newest entries of a session, all that a row looks at
_READS = frozenset({"GET_MAIL", "RETR", "TOP"})
_LEVELS = (19, 14, 9, 4)
_STEPS = 24  # of a long session that are drawn


@dataclass(frozen=True, slots=True)
class Tiny:
    """A session's shape, 96 x 24: the line of its states, and bars for what was refused, and `failed` for good."""

    line: str
    refused: str
    failed: str


@dataclass(frozen=True, slots=True)
class Row:
    """One session in the list."""

    id: int
    tiny: Tiny
    words: str
    detail: str
    label: str
    framing: str
    tls: str
    peer: str
    open: bool
    lasted: str
    began: When | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions are asked for; "" and False ask for all. `unknown` was asked for, and is not known here."""

    protocol: str = ""
    state: str = ""
    errors: bool = False
    address: str = ""
    before: int | None = None
    unknown: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether some are left out."""
        return bool(self.protocol or self.state or self.errors or self.address)

    def query(self) -> dict[str, str]:
        """Return what an address has to hold to ask for the same, without its place in the list."""
        asked = {"protocol": self.protocol, "state": self.state, "address": self.address}
        return {key: value for key, value in asked.items() if value} | ({"errors": "1"} if self.errors else {})


@dataclass(frozen=True, slots=True)
class Found:
    """A part of the list, newest first. `newer` and `older` are keys (sessions below this one); 0: the newest part."""

    tapes: Sequence[Tape]
    words: str
    newer: int | None
    older: int | None


STATES = (
    ("", "Any state"), ("open", "Open"), ("ended", "Ended"), ("stored", "Stored a mail"), ("nothing", "Stored nothing"),
    ("0", "Now in 0"), ("1", "Now in 1"), ("2", "Now in 2"), ("3", "Now in 3"),
)  # fmt: skip


def find(tapes: Iterable[Tape], wanted: Wanted, known: Mapping[str, Known], length: int = PAGE) -> Found:
    """Return the page of sessions that is asked for; `tapes` newest first."""
    matching = [tape for tape in tapes if matches(tape, wanted, known)]
    start = 0
    if wanted.before is not None:
        start = next((at for at, tape in enumerate(matching) if tape.session < wanted.before), len(matching))
    page = matching[start : start + length]
    newer = None
    if start:
        above = max(0, start - length)
        newer = matching[above - 1].session if above else 0
    older = page[-1].session if start + length < len(matching) else None
    words = f"{page[0].session:,} to {page[-1].session:,}" if page else ""
    return Found(page, words, newer, older)


def matches(tape: Tape, wanted: Wanted, known: Mapping[str, Known]) -> bool:
    """Return whether a session is asked for. The dearest question comes last."""
    if wanted.protocol and tape.protocol != wanted.protocol:
        return False
    if wanted.errors and not tape.refused:
        return False
    if wanted.state and not _in_state(tape, wanted.state, known):
        return False
    return not wanted.address or tape.mentions(wanted.address.strip())


def _in_state(tape: Tape, state: str, known: Mapping[str, Known]) -> bool:
    if state.isdigit():
        table = known.get(tape.protocol)
        return table is not None and tape.ended is None and state == str(table.digit(tape.state))
    if state in ("open", "ended"):
        return (tape.ended is None) == (state == "open")
    return bool(tape.mails) == (state == "stored")


def row_of(tape: Tape, known: Mapping[str, Known], clock: Clock) -> Row:
    """Return one session as a row."""
    entries = tape.entries(max(1, tape.last - READ + 1))
    table = known.get(tape.protocol)
    return Row(
        id=tape.session,
        tiny=tiny_of(entries, table),
        words=words_of(tape, entries),
        detail=_detail(tape, entries),
        label=label_of(tape.protocol),
        framing=tape.framing if tape.protocol == "my_smtp" else "",
        tls=plain(tape.tls),
        peer=plain(tape.peer),
        open=tape.ended is None,
        lasted=seconds_words(tape.ended) if tape.ended is not None else "open",
        began=clock.when(tape.began, ""),
    )


def seconds_words(seconds: float) -> str:
    """Return how long something took: `0.04 s`, `12.0 s`, `3 min`."""
    if seconds < 1:
        return f"{seconds:.2f} s" if seconds >= 0.005 else f"{seconds * 1000:.1f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else str(timedelta(seconds=int(seconds)))


def words_of(tape: Tape, entries: Sequence[Entry]) -> str:
    """Return what came of a session: `1 stored, receiving another`, `403 Send HELO first, 3 times`."""
    parts = [f"{tape.mails:,} stored"] if tape.mails else []
    if tape.ended is None and tape.reading in ("DATA", "BDAT"):
        parts.append("receiving another" if tape.mails else "receiving a message")
    if how := broken_off(tape):
        parts.append(f"{how} in the middle of {'another' if tape.mails else 'a message; nothing stored'}")
    elif tape.refused:
        parts.append(_refusals(tape, entries) if not tape.mails else count_words(tape.refused, "refusal"))
    read = sum(1 for entry in entries if entry.kind == SERVER and entry.verb in _READS and entry.mark == DONE)
    if read and tape.last <= READ:
        parts.append(f"read {read:,}")
    return plain(", ".join(parts)) or _little(tape, entries)


def broken_off(tape: Tape) -> str:
    """Return how a session ended while a message came, "" if it did not."""
    if tape.reason.startswith("closed in the middle of a message"):
        return "closed"
    lost = tape.reason.startswith("connection lost") and tape.reading in ("DATA", "BDAT")
    return "connection lost" if lost else ""


def _refusals(tape: Tape, entries: Sequence[Entry]) -> str:
    """Return what was refused, where nothing was stored."""
    last = plain(tape.last_refusal.split(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace"))
    refused = {entry.octets for entry in entries if entry.mark}
    if len(refused) == 1 and tape.refused > 1 and tape.last <= READ:
        return f"{last}, {tape.refused:,} times"
    answers = [entry for entry in entries if entry.kind == SERVER]
    if tape.ended is not None and answers and answers[-1].mark == REFUSED and tape.answers > 1:
        return f"gave up after {last}"
    return last if tape.refused == 1 else f"{last}, and {count_words(tape.refused - 1, 'refusal')} more"


def _little(tape: Tape, entries: Sequence[Entry]) -> str:
    """Return what a session did that did next to nothing."""
    if tape.ended is not None and tape.reason not in ("done", "client closed"):
        return plain(tape.reason)
    commands = [entry for entry in entries if entry.kind == CLIENT]
    if not commands:
        return "said nothing" if tape.ended is not None else "said nothing yet"
    names = dict.fromkeys(entry.verb for entry in entries if entry.kind == SERVER and entry.verb)
    if names:
        return "said " + ", ".join(plain(name_of(name)) for name in names)
    if spoken := tongue(commands[0]):
        return f"spoke {spoken}, not {label_of(tape.protocol)}"
    return "said nothing that was answered" if b"\n" in commands[0].octets else "ended no line"


def _detail(tape: Tape, entries: Sequence[Entry]) -> str:
    """Return the state a session is in and what was said last."""
    last = next((entry for entry in reversed(entries) if entry.octets), None)
    parts = [tape.state] if tape.ended is None and tape.state else []
    parts.append(count_words(tape.answers, "reply", "replies"))
    if last is not None:
        side, first = "S" if last.kind == SERVER else "C", last.octets.splitlines(keepends=True)[0]
        parts.append(f"{side}: {clipped(spelled(first[:120]), 80)}")
    return ", ".join(parts)


def tiny_of(entries: Sequence[Entry], known: Known | None) -> Tiny:
    """Return a session's shape."""
    steps = [entry for entry in entries if entry.kind == SERVER and (entry.verb or entry.mark)][-_STEPS:]
    digits = [min(known.digit(entry.after), 3) if known else 0 for entry in steps]
    level = _LEVELS[min(known.digit(steps[0].before), 3)] if known and steps else _LEVELS[0]
    width = 92 / max(8, len(steps) + 1)
    x = 2 + width
    line, refused, failed = [f"M2 {level}H{x:.1f}"], list[str](), list[str]()
    for entry, digit in zip(steps, digits, strict=True):
        if entry.mark != DONE:
            bar = f"M{x:.1f} {level - 4}v8"
            (failed if is_hard(code_of(entry)) else refused).append(bar)
        level = _LEVELS[digit]
        x += width
        line.append(f"V{level}H{x:.1f}")
    return Tiny("".join(line), "".join(refused), "".join(failed))
