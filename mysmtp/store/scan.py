"""Where records begin and end in a mailbox file: octets in, in any cuts, records out, in one pass.

Pure. Jumps from one possible marker to the next, so time grows with the octets, not with the lines. What is wrong with
a record is told, never raised. `resume` tells where a later look at a file that grew can start. Records that are just
as this project writes them are read by `plain`, to the same result in a tenth of the time.
"""

from dataclasses import dataclass

from mysmtp.store import plain
from mysmtp.store.frame import (
    LONGEST,
    NOBODY,
    body_start,
    checksum,
    claimed_id,
    claimed_size,
    claims,
    has_headers,
    read_frame,
)
from mysmtp.store.record import KNOWN, NO_MOMENT, OWN, Record, Row, Status, microseconds
from mysmtp.store.stray import Stray
from mysmtp.store.textformat import CORE, END, START
from mysmtp.store.window import Window

__all__ = ["Record", "Scanner", "Status"]

_KEEP = 64  # octets of stray text kept before the search: a marker that is cut in two, and its line's start


@dataclass(slots=True)
class _Open:
    """A record whose end is not found yet."""

    start: int
    head: int
    gone: bool
    own: bool  # it claims to be this project's
    size: int | None
    first: bytes
    plain_end: int = 0  # after the first line that ends in the END marker
    told_end: int = 0  # after the first END line that has attributes


class Scanner:
    """Finds the records of one file. Begins at `offset`, the start of a line, below which the highest id is `last_id`.

    `feed` returns the records that are settled; `end`, called once, those that more octets could still change. With
    `carefully` every record is taken the long way.
    """

    def __init__(self, offset: int = 0, last_id: int = 0, *, carefully: bool = False) -> None:
        self.last_id = last_id
        self._carefully = carefully
        self._window = Window(offset)
        self._seen = offset  # the next search starts here
        self._stray = Stray(offset)
        self._open: _Open | None = None
        self._found: list[Row] = []

    @property
    def resume(self) -> int:
        """Where a new scanner can start, with this one's `last_id`, when the file has grown."""
        return self._stray.resume if self._open is None else self._open.start

    def feed(self, chunk: bytes) -> list[Row]:
        """Take the next octets of the file."""
        self._window.octets += chunk
        self._search()
        self._trim()
        return self._take()

    def end(self) -> list[Row]:
        """Tell what the file's end means: records that are whole but for a newline, or unfinished."""
        self._window.final = True
        self._search()
        size = self._window.end
        if self._open is not None:
            self._cut(size, Status.UNFINISHED)
        self._stray.note(self._window, size)
        if self._stray.start is not None and self._stray.is_torn():
            self._add(self._stray.start, size, 0, Status.UNFINISHED, "a marker line is cut off")
        return self._take()

    def _take(self) -> list[Row]:
        found, self._found = self._found, []
        return found

    def _search(self) -> None:
        window = self._window
        while True:
            if self._open is None and self._stray.start is None and not self._carefully:
                self._take_plain()
            hit = window.octets.find(CORE, self._seen - window.base)
            if hit < 0:
                self._seen = max(self._seen, window.end - len(CORE) + 1)
                return
            after = self._marker(hit)
            if not after:  # what decides has not come yet
                self._seen = window.base + hit
                return
            self._seen = after

    def _take_plain(self) -> None:
        """Take the records that lie here just as this project writes them."""
        window, first = self._window, self._stray.rest - self._window.base
        at, self.last_id = plain.read_rows(window.octets, first, window.base, self.last_id, self._found)
        if at > first:
            self._stray.rest = self._seen = window.base + at

    def _marker(self, hit: int) -> int:
        """Deal with what may be a marker; return where to search on, 0 to wait for more."""
        window, octets = self._window, self._window.octets
        if hit >= 6 and octets[hit - 6 : hit] == b"===END":
            return self._end_marker(hit - 6, hit + len(CORE))
        kind = bytes(octets[hit - 8 : hit]) if hit >= 8 else b""
        if kind not in (b"===START", b"===GONE_") or not window.begins_line(hit - 8):
            return window.base + hit + len(CORE)
        line_end = window.line_end(hit)
        return self._first_line(hit - 8, line_end, kind == b"===GONE_") if line_end else 0

    def _first_line(self, at: int, line_end: int, gone: bool) -> int:
        window = self._window
        start, head = window.base + at, window.base + line_end
        first = bytes(window.octets[at + len(START) : line_end])
        size = claimed_size(first)
        own = size is not None
        if not own:
            following = bytes(window.octets[line_end : line_end + LONGEST])
            if not window.final and len(following) < LONGEST and b"\n" not in following:
                return 0
            own = claims(first, following)
        if self._open is not None:
            if gone and not self._open.own and not claimed_id(first):
                return head  # to the original program this is a line like any other
            self._cut(start, Status.DAMAGED)
        self._close_stray(start)
        self._open = _Open(start, head, gone, own, size, first)
        return head

    def _end_marker(self, at: int, marker_end: int) -> int:
        """Deal with an END marker at `at`: it counts at the start of a line and at the end of one."""
        window = self._window
        here = window.base + marker_end
        begins = window.begins_line(at)
        line_end = window.line_end(marker_end) if begins else window.ends_line(marker_end)
        if line_end < 0:
            return here
        if not line_end:
            return 0
        line = bytes(window.octets[at:line_end])
        if self._open is None:
            self._stray_end(at, line_end, line)
            return window.base + line_end
        if at < body_start(window.octets, self._open.start - window.base):
            return here  # a sender's name may end in anything
        if not self._open.own:
            return self._plain_end(self._open, begins, line, here, line_end)
        return self._own_end(self._open, begins, line, here, line_end)

    def _plain_end(self, record: _Open, begins: bool, line: bytes, here: int, line_end: int) -> int:
        """END marker in a record of the original program."""
        end = self._window.base + line_end
        if line.rstrip(b"\r\n").endswith(END):
            return self._close(record, end)
        if begins and not record.told_end and checksum(line) and not record.first.strip():
            record.told_end = end
        return here

    def _own_end(self, record: _Open, begins: bool, line: bytes, here: int, line_end: int) -> int:
        """END marker in a record that claims to be this project's: one with a checksum ends it, a bare one may."""
        window = self._window
        end = window.base + line_end
        whole = line.endswith(b"\n")
        if begins and checksum(line):
            if whole or not read_frame(window.cut(record.start, end)).fault:
                return self._close(record, end)
            return here
        if not line.rstrip(b"\r\n").endswith(END):
            return here
        record.plain_end = record.plain_end or end
        if not begins or not whole or line.rstrip(b"\r\n") != END:
            return here
        following = bytes(window.octets[line_end : line_end + 2])
        if len(following) < 2 and not window.final:
            return 0
        if following[:1] in (b"\n", b"") or following == b"\r\n" or record.gone:
            return self._close(record, record.plain_end)
        return self._damage(record, end, "its END line is torn")

    def _close(self, record: _Open, end: int) -> int:
        frame = read_frame(self._window.cut(record.start, end))
        if frame.fault and not record.gone:
            return self._damage(record, end, frame.fault)
        mail_id, note = self._give(record.first)
        status = Status.GONE if record.gone else Status.MAIL
        tombstone = record.gone and record.size == 0 and frame.crc is None
        if frame.fault or tombstone:
            self._add(record.start, end, mail_id, status, note)
            return self._leave(end)
        text = f"{frame.sender or NOBODY}\n{frame.date}".encode("utf-8", "surrogateescape")
        flags = status | KNOWN | (0 if frame.crc is None else OWN)
        arrived = microseconds(frame.arrived)
        self._found.append(Row(mail_id, record.start, end, flags, len(frame.body), arrived, text, note))
        return self._leave(end)

    def _add(self, start: int, end: int, mail_id: int, status: Status, note: str) -> None:
        """Note a record that shows no mail."""
        self._found.append(Row(mail_id, start, end, status, 0, NO_MOMENT, b"", note))

    def _damage(self, record: _Open, end: int, why: str, status: Status = Status.DAMAGED) -> int:
        mail_id, note = self._give(record.first)
        status = Status.GONE if record.gone else status
        self._add(record.start, end, mail_id, status, "; ".join(filter(None, (why, note))))
        return self._leave(end)

    def _cut(self, at: int, status: Status) -> None:
        """The record that is open ends at `at` without an END line of its own."""
        record = self._open
        assert record is not None
        if record.gone and record.size == 0:
            self._damage(record, record.head, "")
        elif record.told_end and has_headers(self._window.cut(record.start, at)):
            self._close(record, record.told_end)  # its first line was stripped by hand, its last one was not
        else:
            self._damage(record, at, "it is cut off", status)

    def _leave(self, end: int) -> int:
        self._open = None
        self._stray.leave(end)
        return end

    def _give(self, first: bytes) -> tuple[int, str]:
        """Give the next record its id: the one it claims when that is above all before it."""
        claimed = claimed_id(first)
        note = f"id={claimed} is not above those before it" if 0 < claimed <= self.last_id else ""
        self.last_id = claimed if claimed > self.last_id else self.last_id + 1
        return self.last_id, note

    def _close_stray(self, at: int) -> None:
        """A record begins at `at`: text before it is passed over, unless it looks like a torn record."""
        self._stray.note(self._window, at)
        if self._stray.start is not None and self._stray.is_torn():
            self._add(self._stray.start, at, 0, Status.DAMAGED, "its marker line is torn")
        self._stray.start = None

    def _stray_end(self, at: int, line_end: int, line: bytes) -> None:
        """An END line closes what no marker opened; one with a checksum shows that it was a record of ours."""
        base = self._window.base
        end = base + line_end
        self._stray.note(self._window, end)
        start = self._stray.start if self._stray.start is not None else base + at
        mail_id = self._give(b"")[0] if checksum(line) else 0
        self._add(start, end, mail_id, Status.DAMAGED, "its START line is missing")
        self._stray.leave(end)

    def _trim(self) -> None:
        """Let go of what is settled, and of stray text that was looked at."""
        stray = self._stray
        if self._open is not None:
            keep = self._open.start
        else:
            stray.note(self._window, self._window.end)
            keep = stray.rest if stray.start is None else max(stray.start, self._seen - _KEEP)
        self._window.let_go(keep)
        self._seen = max(self._seen, keep)
