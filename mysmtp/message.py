"""What travels: a mail on its way in, and a mail at rest. Frozen, and without behaviour.

What is made for each mail that comes in is a tuple with names, which takes a fifth of the time of a frozen dataclass.

Texts that came from a file or a peer may hold any character; octets that were not UTF-8 stand as lone surrogates
(`mysmtp.text.decode`), so that the very octets can be sent again. Show them only through `mysmtp.text.visible`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Outcome = Literal["done", "nothing", "later", "failed"]
Parameters = tuple[tuple[str, str], ...]


class Envelope(NamedTuple):
    """Who a mail is from and for, as the protocol was told (RFC 5321 section 2.3.1); the null sender is ``""``."""

    reverse_path: str
    forward_paths: tuple[str, ...]


class Trace(NamedTuple):
    """How a mail came in (trace information, RFC 5321 section 4.4). `shape` is the session's path up to this mail:

    one character a reply, the digit of the state it led to, ``x`` for a refusal (4xx), ``X`` for a failure (5xx);
    state 0 after a delivery is ``0`` too. Long sessions keep only the end.

    `tls` names version and cipher, `user` who logged in. `parameters` are those of MAIL that were given, as key and
    value, the key in lower case, such as ``("body", "8BITMIME")``; `rcpt_parameters` the same for each forward path of
    the envelope (DSN, RFC 3461), or empty when there are none at all. Of a mail that was read, `unnamed` counts the
    recipients that its record does not name: each copy of a mail to very many names the first of them.
    """

    via: str = ""
    session: int = 0
    peer: str = ""
    helo: str = ""
    shape: str = ""
    tls: str = ""
    user: str = ""
    parameters: Parameters = ()
    rcpt_parameters: tuple[Parameters, ...] = ()
    unnamed: int = 0


class Spooled(Protocol):
    """A body that is too large to be held in memory: its length, and its octets, piece by piece."""

    def __len__(self) -> int: ...

    def pieces(self) -> Iterator[bytes]:
        """Give all of it, from its beginning. Blocks."""


Body = bytes | Spooled


class Message(NamedTuple):
    """A mail on its way in: envelope, body byte for byte, when it came (aware datetime), and how."""

    envelope: Envelope
    body: Body
    arrived: datetime
    trace: Trace = Trace()


@dataclass(frozen=True, slots=True)
class MailSummary:
    """One mail of a mailbox without its body.

    `sender` and `date` (dd-mm-yyyy) stand as in the file; `arrived` is the moment (aware) where one is known, None for
    mails of the original program, which keeps a day only; `size` is the body's length in octets; `preview` the first
    octets of the body (at most 200); `seen` tells whether somebody has looked at it, where that is kept.
    """

    id: int
    sender: str
    date: str
    arrived: datetime | None
    size: int
    preview: bytes
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies: the file's name as its owner would type it, octets from `start` up to, not with, `end`."""

    file: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail at rest, whole. Its checksum, if it has one (CRC-32, hex), was found right when this was read.

    `envelope` and `trace` are None for mails that were written by the original program or by hand; `place` is None in a
    store without files.
    """

    summary: MailSummary
    body: bytes
    envelope: Envelope | None = None
    trace: Trace | None = None
    checksum: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class MailboxSummary:
    """One mailbox: its mails, octets of all their bodies, the highest id ever given, the newest mail, the damage.

    `damage` holds the places of records that are damaged and not shown; `unseen` counts the mails nobody has looked at.
    """

    name: str
    mails: int
    size: int
    last_id: int
    newest: MailSummary | None
    damage: Sequence[Place] = ()
    unseen: int = 0


class BoxCount(NamedTuple):
    """The name of a mailbox, and how many of its mails nobody has looked at."""

    name: str
    unseen: int


class Rank(NamedTuple):
    """Where a mail stands among those of all mailboxes: the greatest is the newest.

    `moment` counts microseconds since 1970 (UTC); mails that know only a day count from its beginning, or from the one
    before them in their mailbox, if that is of the same day.
    """

    moment: int
    mailbox: str
    id: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """A part of the mails of all mailboxes, newest first; `above` counts those that are newer, `total` all.

    `boxes` are the mailboxes that were looked at for it, by name.
    """

    mails: tuple[tuple[Rank, MailSummary], ...]
    above: int
    total: int
    boxes: Sequence[MailboxSummary] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Compaction:
    """What came of freeing the room of a mailbox's deleted mails: octets `freed`, or in words why not.

    ``nothing`` was to be done, it may be done ``later``, or it ``failed``.
    """

    mailbox: str
    outcome: Outcome
    freed: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has come into a mailbox, and gone from it, since it was `mark` (an opaque thing), by ids.

    `state` is that of `powers.Followed.states` when this was found. Where `whole`, `came` is all there is, and
    nothing that was known of the mailbox counts any more. `waiting` counts mails that cannot be read now.
    """

    mark: object
    state: str
    came: Sequence[int]
    gone: Sequence[int]
    whole: bool
    waiting: int = 0
