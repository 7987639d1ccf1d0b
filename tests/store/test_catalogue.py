import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp import losable
from mysmtp.errors import DamagedMail, NoSuchMail
from mysmtp.message import MailboxSummary, MailSummary
from mysmtp.store import fetching, showing
from mysmtp.store.catalogue import DATABASE, Catalogue
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.hidden import FOLDER
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.record import Status
from mysmtp.store.remarking import remark
from mysmtp.store.scan import Scanner
from mysmtp.store.textfile import TextFileStore
from mysmtp.store.textformat import GONE, START, draft
from tests.store.mails import BOB, ORIGINAL, SPEC_RECORD, backdate, mail, put
from tests.store.test_scan import BARE, LINES

FILE = "bob@example.com.txt"
pieces = st.one_of(
    st.builds(lambda body, number: draft(mail(body)).record(number), st.binary(max_size=40), st.integers(1, 12)),
    st.sampled_from([*LINES, ORIGINAL, BARE % b"hi\n", SPEC_RECORD.replace(START, GONE), SPEC_RECORD[:100]]),
)
files = st.lists(pieces, max_size=8).map(b"".join)
slow = settings(max_examples=40)


class Answers(NamedTuple):
    """All that a mailbox can be asked; the first of many mails alike are read in part."""

    mails: list[MailSummary]
    summary: MailboxSummary
    contents: bytes
    read: list[object]


class Room:
    """A folder of mailbox files, opened anew for each look as a new process would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scanned = 0

    @property
    def file(self) -> Path:
        return self.path / FILE

    @property
    def database(self) -> Path:
        return self.path / FOLDER / DATABASE

    def ask(
        self, *, recall: bool = True, save: bool = True, change: Callable[[Mailbox], object] | None = None
    ) -> Answers:
        folder = Folder(self.path)
        catalogue = Catalogue(folder)
        try:
            mailbox = Mailbox(folder, FILE, BOB, catalogue.load if recall else None)
            if change:
                change(mailbox)
            answers = answers_of(mailbox)
            if save:
                catalogue.save([mailbox])
            return answers
        finally:
            catalogue.close()
            folder.close()

    def truth(self) -> Answers:
        """What the file itself says."""
        return self.ask(recall=False, save=False)


def answers_of(mailbox: Mailbox) -> Answers:
    summary = showing.summarize(mailbox)
    read: list[object] = []
    last = summary.last_id
    for mail_id in (*range(0, last - 15, 7), *range(max(0, last - 15), last + 2)):
        try:
            read.append(fetching.read(mailbox, mail_id))
        except (NoSuchMail, DamagedMail) as fault:
            read.append(type(fault))
    return Answers(list(showing.list_mails(mailbox)), summary, showing.contents(mailbox), read)


@pytest.fixture
def room(folder: Path) -> Room:
    folder.mkdir()
    return Room(folder)


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many octets of mailbox files were scanned, by piece."""
    seen: list[int] = []
    real = Scanner.feed

    def feed(self: Scanner, chunk: bytes) -> object:
        seen.append(len(chunk))
        return real(self, chunk)

    monkeypatch.setattr(Scanner, "feed", feed)
    return seen


def whole(count: int = 60) -> bytes:
    """More records than one page of the catalogue holds."""
    return b"".join(draft(mail(b"mail %d\n" % number)).record(number) for number in range(1, count + 1))


def test_a_file_that_is_known_is_not_scanned_again(room: Room, scanned: list[int]) -> None:
    put(room.file, whole() + ORIGINAL + b"===STAR\n" + SPEC_RECORD[:-30])
    expected = room.ask()
    assert sum(scanned) == room.file.stat().st_size
    scanned.clear()
    assert room.ask() == expected == room.ask(save=False)
    assert scanned == []


def test_of_a_file_that_grew_only_the_rest_is_scanned(room: Room, scanned: list[int]) -> None:
    put(room.file, whole())
    room.ask()
    with room.file.open("ab") as file:
        file.write(ORIGINAL)
    scanned.clear()
    got = room.ask()
    assert sum(scanned) < len(ORIGINAL) + 2
    assert got == room.truth()
    assert len(got.mails) == 62


@slow
@given(
    data=st.data(), first=files, second=files, way=st.sampled_from(["grow", "edit and grow", "cut", "replace", "edit"])
)
def test_what_happens_to_a_file_between_two_looks_shows(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, first: bytes, second: bytes, way: str
) -> None:
    room = Room(tmp_path_factory.mktemp("room"))
    first = whole(20) + first  # more than is looked at of a file whose end alone is compared
    put(room.file, first)
    assert room.ask() == room.truth()
    at = data.draw(st.integers(0, len(first)))
    edited = first[:at] + (b"x" if first[at : at + 1] != b"x" else b"y") + first[at + 1 :]
    changed = {
        "grow": first + second, "edit and grow": edited + second, "cut": first[:at], "replace": second, "edit": edited
    }[way]  # fmt: skip
    if way == "replace":
        room.file.unlink()
    room.file.write_bytes(changed)
    backdate(room.file, 60)
    assert room.ask() == room.truth()
    assert room.ask() == room.truth()


@slow
@given(octets=files, ids=st.lists(st.integers(1, 12), max_size=3), more=files)
def test_a_deletion_is_kept_whether_it_was_saved_or_not(
    tmp_path_factory: pytest.TempPathFactory, octets: bytes, ids: list[int], more: bytes
) -> None:
    room = Room(tmp_path_factory.mktemp("room"))
    put(room.file, whole(50) + octets)
    room.ask()
    room.ask(change=lambda box: remark(box, Disk(), ids, Status.GONE), save=False)
    assert room.ask(save=False) == room.truth()
    with room.file.open("ab") as file:
        file.write(more)
    backdate(room.file, 60)
    assert room.ask() == room.truth()
    room.ask(change=lambda box: remark(box, Disk(), ids, Status.MAIL))
    assert room.ask() == room.truth()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A folder with a catalogue that was saved three times."""
    room = Room(tmp_path_factory.mktemp("kept") / "mailbox")
    room.path.mkdir()
    for octets in (whole(100), ORIGINAL, SPEC_RECORD + b"===STAR\n" + SPEC_RECORD[:-30]):
        with room.file.open("ab") as file:
            file.write(octets)
        backdate(room.file, 3600)
        room.ask()
    return room


@pytest.fixture(scope="module")
def expected(kept: Room) -> Answers:
    return kept.truth()


@settings(max_examples=60)
@given(data=st.data())
def test_no_damage_to_the_database_shows(kept: Room, expected: Answers, data: st.DataObject) -> None:
    saved = kept.database.read_bytes()
    octets = bytearray(saved)
    try:
        for _ in range(data.draw(st.integers(0, 3))):
            octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
        kept.database.write_bytes(octets[: data.draw(st.one_of(st.just(len(octets)), st.integers(0, len(octets))))])
        assert kept.ask(save=data.draw(st.booleans())) == expected
        assert kept.ask() == expected
    finally:
        for each in kept.database.parent.iterdir():
            each.unlink()
        kept.database.write_bytes(saved)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, dict[str, bytes]]:
    """What a process leaves in the folder of the index when it is killed after some saves."""
    room = Room(tmp_path_factory.mktemp("killed") / "mailbox")
    room.path.mkdir()
    folder = Folder(room.path)
    kept = Catalogue(folder)
    box = Mailbox(folder, FILE, BOB, kept.load)
    for octets in (whole(100), ORIGINAL, SPEC_RECORD + b"===STAR\n" + SPEC_RECORD[:-30]):
        with room.file.open("ab") as file:
            file.write(octets)
        backdate(room.file, 3600)
        showing.summarize(box)
        kept.save([box])
    files = {each.name: each.read_bytes() for each in room.database.parent.iterdir()}
    kept.close()
    folder.close()
    return room, files


@settings(max_examples=40)
@given(data=st.data())
def test_no_damage_to_what_a_killed_process_left_shows(
    killed: tuple[Room, dict[str, bytes]], data: st.DataObject
) -> None:
    room, files = killed
    assert files.keys() == {DATABASE, f"{DATABASE}-wal"}
    for each in room.database.parent.iterdir():
        each.unlink()
    for name, octets in files.items():
        changed = bytearray(octets)
        for _ in range(data.draw(st.integers(0, 2)) if octets else 0):
            changed[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
        (room.database.parent / name).write_bytes(
            changed[: data.draw(st.one_of(st.just(None), st.integers(0, len(octets))))]
        )
    expected = room.truth()
    assert room.ask(save=data.draw(st.booleans())) == expected
    assert room.ask() == expected


def test_what_a_killed_process_had_saved_counts(killed: tuple[Room, dict[str, bytes]], scanned: list[int]) -> None:
    room, files = killed
    for each in room.database.parent.iterdir():
        each.unlink()
    for name, octets in files.items():
        (room.database.parent / name).write_bytes(octets)
    got = room.ask()
    assert scanned == []
    assert got == room.truth()


@pytest.mark.parametrize("version", [0, 2, 99, -1])
def test_the_database_of_another_version_is_put_aside(
    room: Room, version: int, scanned: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    put(room.file, whole())
    expected = room.ask()
    with sqlite3.connect(room.database) as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()
    scanned.clear()
    assert room.ask() == expected
    assert scanned
    assert len(caplog.records) == 1
    assert (room.database.parent / "index.damaged").exists()
    scanned.clear()
    assert room.ask() == expected
    assert scanned == []


@pytest.mark.parametrize(
    "make", ["CREATE TABLE notes (x)", "CREATE TABLE mailbox (box)", "CREATE VIEW page AS SELECT 1"]
)
def test_a_foreign_database_is_put_aside(room: Room, make: str) -> None:
    put(room.file, whole())
    room.database.parent.mkdir()
    with sqlite3.connect(room.database) as database:
        database.execute(make)
        database.execute("PRAGMA user_version = 1")
    database.close()
    assert room.ask() == room.truth() == room.ask()


def test_the_database_of_another_folder_counts_for_nothing(room: Room, kept: Room, scanned: list[int]) -> None:
    put(room.file, ORIGINAL)
    shutil.copytree(kept.database.parent, room.database.parent)
    assert room.ask() == room.truth()
    shutil.copy2(kept.file, room.file)  # the same size and time, in another place
    assert room.ask() == room.truth()
    assert scanned


def test_an_older_database_of_the_same_folder_counts_for_what_still_holds(room: Room, tmp_path: Path) -> None:
    put(room.file, whole())
    room.ask()
    older = room.database.read_bytes()
    room.ask(change=lambda box: remark(box, Disk(), [3], Status.GONE))
    with room.file.open("ab") as file:
        file.write(ORIGINAL)
    backdate(room.file, 60)
    room.database.write_bytes(older)
    got = room.ask()
    assert got == room.truth()
    assert 3 not in [each.id for each in got.mails]


@pytest.mark.parametrize("plant", ["link", "folder", "fifo"])
@pytest.mark.parametrize("where", [FOLDER, f"{FOLDER}/{DATABASE}", f"{FOLDER}/{DATABASE}-wal"])
def test_what_was_planted_in_place_of_the_index_is_left_alone(
    room: Room, tmp_path: Path, plant: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    put(room.file, whole())
    secret = tmp_path / "secret"
    secret.mkdir()
    place = room.path / where
    place.parent.mkdir(exist_ok=True)
    if plant == "link":
        place.symlink_to(secret if where == FOLDER else secret / "new")
    elif plant == "fifo":
        os.mkfifo(place)
    elif where != FOLDER:
        place.mkdir()
    assert room.ask() == room.truth()
    assert list(secret.iterdir()) == []


@pytest.mark.parametrize("pragma", ["max_page_count = 6", "query_only = ON"])
def test_mail_is_taken_when_only_the_index_cannot_be_written(
    folder: Path, pragma: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite itself then says that the disk is full, or may only be read."""
    store = TextFileStore(folder)
    store.append([BOB], mail())
    store.close()

    def connect(path: Path, schema: losable.Schema, *pragmas: str) -> sqlite3.Connection:
        database = losable.connect(path, schema, *pragmas)
        database.execute(f"PRAGMA {pragma}")
        return database

    monkeypatch.setattr("mysmtp.store.pages.connect", connect)
    store = TextFileStore(folder)
    for number in range(300):
        store.append([BOB], mail(b"%d" % number))
    assert len(store.list(BOB)) == 301
    with caplog.at_level(logging.WARNING):
        store.close()
    assert [record.getMessage() for record in caplog.records if "the index cannot be used now" in record.getMessage()]
    monkeypatch.undo()
    assert not list((folder / FOLDER).glob("*damaged"))  # there was nothing wrong with it
    store = TextFileStore(folder)
    assert len(store.list(BOB)) == 301
    store.close()


def test_a_store_takes_up_where_it_was_closed(folder: Path, scanned: list[int]) -> None:
    store = TextFileStore(folder)
    store.append([BOB, "a@x"], mail())
    store.append([BOB], mail(b"two"))
    store.delete(BOB, [1])
    boxes, contents = store.mailboxes(), store.contents(BOB)
    store.close()
    scanned.clear()
    store = TextFileStore(folder)
    assert store.mailboxes() == boxes
    assert store.contents(BOB) == contents
    assert list(store.restore(BOB, [1])) == [1]
    assert list(store.append([BOB], mail(b"three"))) == [3]
    assert scanned == []
    store.close()


def test_mailboxes_are_taken_up_by_many_threads_at_once(folder: Path, scanned: list[int]) -> None:
    names = [f"box{number}" for number in range(40)]
    store = TextFileStore(folder)
    for _ in range(3):
        store.append(names, mail())
    store.close()
    scanned.clear()
    store = TextFileStore(folder)
    with ThreadPoolExecutor(16) as pool:
        listed = [*pool.map(lambda name: [each.id for each in store.list(name)], names * 3)]
    assert listed == [[1, 2, 3]] * 120
    assert scanned == []
    store.close()


def test_the_rows_of_a_mailbox_that_is_gone_go(room: Room) -> None:
    put(room.file, whole() + b"===STAR\n")
    room.ask()
    room.file.unlink()
    folder = Folder(room.path)
    Catalogue(folder).close()
    folder.close()
    with sqlite3.connect(room.database) as database:
        counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("mailbox", "page", "odd")]
    database.close()
    assert counts == [(0,)] * 3


def test_saving_takes_what_is_new_only(room: Room) -> None:
    folder = Folder(room.path)
    kept = Catalogue(folder)
    box = Mailbox(folder, FILE, BOB, kept.load)
    put(room.file, whole(1000))
    showing.summarize(box)
    kept.save([box])
    before = _changes(kept)
    showing.summarize(box)
    kept.save([box])
    assert _changes(kept) == before  # nothing
    remark(box, Disk(), [500], Status.GONE)
    kept.save([box])
    assert _changes(kept) == before + 2  # its row and one page
    with room.file.open("ab") as file:
        file.write(ORIGINAL)
    showing.summarize(box)
    kept.save([box])
    assert _changes(kept) == before + 4
    kept.close()
    folder.close()
    assert room.ask() == room.truth()


def _changes(kept: Catalogue) -> int:
    pages = kept._hidden.at_hand()
    assert pages is not None
    return pages._database.total_changes
