"""Content as SMTP has it: a mail that ends with CR LF . CR LF and nothing else, or after so many octets; an answer.

Works on whole pieces, and any cut of the octets into pieces gives the same (RFC 5321 sections 2.3.8 and 4.5.2, RFC 3030
section 2). A CR or an LF that stands alone never ends anything: what others might take for an end is content here, and
noted, so that a mail with one can be refused after its true end.
"""

from typing import NamedTuple

from mysmtp.message import Body
from mysmtp.protocol.kept import Kept, fits_at_once
from mysmtp.protocol.room import UNLIMITED, Room
from mysmtp.wire import HIDDEN

CANCEL = b"*"  # instead of an answer: the client gives up its login (RFC 4954, section 4)
_END = b"\r\n.\r\n"


class Gathered(NamedTuple):
    """A mail that was read whole: its octets, None if they were too many, or too many for now (`crowded`).

    `bare` tells whether a CR or LF stood alone in it.
    """

    octets: Body | None
    bare: bool
    crowded: bool = False


class Gathering:
    """The octets of one mail as they come, piece by piece, at most `limit` of them, while there is `room`."""

    __slots__ = ("_bare", "_cr", "_kept")

    def __init__(self, limit: int, room: Room = UNLIMITED) -> None:
        self._kept = Kept(limit, room)
        self._bare = False
        self._cr = b""  # a CR at the end of the last piece, whose LF may begin the next

    @property
    def size(self) -> int:
        """How many octets came."""
        return self._kept.size

    @property
    def too_large(self) -> bool:
        """Whether more than `limit` octets came; they are thrown away."""
        return self._kept.too_large

    @property
    def crowded(self) -> bool:
        """Whether no fault of the mail, but want of room for all that came is why it was thrown away."""
        return self._kept.crowded

    def expect(self, octets: int) -> None:
        """Note that so many more octets were announced: where they are too many, none is kept while they come."""
        self._kept.expect(octets)

    def add(self, piece: bytes) -> None:
        """Take one more piece. May wait for the disk."""
        self._kept.add(piece)
        if not self._bare:
            self._look_for_bare(self._cr + piece)

    def take(self) -> Gathered:
        """Return the mail; nothing is added afterwards."""
        body = self._kept.take()
        return Gathered(body, self._bare or bool(self._cr), self.crowded)

    def _look_for_bare(self, piece: bytes) -> None:
        self._cr = b"\r" if piece.endswith(b"\r") else b""
        self._bare = _has_bare(piece.removesuffix(b"\r"))


def _has_bare(octets: bytes) -> bool:
    """Tell whether a CR or an LF stands alone."""
    ends = octets.count(b"\r\n")
    return octets.count(b"\n") != ends or octets.count(b"\r") != ends


class StrictContent:
    """Reads a mail up to CR LF . CR LF, and takes the dots away that were put before lines. Its `body` is Gathered."""

    __slots__ = ("_begun", "_gathering", "_held", "_limit", "_room", "body")

    secret = False
    told = b""

    def __init__(self, limit: int, room: Room = UNLIMITED) -> None:
        self._limit = limit
        self._room = room
        self._gathering: Gathering | None = None
        self._begun = False
        self._held = b"\r\n"  # what may be the beginning of the end; a mail begins as if after one
        self.body = Gathered(None, bare=False)

    def feed(self, data: bytes) -> bytes | None:
        """Take more octets; return None while the mail goes on, else the octets after its end."""
        buffer = self._held + data
        end = buffer.find(_END)
        if end >= 0:
            plain = self._plain(buffer[: end + 2])
            if self._gathering is None and fits_at_once(len(plain), self._limit, self._room):
                self.body = Gathered(plain, _has_bare(plain))
            else:
                self.body = self._gather(plain).take()
            return buffer[end + len(_END) :]
        held = next((n for n in (4, 3, 2, 1) if buffer.endswith(_END[:n])), 0)
        self._gather(self._plain(buffer[: len(buffer) - held]))
        self._held = buffer[len(buffer) - held :]
        return None

    def _plain(self, piece: bytes) -> bytes:
        """Return a piece without the dots that are not its own, and without what it begins as if after."""
        plain = piece.replace(b"\r\n.", b"\r\n")  # no piece ends between a CR LF and the dot after it
        if self._begun or not piece:
            return plain
        self._begun = True
        return plain[2:]

    def _gather(self, piece: bytes) -> Gathering:
        gathering = self._gathering = self._gathering or Gathering(self._limit, self._room)
        if piece:
            gathering.add(piece)
        return gathering


class CountedContent:
    """Reads so many octets, whatever they are, into a Gathering that may go on with the next of these (BDAT)."""

    __slots__ = ("_gathering", "_left")

    secret = False
    told = b""
    body = None

    def __init__(self, gathering: Gathering, size: int) -> None:
        self._gathering = gathering
        self._left = size

    def feed(self, data: bytes) -> bytes | None:
        """Take more octets; return None while some are missing, else those after the last."""
        if data and self._left:
            self._gathering.add(data[: self._left])
        taken = min(self._left, len(data))
        self._left -= taken
        return None if self._left else data[taken:]


class AnswerLine:
    """Reads one line that answers a question of the server's (AUTH, RFC 4954 section 4). Its `body`: the line without

    its CR LF, None if it was longer than `limit`. What it holds is secret, unless it says that there is no answer.
    """

    __slots__ = ("_limit", "_octets", "body", "told")

    secret = True

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._octets = b""
        self.body: bytes | None = None
        self.told = b""  # the line as it may be told, as far as it came

    def feed(self, data: bytes) -> bytes | None:
        """Take more octets; return None while the line goes on, else the octets after it."""
        line, end, rest = data.partition(b"\n")
        octets = self._octets + line
        self._octets = octets[: self._limit + 2]
        if not end:
            self.told = HIDDEN if octets else b""
            return None
        line = self._octets.removesuffix(b"\r")
        self.body = line if len(line) <= self._limit else None
        self.told = (line if line == CANCEL else HIDDEN) + octets[len(octets.rstrip(b"\r")) :] + end
        return rest
