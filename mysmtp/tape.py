"""Tape: what crossed the wire in one session, both ways, in order, with times, and what the server made of it.

What it holds lies on a `reel` that all sessions share, but for what has no room there any more; `entries` makes it
readable. Bounded: the oldest entries go when there are too many. Passwords never come here: whoever writes masks them
first. Knows no protocol.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple, Protocol

from mysmtp.block import COST, Block, Row
from mysmtp.entry import USER_KEPT, Entry, Login, parts_of
from mysmtp.reel import Reel
from mysmtp.text import decode
from mysmtp.track import Track


class Conversation(Protocol):
    """What a session is at: its state, its framing, the verb whose content is being read ("" if none), its octets."""

    @property
    def state(self) -> str: ...

    @property
    def framing(self) -> str: ...

    @property
    def reading(self) -> str: ...

    @property
    def received(self) -> int: ...

    @property
    def sent(self) -> int: ...


class Standing(NamedTuple):
    """A conversation that does not go on."""

    state: str = ""
    framing: str = ""
    reading: str = ""
    received: int = 0
    sent: int = 0


class Tape(Track):
    """What is recorded of one session. `start` is the moment it began on the clock that all times are taken from.

    `login` is what came of the last login. What the session is at, the `Conversation` tells.
    """

    __slots__ = (
        "_conversation", "_start", "began", "ended", "login", "peer", "protocol", "reason", "session", "tls",
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
        super().__init__(limit, reel or Reel())
        self.session, self.protocol, self.peer = session, protocol, peer
        self.began = began
        self.ended: float | None = None  # seconds after the beginning
        self.reason = self.tls = ""
        self.login: Login | None = None
        self._conversation: Conversation = Standing()
        self._start = start

    def begin(self, conversation: Conversation) -> None:
        """The conversation begins."""
        self._conversation = conversation

    def secured(self, at: float, tls: str) -> None:
        """TLS has begun."""
        self.tls = tls
        super().secured(at, tls)

    def answered_login(self, user: str, taken: bool) -> None:
        """The client wanted to be this user, and was taken for it or not."""
        self.login = Login(user[:USER_KEPT], taken)

    def close(self, at: float, reason: str) -> None:
        """The connection is closed; `reason` says by whom and why."""
        self.end()
        last = self._conversation
        self._conversation = Standing(last.state, last.framing, last.reading, last.received, last.sent)
        self.ended = at - self._start
        self.reason = reason

    # ---- read by whoever looks

    @property
    def state(self) -> str:
        """The state that the session is in, or was in at its end."""
        return self._conversation.state

    @property
    def framing(self) -> str:
        """`undecided`, `lines` or `segments`."""
        return self._conversation.framing

    @property
    def reading(self) -> str:
        """The verb whose content is being read, "" if none."""
        return self._conversation.reading

    @property
    def received(self) -> int:
        """How many octets came."""
        return self._conversation.received

    @property
    def sent(self) -> int:
        """How many octets were said."""
        return self._conversation.sent

    @property
    def lost(self) -> int:
        """The number of entries that went to make room."""
        return self._stash.lost

    @property
    def last(self) -> int:
        """The number of the newest entry, 0 if there is none."""
        lost, blocks = self._look()
        return lost + sum(block.counts.get(self, 0) for block in blocks)

    @property
    def size(self) -> int:
        """Octets of memory that it takes, about."""
        return sum(COST + len(came) + len(said) for _, came, said, _ in self._all())

    @property
    def version(self) -> tuple[int, int, bool]:
        """What differs whenever there is something new to see."""
        return self.last, self.received, self.ended is not None

    def mentions(self, text: str) -> bool:
        """Return whether the peer's address, its user, or anything it sent, holds this text, whatever its case."""
        wanted = text.casefold()
        if wanted in self.peer.casefold() or (self.login and wanted in self.login.user.casefold()):
            return True
        sent = chain((came for _, came, _, _ in self._all()), (self.rest[1],) if self.rest else ())
        if text.isascii():  # cheap, and what is nearly always asked
            plain = wanted.encode()
            return any(plain in came.lower() for came in sent)
        alike = wanted.isascii()
        return any(wanted in decode(came).casefold() for came in sent if alike or not came.isascii())

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
            return self._stash.lost, (*self._stash.blocks, *self._reel.look())

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
        number = before
        for at, came, said, what in block.of(self):
            for octets, odd in parts_of(came, said, what):
                number += 1
                if number < first:
                    continue
                length, tail = (odd.cut.length, odd.cut.tail) if odd.cut else (0, b"")
                yield Entry(
                    number, odd.kind, at - self._start, octets, length, tail, odd.pieces, odd.masked,
                    *odd.note, odd.mails, at - odd.since if odd.since else 0.0,
                )  # fmt: skip
