"""One session as its page shows it: the transcript with its stepped line, the facts, what the doctor found."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mysmtp.entry import SERVER, Entry
from mysmtp.inspector.case import Case, Finding
from mysmtp.inspector.doctor import examine
from mysmtp.inspector.lines import Line, Place
from mysmtp.inspector.machine import Machine, draw
from mysmtp.inspector.protocols import label_of
from mysmtp.inspector.shut import shut_of
from mysmtp.inspector.study import Study
from mysmtp.inspector.walk import walk_of
from mysmtp.tape import Tape
from mysmtp.text import clipped
from mysmtp.web.presenting import Clock, count_words, plain
from mysmtp.web.presenting_lanes import lane_at
from mysmtp.web.presenting_sessions import broken_off, seconds_words
from mysmtp.web.presenting_transcript import Around, Asked, Gone, Row, Shown, rows_of, shown_of
from mysmtp.wire import spelled

LINES = 400  # shown on one page
_READING = {
    "DATA": "Reading a message; a line that holds a single dot ends it.",
    "BDAT": "Reading a chunk of a message; it ends after as many octets as were announced.",
}
NEWS = 30  # of what came while a page is open; nobody reads faster than that


class Waiting(NamedTuple):
    """What is waited for, or how it ended: words, the `octets` that have come of a line, words again, how long ago."""

    words: str
    octets: str = ""
    after: str = ""
    ago: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One session on its page. `first` is the first line shown, `last` the newest entry, `step` the one stood at.

    `live` tells whether it shows what comes. `earlier` and `later` are the lines that pages before and after it begin
    at, None if there are none. `lines` is how many lines there are, as far as they were kept; `partly` tells that some
    were not.

    `reading` tells what the server reads besides commands. `counts` are the octets that came and went, the mails
    stored, the replies.
    """

    id: int
    title: str
    open: bool
    live: bool
    facts: tuple[tuple[str, str], ...]
    head: str
    rows: tuple[Row, ...]
    lanes: int
    guides: tuple[str, str]
    machine: Machine
    waiting: Waiting
    reading: str
    findings: tuple[Finding, ...]
    counts: tuple[int, int, int, int]
    lines: int
    partly: bool
    first: str
    last: int
    step: int | None
    earlier: str | None
    later: str | None
    lost: str


def view_of(tape: Tape, study: Study, clock: Clock, asked: Asked, now: float) -> View:
    """Return the view of a session, as it was studied. `now` is the moment on the clock its times are taken from."""
    known, entries, lines = study.known, study.entries, study.lines
    step = max(1, tape.lost + 1, min(asked.step, tape.last)) if asked.step is not None else None
    walk = study.walk if step is None else walk_of([entry for entry in entries if entry.number <= step], known)
    shut = shut_of(entries, known)
    machine = draw(known, walk, tls=shut.tls)
    start, end = _page(lines, asked, step)
    is_open = tape.ended is None
    newest = lines[-1] if 0 <= start < end == len(lines) else None
    around = Around(known, asked, step, is_open, newest, shut)
    return View(
        id=tape.session,
        title=f"Session {tape.session:,}",
        open=is_open,
        live=is_open and step is None and end == len(lines),
        facts=_facts(tape, clock),
        head=_head(tape),
        rows=tuple(_rows(lines, start, end, around)),
        lanes=len(known.places),
        guides=(_guides(len(known.places), 30), _guides(len(known.places), 10)),
        machine=machine,
        waiting=_waiting(tape, now, entries),
        reading=_READING.get(tape.reading, "") if is_open and step is None else "",
        findings=tuple(examine(Case(known, entries, ended=not is_open, reading=tape.reading))),
        counts=(tape.received, tape.sent, tape.mails, tape.answers),
        lines=len(lines),
        partly=tape.lost > 0 or any(line.cut for line in lines),
        first=lines[start].name if start < end else "1",
        last=tape.last,
        step=step,
        earlier=lines[max(0, start - LINES)].name if 0 < start < end else None,
        later=lines[end].name if step is None and end < len(lines) else None,
        lost=f"{count_words(tape.lost, 'line')} before this one made room for those that follow." if tape.lost else "",
    )


def _rows(lines: Sequence[Line], start: int, end: int, around: Around) -> Iterator[Row]:
    """Yield the rows from one line to another; of more news than anybody reads the newest, and how much that leaves."""
    asked = around.asked
    shown = list(shown_of(lines, start, end, whole=asked.whole))
    if asked.first is None or not asked.news or not shown:
        yield from rows_of(lines, shown, around)
        return
    again = bisect_right(lines, asked.first, start, key=_place)  # what the page shows already, and may have changed
    known = bisect_left(shown, again, key=lambda each: each.at)
    yield from rows_of(lines, shown[:known], around)
    news = shown[known:]
    gone = _gone(lines, start, again, news, asked.first)
    for row in rows_of(lines, news[-NEWS:], around):
        yield row._replace(gone=gone)
        gone = None


def _gone(lines: Sequence[Line], start: int, again: int, news: Sequence[Shown], known: Place) -> Gone | None:
    """Return what a page is told of the lines between the last one that is `known` to it and its news, None if none."""
    lost = lines[start].number - known[0] - 1 if start == again else 0
    words = f"{count_words(lost, 'line')} made room for others before they could be shown." if lost > 0 else ""
    if len(news) <= NEWS:
        return Gone(words) if words else None
    count = count_words(news[-NEWS].first - again, "line")
    return Gone(f"{words} {count} came faster than they are shown.".lstrip(), lines[again].name)


def _place(line: Line) -> Place:
    return line.place


def _number(line: Line) -> int:
    return line.number


def _guides(lanes: int, height: int) -> str:
    return "".join(f"M{lane_at(lane)} 0V{height}" for lane in range(lanes))


def _page(lines: Sequence[Line], asked: Asked, step: int | None) -> tuple[int, int]:
    """Return the places of the lines that one page shows: those asked for, or those around the step, or the newest."""
    if asked.first is not None:
        start = bisect_left(lines, asked.first, key=_place)
        if not asked.news:
            start = min(start, max(0, len(lines) - 1))
            return start, min(len(lines), start + LINES)
        # The line that a page ends with may be gone, or the one before it may lack more by now: of what is cut the last
        # line is known only while it is short.
        is_there = start < len(lines) and lines[start].place == asked.first
        return start if is_there and not lines[start - 1].cut else max(0, start - 1), len(lines)
    end = len(lines) if step is None else bisect_right(lines, step + LINES // 4, key=_number)
    return max(0, end - LINES), end


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


def _waiting(tape: Tape, now: float, known: Sequence[Entry]) -> Waiting:
    if tape.ended is not None:
        answered = any(entry.kind == SERVER and (entry.verb or entry.mark) for entry in known)
        server = "The server closed it " + ("after its last reply" if answered else "without a reply")
        reason = {"done": server, "client closed": "The client closed it"}
        words = reason.get(tape.reason, plain(tape.reason))
        lost = broken_off(tape) == "connection lost"
        where = ", in the middle of a message; none of it was stored" if lost else ""
        return Waiting(f"{words[:1].upper()}{words[1:]}, after {seconds_words(tape.ended)}{where}.")
    entries = tape.entries(max(1, tape.last))
    last = tape.rest[0] if tape.rest else None
    since = tape.since(now) - (tape.since(last) if last is not None else entries[-1].at if entries else 0.0)
    ago = f"last octet {max(0, int(since)):,} s ago."
    if tape.reading in ("DATA", "BDAT"):
        return Waiting("Waiting for the rest of the message; ", ago=ago)
    if tape.reading:
        return Waiting(f"Waiting for an answer to {plain(tape.reading)}; ", ago=ago)
    if tape.rest is not None:
        return Waiting("Waiting for the end of the line: ", clipped(spelled(tape.rest[1]), 200), " has come; ", ago)
    return Waiting("Waiting for the next command; ", ago=ago)
