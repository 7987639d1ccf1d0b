"""Tape: what crossed the wire in one session, both ways, in order, with times, and what the server made of it.

Written for every line of every conversation whether anybody looks or not, so writing is one append of a tuple and
nothing more; `entries` makes them readable. Bounded: the oldest entries go when it is full, long messages and replies
keep their beginning and their end. Passwords never come here: whoever writes masks them first. Knows no protocol.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

PIECE_KEPT = 8 * 1024  # octets of one message, or one reply, that are kept from its beginning
TAIL_KEPT = 80  # and from its end
USER_KEPT = 200  # characters of the name of a user
_COST = 200  # octets of memory that an entry takes besides what it holds, about
CLIENT, BODY, SERVER, TLS = "client", "body", "server", "tls"


class Cut:
    """The rest of what is kept in part: how many octets, and the last of them."""

    __slots__ = ("length", "tail")

    def __init__(self, octets: bytes | memoryview) -> None:
        self.length = len(octets)
        self.tail = bytes(octets[-TAIL_KEPT:])

    def grow(self, octets: bytes) -> None:
        """Add octets that came later."""
        self.length += len(octets)
        self.tail = (self.tail + octets)[-TAIL_KEPT:]


@dataclass(frozen=True, slots=True)
class Told:
    """A fault, as far as it is told: the name of its class in `mysmtp.errors`, and its remark for the peer."""

    name: str
    remark: str = ""


class Mail(NamedTuple):
    """A copy of a mail that a session stored."""

    mailbox: str
    id: int


class Note(NamedTuple):
    """What a reply was about: its `mark` (as in `protocol.reply`), the verb it answers ("" for none), the states before

    and after, why it was refused, what it stored, and `since`, the moment at which that was handed over (0: nothing).
    """

    mark: str = ""
    verb: str = ""
    before: str = ""
    after: str = ""
    fault: Told | None = None
    mails: tuple[Mail, ...] = ()
    since: float = 0.0


NOTHING = Note()  # to what answers no command


@lru_cache(maxsize=1000)
def done(verb: str, before: str, after: str) -> Note:
    """Return the note to a command that was simply done. There are few of them, so that each is made once."""
    return Note("", verb, before, after)


@dataclass(frozen=True, slots=True)
class Login:
    """The user whom a client wanted to be, and whether it was taken for that user. The line that said so is masked."""

    user: str
    taken: bool


class Entry(NamedTuple):
    """One thing that crossed: a command or a segment (`client`), a piece of a message (`body`), a reply (`server`), or

    the beginning of TLS (`tls`; `octets` name version and cipher). `number` counts from 1 over the whole session; `at`
    is in seconds since it began. `cut` octets after `octets` were not kept but for `tail`, the last of them. `pieces`
    tells where a line that came in several reads was parted. Of a reply: its `mark` (as in `protocol.reply`), the verb
    it answers ("" for none), the states `before` and `after`, why it was refused, what it stored, and `waited`, the
    seconds that storing took.
    """

    number: int
    kind: str
    at: float
    octets: bytes
    cut: int = 0
    tail: bytes = b""
    pieces: tuple[int, ...] = ()
    masked: bool = False
    mark: str = ""
    verb: str = ""
    before: str = ""
    after: str = ""
    fault: Told | None = None
    mails: tuple[Mail, ...] = ()
    waited: float = 0.0


class Tape:
    """What is recorded of one session. `start` is the moment it began on the clock that all times are taken from.

    `rest` is what has come of a line that is not complete, with its moment; `reading` the verb whose content is being
    read, "" if none; `lost` the number of entries that went to make room; `login` what came of the last login.
    """

    __slots__ = (
        "_entries", "_limit", "_older", "_pieces", "_room", "_size", "_start", "_stored", "answers", "began", "ended",
        "framing", "last_refusal", "login", "lost", "mails", "peer", "protocol", "reading", "reason", "received",
        "refused", "rest", "sent", "session", "state", "tls",
    )  # fmt: skip

    def __init__(
        self, session: int, protocol: str, peer: str, *, began: datetime, start: float, limit: int = 128 * 1024
    ) -> None:
        self.session, self.protocol, self.peer = session, protocol, peer
        self.began = began
        self.ended: float | None = None  # seconds after the beginning
        self.reason = self.framing = self.tls = self.state = self.reading = ""
        self.received = self.sent = 0  # octets
        self.answers = self.refused = self.mails = self.lost = 0
        self.last_refusal = b""
        self.rest: tuple[float, bytes] | None = None
        self.login: Login | None = None
        self._start = start
        self._limit = limit // 2  # of each half
        self._size = 0
        self._room = PIECE_KEPT
        self._pieces: list[int] = []
        self._stored: list[tuple[Mail, ...]] = []
        self._older: list[tuple[Any, ...]] = []  # goes as a whole when as much again has come
        self._entries: list[tuple[Any, ...]] = []

    # ---- written by the dialog and the recorder

    def heard(self, at: float, octets: bytes, *, masked: bool = False) -> None:
        """The client sent a command, or a segment."""
        if masked or self.rest is not None or len(octets) > PIECE_KEPT:
            self._hear_odd(at, octets, masked)
        else:
            self._entries.append((CLIENT, at, octets))
        self._size += len(octets) + _COST
        if self._size > self._limit:
            self._make_room()

    def _hear_odd(self, at: float, octets: bytes, masked: bool) -> None:
        """Note a command that is long, holds a secret, or came in pieces."""
        parted = () if masked or self.rest is None else self._pieces
        pieces = tuple(place for place in parted if place < len(octets))  # all that came is no place it was parted at
        self._pieces.clear()
        self.rest = None
        cut = None
        if len(octets) > PIECE_KEPT:
            octets, cut = octets[:PIECE_KEPT], Cut(octets[PIECE_KEPT:])
        self._entries.append((CLIENT, at, octets, cut, pieces, masked))

    def left(self, at: float, octets: bytes) -> None:
        """These octets have come of a line whose end has not."""
        if self.rest is None or len(octets) != len(self.rest[1]):
            self._pieces.append(len(octets))
        self.rest = (at, octets)

    def body(self, at: float, octets: bytes) -> None:
        """A piece of a message came."""
        if not self._entries or self._entries[-1][0] is not BODY:
            self._room = PIECE_KEPT  # a message begins
        room = self._room
        kept = octets[:room]
        self._room = room - len(kept)
        if kept:
            self._entries.append((BODY, at, kept, None))
            self._size += len(kept) + _COST
        rest = octets[room:]
        if rest:
            last = self._entries[-1] if self._entries else None
            if last and last[0] is BODY and last[3] is not None:
                last[3].grow(rest)
            else:
                self._entries.append((BODY, at, b"", Cut(rest)))
                self._size += TAIL_KEPT + _COST
        if self._size > self._limit:
            self._make_room()

    def said(self, at: float, octets: bytes | memoryview, note: Note = NOTHING) -> None:
        """The server answered."""
        length = len(octets)
        self.sent += length
        self.answers += 1
        self.state = note.after
        if note.mark:
            self.refused += 1
            self.last_refusal = bytes(octets[:200])
        if length > PIECE_KEPT:
            rest = memoryview(octets)[PIECE_KEPT:]  # it may be large
            self._entries.append((SERVER, at, bytes(octets[:PIECE_KEPT]), Cut(rest), note))
            length = PIECE_KEPT
        else:
            self._entries.append((SERVER, at, octets, None, note))
        self._size += length + _COST
        if self._size > self._limit:
            self._make_room()

    def secured(self, at: float, tls: str) -> None:
        """TLS has begun."""
        self.tls = tls
        self._entries.append((TLS, at, tls.encode(), None))

    def answered_login(self, user: str, taken: bool) -> None:
        """The client wanted to be this user, and was taken for it or not."""
        self.login = Login(user[:USER_KEPT], taken)

    def stored(self, mailbox: str, mail_id: int, copies: int) -> None:
        """A mail of this session is durable in a mailbox, one of so many that it went to together."""
        copy = Mail(mailbox, mail_id)
        if (
            self._stored
            and len(self._stored[-1]) < copies
            and all(each.mailbox != mailbox for each in self._stored[-1])
        ):
            self._stored[-1] += (copy,)
        else:
            self._stored.append((copy,))
            self.mails += 1

    def take_stored(self) -> tuple[Mail, ...]:
        """Return the copies of the oldest mail that is stored and was not asked for yet."""
        return self._stored.pop(0) if self._stored else ()

    def close(self, at: float, reason: str) -> None:
        """The connection is closed; `reason` says by whom and why."""
        if self.rest is not None:
            self.heard(*self.rest)
        self.ended = at - self._start
        self.reason = reason

    def _make_room(self) -> None:
        """Let the older half go; the newer one is the older from now on."""
        self.lost += len(self._older)
        self._older, self._entries, self._size = self._entries, [], 0

    # ---- read by whoever looks

    @property
    def size(self) -> int:
        """Octets of memory that it takes, about."""
        return sum(len(entry[2]) + _COST for entry in self._all())

    def _all(self) -> list[tuple[Any, ...]]:
        return [*self._older, *self._entries]

    @property
    def last(self) -> int:
        """The number of the newest entry, 0 if there is none."""
        return self.lost + len(self._older) + len(self._entries)

    @property
    def version(self) -> tuple[int, int, int, bool]:
        """What differs whenever there is something new to see."""
        return self.last, self.received, self.sent, self.ended is not None

    def mentions(self, text: str) -> bool:
        """Return whether the peer's address, its user, or anything it sent, holds this text, whatever its case."""
        if text.lower() in self.peer.lower() or (self.login and text.lower() in self.login.user.lower()):
            return True
        wanted = text.lower().encode("utf-8", "surrogateescape")
        return any(entry[0] is not SERVER and wanted in entry[2].lower() for entry in self._all())

    def since(self, at: float) -> float:
        """Return a moment of the clock as seconds since the session began."""
        return at - self._start

    def entries(self, first: int = 1) -> Sequence[Entry]:
        """Return what is kept, from the entry of this number on."""
        return list(self._read(max(0, first - 1 - self.lost)))

    def _read(self, index: int) -> Iterator[Entry]:
        for number, entry in enumerate(self._all()[index:], self.lost + index + 1):
            kind, at, octets, *more = entry
            cut = more[0] if more else None
            length, tail = (cut.length, cut.tail) if cut else (0, b"")
            seconds = at - self._start
            if kind is SERVER:
                note: Note = more[1]
                waited = at - note.since if note.since else 0.0
                told = (note.mark, note.verb, note.before, note.after, note.fault, note.mails, waited)
                yield Entry(number, kind, seconds, octets, length, tail, (), False, *told)
            else:
                yield Entry(number, kind, seconds, octets, length, tail, *more[1:])
