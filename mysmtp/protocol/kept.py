"""What is kept of one mail while it comes in: its octets in memory, those of a large one in a spool."""

from mysmtp.contracts import Spool
from mysmtp.errors import StoreFailed
from mysmtp.message import Body
from mysmtp.protocol.room import Room, Share

SPOOLED_FROM = 1 << 20  # octets of a mail that are held in memory before it goes to a spool
_STEP = 256 << 10  # octets that go to it at once


def fits_at_once(size: int, limit: int, room: Room) -> bool:
    """Tell whether a mail that came whole in one piece needs none of this: it may go on as it is."""
    return size <= limit and size <= room.free and size < _STEP


class Kept:
    """The octets of one mail as they come: at most `limit`, while there is `room`; past either they are thrown away.

    `size` counts all that came.
    """

    __slots__ = ("_full", "_held", "_limit", "_most", "_room", "_share", "_spool", "size")

    def __init__(self, limit: int, room: Room) -> None:
        self.size = 0
        self._limit = limit
        self._room = room
        self._share = Share(room)
        self._most = SPOOLED_FROM
        self._full = False  # whether there was no room at some time
        self._held: bytes | bytearray = b""
        self._spool: Spool | None = None

    @property
    def too_large(self) -> bool:
        """Whether more than `limit` octets came."""
        return self.size > self._limit

    @property
    def crowded(self) -> bool:
        """Whether no fault of the mail, but want of room is why it was thrown away."""
        return self._full and not self.too_large

    def add(self, piece: bytes) -> None:
        """Take one more piece. May wait for the disk."""
        self.size += len(piece)
        if self.size > self._limit or self._full or not self._share.take(len(piece)):
            self._full = self._full or self.size <= self._limit
            self.let_go()
            return
        if not self._held:
            self._held = piece
        elif isinstance(self._held, bytes):
            self._held = bytearray(self._held)
            self._held += piece
        else:
            self._held += piece
        if len(self._held) >= self._most or self._room.memory < 0:
            self._spool_out()

    def expect(self, octets: int) -> None:
        """Note that so many more octets were announced: where they are too many, none is kept while they come."""
        if self.size + octets > self._limit:
            self._limit = -1
            self.let_go()
        elif not self._share.has_room(octets):
            self._full = True
            self.let_go()

    def take(self, shorten: int = 0) -> Body | None:
        """Return the mail without its last octets, None if it was thrown away. Nothing is added afterwards."""
        if self._spool is not None and self._held:
            self._spool_out()
        spool, held = self._spool, self._held
        thrown_away = self.too_large or self._full
        self.let_go()
        if thrown_away:
            return None
        if spool is None:
            return bytes(held[: len(held) - shorten]) if shorten else bytes(held)
        spool.shorten(shorten)
        return spool

    def let_go(self) -> None:
        """Have nothing of the room any more, and nothing of the mail."""
        self._held, self._spool = b"", None
        self._share.give_back()

    def _spool_out(self) -> None:
        """Move what is in memory to a spool, if there is one; a disk that does not take it is a want of room."""
        if self._room.spool is None:
            return
        try:
            if self._spool is None:
                self._spool = self._room.spool()
                self._most = _STEP
            self._spool.add(self._held)
        except StoreFailed:
            self._full = True
            self.let_go()
            return
        self._held = b""
        self._share.spooled()
