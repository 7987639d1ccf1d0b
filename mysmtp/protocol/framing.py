"""Framing: where one command ends and the next begins. Knows octets and moments; no commands, no sockets.

Theory. My_SMTP is a line protocol, but the program it was first written as ends no command with a newline: it sends
one command, then waits. Its server in turn takes whatever one `recv` returns as one command. To serve both kinds of
client, a connection has a framing:

    undecided --- a command that came with an LF is answered 200 -------------------------------> lines
    undecided --- a rest without LF, 300 ms old, is taken as a command and answered 200 --------> segments
    segments  --- a segment that holds an LF, other than `DATA` LF and message content ---------> lines, for good

While undecided, the clock of a rest starts with its first octet and is not restarted by later ones; a command that is
refused settles nothing, so the next rest is timed anew. In segments, a body that follows `DATA` LF has no end mark: it
ends with a pause (50 ms after an LF, 1 s after anything else) or with a last line that is a lone dot. Whoever drives
this says what moment it is, and calls again when `deadline` has passed without an octet.
"""

import re
from enum import Enum

from mysmtp.protocol.content import PausedContent
from mysmtp.protocol.room import UNLIMITED, Room
from mysmtp.protocol.units import Hopeless, Line, Overlong, Segment, SegmentBody, Skipped, StrictLine, Unit

LINE_LIMIT = 2048  # octets of a command line, its line end not counted
FLOOD_LIMIT = 64 * 1024  # octets of one line after which the connection is closed
SETTLING_TIME = 0.3  # seconds an unterminated rest may wait for its LF

_CONTENT_PIECE = 16 * 1024  # octets of a message taken at a time: what follows it in a pipeline is not copied with it
_BODY_BEGINS = re.compile(rb" *DATA *\r?\n", re.IGNORECASE)
_TLS_HELLO = b"\x16\x03"


class Kind(Enum):
    """The framing of a connection, as far as it is known."""

    UNDECIDED = "undecided"
    LINES = "lines"
    SEGMENTS = "segments"


UNDECIDED, LINES, SEGMENTS = Kind  # an Enum is slow to ask for its members


class Framing:
    """Cuts what comes in into units. Feed it each `recv`, then pull with `next` until it returns None."""

    __slots__ = (
        "_at", "_body", "_body_limit", "_buffer", "_limit", "_line", "_received", "_rest_since", "_room", "_segments",
        "_skipped", "_supplied", "kind",
    )  # fmt: skip

    def __init__(
        self,
        *,
        fixed_to_lines: bool,
        body_limit: int,
        line_limit: int = LINE_LIMIT,
        crlf: bool = False,
        room: Room = UNLIMITED,
    ) -> None:
        self.kind = LINES if fixed_to_lines else UNDECIDED
        self._line = StrictLine if crlf else Line
        self._limit = line_limit
        self._body_limit = body_limit
        self._room = room
        self._buffer = b""
        self._at = 0  # where in the buffer the next line begins
        self._skipped = 0  # octets of an overlong line thrown away so far; 0 is not skipping
        self._received = 0.0  # when the last octets came
        self._rest_since = 0.0  # when the first octet of the unterminated rest came
        self._segments: list[bytes] = []
        self._supplied = False  # whether the last LF of the last `take_content` is ours
        self._body: PausedContent | None = None

    @property
    def deadline(self) -> float | None:
        """The moment at which silence means something, None if it never will."""
        if self._body is not None:
            return self._received + self._body.pause
        if self.kind is UNDECIDED and (self._skipped or self._at < len(self._buffer)):
            return self._rest_since + SETTLING_TIME
        return None

    @property
    def in_body(self) -> bool:
        """Whether a body in segments has begun and not ended."""
        return self._body is not None

    def receive(self, data: bytes, now: float) -> None:
        """Take what one `recv` returned."""
        self._received = now
        if self.kind is SEGMENTS:
            self._segments.append(data)
            return
        if b"\n" in data or (self._at == len(self._buffer) and not self._skipped):
            self._rest_since = now  # what follows an LF came with it: its clock starts here
        self._buffer = self._buffer[self._at :] + data
        self._at = 0

    @property
    def is_at_rest(self) -> bool:
        """Whether lines are read, and all that has come was taken: a whole line need not go through `receive`."""
        return self.kind is LINES and self._at == len(self._buffer) and not self._skipped

    def next(self, now: float) -> Unit | None:
        """Return the next unit, None when more octets, or more silence, are needed."""
        if self.kind is SEGMENTS:
            return self._next_segment(now)
        if self._at == len(self._buffer) and not self._skipped:
            return None
        unit = self._next_plain_line() or self._next_odd_line()
        if unit is None and self.deadline is not None and now >= self.deadline:
            return self._take_rest()
        return unit

    def finish(self) -> Unit | None:
        """Return what the end of input completes: a body or a rest that could still be a segment; else None."""
        if self._body is not None:
            return self._end_body()
        return self._take_rest() if self.kind is UNDECIDED else None

    def settle(self, unit: Unit) -> None:
        """Note that this unit's command was answered 200, which settles the framing."""
        if self.kind is UNDECIDED:
            self.kind = SEGMENTS if isinstance(unit, Segment) else LINES

    @property
    def has_more(self) -> bool:
        """Whether something has come that was not taken yet."""
        return self._at < len(self._buffer) or bool(self._segments)

    @property
    def rest(self) -> bytes:
        """What has come of a line that is not complete, and all behind it, where lines are read."""
        return self._buffer[self._at :]

    def drop(self) -> None:
        """Forget all that has come and was not taken yet."""
        self._buffer, self._at, self._skipped = b"", 0, 0
        self._segments.clear()

    def take_content(self) -> bytes | None:
        """Return all that has come of a message being read (one segment at most, ended by an LF), None if nothing."""
        if self.kind is SEGMENTS:
            if not self._segments:
                return None
            segment = self._segments.pop(0).partition(b"\0")[0]
            self._supplied = not segment.endswith(b"\n")
            return segment + b"\n" if self._supplied else segment
        content = self._buffer[self._at : self._at + _CONTENT_PIECE]
        self._at += len(content)
        return content or None

    def give_back(self, octets: bytes) -> None:
        """Put back the last octets of `take_content`, which came after the message."""
        if not octets:
            return
        if self.kind is SEGMENTS:
            self._segments.insert(0, octets[:-1] if self._supplied else octets)
        else:
            self._at -= len(octets)

    def next_line(self) -> bytes | None:
        """Return the next line with its end if it needs no thought: complete, of a proper length, not a TLS hello.

        None says nothing of what there is otherwise: ask `next`. Not to be called in SEGMENTS.
        """
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", at) + 1
        if not 0 < end <= at + self._limit + 1 or self._skipped or buffer.startswith(_TLS_HELLO, at):
            return None
        self._at = end
        return buffer[at:end]

    def unit_of(self, line: bytes) -> Line:
        """Return what `next` would have for what `next_line` returned."""
        return self._line(line)

    def _next_plain_line(self) -> Line | None:
        line = self.next_line()
        return None if line is None else self._line(line)

    def _next_odd_line(self) -> Unit | None:
        """Return the next unit where it is no plain line: not complete, long or being skipped, not for us."""
        end = self._buffer.find(b"\n", self._at)
        if self._buffer.startswith(_TLS_HELLO, self._at) and not self._skipped:
            return Hopeless(self._take_all())
        if end < 0:
            return self._skip_or_wait()
        line = self._line(self._buffer[self._at : end + 1])
        length = self._skipped + len(line.octets)
        was_skipping, self._skipped = self._skipped > 0, 0
        if was_skipping:
            self._at = end + 1
            return Skipped(line.octets, flood=length > FLOOD_LIMIT)
        if len(line.command) > self._limit:
            if length > FLOOD_LIMIT:  # said once as too long; the next call closes
                self._skipped = self._limit + 1
                self._buffer, self._at = self._buffer[self._at + self._skipped :], 0
                return Overlong(line.octets[: self._skipped])
            self._at = end + 1
            return Overlong(line.octets)
        self._at = end + 1
        return line

    def _skip_or_wait(self) -> Unit | None:
        if self._skipped:
            rest = self._take_all()
            self._skipped += len(rest)
            return Skipped(rest, flood=self._skipped > FLOOD_LIMIT) if rest else None
        rest = self._buffer[self._at :]
        if len(rest.removesuffix(b"\r")) <= self._limit:
            return None
        self._skipped = self._limit + 1
        self._buffer, self._at = rest[self._skipped :], 0
        return Overlong(rest[: self._skipped])

    def _take_rest(self) -> Unit | None:
        rest = self._take_all()
        skipping, self._skipped = self._skipped > 0, 0
        return None if not rest else Skipped(rest) if skipping else Segment(rest)

    def _take_all(self) -> bytes:
        rest, self._buffer, self._at = self._buffer[self._at :], b"", 0
        return rest

    def _next_segment(self, now: float) -> Unit | None:
        if self._body is not None:
            return self._next_body(now)
        if not self._segments:
            return None
        segment = self._segments.pop(0)
        text = segment.partition(b"\0")[0]
        begins = _BODY_BEGINS.match(text)
        if begins:
            self._body = PausedContent(begins[0], self._body_limit, self._room)
            self._body.add(text[begins.end() :])
            return self._next_body(now)
        if b"\n" in text:
            self.kind = LINES
            self._buffer, self._at = segment + b"".join(self._segments), 0
            self._segments.clear()
            return self.next(now)
        return Overlong(segment) if len(text) > self._limit else Segment(segment)

    def _next_body(self, now: float) -> Unit | None:
        body = self._body
        assert body is not None
        while self._segments and not body.complete:
            body.add(self._segments.pop(0).partition(b"\0")[0])
        if body.complete or (not self._segments and now >= self._received + body.pause):
            return self._end_body()
        return None

    def _end_body(self) -> SegmentBody:
        body, self._body = self._body, None
        assert body is not None
        return SegmentBody(body.command, body.take())
