"""What a tape holds: the entries of a session as they are read, and what they are told from.

On the reel they lie as rows. Most are plain: of a command, a piece of a message, TLS, there is its kind alone, of a
reply its `Note`, or its `Thanks`, and a command with its reply is one row. What takes more to say is `Odd`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol

PIECE_KEPT = 8 * 1024  # octets of one message, or one reply, that are kept from its beginning
TAIL_KEPT = 80  # and from its end
PARTED_KEPT = 100  # places where one line was parted: each takes more memory than an octet
USER_KEPT = 200  # characters of the name of a user
REMARK_KEPT = 200  # and of the remark to a refusal
CLIENT, BODY, SKIPPED, SERVER, TLS = "client", "body", "skipped", "server", "tls"
FLOWING = (BODY, SKIPPED)  # what comes in pieces that care for no line, the last of which may grow


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
    """A fault, as far as it is told: the name of its class in `mysmtp.errors`, how its remark for the peer begins."""

    name: str
    remark: str = ""


class Mail(NamedTuple):
    """A copy of a mail that a session stored."""

    mailbox: str
    id: int


class Note(NamedTuple):
    """What a reply was about: its `mark` (as in `protocol.reply`), the verb it answers ("" for none), the states before

    and after, and why it was refused.
    """

    mark: str = ""
    verb: str = ""
    before: str = ""
    after: str = ""
    fault: Told | None = None


NOTHING = Note()  # to what answers no command


@cache
def done(verb: str, before: str, after: str) -> Note:
    """Return the note to a command that was simply done. There are few of them, so that each is made once."""
    return Note("", verb, before, after)


@dataclass(frozen=True, slots=True)
class Login:
    """The user whom a client wanted to be, and whether it was taken for that user. The line that said so is masked."""

    user: str
    taken: bool


class Entry(NamedTuple):
    """One thing that crossed: a command or a segment (`client`), a piece of a message (`body`), more of a command that

    was too long, which nobody read (`skipped`), a reply (`server`), or the beginning of TLS (`tls`; `octets` name
    version and cipher). `number` counts from 1 over the whole session; `at` is in seconds since it began. `cut` octets
    after `octets` were not kept but for `tail`, the last of them. `pieces` tells where a line that came in several
    reads was parted, the first `PARTED_KEPT` places. Of a reply: its `mark` (as in `protocol.reply`), the verb it
    answers ("" for none), the states `before` and `after`, why it was refused, what it stored, and `waited`, the
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


class Stored(Protocol):
    """A copy of a mail that is durable in a mailbox, one of so many `copies`."""

    mailbox: str
    mail_id: int
    copies: int


Thanks = tuple[Note, float, Sequence[Stored]]  # of a reply to a mail that is stored: since when it waited, its copies


class Odd(NamedTuple):
    """What an entry is, where that takes more to say than its kind, or than the note to a reply."""

    kind: str
    cut: Cut | None = None
    pieces: tuple[int, ...] = ()
    masked: bool = False
    note: Note = NOTHING
    mails: tuple[Mail, ...] = ()
    since: float = 0.0


_COMMAND = Odd(CLIENT)


def reply_of(what: Note | Thanks, cut: Cut | None = None) -> Odd:
    """Return a reply in full; `cut` is what is not kept of it."""
    if isinstance(what, Note):
        return Odd(SERVER, cut, note=what)
    note, since, copies = what
    return Odd(SERVER, cut, note=note, mails=tuple(Mail(copy.mailbox, copy.mail_id) for copy in copies), since=since)


def parts_of(came: bytes, said: bytes, what: Any) -> Sequence[tuple[bytes, Odd]]:
    """Return the entries that a row is, with their octets: a command and its reply are two."""
    if isinstance(what, Odd):
        return ((came or said, what),)
    if isinstance(what, str):
        return ((came, Odd(what)),)
    reply = (said, reply_of(what))
    return ((came, _COMMAND), reply) if came else (reply,)
