"""The list of all mailboxes: what was found about a file counts until somebody changes the file."""

import time
from pathlib import Path

import pytest

from mysmtp.store.disk import open_file
from mysmtp.store.textfile import TextFileStore
from tests.calls import calls_of
from tests.store.mails import BOB, ORIGINAL, filed, mail, put


def shown(store: TextFileStore) -> list[tuple[str, int]]:
    return [(each.name, each.mails) for each in store.mailboxes()]


def test_a_file_that_changed_since_the_last_list_is_looked_at_again(store: TextFileStore, folder: Path) -> None:
    path = folder / f"{BOB}.txt"
    put(path, ORIGINAL, age=3600)
    assert shown(store) == shown(store) == [(BOB, 2)]
    put(path, ORIGINAL * 2, age=1800)
    assert shown(store) == [(BOB, 4)]
    path.unlink()
    assert shown(store) == []
    put(path, ORIGINAL, age=3600)
    assert shown(store) == [(BOB, 2)]


def test_an_unfinished_mail_becomes_damage_though_nobody_changes_the_file(
    store: TextFileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / f"{BOB}.txt"
    put(path, ORIGINAL[:-40], age=1)
    assert [len(each.damage) for each in store.mailboxes()] == [0]
    later = time.time() + 10
    monkeypatch.setattr(time, "time", lambda: later)
    assert [len(each.damage) for each in store.mailboxes()] == [1]


def counted(store: TextFileStore) -> list[tuple[str, int]]:
    return [(name, unseen) for name, unseen in store.counts()]


def test_mailboxes_are_counted_without_opening_what_was_written_here(quiet_store: TextFileStore, folder: Path) -> None:
    for number in range(5):
        filed(quiet_store, [f"{number}@x"], mail())
        quiet_store.append([f"{number}@x"], mail())
    size = (folder / "0@x.txt").stat().st_size
    assert calls_of(open_file, lambda: counted(quiet_store)) == 0
    assert counted(quiet_store) == [(f"{number}@x", 2) for number in range(5)]
    assert (folder / "0@x.txt").stat().st_size == size  # what waits was counted where it waits
    quiet_store.flush()
    assert counted(quiet_store) == [(f"{number}@x", 2) for number in range(5)]


def test_what_others_do_counts_at_once(store: TextFileStore, folder: Path) -> None:
    path, other = folder / f"{BOB}.txt", folder / "carol@x.txt"
    put(path, ORIGINAL)
    filed(store, ["carol@x"], mail())
    assert counted(store) == [(BOB, 2), ("carol@x", 1)]
    path.write_bytes(ORIGINAL * 2)
    other.unlink()
    (folder / "dave@x.txt").mkdir()
    assert counted(store) == [(BOB, 4)]
    assert any("dave@x" in line for line in store.troubles())


def test_more_mailboxes_than_are_held_at_once_are_all_there(store: TextFileStore, folder: Path) -> None:
    for number in range(150):
        put(folder / f"{number:03}@x.txt", ORIGINAL)
    assert shown(store) == [(f"{number:03}@x", 2) for number in range(150)]
