"""The bus: all are told, in order; one that fails costs nobody else the news."""

import logging

import pytest

from mysmtp.events import Bus, CommandAnswered, Event, LineReceived, MessageStored, ReplySent


def test_every_subscriber_is_told_until_it_leaves() -> None:
    bus, heard = Bus(), list[tuple[str, int]]()
    leave = bus.attach(lambda event: heard.append(("first", event.session)))
    bus.attach(lambda event: heard.append(("second", event.session)))
    bus.publish(Event(1))
    leave()
    bus.publish(Event(2))
    assert heard == [("first", 1), ("second", 1), ("second", 2)]


def test_a_subscriber_that_fails_is_logged_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    bus, heard = Bus(), list[Event]()

    def broken(_event: Event) -> None:
        raise RuntimeError("out of order")

    bus.attach(broken)
    bus.attach(heard.append)
    with caplog.at_level(logging.ERROR):
        bus.publish(Event(7))
    assert heard == [Event(7)]
    assert "a subscriber of the bus failed on Event" in caplog.text


def test_a_subscriber_that_names_types_hears_of_these_only_and_the_bus_knows_what_is_wanted() -> None:
    bus, heard = Bus(), list[Event]()
    assert not bus.wanted
    assert not bus.overheard
    leave = bus.attach(heard.append, MessageStored, LineReceived)
    assert bus.wanted == {MessageStored, LineReceived}
    assert bus.overheard
    for event in (ReplySent(1, b"200 OK\n"), MessageStored(2, "bob", 1, 9), LineReceived(3, b"QUIT\n")):
        bus.publish(event)
    assert heard == [MessageStored(2, "bob", 1, 9), LineReceived(3, b"QUIT\n")]
    leave()
    assert not bus.wanted


def test_one_who_names_no_type_wants_all_and_leaves_the_others_their_own() -> None:
    bus, all_news, replies = Bus(), list[Event](), list[Event]()
    bus.attach(replies.append, ReplySent)
    leave = bus.attach(all_news.append)
    assert {LineReceived, ReplySent, CommandAnswered, MessageStored} <= bus.wanted
    bus.publish(ReplySent(1, b""))
    bus.publish(LineReceived(1, b""))
    leave()
    bus.publish(ReplySent(2, b""))
    assert all_news == [ReplySent(1, b""), LineReceived(1, b"")]
    assert replies == [ReplySent(1, b""), ReplySent(2, b"")]
    assert bus.wanted == {ReplySent}
