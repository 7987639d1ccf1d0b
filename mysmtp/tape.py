"""Tape: what crossed the wire in one session, both ways, in order, with times, and what the server made of it.

What it holds lies on a `reel` that all sessions share, but for what has no room there any more; `entries` makes it
readable. Bounded: the oldest entries go when there are too many, long messages and replies keep their beginning and
their end. Passwords never come here: whoever writes masks them first. Knows no protocol.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from mysmtp.block import COST, ITEMS, Block, Row, joined
from mysmtp.entry import (
    BODY,
    CLIENT,
    NOTHING,
    PARTED_KEPT,
    PIECE_KEPT,
    SERVER,
    TLS,
    USER_KEPT,
    Cut,
    Entry,
    Login,
    Mail,
    Note,
    Odd,
    kind_of,
    note_of,
)
from mysmtp.reel import SHORT, Reel

_FEW = 16  # blocks, about, that a tape holds: a smaller one takes in what comes next


class Tape:
    """What is recorded of one session. `start` is the moment it began on the clock that all times are taken from.

    `received` and `sent` count octets, `answers` replies, `refused` those that said no, `last_refusal` is the beginning
    of the last of them. `rest` is what has come of a line that is not complete, with its moment; `reading` the verb
    whose content is being read, "" if none; `lost` the number of entries that went to make room; `login` what came of
    the last login. `limit` is the memory, in octets, that all of it may take: half of that on the reel, on average.

    `write` takes an entry as its four items lie on the reel, from who has a short command in hand that came whole.
    """

    __slots__ = (
        "_blocks", "_copies_to_come", "_cut", "_cut_after", "_held", "_lost", "_newest", "_pieces", "_reel", "_room",
        "_rows", "_size", "_start", "_stored", "answers", "began", "ended", "framing", "kept", "last_refusal", "limit",
        "login", "mails", "peer", "pressed", "protocol", "reading", "reason", "received", "refused", "rest", "sent",
        "session", "tls", "write",
    )  # fmt: skip

    def __init__(
        self,
        session: int,
        protocol: str,
        peer: str,
        *,
        began: datetime,
        start: float,
        limit: int = 128 * 1024,
        reel: Reel | None = None,
    ) -> None:
        self.session, self.protocol, self.peer = session, protocol, peer
        self.began = began
        self.ended: float | None = None  # seconds after the beginning
        self.reason = self.framing = self.tls = self.reading = ""
        self.received = self.refused = self.mails = self.sent = self.answers = 0
        self.last_refusal = b""
        self.rest: tuple[float, bytes] | None = None
        self.login: Login | None = None
        self.kept = True
        self.limit = limit // 2
        self._newest = NOTHING  # the newest reply's
        self._start = start
        self._room = PIECE_KEPT  # octets that may still be kept of the message that is read
        self._cut: Cut | None = None  # what is not kept of it
        self._cut_after = 0  # replies that stand before that
        self._pieces: list[int] = []
        self._stored: list[Any] = []  # of each copy that no reply told of yet: mailbox, id, copies of its mail
        self._copies_to_come = 0
        self._blocks: list[Block] = []  # what has no room on the reel any more
        self._size = self._held = 0  # octets of memory that they take, and entries in them
        self.pressed = self._lost = 0  # entries that are on the reel, pressed, and those that went
        self._reel = reel or Reel()
        self._reel.allow(self.limit)
        self._rows = self._reel.rows
        self.write: Callable[[tuple[Tape, float, bytes, str]], None] = self._rows.extend

    # ---- written by the dialog and the recorder

    def begin(self, state: str, framing: str) -> None:
        """The conversation begins, in this state."""
        self._newest, self.framing = Note(after=state), framing

    def heard(self, at: float, octets: bytes, *, masked: bool = False) -> None:
        """The client sent a command, or a segment."""
        self._room, self._cut = PIECE_KEPT, None  # a piece of a message that comes now begins one
        if masked or self.rest is not None or len(octets) > SHORT:
            self._hear_odd(at, octets, masked)
        else:
            self._rows += (self, at, octets, CLIENT)
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
        self._rows += (self, at, octets, Odd(CLIENT, cut, pieces, masked))
        self._reel.due -= len(octets) // SHORT * ITEMS

    def left(self, at: float, octets: bytes) -> None:
        """These octets have come of a line whose end has not."""
        if len(self._pieces) < PARTED_KEPT and (self.rest is None or len(octets) != len(self.rest[1])):
            self._pieces.append(len(octets))
        self.rest = (at, octets)

    def read(self, verb: str) -> None:
        """The content that this verb announced is read from now on; none is, if it is ""."""
        self.reading = verb
        self._room, self._cut = PIECE_KEPT, None

    def body(self, at: float, octets: bytes) -> None:
        """A piece of a message came."""
        kept = octets[: self._room]
        if kept:
            self._room -= len(kept)
            self._rows += (self, at, kept, BODY)
            self._reel.due -= len(kept) // SHORT * ITEMS
        if len(kept) < len(octets):
            self._cut_body(at, octets[len(kept) :])
        if len(self._rows) >= self._reel.due:
            self._reel.press()

    def _cut_body(self, at: float, rest: bytes) -> None:
        """Note what came of a message beyond what is kept of it."""
        if self._cut is not None and self._cut_after == self.answers:
            self._cut.grow(rest)
        else:  # what stands before a reply does not change: whoever looks has read it
            self._cut, self._cut_after = Cut(rest), self.answers
            self._rows += (self, at, b"", Odd(BODY, self._cut))

    def said(self, at: float, octets: bytes | memoryview, note: Note = NOTHING, since: float = 0.0) -> None:
        """The server answered. `since` is the moment at which the mail was handed over that is stored now, or 0."""
        length, rows, reel = len(octets), self._rows, self._reel
        self.answers += 1
        self.sent += length
        self._newest = note
        if since:
            self._tell_of_mail(since)
        if length <= SHORT and type(octets) is bytes:
            rows += (self, at, octets, note)
        else:
            self._say_long(at, octets, note)
        if len(rows) >= reel.due:
            reel.press()

    def _say_long(self, at: float, octets: bytes | memoryview, note: Note) -> None:
        """Note a reply that takes the room of several, has to be cut, or lies in a file, which is not to stay open."""
        if len(octets) <= PIECE_KEPT:
            self._rows += (self, at, bytes(octets), note)
        else:
            rest = memoryview(octets)[PIECE_KEPT:]  # it may be large
            self._rows += (self, at, bytes(octets[:PIECE_KEPT]), Odd(SERVER, Cut(rest), note=note))
        self._reel.due -= min(len(octets), PIECE_KEPT) // SHORT * ITEMS

    def turned_down(self, octets: bytes | memoryview) -> None:
        """The reply that is said next says no."""
        self.refused += 1
        self.last_refusal = bytes(octets[:200])

    def secured(self, at: float, tls: str) -> None:
        """TLS has begun."""
        self.tls = tls
        self._rows += (self, at, tls.encode(), TLS)

    def answered_login(self, user: str, taken: bool) -> None:
        """The client wanted to be this user, and was taken for it or not."""
        self.login = Login(user[:USER_KEPT], taken)

    def stored(self, mailbox: str, mail_id: int, copies: int) -> None:
        """A mail of this session is durable in a mailbox, one of so many that it went to; each is told in turn."""
        self._stored += (mailbox, mail_id, copies)
        if self._copies_to_come:
            self._copies_to_come -= 1
            return
        self.mails += 1
        if copies > 1:
            self._copies_to_come = copies - 1

    def _tell_of_mail(self, since: float) -> None:
        """Note that the reply that comes next tells of the oldest mail that no reply has told of yet."""
        stored, told, place = self._stored, self._reel.told, len(self._rows) // ITEMS
        if len(stored) == 3:  # what most mails are
            told += (place, since, stored[0], stored[1])
            stored.clear()
            return
        for _ in range(stored[2] if stored else 0):
            told += (place, since, stored[0], stored[1])
            del stored[:3]

    def close(self, at: float, reason: str) -> None:
        """The connection is closed; `reason` says by whom and why."""
        if self.rest is not None:
            self.heard(*self.rest)
        self.ended = at - self._start
        self.reason = reason

    def forget(self) -> None:
        """Nobody will read it any more: what it has on the reel makes room."""
        self.kept = False
        self._reel.allow(-self.limit)

    # ---- asked by the reel

    def lose(self, count: int, average: float) -> bool:
        """Note that so many entries, the oldest on the reel, have no room there; tell whether this tape holds them.

        It does unless there is much on the reel that is newer.
        """
        self.pressed -= count
        if self.pressed * average * 2 < self.limit:
            return True
        self._lost += self._held + count
        self._blocks.clear()
        self._size = self._held = 0
        return False

    def hold(self, block: Block) -> None:
        """Hold these entries, as many of the newest as there is room for."""
        own = block.newest(self.limit)
        self._held += len(block.kinds)
        self._let_go(len(block.kinds) - len(own.kinds))
        self._size += own.size
        if self._blocks and self._blocks[-1].size * _FEW < self.limit:  # each takes memory besides what it holds
            own = joined(self._blocks.pop(), own)
        self._blocks.append(own)
        while self._size > self.limit and len(self._blocks) > 1:
            oldest = self._blocks.pop(0)
            self._size -= oldest.size
            self._let_go(len(oldest.kinds))

    def _let_go(self, count: int) -> None:
        self._held -= count
        self._lost += count

    # ---- read by whoever looks

    @property
    def state(self) -> str:
        """The state of the session since the last reply."""
        return self._newest.after

    @property
    def lost(self) -> int:
        """The number of entries that went to make room."""
        return self._lost

    @property
    def last(self) -> int:
        """The number of the newest entry, 0 if there is none."""
        lost, blocks = self._look()
        return lost + sum(block.counts.get(self, 0) for block in blocks)

    @property
    def size(self) -> int:
        """Octets of memory that it takes, about."""
        return sum(COST + len(octets) for _, octets, _ in self._all())

    @property
    def version(self) -> tuple[int, int, bool]:
        """What differs whenever there is something new to see."""
        return self.last, self.received, self.ended is not None

    def mentions(self, text: str) -> bool:
        """Return whether the peer's address, its user, or anything it sent, holds this text, whatever its case."""
        if text.lower() in self.peer.lower() or (self.login and text.lower() in self.login.user.lower()):
            return True
        wanted = text.lower().encode("utf-8", "surrogateescape")
        return any(wanted in octets.lower() for _, octets, what in self._all() if kind_of(what) is not SERVER)

    def since(self, at: float) -> float:
        """Return a moment of the clock as seconds since the session began."""
        return at - self._start

    def entries(self, first: int = 1) -> Sequence[Entry]:
        """Return what is kept, from the entry of this number on."""
        lost, blocks = self._look()
        return list(self._read(blocks, lost, first))

    def _look(self) -> tuple[int, tuple[Block, ...]]:
        """Return how many entries are lost, and the blocks that hold the others: both of one moment."""
        with self._reel.lock:
            return self._lost, (*self._blocks, *self._reel.look())

    def _all(self) -> Iterator[Row]:
        return chain.from_iterable(block.of(self) for block in self._look()[1] if self in block.counts)

    def _read(self, blocks: tuple[Block, ...], before: int, first: int) -> Iterator[Entry]:
        """Give the entries in blocks, from the number `first` on; so many were `before` them."""
        for block in blocks:
            count = block.counts.get(self, 0)
            if count and before + count >= first:
                yield from self._read_block(block, before, first)
            before += count

    def _read_block(self, block: Block, before: int, first: int) -> Iterator[Entry]:
        told = self._mails_told(block)
        for place, (at, octets, what) in enumerate(block.of(self)):
            number = before + place + 1
            if number < first:
                continue
            odd = what if isinstance(what, Odd) else Odd(kind_of(what), note=note_of(what))
            length, tail = (odd.cut.length, odd.cut.tail) if odd.cut else (0, b"")
            since, mails = told.get(place, (at, ()))
            yield Entry(
                number, odd.kind, at - self._start, octets, length, tail, odd.pieces, odd.masked,
                *odd.note, mails, at - since,
            )  # fmt: skip

    def _mails_told(self, block: Block) -> dict[int, tuple[float, tuple[Mail, ...]]]:
        """Return the mails that replies tell of, and since when they waited, by the places of those replies."""
        found: dict[int, tuple[float, tuple[Mail, ...]]] = {}
        for place, since, mailbox, mail_id in block.told_of(self):
            mails = found.get(place, (since, ()))[1]
            found[place] = since, (*mails, Mail(mailbox, mail_id))
        return found
