"""The bus: news of what has happened, told to whoever attached. After-events only: refusing is a fault, not an event.

Subscribers are called in the publishing greenlet, so they must be quick and never wait; one that raises is logged and
passed over. Whoever needs time (a page that listens, a log on a slow disk) keeps a bounded queue of its own and drops.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened. `session` counts connections from 1 since the process started; 0 is none."""

    session: int


@dataclass(frozen=True, slots=True)
class SessionOpened(Event):
    """A client has connected."""

    protocol: str
    peer: str


@dataclass(frozen=True, slots=True)
class LineReceived(Event):
    """The client sent this (a line with its end, a segment, or a piece of a message), exactly these octets."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class ReplySent(Event):
    """The server handed these octets to the connection."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class CommandAnswered(Event):
    """A command was answered. `verb` is ``""`` for what is no command; `argument` is what came after the verb."""

    verb: str
    argument: str
    code: int
    text: str
    state_before: str
    state_after: str


@dataclass(frozen=True, slots=True)
class SessionClosed(Event):
    """The connection is closed; `reason` says by whom and why, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class MessageStored(Event):
    """A mail rests durably in this mailbox under this id."""

    mailbox: str
    mail_id: int
    size: int


@dataclass(frozen=True, slots=True)
class MailboxChanged(Event):
    """Mails were deleted from, or put back into, this mailbox by way of this process."""

    mailbox: str


class Bus:
    """Tells every event to every subscriber, in the order they attached."""

    def __init__(self) -> None:
        self._subscribers: tuple[Callable[[Event], None], ...] = ()

    def attach(self, subscriber: Callable[[Event], None]) -> Callable[[], None]:
        """Call `subscriber` with every event from now on; the function returned ends that."""
        self._subscribers = (*self._subscribers, subscriber)
        return lambda: self._detach(subscriber)

    def _detach(self, subscriber: Callable[[Event], None]) -> None:
        self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)

    def publish(self, event: Event) -> None:
        """Tell `event` to all. A subscriber that raises costs itself the news, nobody else."""
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:  # a broken listener must never cost a mail
                log.exception("a subscriber of the bus failed on %s", type(event).__name__)
