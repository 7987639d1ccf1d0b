"""The journal: what was appended is found again, files go round, and what failed is never found."""

import errno
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from mysmtp.store import journal as module
from mysmtp.store import milestones
from mysmtp.store.disk import Disk
from mysmtp.store.journal import FOLDER, Journal
from mysmtp.store.segment import Entry, pack, payload_of
from mysmtp.store.textfile import TextFileStore
from tests.store.disks import Faults
from tests.store.mails import mail


def entry(text: str, size: int = 0) -> Entry:
    return Entry((("bob@x", 1),), text.encode().ljust(size, b"."))


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_SIZE", 4096)
    monkeypatch.setattr(module, "_SIZE", 4096)


def found(parent: int) -> list[str]:
    """What a new process finds after a kill."""
    again = Journal(parent, Disk())
    texts = [bytes(each.record).rstrip(b".").decode() for batch in again.recovered for each in batch.entries]
    again.close(remove=False)
    return texts


def test_what_was_appended_is_found_after_a_kill(parent: int) -> None:
    journal = Journal(parent, Disk())
    assert [journal.append([entry(f"{number}a"), entry(f"{number}b")]) for number in (1, 2, 3)] == [1, 2, 3]
    assert found(parent) == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert [batch.number for batch in journal.since_checkpoint()] == [1, 2, 3]


def test_a_large_mail_is_copied_once_on_its_way_into_the_journal(parent: int) -> None:
    journal, large = Journal(parent, Disk()), entry("1", 10_000_000)  # more than a file of the journal holds at first
    tracemalloc.start()
    try:
        journal.append([large])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 15_000_000


def test_one_write_and_one_sync_make_a_batch_durable(parent: int, faults: Faults) -> None:
    journal = Journal(parent, faults.disk)
    journal.append([entry("1")])
    faults.calls.clear()
    journal.append([entry(str(number)) for number in range(100)])
    assert faults.calls == [("overwrite", "1"), ("sync", "1")]


def test_a_new_file_is_whole_on_the_disk_with_its_name_before_it_is_used(parent: int, faults: Faults) -> None:
    Journal(parent, faults.disk).append([entry("1")])
    zeros = faults.calls.index(("sync", "1"))
    assert faults.calls[0] == ("sync_folder", faults.calls[0][1])  # of the folder that holds the new .journal
    assert faults.calls[zeros : zeros + 4] == [
        ("sync", "1"),
        ("sync_folder", FOLDER),
        ("overwrite", "1"),
        ("sync", "1"),
    ]


@pytest.mark.usefixtures("small")
def test_files_are_written_again_only_after_a_checkpoint(parent: int, tmp_path: Path) -> None:
    journal = Journal(parent, Disk())
    for number in range(1, 7):
        journal.append([entry(str(number), 1800)])  # two to a file
    files = {each.name for each in (tmp_path / FOLDER).iterdir()}
    assert files == {"1", "2", "3", "marks"}
    assert found(parent) == ["1", "2", "3", "4", "5", "6"]
    journal.mark(5)
    journal.checkpoint(5)
    assert journal.used == 4096  # the third file has the sixth
    assert found(parent) == ["6"]
    for number in range(7, 11):
        journal.append([entry(str(number), 1800)])
    assert {each.name for each in (tmp_path / FOLDER).iterdir()} == files
    assert found(parent) == ["6", "7", "8", "9", "10"]


@pytest.mark.usefixtures("small")
def test_a_batch_larger_than_a_file_has_a_file_of_its_own(parent: int) -> None:
    journal = Journal(parent, Disk())
    journal.append([entry("small")])
    journal.append([entry("large", 50_000)])
    journal.append([entry("small again")])
    assert found(parent) == ["small", "large", "small again"]


@pytest.mark.usefixtures("small")
def test_a_file_is_ready_before_the_one_in_use_is_full(parent: int, faults: Faults) -> None:
    journal = Journal(parent, faults.disk)
    journal.append([entry("1", 1800)])
    journal.prepare()
    assert faults.count("overwrite", "2") == 0  # half of the first is left
    journal.append([entry("2", 1800)])
    journal.prepare()
    faults.calls.clear()
    journal.append([entry("3", 1800)])
    assert faults.calls == [("overwrite", "2"), ("sync", "2")]


@pytest.mark.parametrize("call", ["overwrite", "sync"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("before", [0, 1])
def test_a_batch_that_failed_is_never_found(parent: int, faults: Faults, call: str, number: int, before: int) -> None:
    journal = Journal(parent, faults.disk)
    for text in ["before"] * before:
        journal.append([entry(text)])
    journal.prepare()
    faults.plan[call] = ("", number)
    with pytest.raises(OSError, match=os.strerror(number)):
        journal.append([entry("refused")])
    with pytest.raises(OSError, match=os.strerror(number)):
        journal.append([entry("refused")])
    assert bool(journal.troubles()) == bool(before)
    faults.plan.clear()
    journal.append([entry("after")])
    assert not journal.troubles()
    assert found(parent) == ["before"] * before + ["after"]


def test_after_a_failed_sync_nothing_more_goes_into_that_file(parent: int, faults: Faults, tmp_path: Path) -> None:
    journal = Journal(parent, faults.disk)
    journal.append([entry("before")])
    faults.plan["sync"] = ("1", errno.EIO)
    with pytest.raises(OSError, match="Input"):
        journal.append([entry("refused")])
    octets = (tmp_path / FOLDER / "1").read_bytes()
    journal.append([entry("after")])  # the first file still fails
    assert (tmp_path / FOLDER / "1").read_bytes() == octets
    assert b"refused" in octets  # the system has it, so a later batch must take its number
    assert found(parent) == ["before", "after"]


def test_numbers_go_on_after_a_kill(parent: int) -> None:
    journal = Journal(parent, Disk())
    journal.append([entry("1")])
    journal.append([entry("2")])
    journal.checkpoint(1)
    again = Journal(parent, Disk())
    assert [batch.number for batch in again.recovered] == [2]
    assert again.append([entry("3")]) == 3
    again.checkpoint(3)
    assert Journal(parent, Disk()).append([entry("4")]) == 4


def test_marks_tell_what_the_files_had_and_whether_that_counts(parent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(parent, Disk())
    for text in "123":
        journal.append([entry(text)])
    journal.checkpoint(1)
    journal.mark(2)
    marks = Journal(parent, Disk()).marks
    assert (marks.written, marks.synced, marks.same_boot) == (2, 1, True)
    monkeypatch.setattr(milestones, "_boot", lambda: b"another boot".ljust(16))
    marks = Journal(parent, Disk()).marks
    assert (marks.written, marks.synced, marks.same_boot) == (2, 1, False)


@pytest.mark.parametrize("damage", [b"", b"x" * 44, bytes(44), bytes(10)])
def test_damaged_marks_mean_that_everything_is_compared(parent: int, tmp_path: Path, damage: bytes) -> None:
    journal = Journal(parent, Disk())
    journal.append([entry("1")])
    journal.checkpoint(1)
    (tmp_path / FOLDER / "marks").write_bytes(damage)
    assert found(parent) == ["1"]


def test_what_is_no_file_of_the_journal_is_passed_over(parent: int, tmp_path: Path) -> None:
    Journal(parent, Disk()).append([entry("1")])
    (tmp_path / FOLDER / "notes.txt").write_text("hello")
    (tmp_path / FOLDER / "77").mkdir()
    (tmp_path / FOLDER / "78").symlink_to("/etc/passwd")
    (tmp_path / FOLDER / "79").write_bytes(b"")
    assert found(parent) == ["1"]


def test_closed_clean_it_leaves_nothing(parent: int, tmp_path: Path) -> None:
    journal = Journal(parent, Disk())
    journal.append([entry("1")])
    journal.close(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_was_taken_away_takes_no_mail(parent: int, tmp_path: Path) -> None:
    journal = Journal(parent, Disk())
    journal.append([entry("1")])
    for each in (tmp_path / FOLDER).iterdir():
        each.unlink()
    (tmp_path / FOLDER).rmdir()
    with pytest.raises(FileNotFoundError):
        journal.append([entry("2")])
    assert journal.lost


def test_a_folder_that_is_only_read_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    store = TextFileStore(folder)
    assert list(store.mailboxes()) == []
    assert [each.name for each in folder.iterdir() if each.name != ".index"] == [".lock"]
    store.append(["a@x"], mail())
    assert (folder / FOLDER).is_dir()
    store.close()
    assert not (folder / FOLDER).exists()


@pytest.mark.parametrize("after", [False, True])
def test_a_batch_whose_sync_failed_is_not_found_even_when_nothing_came_after_it(
    parent: int, faults: Faults, after: bool
) -> None:
    journal = Journal(parent, faults.disk)
    journal.append([entry("before")])
    faults.plan["sync"] = ("1", errno.EIO)
    with pytest.raises(OSError, match="Input"):
        journal.append([entry("refused")])
    if after:
        journal.append([entry("after")])
    assert found(parent) == ["before", "after"][: 1 + after]


@pytest.mark.usefixtures("small")
def test_a_disk_with_little_room_has_room_for_a_small_file(
    parent: int, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SIZE", 65_536)
    journal = Journal(parent, faults.disk)
    journal.append([entry("1", 3000)])
    faults.plan["overwrite"] = ("2", errno.ENOSPC)
    assert journal.append([entry("2", 3000)]) == 2
    assert found(parent) == ["1", "2"]
    assert journal.used == 2 * 4096


@pytest.mark.parametrize("how", ["unlinked", "moved"])
def test_a_journal_that_is_found_by_no_one_takes_no_mail(parent: int, tmp_path: Path, how: str) -> None:
    journal = Journal(parent, Disk())
    journal.append([entry("1")])
    if how == "unlinked":
        (tmp_path / FOLDER / "1").unlink()
    else:
        (tmp_path / FOLDER).rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        journal.append([entry("2")])
    assert journal.lost


@pytest.mark.usefixtures("small")
def test_a_batch_that_a_sender_wrote_into_a_mail_is_not_found_when_the_file_is_written_again(parent: int) -> None:
    """It lies just where the next batch would begin, with the serial and the number that one might have."""
    forged = pack(3, 4, [bytes(piece) for piece in payload_of([Entry((("boss@x", 9),), b"forged")])])
    journal = Journal(parent, Disk())
    journal.append([Entry((("a@x", 1),), forged * 50)])
    journal.append([Entry((("a@x", 2),), b"." * 3990)])  # into another file
    journal.checkpoint(2)
    journal.append([Entry((("a@x", 3),), b"3" + b"." * (len(forged) - 1))])  # into the first again
    octets = Path(f"/proc/self/fd/{parent}", FOLDER, "1").read_bytes()
    begin = octets.index(b"3....")
    assert octets[begin:].startswith(b"3" + b"." * (len(forged) - 1) + forged)
    assert found(parent) == ["3"]
