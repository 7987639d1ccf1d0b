"""One session as its page shows it: the transcript with its stepped line, the facts, what the doctor found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mysmtp.inspector.case import Case, Finding
from mysmtp.inspector.doctor import examine
from mysmtp.inspector.export import first_state
from mysmtp.inspector.lines import Line, lines_from
from mysmtp.inspector.machine import Machine, draw
from mysmtp.inspector.protocols import Known, label_of
from mysmtp.inspector.walk import walk_of
from mysmtp.tape import Entry, Tape
from mysmtp.web.presenting import Clock, count_words, plain
from mysmtp.web.presenting_sessions import seconds_words
from mysmtp.web.presenting_transcript import Around, Asked, Row, lane_at, rows_of
from mysmtp.wire import spelled

LINES = 400  # shown on one page


@dataclass(frozen=True, slots=True)
class View:
    """One session on its page. `first` is the first entry shown, `last` the newest, `step` the one that is stood at.

    `lines` is how many lines there are, as far as they were kept; `partly` tells that some were not.

    `counts` are the octets that came and went, the mails stored, the replies.
    """

    id: int
    title: str
    open: bool
    facts: tuple[tuple[str, str], ...]
    head: str
    rows: tuple[Row, ...]
    lanes: int
    guides: tuple[str, str]
    machine: Machine
    waiting: str
    findings: tuple[Finding, ...]
    counts: tuple[int, int, int, int]
    lines: int
    partly: bool
    first: int
    last: int
    step: int | None
    earlier: int | None
    lost: str


def view_of(tape: Tape, known: Known, clock: Clock, asked: Asked, now: float) -> View:
    """Return the view of a session. `now` is the moment on the clock that its times are taken from."""
    entries = tape.entries()
    step = max(1, tape.lost + 1, min(asked.step, tape.last)) if asked.step is not None else None
    machine = draw(known, walk_of([entry for entry in entries if step is None or entry.number <= step], known))
    lines = lines_from(entries, first_state(entries, known))
    shown = _page(lines, asked, step)
    state = (shown[0].entry.before or shown[0].state if shown[0].is_reply else shown[0].state) if shown else ""
    newest = lines[-1] if shown and shown[-1] is lines[-1] else None
    is_open = tape.ended is None
    rows = rows_of(shown, state, Around(known, asked, step, is_open, newest, _can_begin_tls(tape, entries)))
    return View(
        id=tape.session,
        title=f"Session {tape.session:,}",
        open=is_open,
        facts=_facts(tape, clock),
        head=_head(tape),
        rows=tuple(rows),
        lanes=len(known.places),
        guides=(_guides(len(known.places), 30), _guides(len(known.places), 10)),
        machine=machine,
        waiting=_waiting(tape, now),
        findings=tuple(examine(Case(known, entries, ended=not is_open, reading=tape.reading))),
        counts=(tape.received, tape.sent, tape.mails, tape.answers),
        lines=len(lines),
        partly=tape.lost > 0 or any(line.cut for line in lines),
        first=shown[0].number if shown else 1,
        last=tape.last,
        step=step,
        earlier=_earlier(lines, shown),
        lost=f"{count_words(tape.lost, 'line')} before this one made room for those that follow." if tape.lost else "",
    )


def _can_begin_tls(tape: Tape, entries: Sequence[Entry]) -> bool:
    """Tell whether the client was told that it may begin TLS, and has not."""
    told = (entry.octets for entry in entries if entry.verb in ("EHLO", "LHLO", "CAPA"))
    return not tape.tls and any(re.search(rb"^(250[ -]STARTTLS|STLS)\r\n", octets, re.MULTILINE) for octets in told)


def _guides(lanes: int, height: int) -> str:
    return "".join(f"M{lane_at(lane)} 0V{height}" for lane in range(lanes))


def _page(lines: Sequence[Line], asked: Asked, step: int | None) -> Sequence[Line]:
    """Return the lines that one page shows: those asked for, or those around the step, or the newest."""
    if asked.first is not None:
        return [line for line in lines if line.number >= asked.first][:LINES]
    if step is not None:
        end = next((at for at, line in enumerate(lines) if line.number > step + LINES // 4), len(lines))
        return lines[max(0, end - LINES) : end]
    return lines[-LINES:]


def _earlier(lines: Sequence[Line], shown: Sequence[Line]) -> int | None:
    """Return the entry from which the page before this one begins, None if this is the first."""
    if not shown or shown[0] is lines[0]:
        return None
    at = next(at for at, line in enumerate(lines) if line is shown[0])
    return lines[max(0, at - LINES)].number


def _facts(tape: Tape, clock: Clock) -> tuple[tuple[str, str], ...]:
    began = clock.local(tape.began)
    facts = [("from", plain(tape.peer)), ("began", began.isoformat(" ", "milliseconds")[11:23])]
    if tape.tls:
        facts.append(("TLS", plain(tape.tls)))
    if tape.login:
        facts.append(("logged in as" if tape.login.taken else "login refused, user", plain(tape.login.user)))
    if tape.ended is not None:
        facts.append(("lasted", seconds_words(tape.ended)))
    return tuple(facts)


def _head(tape: Tape) -> str:
    """Return the protocol and, where it is a question, how its commands end."""
    label = label_of(tape.protocol)
    if tape.protocol != "my_smtp":
        return label
    unsettled = "framing not settled yet" if tape.ended is None else "framing never settled"
    return f"{label}, {unsettled if tape.framing == 'undecided' else tape.framing}"


def _waiting(tape: Tape, now: float) -> str:
    if tape.ended is not None:
        reason = {"done": "The server closed it after its last reply", "client closed": "The client closed it"}
        words = reason.get(tape.reason, plain(tape.reason))
        return f"{words[:1].upper()}{words[1:]}, after {seconds_words(tape.ended)}."
    entries = tape.entries(max(1, tape.last))
    last = tape.rest[0] if tape.rest else None
    since = tape.since(now) - (tape.since(last) if last is not None else entries[-1].at if entries else 0.0)
    ago = f"last octet {max(0, int(since)):,} s ago."
    if tape.reading in ("DATA", "BDAT"):
        return f"Waiting for the rest of the message; {ago}"
    if tape.reading:
        return f"Waiting for an answer to {plain(tape.reading)}; {ago}"
    if tape.rest is not None:
        return f"Waiting for the end of the line: {spelled(tape.rest[1])[:200]} has come; {ago}"
    return f"Waiting for the next command; {ago}"
