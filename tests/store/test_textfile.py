import logging
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from mysmtp.contracts import MessageStore
from mysmtp.errors import DamagedMail, NoSuchMail, NoSuchMailbox, StoreFailed
from mysmtp.message import Place
from mysmtp.powers import RecordKeeper
from mysmtp.store.catalogue import Catalogue
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.textfile import TextFileStore
from tests.store.contract import StoreContract
from tests.store.mails import BOB, ORIGINAL, SPEC_BODY, SPEC_RECORD, backdate, filed, mail, put

T = TypeVar("T")


class TestTextFileStore(StoreContract):
    @pytest.fixture
    def any_store(self, store: TextFileStore) -> MessageStore:
        return store


def bodies(store: MessageStore, mailbox: str = BOB) -> list[bytes]:
    return [store.read(mailbox, each.id).body for each in store.list(mailbox)]


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "bob@example.com.txt"


def test_the_file_is_the_one_of_the_specification(store: TextFileStore, path: Path) -> None:
    filed(store, [BOB], mail())
    assert path.read_bytes() == SPEC_RECORD
    assert isinstance(store, RecordKeeper)
    assert store.record(BOB, 1) == SPEC_RECORD[:-1]
    assert store.read(BOB, 1).place == Place(str(path), 0, len(SPEC_RECORD) - 1)


def test_a_file_of_the_original_program_is_served_and_gone_on_with(store: TextFileStore, path: Path) -> None:
    put(path, ORIGINAL)
    assert [(each.id, each.sender, each.date) for each in store.list(BOB)] == [
        (1, "alice@example.com", "12-03-2025"),
        (2, "charlie@example.com", "13-03-2025"),
    ]
    assert bodies(store) == [b"Hello Bob,\n", b"no newline at the end"]
    got = store.read(BOB, 2)
    assert (got.envelope, got.trace, got.checksum, got.summary.arrived) == (None, None, None, None)
    assert list(filed(store, [BOB], mail())) == [3]
    assert path.read_bytes() == ORIGINAL + SPEC_RECORD.replace(b"id=1", b"id=3")


def test_a_mail_without_a_date_has_the_day_of_its_file(store: TextFileStore, path: Path) -> None:
    put(path, b"===START_EMAIL===\nhi\n===END_EMAIL===\n")
    os.utime(path, (1741770902, 1741770902))  # 12 March 2025, 09:15 UTC
    assert [(each.sender, each.date) for each in store.list(BOB)] == [("<>", "12-03-2025")]


def test_what_somebody_appends_stands_among_all_mail_where_its_mailbox_has_it(store: TextFileStore, path: Path) -> None:
    filed(store, [BOB, "carol@example.com"], mail())
    with path.open("ab") as file:
        file.write(b"===START_EMAIL===\nFrom: dave@example.com\nDate: 12-03-2025\nBy hand\n===END_EMAIL===\n")
    assert [(rank.mailbox, rank.id) for rank, _ in store.gather(9).mails] == [
        ("carol@example.com", 1),
        (BOB, 2),
        (BOB, 1),
    ]
    assert store.rank(BOB, 2) == store.gather(9).mails[1][0]


def test_deleting_overwrites_the_marker_in_place(store: TextFileStore, path: Path) -> None:
    filed(store, [BOB], mail())
    store.delete(BOB, [1])
    assert path.read_bytes() == SPEC_RECORD.replace(b"===START_EMAIL===", b"===GONE__EMAIL===")
    store.restore(BOB, [1])
    assert path.read_bytes() == SPEC_RECORD
    assert bodies(store) == [SPEC_BODY]


def test_an_empty_frame_keeps_its_id_and_cannot_be_restored(store: TextFileStore, path: Path) -> None:
    put(path, b"===GONE__EMAIL=== id=9 size=0\n")
    assert list(store.restore(BOB, [9])) == []
    assert list(filed(store, [BOB], mail())) == [10]
    put(path, b"===GONE__EMAIL=== id=9 size=0\n===END_EMAIL===\n")
    assert list(store.restore(BOB, [9])) == []


def test_deleting_finds_a_mail_that_someone_has_moved_meanwhile(store: TextFileStore, path: Path) -> None:
    filed(store, [BOB], mail(b"1"))
    filed(store, [BOB], mail(b"2"))
    status = path.stat()
    octets = path.read_bytes()
    path.write_bytes(octets[:-1].replace(b"\n\n", b"\n\n\n", 1))  # as long as before, and no newer
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert list(store.delete(BOB, [2])) == [2]
    assert bodies(store) == [b"1"]
    assert path.read_bytes().count(b"===GONE__EMAIL=== id=2 ") == 1


def test_what_others_append_shows_at_once(store: TextFileStore, path: Path) -> None:
    filed(store, [BOB], mail(b"1"))
    with path.open("ab") as file:
        file.write(b"===START_EMAIL===\nFrom: c@x\nDate: 01-01-2025\nhi\n===END_EMAIL===\n\n")
    assert bodies(store) == [b"1", b"hi\n"]
    assert list(filed(store, [BOB], mail(b"3"))) == [3]
    assert bodies(store) == [b"1", b"hi\n", b"3"]


def test_what_others_replace_cut_off_or_remove_shows_at_once(store: TextFileStore, path: Path, tmp_path: Path) -> None:
    for body in (b"1", b"2", b"3"):
        filed(store, [BOB], mail(body))
    saved = path.read_bytes()
    put(tmp_path / "new", ORIGINAL, age=0)
    (tmp_path / "new").rename(path)
    assert bodies(store) == [b"Hello Bob,\n", b"no newline at the end"]
    put(path, saved[: saved.index(b"===START_EMAIL=== id=3")])
    assert bodies(store) == [b"1", b"2"]
    path.unlink()
    with pytest.raises(NoSuchMailbox):
        store.list(BOB)
    assert list(store.mailboxes()) == []
    put(path, saved)
    assert bodies(store) == [b"1", b"2", b"3"]
    path.unlink()
    assert list(filed(store, [BOB], mail(b"new"))) == [1]
    assert bodies(store) == [b"new"]


def test_a_file_that_grew_and_changed_before_its_end_is_read_anew(store: TextFileStore, path: Path) -> None:
    filed(store, [BOB], mail(b"1"))
    octets = path.read_bytes()
    with path.open("r+b") as file:  # the same inode, another start, and longer
        file.write(ORIGINAL + octets)
    assert [each.id for each in store.list(BOB)] == [1, 2, 3]


def test_an_edit_that_keeps_the_size_shows_at_once(store: TextFileStore, path: Path) -> None:
    put(path, ORIGINAL)
    assert bodies(store)[0] == b"Hello Bob,\n"
    put(path, ORIGINAL.replace(b"Hello", b"Jello"), age=60)
    assert store.list(BOB)[0].preview == b"Jello Bob,\n"


def test_what_changed_unseen_is_never_served_as_the_mail_it_was(store: TextFileStore, path: Path) -> None:
    filed(store, [BOB], mail(b"first"))
    filed(store, [BOB], mail(b"other"))
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"first", b"fixed"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(DamagedMail):
        store.read(BOB, 1)
    assert store.read(BOB, 2).body == b"other"
    assert [each.id for each in store.list(BOB)] == [2]


def test_an_unfinished_last_mail_is_not_there_yet_and_later_damaged(
    store: TextFileStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filed(store, [BOB], mail(b"1"))
    whole = path.read_bytes() + SPEC_RECORD.replace(b"id=1", b"id=2")
    put(path, whole[:-30], age=1)
    assert bodies(store) == [b"1"]
    assert store.summary(BOB).damage == ()
    with pytest.raises(NoSuchMail):
        store.read(BOB, 2)
    assert not list(path.parent.glob(".damaged/*"))
    backdate(path, 6)
    assert [(each.start, each.end) for each in store.summary(BOB).damage] == [
        (whole.index(b"===START_EMAIL=== id=2"), len(whole) - 30)
    ]
    with pytest.raises(DamagedMail):
        store.read(BOB, 2)
    assert store.record(BOB, 2) == whole[whole.index(b"===START_EMAIL=== id=2") : -30]
    assert [each.read_bytes() for each in path.parent.glob(".damaged/*")] == [store.record(BOB, 2)]
    put(path, whole, age=1)
    assert bodies(store) == [b"1", SPEC_BODY]


def test_damage_is_told_once_copied_once_and_left_in_place(
    store: TextFileStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = SPEC_RECORD.replace(b"Hello", b"Jello")
    put(path, broken + SPEC_RECORD.replace(b"id=1", b"id=2"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [each.id for each in store.list(BOB)] == [2]
        filed(store, [BOB], mail(b"3"))
        assert [each.id for each in store.list(BOB)] == [2, 3]
    assert len(caplog.records) == 1
    assert path.read_bytes().startswith(broken)
    (copy,) = (path.parent / ".damaged").iterdir()
    assert copy.read_bytes() == broken[:-1]
    assert copy.name.startswith("bob@example.com.txt.0.")
    with pytest.raises(DamagedMail):
        store.read(BOB, 1)
    assert list(store.delete(BOB, [1])) == []
    assert [each.name for each in store.mailboxes()] == [BOB]


def test_a_file_cut_at_every_octet_serves_what_is_whole_and_goes_on_cleanly(store: TextFileStore, path: Path) -> None:
    texts = [b"one\r\n" * 3, b"===END_EMAIL===\n===START_EMAIL===\n" * 2, b"", b"last, without the end of its line"]
    ends = []
    for body in texts:
        filed(store, [BOB], mail(body, paths=[BOB]))
        ends.append(path.stat().st_size - 1)
    whole = path.read_bytes()
    checksums = [whole.rindex(b" via=", 0, end) for end in ends]  # with its checksum a mail is whole
    for cut in range(len(whole)):
        put(path, whole[:cut])
        kept = [body for body, end in zip(texts, checksums, strict=True) if end <= cut]
        assert bodies(store) == kept, cut
        (new,) = filed(store, [BOB], mail(b"next"))
        assert store.read(BOB, new).body == b"next"
        assert bodies(store) == [*kept, b"next"], cut


@pytest.mark.parametrize("plant", ["symlink", "fifo", "folder"])
def test_what_is_no_plain_file_is_refused_and_blocks_nobody(
    store: TextFileStore, path: Path, plant: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(SPEC_RECORD)
    if plant == "symlink":
        path.symlink_to(secret)
    elif plant == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(StoreFailed):
        filed(store, [BOB], mail())
    with pytest.raises(StoreFailed):
        store.list(BOB)
    with pytest.raises(StoreFailed):
        store.delete(BOB, [1])
    assert list(store.mailboxes()) == []
    assert secret.read_bytes() == SPEC_RECORD


TRAVERSALS = [
    "../../etc/passwd@x", "..%2f..%2fx@x", "/etc/x@x", "a/../../b@x", ".\x00@x", "a\\..\\b@x", ".@x", "..@x", "-rf@x",
    "CON@x", "%00", "a@x/../../y", ".lock", "..", ".", "/", "\0", "a\nb@x", " @x",
    "x" * 5000 + "@x", "../" * 200 + "@x",
]  # fmt: skip


def test_no_name_leaves_the_folder_and_all_stay_apart(store: TextFileStore, folder: Path, tmp_path: Path) -> None:
    for number, name in enumerate(TRAVERSALS):
        with pytest.raises(NoSuchMailbox):
            store.list(name)
        filed(store, [name], mail(b"%d" % number))
    for number, name in enumerate(TRAVERSALS):
        assert bodies(store, name) == [b"%d" % number]
    assert {each.name for each in store.mailboxes()} == {name.lower() for name in TRAVERSALS}
    assert list(tmp_path.iterdir()) == [folder]
    assert all(each.is_file() or each.name == ".journal" for each in folder.iterdir())
    assert len(list(folder.glob("*.txt"))) == len(TRAVERSALS)


def test_long_names_stay_apart_and_are_known_in_full_after_a_restart(folder: Path) -> None:
    long = ["n" * 200 + end + "@example.com" + "." * 99 for end in ("1", "2")]
    store = TextFileStore(folder)
    filed(store, long, mail())
    store.close()
    files = [each for each in folder.iterdir() if not each.name.startswith(".")]
    assert {each.read_bytes().split(b" to=")[1].split()[0].decode() for each in files} == set(long)
    store = TextFileStore(folder)
    assert {each.name for each in store.mailboxes()} == set(long)
    store.close()


def test_a_replaced_folder_is_followed_and_a_missing_one_is_a_fault(
    store: TextFileStore, folder: Path, tmp_path: Path
) -> None:
    filed(store, [BOB], mail())
    folder.rename(tmp_path / "aside")
    with pytest.raises(StoreFailed):
        filed(store, [BOB], mail())
    with pytest.raises(StoreFailed):
        store.mailboxes()
    folder.mkdir()
    assert list(filed(store, [BOB], mail())) == [1]
    assert bodies(store) == [SPEC_BODY]


def test_readers_and_writers_at_once_see_whole_mails_only(store: TextFileStore) -> None:
    faults: list[BaseException] = []
    filed(store, [BOB], mail(b"0" * 500))

    def deliver(number: int) -> None:
        for _ in range(30):
            filed(store, [BOB], mail(b"%d" % number * 500))

    def look() -> None:
        try:
            for _ in range(60):
                ids = [each.id for each in store.list(BOB)]
                assert ids == list(range(1, len(ids) + 1))
                assert len(set(store.read(BOB, ids[-1]).body)) == 1
        except BaseException as fault:  # noqa: BLE001  a thread's fault is the test's
            faults.append(fault)

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(4)]
    threads += [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(store.list(BOB)) == 121


@pytest.mark.parametrize("first", ["append", "list"])
@pytest.mark.parametrize("second", ["append", "list"])
def test_one_at_a_time_works_on_a_mailbox(folder: Path, first: str, second: str) -> None:
    entered: list[str] = []
    inside, another, go_on = threading.Event(), threading.Event(), threading.Event()

    def offload(work: Callable[[], T]) -> T:
        entered.append(threading.current_thread().name)
        (inside if len(entered) == 1 else another).set()
        go_on.wait(30)
        return work()

    TextFileStore(folder).close()
    put(folder / "bob@example.com.txt", ORIGINAL)
    store = TextFileStore(folder, offload=offload)
    calls: dict[str, Callable[[], object]] = {
        "append": lambda: filed(store, [BOB], mail()),
        "list": lambda: store.list(BOB),
    }
    threads = [threading.Thread(target=calls[name], name=name, daemon=True) for name in (first, second)]
    threads[0].start()
    assert inside.wait(30)
    threads[1].start()
    assert not another.wait(0.1)  # it waits outside for as long as the first works
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert [name for name in entered if name in (first, second)][:2] == [first, second]
    store.close()


def test_what_is_known_is_saved_at_the_end_where_it_stops_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a while for large mailboxes, and a second signal is to be heard meanwhile."""
    saved: list[str] = []
    save = Catalogue.save

    def noted(catalogue: Catalogue, mailboxes: Iterable[Mailbox]) -> None:
        saved.append(threading.current_thread().name)
        save(catalogue, mailboxes)

    monkeypatch.setattr(Catalogue, "save", noted)
    with ThreadPoolExecutor(1, "elsewhere") as pool:
        opened = TextFileStore(folder, offload=lambda work: pool.submit(work).result())
        opened.append([BOB], mail())
        opened.close()
    assert saved
    assert {name.partition("_")[0] for name in saved} == {"elsewhere"}
