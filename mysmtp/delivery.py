"""Local delivery: an envelope becomes mailboxes, the store makes it durable, then the bus hears of it.

The mail delivery agent of RFC 5598 section 4.3.3. Knows neither protocols nor files.
"""

from collections.abc import Callable
from datetime import datetime

from mysmtp.address import mailbox_name
from mysmtp.contracts import MessageStore
from mysmtp.events import Bus, MessageStored
from mysmtp.message import Envelope, Message, Trace


def now() -> datetime:
    """Return this moment, aware, in the server's local time."""
    return datetime.now().astimezone()


class LocalDelivery:
    """Delivers into one store. `clock` returns the moment of arrival (aware)."""

    def __init__(self, store: MessageStore, bus: Bus, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    def deliver(self, envelope: Envelope, body: bytes, trace: Trace) -> None:
        """Store one copy for each mailbox named, all or none, then tell the bus. Raises StoreFailed."""
        mailboxes = tuple(dict.fromkeys(map(mailbox_name, envelope.forward_paths)))
        ids = self._store.append(mailboxes, Message(envelope, body, self._clock(), trace))
        for mailbox, mail_id in zip(mailboxes, ids, strict=True):
            self._bus.publish(MessageStored(trace.session, mailbox, mail_id, len(body)))
