"""Local delivery: an envelope becomes mailboxes, the store makes it durable, then the bus hears of it.

The mail delivery agent of RFC 5598 section 4.3.3. Knows neither protocols nor files.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import perf_counter

from mysmtp.address import mailbox_name
from mysmtp.contracts import MessageStore, Receipt
from mysmtp.events import Bus, MessageStored
from mysmtp.message import Body, Envelope, Message, Trace


def now() -> datetime:
    """Return this moment, aware. In UTC: whoever shows it knows which time zone the reader is in."""
    return datetime.now(UTC)


class LocalDelivery:
    """Delivers into one store. `clock` returns the moment of arrival (aware), `watch` seconds since any moment."""

    def __init__(
        self,
        store: MessageStore,
        bus: Bus,
        clock: Callable[[], datetime] = now,
        watch: Callable[[], float] = perf_counter,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._watch = watch

    def deliver(self, envelope: Envelope, body: Body, trace: Trace) -> Receipt:
        mailboxes = tuple(dict.fromkeys(map(mailbox_name, envelope.forward_paths)))
        size = len(body)  # the news holds no mail while the disk is waited for
        began = self._watch()

        def stored(ids: Sequence[int]) -> None:
            copies, seconds = len(mailboxes), self._watch() - began
            for mailbox, mail_id in zip(mailboxes, ids, strict=True):
                self._bus.publish(MessageStored(trace.session, mailbox, mail_id, size, copies, seconds))

        return self._store.submit(mailboxes, Message(envelope, body, self._clock(), trace), stored)
