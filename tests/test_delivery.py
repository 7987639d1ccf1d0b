"""Local delivery: one copy for each mailbox named, then the news, in that order."""

from datetime import UTC, datetime

import pytest

from mysmtp.delivery import LocalDelivery, now
from mysmtp.errors import StoreFailed
from mysmtp.events import Bus, Event, MessageStored
from mysmtp.message import Envelope, Trace
from mysmtp.store import open_store


def test_one_copy_for_each_mailbox_and_news_of_each() -> None:
    store, bus, heard = open_store("memory:"), Bus(), list[Event]()
    bus.attach(heard.append)
    moment = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    delivery = LocalDelivery(store, bus, lambda: moment, iter((10.0, 10.25)).__next__)
    delivery.deliver(Envelope("a@x", ("Bob@y", "carol@y", "bob@Y")), b"hi\n", Trace(session=5)).wait()
    assert heard == [MessageStored(5, "bob@y", 1, 3, 2, 0.25), MessageStored(5, "carol@y", 1, 3, 2, 0.25)]
    assert [box.name for box in store.mailboxes()] == ["bob@y", "carol@y"]
    mail = store.read("bob@y", 1)
    assert (mail.body, mail.summary.sender, mail.summary.arrived) == (b"hi\n", "a@x", moment)


def test_what_was_not_stored_is_no_news() -> None:
    bus, heard = Bus(), list[Event]()
    bus.attach(heard.append)
    store = open_store("memory:")

    class Full(type(store)):  # type: ignore[misc]
        def append(self, mailboxes: object, message: object) -> list[int]:
            raise StoreFailed

    with pytest.raises(StoreFailed):
        LocalDelivery(Full(), bus).deliver(Envelope("a@x", ("b@y",)), b"", Trace()).wait()
    assert heard == []


def test_the_moment_of_arrival_is_aware_and_this_one() -> None:
    before, moment, after = datetime.now(UTC), now(), datetime.now(UTC)
    assert before <= moment <= after
