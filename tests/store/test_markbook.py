"""Marks that outlive the process, a rebuild of the index, and mishaps of their database."""

import logging
import shutil
import sqlite3
from pathlib import Path

import pytest

from mysmtp.store.hidden import FOLDER
from mysmtp.store.markbook import DATABASE
from mysmtp.store.reindex import reindex
from mysmtp.store.textfile import TextFileStore
from tests.store.mails import BOB, filed, mail


def given_seen(folder: Path, mails: int, *seen: int) -> None:
    """Make a mailbox of mails of which these are seen, and let go of it."""
    store = TextFileStore(folder)
    for number in range(mails):
        filed(store, [BOB], mail(b"Mail %d\n" % number))
    assert list(store.mark(BOB, seen, True)) == list(seen)
    store.close()


def unseen(folder: Path) -> list[int]:
    store = TextFileStore(folder)
    try:
        return list(store.unseen(BOB))
    finally:
        store.close()


def test_marks_are_there_after_a_start(folder: Path) -> None:
    given_seen(folder, 3, 1, 3)
    assert unseen(folder) == [2]
    store = TextFileStore(folder)
    store.mark(BOB, [1], False)
    store.close()
    assert unseen(folder) == [1, 2]


def test_a_rebuild_of_the_index_keeps_them(folder: Path) -> None:
    given_seen(folder, 3, 1, 3)
    reindex(folder, lambda _done, _total: None)
    assert unseen(folder) == [2]
    (folder / FOLDER / "index.db").write_bytes(b"no database" * 1000)
    assert unseen(folder) == [2]


def test_of_a_mailbox_whose_file_is_gone_they_are_forgotten(folder: Path) -> None:
    given_seen(folder, 1, 1)
    (folder / f"{BOB}.txt").unlink()
    TextFileStore(folder).close()
    with sqlite3.connect(folder / FOLDER / DATABASE) as database:
        assert database.execute("SELECT count(*) FROM seen").fetchone() == (0,)
    database.close()


def test_a_mailbox_made_anew_has_new_mail(folder: Path, store: TextFileStore) -> None:
    filed(store, [BOB], mail(b"First\n"))
    store.mark(BOB, None, True)
    (folder / f"{BOB}.txt").unlink()
    filed(store, [BOB], mail(b"Another\n", sender="carol@example.com"))
    assert [(each.id, each.seen) for each in store.list(BOB)] == [(1, False)]
    assert store.summary(BOB).unseen == 1


@pytest.mark.parametrize("damage", [b"", b"no database" * 1000, None])
def test_a_damaged_database_costs_the_marks_and_nothing_else(
    folder: Path, damage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    given_seen(folder, 2, 1)
    file = folder / FOLDER / DATABASE
    if damage is None:
        database = sqlite3.connect(file)
        database.execute("CREATE TABLE other (x)")
        database.close()
    else:
        file.write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        assert unseen(folder) == [1, 2]
    given = [each for each in caplog.messages if "marks of seen mails" in each]
    assert len(given) == (0 if damage == b"" else 1)
    store = TextFileStore(folder)
    store.mark(BOB, [2], True)
    store.close()
    assert unseen(folder) == [1]


def test_scribbled_prints_mark_no_mail(folder: Path) -> None:
    given_seen(folder, 2, 1)
    with sqlite3.connect(folder / FOLDER / DATABASE) as database:
        database.execute("UPDATE seen SET prints = ?", (b"\1" * 7,))
    database.close()
    assert unseen(folder) == [1, 2]
    with sqlite3.connect(folder / FOLDER / DATABASE) as database:
        database.execute("UPDATE seen SET prints = zeroblob(2048)")
    database.close()
    assert unseen(folder) == [1, 2]


def test_without_room_for_it_marks_last_as_long_as_the_process(
    folder: Path, store: TextFileStore, caplog: pytest.LogCaptureFixture
) -> None:
    filed(store, [BOB], mail())
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    (folder / FOLDER).write_bytes(b"in the way")
    with caplog.at_level(logging.WARNING):
        assert list(store.mark(BOB, [1], True)) == [1]
    assert "cannot be kept now" in caplog.text
    assert store.summary(BOB).unseen == 0
    (folder / FOLDER).unlink()
    store.mark(BOB, [1], False)
    store.mark(BOB, [1], True)
    store.close()
    assert unseen(folder) == []


def test_a_folder_put_in_the_place_of_ours_brings_its_own_marks(folder: Path, tmp_path: Path) -> None:
    given_seen(folder, 2, 1)
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    store = TextFileStore(folder)
    store.mark(BOB, [1], False)
    assert list(store.unseen(BOB)) == [1, 2]
    folder.rename(tmp_path / "away")
    other.rename(folder)
    assert list(store.unseen(BOB)) == [2]
    store.mark(BOB, [2], True)
    store.close()
    assert unseen(folder) == []
