"""The bus: all are told, in order; one that fails costs nobody else the news."""

import logging

import pytest

from mysmtp.events import Bus, Event


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
