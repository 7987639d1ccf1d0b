"""Where records begin and end in a mailbox file: octets in, in any cuts, records out, in one pass.

Pure. Jumps from one possible marker to the next, so time grows with the octets, not with the lines. What is wrong with
a record is told, never raised. `resume` tells where a later look at a file that grew can start. Records that are just
as this project writes them are read by `plain`, to the same result in a tenth of the time.
"""

import re
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
from mysmtp.store.textformat import CORE, END, GONE, START

__all__ = ["Record", "Scanner", "Status"]

_BLANK_LINES = re.compile(rb"(?:[ \t\r]*\n)*")
_INK = re.compile(rb"[^ \t\r\n]")
_TORN = (b"===S", b"===E", b"===G")
_KEEP = 64  # octets of stray text kept before the search: a marker that is cut in two, and its line's start
_LF = 0x0A


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
        self._buf = bytearray()
        self._base = offset
        self._seen = offset  # the next search starts here
        self._rest = offset  # nothing before this is waited for, outside of records
        self._stray: int | None = None  # where text outside of records began
        self._stray_head = b""
        self._open: _Open | None = None
        self._found: list[Row] = []
        self._final = False
        self._line_start = True  # whether the buffer begins where a line does

    @property
    def resume(self) -> int:
        """Where a new scanner can start, with this one's `last_id`, when the file has grown."""
        if self._open is not None:
            return self._open.start
        return self._rest if self._stray is None else self._stray

    def feed(self, chunk: bytes) -> list[Row]:
        """Take the next octets of the file."""
        self._buf += chunk
        self._search()
        self._trim()
        return self._take()

    def end(self) -> list[Row]:
        """Tell what the file's end means: records that are whole but for a newline, or unfinished."""
        self._final = True
        self._search()
        size = self._base + len(self._buf)
        if self._open is not None:
            self._cut(size, Status.UNFINISHED)
        self._note_stray(size)
        if self._stray is not None and self._torn():
            self._add(self._stray, size, 0, Status.UNFINISHED, "a marker line is cut off")
        return self._take()

    def _take(self) -> list[Row]:
        found, self._found = self._found, []
        return found

    def _search(self) -> None:
        while True:
            if self._open is None and self._stray is None and not self._carefully:
                self._take_plain()
            hit = self._buf.find(CORE, self._seen - self._base)
            if hit < 0:
                self._seen = max(self._seen, self._base + len(self._buf) - len(CORE) + 1)
                return
            after = self._marker(hit)
            if not after:  # what decides has not come yet
                self._seen = self._base + hit
                return
            self._seen = after

    def _take_plain(self) -> None:
        """Take the records that lie here just as this project writes them."""
        at, self.last_id = plain.read_rows(self._buf, self._rest - self._base, self._base, self.last_id, self._found)
        if at > self._rest - self._base:
            self._rest = self._seen = self._base + at

    def _marker(self, hit: int) -> int:
        """Deal with what may be a marker; return where to search on, 0 to wait for more."""
        buf = self._buf
        after = self._base + hit + len(CORE)
        if hit >= 6 and buf[hit - 6 : hit] == b"===END":
            return self._end_marker(hit - 6, hit + len(CORE))
        kind = bytes(buf[hit - 8 : hit]) if hit >= 8 else b""
        if kind not in (b"===START", b"===GONE_") or not self._begins_line(hit - 8):
            return after
        line_end = self._line_end(hit)
        return self._first_line(hit - 8, line_end, kind == b"===GONE_") if line_end else 0

    def _begins_line(self, at: int) -> bool:
        return self._buf[at - 1] == _LF if at else self._line_start

    def _line_end(self, at: int) -> int:
        """Return the place after the line's newline, 0 when it has not come."""
        return self._buf.find(b"\n", at) + 1 or (len(self._buf) if self._final else 0)

    def _first_line(self, at: int, line_end: int, gone: bool) -> int:
        start, head = self._base + at, self._base + line_end
        first = bytes(self._buf[at + len(START) : line_end])
        size = claimed_size(first)
        own = size is not None
        if not own:
            following = bytes(self._buf[line_end : line_end + LONGEST])
            if not self._final and len(following) < LONGEST and b"\n" not in following:
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
        here = self._base + marker_end
        begins = self._begins_line(at)
        if begins:
            line_end = self._line_end(marker_end)
        else:
            line_end = self._ends_line(marker_end)
            if line_end < 0:
                return here
        if not line_end:
            return 0
        line = bytes(self._buf[at:line_end])
        if self._open is None:
            self._stray_end(at, line_end, line)
            return self._base + line_end
        if self._base + at < self._base + body_start(self._buf, self._open.start - self._base):
            return here  # a sender's name may end in anything
        if not self._open.own:
            return self._plain_end(self._open, begins, line, here, line_end)
        return self._own_end(self._open, begins, line, here, line_end)

    def _ends_line(self, marker_end: int) -> int:
        """Return the place after the line when nothing but its end follows the marker, -1 if not, 0 to wait."""
        after = bytes(self._buf[marker_end : marker_end + 2])
        if after.startswith(b"\n"):
            return marker_end + 1
        if after == b"\r\n":
            return marker_end + 2
        if after in (b"", b"\r"):
            return len(self._buf) if self._final else 0
        return -1

    def _plain_end(self, record: _Open, begins: bool, line: bytes, here: int, line_end: int) -> int:
        """END marker in a record of the original program."""
        end = self._base + line_end
        if line.rstrip(b"\r\n").endswith(END):
            return self._close(record, end)
        if begins and not record.told_end and checksum(line) and not record.first.strip():
            record.told_end = end
        return here

    def _own_end(self, record: _Open, begins: bool, line: bytes, here: int, line_end: int) -> int:
        """END marker in a record that claims to be this project's: one with a checksum ends it, a bare one may."""
        end = self._base + line_end
        whole = line.endswith(b"\n")
        if begins and checksum(line):
            if whole or not read_frame(bytes(self._buf[record.start - self._base : line_end])).fault:
                return self._close(record, end)
            return here
        if not line.rstrip(b"\r\n").endswith(END):
            return here
        record.plain_end = record.plain_end or end
        if not begins or not whole or line.rstrip(b"\r\n") != END:
            return here
        following = bytes(self._buf[line_end : line_end + 2])
        if len(following) < 2 and not self._final:
            return 0
        if following[:1] in (b"\n", b"") or following == b"\r\n" or record.gone:
            return self._close(record, record.plain_end)
        return self._damage(record, end, "its END line is torn")

    def _close(self, record: _Open, end: int) -> int:
        frame = read_frame(bytes(self._buf[record.start - self._base : end - self._base]))
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
        elif record.told_end and has_headers(bytes(self._buf[record.start - self._base : at - self._base])):
            self._close(record, record.told_end)  # its first line was stripped by hand, its last one was not
        else:
            self._damage(record, at, "it is cut off", status)

    def _leave(self, end: int) -> int:
        self._open = None
        self._rest = end
        return end

    def _give(self, first: bytes) -> tuple[int, str]:
        """Give the next record its id: the one it claims when that is above all before it."""
        claimed = claimed_id(first)
        note = f"id={claimed} is not above those before it" if 0 < claimed <= self.last_id else ""
        self.last_id = claimed if claimed > self.last_id else self.last_id + 1
        return self.last_id, note

    def _note_stray(self, until: int) -> None:
        """Notice text outside of records before `until`."""
        if self._open is not None:
            return
        at = until - self._base
        if self._stray is not None and self._stray >= until:
            self._stray = None  # what seemed text was a marker that had not come whole
        if self._stray is None:
            blank = _BLANK_LINES.match(self._buf, self._rest - self._base, at)
            self._rest = self._base + blank.end() if blank else self._rest
            if _INK.search(self._buf, self._rest - self._base, at):
                self._stray = self._rest
                self._stray_head = b""
        if self._stray is not None and self._stray >= self._base and len(self._stray_head) < len(START):
            self._stray_head = bytes(self._buf[self._stray - self._base : min(self._stray - self._base + 17, at)])

    def _torn(self) -> bool:
        line = self._stray_head.split(b"\n", 1)[0]
        return line.startswith((*_TORN, b"\0")) or any(marker.startswith(line) for marker in (START, END, GONE))

    def _close_stray(self, at: int) -> None:
        """A record begins at `at`: text before it is passed over, unless it looks like a torn record."""
        self._note_stray(at)
        if self._stray is not None and self._torn():
            self._add(self._stray, at, 0, Status.DAMAGED, "its marker line is torn")
        self._stray = None

    def _stray_end(self, at: int, line_end: int, line: bytes) -> None:
        """An END line closes what no marker opened; one with a checksum shows that it was a record of ours."""
        end = self._base + line_end
        self._note_stray(end)
        start = self._stray if self._stray is not None else self._base + at
        mail_id = self._give(b"")[0] if checksum(line) else 0
        self._add(start, end, mail_id, Status.DAMAGED, "its START line is missing")
        self._stray = None
        self._rest = end

    def _trim(self) -> None:
        """Let go of what is settled, and of stray text that was looked at."""
        if self._open is None:
            self._note_stray(self._base + len(self._buf))
        keep = self._rest if self._stray is None else max(self._stray, self._seen - _KEEP)
        if self._open is not None:
            keep = self._open.start
        drop = keep - self._base
        if drop > 0:
            self._line_start = self._buf[drop - 1] == _LF
            del self._buf[:drop]
            self._base = keep
            self._seen = max(self._seen, keep)
