"""The bus: news of what has happened, told to whoever attached. After-events only: refusing is a fault, not an event.

Subscribers are called in the publishing greenlet, so they must be quick and never wait; one that raises is logged and
passed over. Whoever needs time (a page that listens, a log on a slow disk) keeps a bounded queue of its own and drops.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(slots=True)  # none is frozen, which takes four times as long for each mail; nobody changes one
class Event:
    """Something that has happened. `session` counts connections from 1 since the process started; 0 is none."""

    session: int


@dataclass(slots=True)
class SessionOpened(Event):
    """A client has connected."""

    protocol: str
    peer: str


@dataclass(slots=True)
class TlsBegun(Event):
    """All that client and server say from now on goes through TLS, of this version and cipher."""

    agreed: str


@dataclass(slots=True)
class LoginAnswered(Event):
    """A client wanted to be this user, and was `taken` for it or not."""

    user: str
    taken: bool


@dataclass(slots=True)
class LineReceived(Event):
    """The client sent this (a line with its end, a segment, or a piece of a message), exactly these octets."""

    octets: bytes


@dataclass(slots=True)
class ReplySent(Event):
    """The server handed these octets to the connection."""

    octets: bytes


@dataclass(slots=True)
class CommandAnswered(Event):
    """A command was answered. `verb` is ``""`` for what is no command; `argument` is what came after the verb.

    `mark` tells what came of it, whatever codes the protocol has: ``""`` done, ``x`` refused, ``X`` failed.
    """

    verb: str
    argument: str
    code: int
    text: str
    state_before: str
    state_after: str
    mark: str


@dataclass(slots=True)
class Refused(Event):
    """A reply said no: to the client, or (`failed`) because the server could not do it. Told of these replies only."""

    code: int
    failed: bool


@dataclass(slots=True)
class SessionClosed(Event):
    """The connection is closed; `reason` says by whom and why, in words."""

    reason: str


@dataclass(slots=True)
class MessageStored(Event):
    """A mail rests durably in this mailbox under this id, one of so many `copies` stored together.

    `seconds` went by from the end of its data until it was durable.
    """

    mailbox: str
    mail_id: int
    size: int
    copies: int = 1
    seconds: float = 0.0


@dataclass(slots=True)
class MailboxChanged(Event):
    """Mails were deleted from, or put back into, this mailbox by way of this process."""

    mailbox: str


@dataclass(slots=True)
class MailsMarked(Event):
    """Mails of this mailbox were marked seen, or new again."""

    mailbox: str


Subscriber = Callable[[Event], None]


class Bus:
    """Tells events to its subscribers, in the order they attached.

    `wanted` holds the types of events that somebody listens to: what is news by the thousand (each line, each reply)
    need not even be made while nobody does. `overheard` tells whether anybody listens to any of that.
    """

    def __init__(self) -> None:
        self.wanted: frozenset[type[Event]] = frozenset()
        self.overheard = False
        self._attached: tuple[tuple[Subscriber, frozenset[type[Event]]], ...] = ()
        self._told: Mapping[type[Event], tuple[Subscriber, ...]] = {}

    def attach(self, subscriber: Subscriber, *types: type[Event]) -> Callable[[], None]:
        """Tell `subscriber` every event of these types (none named: of all) from now on; what is returned ends that."""
        entry = (subscriber, frozenset(types or _all_types()))
        self._route((*self._attached, entry))
        return lambda: self._route(tuple(other for other in self._attached if other is not entry))

    def _route(self, attached: tuple[tuple[Subscriber, frozenset[type[Event]]], ...]) -> None:
        self._attached = attached
        self.wanted = frozenset().union(*(types for _, types in attached))
        self.overheard = not self.wanted.isdisjoint((LineReceived, CommandAnswered, ReplySent))
        self._told = {kind: tuple(each for each, types in attached if kind in types) for kind in self.wanted}

    def publish(self, event: Event) -> None:
        """Tell `event` to all who want its type. A subscriber that raises costs itself the news, nobody else."""
        for subscriber in self._told.get(type(event), ()):
            try:
                subscriber(event)
            except Exception:  # a broken listener must never cost a mail
                log.exception("a subscriber of the bus failed on %s", type(event).__name__)


def _all_types() -> tuple[type[Event], ...]:
    return (Event, *Event.__subclasses__())
