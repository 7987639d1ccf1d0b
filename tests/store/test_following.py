"""What a follower of mailbox files learns of that was done to them by others, or while nobody looked."""

import errno
import os
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from mysmtp.store.disk import Disk
from mysmtp.store.textfile import TextFileStore
from tests.store.mails import BOB, ORIGINAL, filed, mail, put


def append(path: Path, octets: bytes) -> None:
    with path.open("ab") as file:
        file.write(octets)


def test_what_others_append_has_come(store: TextFileStore, folder: Path) -> None:
    filed(store, [BOB], mail(b"1"))
    before = store.changes(BOB, None)
    append(folder / f"{BOB}.txt", ORIGINAL)
    assert store.states()[BOB] != before.state
    after = store.changes(BOB, before.mark)
    assert (list(after.came), list(after.gone), after.whole) == ([2, 3], [], False)


def test_a_record_that_more_octets_may_change_comes_each_time(store: TextFileStore, folder: Path) -> None:
    filed(store, [BOB], mail(b"1"))
    append(folder / f"{BOB}.txt", ORIGINAL.rstrip(b"\n"))
    before = store.changes(BOB, None)
    assert list(before.came) == [1, 2, 3]
    assert list(store.changes(BOB, before.mark).came) == [3]
    append(folder / f"{BOB}.txt", b"\n\n" + ORIGINAL)
    after = store.changes(BOB, before.mark)
    assert (list(after.came), list(after.gone)) == ([3, 4, 5], [])


def test_another_file_is_all_new(store: TextFileStore, folder: Path) -> None:
    for body in (b"1", b"2", b"3"):
        filed(store, [BOB], mail(body))
    before = store.changes(BOB, None)
    prints = store.prints(BOB, [1, 2])
    other = folder / "other"
    octets = (folder / f"{BOB}.txt").read_bytes().replace(b"\n2\n", b"\n4\n")
    other.write_bytes(octets.partition(b"===START_EMAIL=== id=3")[0])
    other.replace(folder / f"{BOB}.txt")
    after = store.changes(BOB, before.mark)
    assert after.whole
    assert list(after.came) == [1]  # the checksum of 2 is wrong now
    assert store.prints(BOB, [1, 2]) == {1: prints[1]}


def test_a_rewritten_file_is_all_new_with_the_same_prints(store: TextFileStore) -> None:
    for body in (b"1", b"2", b"3"):
        filed(store, [BOB], mail(body))
    prints = store.prints(BOB, [1, 3])
    store.delete(BOB, [2])
    before = store.changes(BOB, None)
    store._boxes.held(f"{BOB}.txt", BOB).index.forget()
    after = store.changes(BOB, before.mark)
    assert after.whole
    assert store.prints(BOB, after.came) == prints


def test_a_state_lasts_over_a_restart(store: TextFileStore, folder: Path) -> None:
    filed(store, [BOB], mail(b"1"))
    state = store.changes(BOB, None).state
    store.close()
    again = TextFileStore(folder)
    assert again.states() == {BOB: state}
    again.close()


def test_a_deletion_shows_where_the_clock_of_the_files_does_not_tell(store: TextFileStore, folder: Path) -> None:
    filed(store, [BOB], mail(b"1"))
    file = folder / f"{BOB}.txt"
    was, before = file.stat(), store.changes(BOB, None)
    store.delete(BOB, [1])
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert store.states()[BOB] != before.state
    after = store.changes(BOB, before.mark)
    assert (list(after.came), store.states()[BOB]) == ([], after.state)


def test_files_that_come_and_go_are_seen_at_once(store: TextFileStore, folder: Path) -> None:
    for number in range(20):
        (folder / f"{number}@x.txt").write_bytes(ORIGINAL)
        assert f"{number}@x" in store.states()
    (folder / "3@x.txt").unlink()
    assert "3@x" not in store.states()
    (folder / "no-mailbox").write_bytes(b"")
    assert len(store.states()) == 19


def test_a_mail_on_its_way_to_its_file_is_a_change(store: TextFileStore) -> None:
    filed(store, [BOB], mail(b"1"))
    state = store.states()[BOB]
    store.append([BOB, "new@x"], mail(b"2"))
    found = store.states()
    assert found[BOB] != state
    assert "new@x" in found
    assert list(store.changes("new@x", None).came) == [1]


def test_a_long_name_is_told_in_full(store: TextFileStore) -> None:
    name = "a" * 300 + "@example.com"
    filed(store, [name], mail(b"1"))
    assert list(store.states()) == [name]
    assert list(store.changes(name, None).came) == [1]


def test_mails_that_cannot_be_written_are_counted(folder: Path) -> None:
    def full(_descriptor: int, _octets: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    store = TextFileStore(folder, disk=Disk(write=full))
    store.append([BOB], mail(b"1"))
    assert store.changes(BOB, None).waiting == 1
    assert BOB in store.states()
    store.close()


def test_large_bodies_end_a_reading_early(store: TextFileStore) -> None:
    for _ in range(3):
        filed(store, [BOB], mail(b"x" * 1000))
    assert len(store.read_some(BOB, [1, 2, 3], 1500)) == 2
    assert len(store.read_some(BOB, [1, 2, 3], 1)) == 1


@pytest.mark.parametrize("body", [b"line\n" * 300, b"line\r\n" * 300, b"===END_EMAIL===\n" * 100, b"x" * 999])
def test_of_a_mail_that_is_larger_than_that_the_beginning_is_read(store: TextFileStore, body: bytes) -> None:
    paths = [f"{number}@example.com" for number in range(5000)]  # its END line is long
    filed(store, [BOB], mail(body, paths=paths))
    filed(store, [BOB], mail(b"next"))
    [(mail_, print_)] = [each for each in store.read_some(BOB, [1, 2], 500) if each]
    whole = store.read(BOB, 1)
    assert replace(mail_, body=b"") == replace(whole, body=b"")
    assert 450 <= len(mail_.body) <= 500
    assert body.startswith(mail_.body)
    assert {1: print_} == store.prints(BOB, [1]) == {1: zlib.crc32(store.record(BOB, 1))}


def test_so_is_that_of_one_written_by_the_original_program(store: TextFileStore, folder: Path) -> None:
    put(folder / f"{BOB}.txt", ORIGINAL.replace(b"Hello", b"Hello" * 100))
    [(mail_, _)] = [each for each in store.read_some(BOB, [1], 300) if each]
    assert mail_ == replace(store.read(BOB, 1), body=b"Hello" * 60)


def test_a_database_may_lie_beside_the_mailboxes_but_no_link(store: TextFileStore, folder: Path) -> None:
    found = store.hidden_place("words.db")
    assert found is not None
    path, identity = found
    assert path == folder / ".index" / "words.db"
    assert store.hidden_place("words.db") == (path, identity)
    path.symlink_to(folder / "elsewhere")
    with pytest.raises(OSError, match="no plain file"):
        store.hidden_place("words.db")
