"""The index kept up in the background, while nobody searches."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mysmtp.contracts import MessageStore
from mysmtp.errors import StoreFailed
from mysmtp.events import Bus, MailboxChanged, MessageStored
from mysmtp.search.index import MailIndex
from mysmtp.search.tables import Tables, Totals
from mysmtp.search.upkeep import Upkeep
from tests.web.posts import message

BOB = "bob@example.com"


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def indexed(folder: Path) -> int:
    """Return how many mails a closed index has."""
    tables = Tables(folder / ".index" / "search.db")
    try:
        return tables.totals()[0]
    finally:
        tables.close()


def test_news_are_indexed_though_nobody_searches(
    store: MessageStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mysmtp.search.follower.KEPT", 0)
    store.append([BOB], message("before the start\n"))
    index, bus = Looked(store), Bus()
    upkeep = Upkeep(index)
    bus.attach(upkeep.hear, MessageStored, MailboxChanged)
    upkeep.start()
    wait_until(lambda: index.steps == 1)
    store.append([BOB], message("after it\n"))
    bus.publish(MessageStored(0, BOB, 2, 9))
    wait_until(lambda: index.steps == 2)
    store.delete(BOB, [1])
    bus.publish(MailboxChanged(0, BOB))
    wait_until(lambda: index.steps == 3)
    upkeep.stop()
    assert indexed(folder) == 1


class Looked(MailIndex):
    """Counts how often something was indexed, and fails as often as it is told to."""

    steps = 0
    failures = 0

    def catch_up(self, seconds: float) -> bool:
        if self.failures:
            self.failures -= 1
            raise StoreFailed
        before = self.totals()
        more = super().catch_up(seconds)
        self.steps += self.totals() != before
        return more

    def totals(self) -> Totals:
        return self._tables.totals() if self._database.opened else Totals(0, 0, 0)


def test_stopping_does_not_wait_for_what_is_left(store: MessageStore, folder: Path) -> None:
    entered, go_on = threading.Event(), threading.Event()

    class Slow(MailIndex):
        def step(self) -> bool:
            entered.set()
            go_on.wait(30)
            return True

        def catch_up(self, seconds: float) -> bool:
            super().catch_up(seconds)
            return True

    store.append([BOB], message("hello\n"))
    upkeep = Upkeep(Slow(store))
    upkeep.start()
    assert entered.wait(30)
    threading.Timer(0.05, go_on.set).start()
    upkeep.stop()
    assert indexed(folder) == 1


def test_one_that_was_never_started_stops(store: MessageStore) -> None:
    Upkeep(MailIndex(store)).stop()


def test_a_failure_does_not_end_it(store: MessageStore, folder: Path) -> None:
    index = Looked(store)
    index.failures = 1
    store.append([BOB], message("hello\n"))
    upkeep = Upkeep(index)
    upkeep._closing = Impatient()
    upkeep.start()
    wait_until(lambda: index.steps == 1)
    upkeep.stop()
    assert indexed(folder) == 1


class Impatient(threading.Event):
    """Waits for a moment only."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(0.01)
