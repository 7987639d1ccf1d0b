"""Mails on their way from the journal to the mailbox files: seen at once, written behind, kept when a file fails."""

import errno
import threading
from pathlib import Path

import pytest

from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.powers import Watchful
from mysmtp.store import filing
from mysmtp.store.textfile import TextFileStore
from tests.store.disks import Faults
from tests.store.mails import mail


@pytest.fixture
def store(quiet_store: TextFileStore) -> TextFileStore:
    return quiet_store


def bodies(store: TextFileStore, mailbox: str = "a@x") -> list[bytes]:
    return [store.read(mailbox, each.id).body for each in store.list(mailbox)]


def test_the_disk_has_a_mail_before_anyone_is_told(store: TextFileStore, faults: Faults) -> None:
    store.append(["a@x"], mail())
    faults.calls.clear()
    told: list[object] = []
    store.submit(["a@x", "b@x"], mail(), lambda ids: told.append((list(ids), list(faults.calls)))).wait()
    assert told == [([2, 1], [("overwrite", "1"), ("sync", "1")])]


def test_a_mail_is_seen_at_once_and_written_with_those_before_it(
    store: TextFileStore, folder: Path, faults: Faults
) -> None:
    for number in range(5):
        store.append(["a@x", "b@x"], mail(b"%d" % number))
    assert (folder / "a@x.txt").read_bytes() == b""
    assert bodies(store) == [b"0", b"1", b"2", b"3", b"4"]
    assert faults.count("write", "a@x") == 1
    assert faults.count("write", "b@x") == 0
    store.flush()
    assert faults.count("write", "b@x") == 1
    assert (folder / "b@x.txt").read_bytes().count(b"===START_EMAIL===") == 5


def test_a_list_of_all_mailboxes_holds_what_was_just_stored(store: TextFileStore) -> None:
    store.append(["a@x", "b@x"], mail())
    assert [(each.name, each.mails) for each in store.mailboxes()] == [("a@x", 1), ("b@x", 1)]


def test_the_files_are_written_and_synced_without_anyone_asking(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults()
    for name in ("_SOON", "_AGAIN"):
        monkeypatch.setattr(filing, name, 0.01)
    store = TextFileStore(folder, disk=faults.disk)
    store.append(["a@x"], mail())
    deadline = threading.Event()
    while not (faults.count("sync", "marks") and faults.count("sync", "a@x")):
        deadline.wait(0.005)
    after = faults.calls[faults.calls.index(("write", "a@x.txt")) :]
    wanted = [("sync", "a@x.txt"), ("sync_folder", "mailbox"), ("sync", "marks")]
    assert [call for call in after if call in wanted] == wanted
    assert b"===END_EMAIL===" in (folder / "a@x.txt").read_bytes()
    store.close()


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", ["overwrite", "sync"])
def test_what_the_journal_did_not_take_is_refused_and_leaves_nothing(
    store: TextFileStore, folder: Path, faults: Faults, call: str, number: int
) -> None:
    store.append(["old@x"], mail(b"before"))
    faults.plan[call] = ("1", number)
    with pytest.raises(StoreFailed):
        store.append(["old@x", "new@x"], mail(b"refused"))
    store.flush()
    with pytest.raises(NoSuchMailbox):
        store.list("new@x")
    assert not (folder / "new@x.txt").exists()
    assert bodies(store, "old@x") == [b"before"]
    faults.plan.clear()
    assert list(store.append(["old@x", "new@x"], mail(b"after"))) == [2, 1]
    assert bodies(store, "old@x") == [b"before", b"after"]


def test_mails_wait_for_a_file_that_cannot_be_written_and_are_read_all_the_same(
    store: TextFileStore, folder: Path, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    store.append(["a@x"], mail(b"1"))
    store.flush()
    store.append(["a@x", "b@x"], mail(b"2"))
    faults.plan["write"] = ("a@x", errno.ENOSPC)
    store.flush()
    assert bodies(store) == [b"1", b"2"]
    assert store.record("a@x", 2).startswith(b"===START_EMAIL=== id=2 ")
    assert bodies(store, "b@x") == [b"2"]
    with pytest.raises(StoreFailed):
        store.append(["b@x", "a@x"], mail(b"3"))
    assert isinstance(store, Watchful)
    (trouble,) = store.troubles()
    assert trouble.startswith("a@x takes no mail")
    assert "No space left" in trouble
    assert list(store.append(["b@x"], mail(b"3"))) == [2]
    faults.plan.clear()
    store.flush()
    assert list(store.troubles()) == []
    assert list(store.append(["a@x"], mail(b"3"))) == [3]
    assert bodies(store) == [b"1", b"2", b"3"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_file_the_disk_failed_to_take_is_written_anew_before_it_takes_more(
    store: TextFileStore, folder: Path, faults: Faults
) -> None:
    """The system may have dropped octets whose sync failed: here it has, and the journal has them still."""
    store.append(["a@x"], mail(b"1"))
    store.flush()
    store._ground.filing.checkpoint()
    synced = (folder / "a@x.txt").read_bytes()
    store.append(["a@x"], mail(b"2"))
    store.flush()
    faults.plan["sync"] = ("a@x", errno.EIO)
    store._ground.filing.checkpoint()
    assert bodies(store) == [b"1", b"2"]
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail(b"3"))
    (trouble,) = store.troubles()
    assert "Input/output error" in trouble
    (folder / "a@x.txt").write_bytes(synced)
    faults.plan.clear()
    store._ground.filing.checkpoint()
    store.flush()
    assert bodies(store) == [b"1", b"2"]
    assert list(store.append(["a@x"], mail(b"3"))) == [3]
    assert list(store.troubles()) == []


def test_what_is_written_anew_is_written_over_itself(store: TextFileStore, folder: Path, faults: Faults) -> None:
    store.append(["a@x"], mail(b"1"))
    store.flush()
    octets = (folder / "a@x.txt").read_bytes()
    faults.plan["sync"] = ("a@x", errno.EIO)
    faults.once = True
    store._ground.filing.checkpoint()
    faults.calls.clear()
    store._ground.filing.checkpoint()
    assert faults.calls[:2] == [("overwrite", "a@x.txt"), ("sync", "a@x.txt")]
    assert (folder / "a@x.txt").read_bytes() == octets
    assert list(store.append(["a@x"], mail(b"2"))) == [2]


def test_many_files_are_synced_with_one_call_or_each_alone_where_that_fails(
    store: TextFileStore, faults: Faults
) -> None:
    boxes = [f"{number}@x" for number in range(40)]
    store.append(boxes, mail())
    store.flush()
    faults.calls.clear()
    store._ground.filing.checkpoint()
    assert [call for call, _ in faults.calls] == ["sync_all", "sync_folder", "overwrite", "sync"]
    store.append(boxes, mail())
    store.flush()
    faults.calls.clear()
    faults.plan["sync_all"] = ("mailbox", errno.EIO)
    store._ground.filing.checkpoint()
    assert all(faults.count("sync", f"{box}.txt") == 1 for box in boxes)
    assert faults.count("sync", "marks") == 1
    assert list(store.troubles()) == []


def test_a_file_removed_after_its_mails_were_written_is_not_made_again(store: TextFileStore, folder: Path) -> None:
    store.append(["a@x"], mail())
    store.flush()
    (folder / "a@x.txt").unlink()
    store._ground.filing.checkpoint()
    store.flush()
    assert not (folder / "a@x.txt").exists()
    assert list(store.append(["a@x"], mail())) == [1]
