"""Local delivery: one copy for each mailbox named, then the news, in that order."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mysmtp.delivery import LocalDelivery, now
from mysmtp.errors import StoreFailed
from mysmtp.events import Bus, Event, MessageStored
from mysmtp.message import Envelope, Trace
from mysmtp.protocol.pop3 import POP3
from mysmtp.store import open_store
from tests.protocol.conversation import Client


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


def test_mails_keep_the_order_they_came_in_whatever_the_clock_says(tmp_path: Path) -> None:
    """An hour back, back to where clocks begin, ten years on; and back again after the server was started anew."""
    moments = [
        datetime(2026, 11, 1, 12, 0, tzinfo=UTC),
        datetime(2026, 11, 1, 11, 0, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2036, 11, 1, 12, 0, tzinfo=UTC),
        datetime(2026, 11, 1, 11, 0, tzinfo=UTC),
    ]
    for first, last in ((0, 4), (4, 5)):
        store = open_store(f"file:{tmp_path}")
        delivery = LocalDelivery(store, Bus(), iter(moments[first:last]).__next__)
        for number in range(first, last):
            delivery.deliver(Envelope("a@x", ("b@y",)), b"mail %d\r\n" % number, Trace()).wait()
        mails = [store.read("b@y", number) for number in range(1, last + 1)]
        assert [mail.body for mail in mails] == [b"mail %d\r\n" % number for number in range(last)]
        assert [mail.summary.arrived for mail in mails] == moments[:last]
        reader = Client(dialect=POP3, store=store)
        listed = reader.say(b"USER b@y\r\nPASS x\r\nUIDL\r\n").split(b"\r\n")[-last - 2 : -2]
        assert [line.split()[0] for line in listed] == [b"%d" % number for number in range(1, last + 1)]
        assert len({line.split()[1] for line in listed}) == last
        store.close()
