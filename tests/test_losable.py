"""A database that may be lost: made, held to its tables, put aside once it is no good, told of once."""

import sqlite3
from pathlib import Path

import pytest

from mysmtp.losable import IN_MEMORY, Losable, Schema, Words, connect, is_passing, remove, transaction

SCHEMA = Schema({"note": "CREATE TABLE note (text TEXT)"}, 3)
WORDS = Words("the notes", "cannot be kept now", "are lost")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


@pytest.fixture
def losable() -> Losable[sqlite3.Connection]:
    return Losable(WORDS, "notes.damaged", lambda path: connect(path, SCHEMA, "synchronous = OFF"))


def notes(database: sqlite3.Connection) -> list[str]:
    return [text for (text,) in database.execute("SELECT text FROM note")]


def given_note(path: Path, text: str = "one") -> None:
    database = connect(path, SCHEMA)
    with transaction(database):
        database.execute("INSERT INTO note VALUES (?)", (text,))
    database.close()


def test_what_was_kept_is_there_again(path: Path) -> None:
    given_note(path)
    database = connect(path, SCHEMA)
    assert notes(database) == ["one"]
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


@pytest.mark.parametrize(
    "change", ["DROP TABLE note", "CREATE TABLE other (x)", "CREATE VIEW other AS SELECT 1", "PRAGMA user_version = 4"]
)
def test_the_database_of_somebody_else_is_refused(path: Path, change: str) -> None:
    given_note(path)
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    with pytest.raises(ValueError, match="version is"):
        connect(path, SCHEMA)


def test_tables_that_a_virtual_table_brings_are_its_own(path: Path) -> None:
    schema = Schema({"words": "CREATE VIRTUAL TABLE words USING fts5(text)"})
    connect(path, schema).close()
    connect(path, schema).close()


def test_a_transaction_is_done_as_a_whole_or_not(path: Path) -> None:
    given_note(path)
    database = connect(path, SCHEMA)
    with pytest.raises(sqlite3.Error), transaction(database):
        database.executemany("INSERT INTO note VALUES (?)", [("two",), (object(),)])
    assert notes(database) == ["one"]
    assert not database.in_transaction
    database.close()


def test_one_that_is_no_good_is_put_aside_and_told_of_once(
    path: Path, losable: Losable[sqlite3.Connection], caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"no database at all" * 1000)
    path.with_name("notes.db-journal").write_bytes(b"x")
    assert notes(losable.open(path)) == []
    assert path.with_name("notes.damaged").read_bytes().startswith(b"no database")
    assert not path.with_name("notes.db-journal").exists()
    losable.suffer(sqlite3.DatabaseError("again"))
    assert losable.opened is None
    assert notes(losable.open(path)) == []
    assert caplog.messages == ["the notes are lost: file is not a database"]
    losable.is_well()
    losable.suffer(ValueError("odd"))
    assert caplog.messages[1:] == ["the notes are lost: odd"]
    losable.close()


def test_a_fault_that_passes_costs_nothing(
    path: Path, losable: Losable[sqlite3.Connection], caplog: pytest.LogCaptureFixture
) -> None:
    given_note(path)
    database = losable.open(path)
    losable.suffer(OSError("no room"))
    losable.suffer(OSError("no room"))
    assert losable.open(path) is database
    assert caplog.messages == ["the notes cannot be kept now: no room"]
    losable.close()
    assert losable.opened is None
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            losable.open(path)
    other.close()
    assert notes(losable.open(path)) == ["one"]
    losable.close()


@pytest.mark.parametrize(
    ("pragma", "passes"), [("max_page_count = 1", True), ("query_only = ON", True), ("user_version", False)]
)
def test_what_passes_is_told_from_what_does_not(path: Path, pragma: str, passes: bool) -> None:
    database = connect(path, SCHEMA)
    database.execute(f"PRAGMA {pragma}")
    with pytest.raises(sqlite3.Error) as fault:
        database.executescript("INSERT INTO note VALUES (zeroblob(99999)); SELECT * FROM nothing")
    database.close()
    assert is_passing(fault.value) is passes


def test_another_place_has_another_database(tmp_path: Path, losable: Losable[sqlite3.Connection]) -> None:
    given_note(tmp_path / "a.db")
    assert losable.follow("a")
    assert notes(losable.open(tmp_path / "a.db")) == ["one"]
    assert not losable.follow("a")
    assert losable.opened is not None
    assert losable.follow("b")
    assert losable.opened is None
    assert notes(losable.open(tmp_path / "b.db")) == []
    losable.close()


def test_one_without_a_file(losable: Losable[sqlite3.Connection]) -> None:
    assert notes(losable.open(IN_MEMORY)) == []
    losable.suffer(ValueError("odd"))
    assert losable.opened is None


def test_removing_takes_all_that_is_beside_it(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).touch()
    remove(path)
    remove(path)
    assert list(path.parent.iterdir()) == []
