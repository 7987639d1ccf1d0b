"""Which files are rewritten by themselves, and when."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mysmtp.store import tending
from mysmtp.store.rewrite import frame
from mysmtp.store.ripeness import QUIET, UNDO
from mysmtp.store.textfile import TextFileStore
from tests.store.disks import Faults
from tests.store.mails import BOB, mail, put
from tests.store.test_compact import LONG_AGO, Hands
from tests.store.test_rewrite import gone, own


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(folder: Path, hands: Hands, faults: Faults) -> Iterator[TextFileStore]:
    opened = TextFileStore(folder, clock=hands.clock(), disk=faults.disk)
    yield opened
    faults.plan.clear()
    opened.close()


def test_what_is_worth_it_is_done_once_nobody_can_undo_it(store: TextFileStore, folder: Path, hands: Hands) -> None:
    path = folder / f"{BOB}.txt"
    for _ in range(4):
        store.append([BOB], mail())
    store.delete(BOB, [1, 2, 3])
    size = path.stat().st_size
    hands.turn(UNDO - QUIET)
    store.tend()
    assert path.stat().st_size == size
    hands.turn(QUIET)
    store.tend()
    assert path.stat().st_size < size / 3
    assert [each.id for each in store.list(BOB)] == [4]


def test_what_frees_too_little_is_left_alone_until_more_is_deleted(
    store: TextFileStore, folder: Path, hands: Hands
) -> None:
    path = folder / f"{BOB}.txt"
    for _ in range(4):
        store.append([BOB], mail())
    store.delete(BOB, [1, 2])
    hands.turn(LONG_AGO)
    store.tend()
    assert path.read_bytes().count(b"GONE") == 2
    assert store._tending._due == {}
    store.delete(BOB, [3])
    hands.turn(LONG_AGO)
    store.tend()
    assert path.read_bytes().count(b"GONE") == 0


def test_deletions_of_an_earlier_run_are_found_a_little_at_a_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tending, "_ENOUGH", 1)
    monkeypatch.setattr(tending, "_PIECE", 7)  # so that a marker lies across pieces
    folder.mkdir()
    for name in "abc":
        put(folder / f"{name}@x.txt", own(1) + gone(own(2)) + gone(own(3)), age=LONG_AGO)
    put(folder / "d@x.txt", own(1), age=LONG_AGO)
    (folder / "e@x.txt").symlink_to("a@x.txt")
    store = TextFileStore(folder)
    changed = []
    for _ in range(5):
        store.tend()
        changed.append(sum((folder / f"{name}@x.txt").read_bytes() == own(1) + frame(3) for name in "abc"))
    assert changed == [0, 1, 2, 3, 3]  # one file a look, and the last by name has none
    assert store._tending._unread == []
    store.close()


def test_a_failure_is_not_repeated_each_minute(
    store: TextFileStore, folder: Path, hands: Hands, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    store.append([BOB], mail())
    store.delete(BOB, [1])
    hands.turn(LONG_AGO)
    faults.plan["write"] = (".compact", 28)
    for _ in range(3):
        store.tend()
        hands.turn(60)
    assert caplog.text.count("could not be compacted") == 1
    faults.plan.clear()
    hands.turn(UNDO)
    store.tend()
    assert (folder / f"{BOB}.txt").read_bytes() == frame(1)


def test_a_mailbox_that_was_removed_is_forgotten(store: TextFileStore, folder: Path, hands: Hands) -> None:
    store.append([BOB], mail())
    store.delete(BOB, [1])
    (folder / f"{BOB}.txt").unlink()
    hands.turn(LONG_AGO)
    store.tend()
    assert store._tending._due == {}
