"""Keep rules: what they delete, and that nothing goes without a word."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mysmtp.contracts import MessageStore
from mysmtp.errors import StoreFailed
from mysmtp.events import Bus, Event, MailboxChanged
from mysmtp.keeping import Keeping, take_turns
from mysmtp.store.textfile import TextFileStore
from tests.process import PostOfficeProcess
from tests.store.mails import BOB, filed, mail

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TextFileStore]:
    """Mails of 40, 3, 2 and 0 days for bob, one of 40 days for carol."""
    opened = TextFileStore(tmp_path)
    for days in (40, 3, 2, 0):
        filed(opened, [BOB], mail()._replace(arrived=NOW - timedelta(days=days, minutes=1)))
    filed(opened, ["carol@x"], mail()._replace(arrived=NOW - timedelta(days=40)))
    yield opened
    opened.close()


def ids(store: MessageStore, name: str = BOB) -> list[int]:
    return [each.id for each in store.list(name)]


def test_without_a_rule_all_is_kept(store: TextFileStore) -> None:
    Keeping(store, Bus(), now=lambda: NOW).look()
    assert (ids(store), ids(store, "carol@x")) == ([1, 2, 3, 4], [1])


def test_what_is_too_old_goes_and_is_told(store: TextFileStore, caplog: pytest.LogCaptureFixture) -> None:
    bus, heard = Bus(), list[Event]()
    bus.attach(heard.append, MailboxChanged)
    keeping = Keeping(store, bus, days=3, now=lambda: NOW)
    with caplog.at_level(logging.WARNING):
        keeping.look()
        keeping.look()
    assert (ids(store), ids(store, "carol@x")) == ([3, 4], [])
    assert heard == [MailboxChanged(0, BOB), MailboxChanged(0, "carol@x")]
    assert caplog.messages == [
        "bob@example.com: 2 mails were deleted by --keep-days 3",
        "carol@x: 1 mail was deleted by --keep-days 3",
    ]
    assert list(store.restore(BOB, [1, 2])) == [1, 2]


def test_what_is_not_among_the_last_goes(store: TextFileStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Keeping(store, Bus(), days=30, last=2, now=lambda: NOW).look()
    assert (ids(store), ids(store, "carol@x")) == ([3, 4], [])
    assert "2 mails were deleted by --keep-days 30 and --keep-last 2" in caplog.text


@pytest.mark.parametrize(("day", "kept"), [("20-11-2026", True), ("19-11-2026", False), ("soon", True)])
def test_a_mail_that_knows_only_its_day_is_kept_to_the_end_of_it(tmp_path: Path, day: str, kept: bool) -> None:
    record = f"===START_EMAIL===\nFrom: a@x\nDate: {day}\nHello\n===END_EMAIL===\n\n"
    (tmp_path / f"{BOB}.txt").write_text(record)
    store = TextFileStore(tmp_path)
    Keeping(store, Bus(), days=3, now=lambda: NOW).look()
    assert ids(store) == ([1] if kept else [])
    store.close()


def test_the_server_keeps_the_rules(start: Callable[..., PostOfficeProcess], tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    before = TextFileStore(folder)
    for _ in range(5):
        filed(before, [BOB], mail())
    before.close()
    office = start("--keep-last", "2")
    with office.connect() as peer:
        peer.ask("HELO x")
        rows, deadline = b"", time.monotonic() + 30
        while rows.count(b"\n") != 2:
            assert time.monotonic() < deadline, rows
            time.sleep(0.02)
            peer.ask(f"LIST {BOB}")
            rows = peer.body()
    assert rows.startswith(b"4: ")
    office.stop()  # all is told by then
    assert "3 mails were deleted by --keep-last 2" in office.log.read_text()


def test_what_fails_is_tried_again_after_a_pause_and_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    class Enough(BaseException):
        """What ends the greenlet."""

    def look() -> None:
        done.append("look")
        raise StoreFailed  # as it does for as long as the folder is gone

    def pause() -> None:
        done.append("pause")
        if len(done) == 8:
            raise Enough

    with pytest.raises(Enough):
        take_turns((look, lambda: done.append("tend")), pause)
    assert done == ["look", "pause", "tend", "pause"] * 2
    assert caplog.messages == ["looking after the mailboxes failed; it is tried again"] * 2
