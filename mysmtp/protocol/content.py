"""A message while it comes in, in either framing: where it ends, which dots are not its own, whether it is too large.

Works on whole pieces, not line by line, so that a message of a million short lines costs no more than any other. Any
cut of the octets into pieces gives the same message (docs/protocol.md, DATA; RFC 5321 section 4.5.2).
"""

import re

from mysmtp.message import Body
from mysmtp.protocol.kept import Kept, fits_at_once
from mysmtp.protocol.room import NO_ROOM, UNLIMITED, NoRoom, Room

_LONGEST_END = b"\n.\r\n"
_DOT_AT_LINE_START = re.compile(rb"\n\.")  # a pattern finds this twice as fast as bytes.find
_END = re.compile(rb"\n\.\r?\n")
PAUSE_AFTER_LF = 0.05  # seconds of silence that end a message in segments
PAUSE_IN_LINE = 1.0  # the same when its last octet is no LF


def _whole(kept: Kept, shorten: int = 0) -> Body | NoRoom | None:
    """Return what was kept, without its last octets; None if it was too large, NO_ROOM if there was none."""
    body = kept.take(shorten)
    return NO_ROOM if body is None and not kept.too_large else body


class DottedContent:
    """Collects one message. `feed` until it returns what follows the message; then `body` holds the message.

    Lines end with LF; a lone dot, with LF or CR LF after it, ends the message. Past `limit` octets `body` is None,
    and NO_ROOM where the `room` for all messages did not last.
    """

    __slots__ = ("_begun", "_held", "_kept", "_limit", "_room", "body")

    secret = False
    told = b""

    def __init__(self, limit: int, room: Room = UNLIMITED) -> None:
        self._limit = limit
        self._room = room
        self._kept: Kept | None = None
        self._held = b"\n"  # what may be the beginning of the end; the message begins as if after an LF
        self._begun = False
        self.body: Body | NoRoom | None = None

    def feed(self, data: bytes) -> bytes | None:
        """Take more octets; return None while the message goes on, else the octets after its end."""
        buffer = self._held + data
        dot = _DOT_AT_LINE_START.search(buffer)
        end = _END.search(buffer, dot.start()) if dot else None
        if dot and end:
            plain = self._plain(buffer[: end.start() + 1], stuffed=end.start() != dot.start())
            if self._kept is None and fits_at_once(len(plain), self._limit, self._room):
                self.body = plain
            else:
                self.body = _whole(self._keep(plain))
            return buffer[end.end() :]
        held = _length_of_possible_end(buffer)
        self._keep(self._plain(buffer[: len(buffer) - held], stuffed=dot is not None))
        self._held = buffer[len(buffer) - held :]
        return None

    def _plain(self, piece: bytes, stuffed: bool) -> bytes:
        """Return a piece without the dots that are not its own, and without the LF that it begins as if after."""
        plain = piece.replace(b"\n.", b"\n") if stuffed else piece  # no piece ends between an LF and the dot after it
        if self._begun or not piece:
            return plain
        self._begun = True
        return plain[1:]

    def _keep(self, piece: bytes) -> Kept:
        kept = self._kept = self._kept or Kept(self._limit, self._room)
        if piece:
            kept.add(piece)
        return kept


def _length_of_possible_end(buffer: bytes) -> int:
    """Return how many of the last octets could be the beginning of an end."""
    return next((n for n in (3, 2, 1) if buffer.endswith(_LONGEST_END[:n])), 0)


class Given:
    """A message that is there already: what follows its command on the line."""

    __slots__ = ("body",)

    secret = False
    told = b""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def feed(self, data: bytes) -> bytes:
        return data


class PausedContent:
    """Collects a message that follows `DATA` LF in the segments framing, which has no mark for its end.

    It ends with a pause (`pause` seconds of silence) or with a last line that is a lone dot; other dots are left alone.
    """

    def __init__(self, command: bytes, limit: int, room: Room = UNLIMITED) -> None:
        self.command = command
        self._limit = limit
        self._kept = Kept(limit + len(_LONGEST_END), room)
        self._tail = b"\n"  # the last octets, enough to see a lone dot; the body begins a line

    def add(self, piece: bytes) -> None:
        """Take what one `recv` brought."""
        self._tail = (self._tail + piece)[-4:]
        self._kept.add(piece)

    @property
    def complete(self) -> bool:
        """Whether its last line is a lone dot."""
        return self._tail.endswith((b"\n.\n", b"\n.\r\n"))

    @property
    def pause(self) -> float:
        """The seconds of silence that end it now."""
        return PAUSE_AFTER_LF if self._tail.endswith(b"\n") else PAUSE_IN_LINE

    def take(self) -> Body | NoRoom | None:
        """Return the message without a lone dot at its end; None or NO_ROOM as `DottedContent` does."""
        lone_dot = next((end for end in (b"\n.\n", b"\n.\r\n", b"\n.") if self._tail.endswith(end)), b"\n")
        body = _whole(self._kept, len(lone_dot) - 1)
        return None if body is None or (not isinstance(body, NoRoom) and len(body) > self._limit) else body
