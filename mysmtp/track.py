"""Track: what one session writes on the reel, both ways, row by row; and what of it has no room there any more.

The hot half of a `tape`: it is written whenever a line is said, whether anybody looks or not. Long messages and replies
keep their beginning and their end. Knows no protocol.
"""

from mysmtp.block import ITEMS, Block
from mysmtp.entry import (
    BODY,
    CLIENT,
    NOTHING,
    PARTED_KEPT,
    PIECE_KEPT,
    TLS,
    Cut,
    Note,
    Odd,
    Stored,
    Thanks,
    reply_of,
)
from mysmtp.reel import SHORT, Reel
from mysmtp.stash import Stash

_COPY = 4 * ITEMS  # rows, in items of them, that what is known of a copy of a mail takes the room of
_REFUSAL = 8 * ITEMS  # and what is known of a refusal: its note, its fault, a remark


class Track:
    """The rows of one session. `rest` is what has come of a line that is not complete: its moment, it, if it is masked.

    `refused` counts the replies that said no, `last_refusal` is the beginning of the last of them. `stored` are copies
    of mails that no reply told of yet. `limit` is the memory, in octets, that all of it may take: half of that on the
    reel, on average.

    A command that is answered at once is one row on the reel with its reply, and of one moment. Who has one in hand and
    does not know its reply yet sets `asked_at` and `asked`, then does it.
    """

    __slots__ = (
        "_cut", "_exchanges", "_gone", "_heard", "_pieces", "_reel", "_rows", "_said", "_stash", "_told_of", "asked",
        "asked_at", "kept", "last_refusal", "limit", "pressed", "refused", "rest", "room", "stored",
    )  # fmt: skip

    def __init__(self, limit: int, reel: Reel) -> None:
        self.rest: tuple[float, bytes, bool] | None = None
        self.stored: list[Stored] = []
        self.refused = 0
        self.last_refusal = b""
        self.kept = True
        self.limit = limit // 2
        self.room = PIECE_KEPT  # octets that may still be kept of the message that is read
        self.asked: bytes | None = None
        self.asked_at = 0.0
        self._cut: Cut | None = None  # what is not kept of the message
        self._pieces: list[int] = []
        self._told_of = 0  # mails that replies told of
        self._exchanges = self._heard = self._said = 0  # rows: a command with its reply, what came, what was said
        self.pressed = 0  # entries that are in blocks of the reel, or were
        self._gone = 0  # those that are not there any more
        self._stash = Stash(self, self.limit)
        self._reel = reel
        self._reel.allow(self.limit)
        self._rows = reel.rows

    def heard(self, at: float, octets: bytes, *, masked: bool = False) -> None:
        """The client sent a command, or a segment."""
        self.room = PIECE_KEPT  # a piece of a message that comes now begins one
        if masked or self.rest is not None or len(octets) > PIECE_KEPT:
            self._hear_odd(at, octets, masked)
        else:
            self._rows += (self, at, octets, b"", CLIENT)
        self._heard += 1
        self._reel.due -= min(len(octets), PIECE_KEPT) // SHORT * ITEMS
        if len(self._rows) >= self._reel.due:
            self._reel.press()

    def _hear_odd(self, at: float, octets: bytes, masked: bool) -> None:
        """Note a command that is long, holds a secret, or came in pieces."""
        parted = () if masked or self.rest is None else self._pieces
        pieces = tuple(place for place in parted if place < len(octets))  # all that came is no place it was parted at
        self._pieces.clear()
        self.rest = None
        cut = None
        if len(octets) > PIECE_KEPT:
            octets, cut = octets[:PIECE_KEPT], Cut(octets[PIECE_KEPT:])
        self._rows += (self, at, octets, b"", Odd(CLIENT, cut, pieces, masked))

    def left(self, at: float, octets: bytes, *, masked: bool = False) -> None:
        """These octets have come of a line whose end has not."""
        if len(self._pieces) < PARTED_KEPT and (self.rest is None or len(octets) != len(self.rest[1])):
            self._pieces.append(len(octets))
        self.rest = (at, octets, masked)

    def body(self, at: float, octets: bytes, kind: str = BODY) -> None:
        """A piece of a message came. Whoever begins to read one sets `room` to PIECE_KEPT.

        So did more of a command that was too long, where its `kind` is SKIPPED.
        """
        length = len(octets)
        if length > self.room:
            self._cut_body(at, octets, kind)
            return
        self.room -= length
        self._heard += 1
        rows, reel = self._rows, self._reel
        rows += (self, at, octets, b"", kind)
        reel.due -= length // SHORT * ITEMS
        if len(rows) >= reel.due:
            reel.press()

    def _cut_body(self, at: float, octets: bytes, kind: str) -> None:
        """Note a piece of a message that cannot be kept whole."""
        if self.room > 0:
            octets, kept = octets[self.room :], octets[: self.room]
            self.body(at, kept, kind)
        if self.room == 0:
            self.room, self._cut = -1, None  # it is cut from here on
        if self._cut is not None:
            self._cut.grow(octets)
        else:
            self._cut = Cut(octets)
            self._heard += 1
            self._rows += (self, at, b"", b"", Odd(kind, self._cut))
        if len(self._rows) >= self._reel.due:
            self._reel.press()

    def answered(self, octets: bytes | memoryview, note: Note) -> None:
        """The server answered what it was `asked`."""
        asked, self.asked = self.asked, None
        assert asked is not None
        self._reel.due -= len(octets) // SHORT * ITEMS
        self.exchanged(self.asked_at, asked, octets, note)

    def exchanged(self, at: float, came: bytes, said: bytes | memoryview, note: Note) -> None:
        """The client sent a short command that came whole, which the server answered at once. Both are one row."""
        rows = self._rows
        rows += (self, at, came, said, note)
        self._exchanges += 1
        if len(rows) >= self._reel.due:
            self._reel.press()

    def said(self, at: float, octets: bytes | memoryview, note: Note = NOTHING, since: float = 0.0) -> None:
        """The server answered. `since` is the moment at which the mail was handed over that is stored now, or 0."""
        rows, reel = self._rows, self._reel
        what = self._thanks(note, since) if since and self.stored else note
        self._said += 1
        self._cut = None  # what stands before a reply does not change: whoever looks has read it
        if len(octets) <= SHORT and type(octets) is bytes:
            rows += (self, at, b"", octets, what)
        else:
            self._say_long(at, octets, what)
        if len(rows) >= reel.due:
            reel.press()

    def _say_long(self, at: float, octets: bytes | memoryview, what: Note | Thanks) -> None:
        """Note a reply that takes the room of several, has to be cut, or lies in a file, which is not to stay open."""
        if len(octets) <= PIECE_KEPT:
            self._rows += (self, at, b"", bytes(octets), what)
        else:
            rest = memoryview(octets)[PIECE_KEPT:]  # it may be large
            self._rows += (self, at, b"", bytes(octets[:PIECE_KEPT]), reply_of(what, Cut(rest)))
        self._reel.due -= min(len(octets), PIECE_KEPT) // SHORT * ITEMS

    def _thanks(self, note: Note, since: float) -> Thanks:
        """Return what the reply to the oldest mail is about that no reply has told of yet."""
        stored = self.stored
        count = stored[0].copies
        if count == len(stored):
            self.stored = []
        else:
            stored, self.stored = stored[:count], stored[count:]
        self._told_of += 1
        self._reel.due -= count * _COPY
        return note, since, stored

    def turned_down(self, octets: bytes | memoryview) -> None:
        """The reply that is said next says no: there is more to know of it than of others."""
        self.refused += 1
        self.last_refusal = bytes(octets[:200])
        self._reel.due -= _REFUSAL

    def secured(self, at: float, tls: str) -> None:
        """TLS has begun."""
        self._heard += 1
        self._rows += (self, at, tls.encode(), b"", TLS)

    def end(self) -> None:
        """Nothing will be written any more: note what is not noted yet."""
        if self.asked is not None:  # it was broken off in the middle of it
            asked, self.asked = self.asked, None
            self.heard(self.asked_at, asked)
        if self.rest is not None:
            at, octets, masked = self.rest
            self.heard(at, octets, masked=masked)

    def forget(self) -> None:
        """Nobody will read it any more: what it has on the reel makes room."""
        self.kept = False
        self._reel.leave(self.limit)
        with self._reel.lock:
            self._stash.drop(0)

    @property
    def answers(self) -> int:
        """How many replies were said."""
        return self._exchanges + self._said

    @property
    def mails(self) -> int:
        """How many mails of this session are durable."""
        stored, mails, place = self.stored.copy(), self._told_of, 0
        while place < len(stored):
            place, mails = place + stored[place].copies, mails + 1
        return mails

    # ---- asked by the reel

    @property
    def written(self) -> int:
        """How many entries were written so far."""
        return 2 * self._exchanges + self._heard + self._said

    def lose(self, count: int, average: float) -> bool:
        """Note that so many entries, the oldest on the reel, have no room there; tell whether this session holds them.

        It does unless there is much on the reel that is newer.
        """
        self._gone += count
        if (self.pressed - self._gone) * average * 2 < self.limit:
            return True
        self._stash.drop(count)
        return False

    def hold(self, block: Block) -> None:
        """Hold these entries, as many of the newest as there is room for."""
        self._stash.put(block)
