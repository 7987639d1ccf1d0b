"""What a review found: mishaps between acknowledging a mail and writing its file, none of which may cost a mail."""

import errno
import shutil
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.store import filing
from mysmtp.store.checkpoint import Checkpoint
from mysmtp.store.textfile import TextFileStore
from mysmtp.store.tray import Waiting
from tests.store.disks import Faults
from tests.store.mails import ORIGINAL, mail, put

pytestmark = pytest.mark.usefixtures("nothing_on_its_own")

T = TypeVar("T")


class Killed(BaseException):
    """Stands for what gevent raises in a greenlet that is killed."""


@pytest.fixture
def store(quiet_store: TextFileStore) -> TextFileStore:
    return quiet_store


def bodies(folder: Path, mailbox: str = "a@x") -> list[bytes]:
    """What a new process serves."""
    store = TextFileStore(folder)
    try:
        return [store.read(mailbox, each.id).body for each in store.list(mailbox)]
    except NoSuchMailbox:
        return []
    finally:
        store.close()


def test_a_folder_replaced_between_a_batch_and_its_trays_costs_no_mail(folder: Path, tmp_path: Path) -> None:
    """A reader follows the folder just then: the old journal's number of the batch means nothing to the new one."""
    aside, reader = tmp_path / "aside", threading.Thread(target=lambda: store.mailboxes())

    def commit(work: Callable[[], T]) -> T:
        done = work()
        if replace:
            replace.clear()
            folder.rename(aside)
            folder.mkdir()
            reader.start()
            reader.join(0.2)  # it waits for the trays; without that it would be done by now
        return done

    replace: list[bool] = []
    store = TextFileStore(folder, commit_offload=commit)
    for number in range(5):
        store.append(["a@x"], mail(b"%d" % number))
    replace.append(True)
    store.append(["a@x"], mail(b"5"))
    reader.join(30)
    store.flush()
    store._ground.filing.checkpoint()
    store.append(["a@x"], mail(b"6"))
    store.append(["a@x"], mail(b"7"))
    killed = Path(shutil.copytree(folder, tmp_path / "killed"))
    store.close()
    assert sorted(bodies(killed) + bodies(aside)) == [b"%d" % number for number in range(8)]


def test_a_pass_that_is_killed_leaves_what_it_did_not_write_for_the_next(folder: Path) -> None:
    def offload(work: Callable[[], T]) -> T:
        if killed and killed.pop():
            raise Killed
        return work()

    killed: list[bool] = []
    store = TextFileStore(folder, offload=offload, commit_offload=lambda work: work())
    store.append(["a@x"], mail(b"1"))
    killed.append(True)
    with pytest.raises(Killed):
        store.flush()
    store.close()
    assert bodies(folder) == [b"1"]


def test_a_deletion_the_disk_did_not_take_makes_the_file_suspect(store: TextFileStore, faults: Faults) -> None:
    """The system tells of a lost write once only: a later sync of the same file would call it safe."""
    store.append(["a@x"], mail(b"1"))
    store.flush()
    faults.plan["sync"] = ("a@x", errno.EIO)
    with pytest.raises(StoreFailed):
        store.delete("a@x", [1])
    assert [line.split()[0] for line in store.troubles()] == ["a@x"]
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail(b"2"))
    faults.plan.clear()
    store._ground.filing.checkpoint()
    store.flush()
    assert list(store.troubles()) == []
    assert list(store.append(["a@x"], mail(b"2"))) == [2]


def test_one_mailbox_that_cannot_be_written_holds_up_no_other(
    store: TextFileStore, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "_BEHIND", 10_000)
    monkeypatch.setattr(filing, "_AGAIN", 0.05)
    store.append(["a@x"], mail(b"waits"))
    faults.plan["write"] = ("a@x", errno.ENOSPC)
    store.flush()
    for number in range(30):
        store.append(["b@x"], mail(b"%d" % number * 500))
        store.flush()
    assert len(store.list("b@x")) == 30
    assert len(store.troubles()) == 1


@pytest.mark.parametrize("call", ["write", "sync"])
def test_a_mailbox_that_was_in_trouble_is_well_in_a_new_folder(
    store: TextFileStore, faults: Faults, folder: Path, tmp_path: Path, call: str
) -> None:
    store.append(["a@x"], mail(b"1"))
    faults.plan[call] = ("a@x", errno.EIO)
    store.flush()
    store._ground.filing.checkpoint()
    assert len(store.troubles()) == 1
    folder.rename(tmp_path / "aside")
    folder.mkdir()
    if call == "write":
        faults.plan.clear()  # the other one goes on while the old folder is left
    store.append(["a@x"], mail(b"2"))
    assert list(store.troubles()) == []
    assert b"2" in [store.read("a@x", each.id).body for each in store.list("a@x")]


def test_the_file_that_serves_a_mailbox_gets_its_mail(store: TextFileStore, folder: Path) -> None:
    put(folder / "Bob@X.txt", ORIGINAL)
    store.append(["bob@x"], mail(b"to the only one"))
    assert len(store.list("bob@x")) == 3
    put(folder / "bob@x.txt", ORIGINAL)
    store.append(["bob@x"], mail(b"to the one that serves"))
    assert store.read("bob@x", store.list("bob@x")[-1].id).body == b"to the one that serves"


def test_a_refused_mail_leaves_no_empty_mailboxes(store: TextFileStore, folder: Path) -> None:
    names = [f"{number}@x" for number in range(10)]
    (folder / "5@x.txt").mkdir()
    with pytest.raises(StoreFailed) as refused:
        store.append(names, mail())
    assert isinstance(refused.value.__cause__, IsADirectoryError), "the log is to say why"
    store.flush()
    assert [each.name for each in folder.glob("*.txt")] == ["5@x.txt"]
    assert store.mailboxes() == []


def test_a_mail_whose_tray_failed_is_found_at_the_next_start(
    store: TextFileStore, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.append(["a@x"], mail(b"1"))
    tray = store._boxes.trays["a@x.txt"]
    monkeypatch.setattr(type(tray), "lay", lambda *_: (_ for _ in ()).throw(MemoryError()))
    store.append(["a@x"], mail(b"2"))  # it is durable, so it is not refused
    monkeypatch.undo()
    assert any("next start" in line for line in store.troubles())
    store.append(["a@x"], mail(b"3"))
    store.close()
    assert sorted(bodies(folder)) == [b"1", b"2", b"3"]


class Brittle(deque[Waiting]):
    """What waits in a tray, from which the first cannot be taken at once."""

    broken = False

    def popleft(self) -> Waiting:
        if not self.broken:
            self.broken = True
            raise MemoryError
        return super().popleft()


def test_an_error_between_a_written_file_and_the_emptied_tray_writes_no_mail_twice(
    store: TextFileStore, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.append(["a@x"], mail(b"1"))
    store.append(["a@x"], mail(b"1"))
    tray = store._boxes.trays["a@x.txt"]
    tray.waiting = Brittle(tray.waiting)
    store.flush()
    assert len(tray.waiting) == 2
    store.flush()
    assert len(tray.waiting) == 0
    assert list(store.troubles()) == []
    assert (folder / "a@x.txt").read_bytes().count(b"===START_EMAIL===") == 2
    assert list(store.append(["a@x"], mail(b"2"))) == [3]
    assert [store.read("a@x", each.id).body for each in store.list("a@x")] == [b"1", b"1", b"2"]
    assert "cannot be written" in caplog.text


def test_a_file_that_was_written_is_synced_though_an_error_came_before_that_was_noted(
    store: TextFileStore, faults: Faults, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(["a@x"], mail(b"1"))
    monkeypatch.setattr(Checkpoint, "touch", lambda *_: (_ for _ in ()).throw(MemoryError()))
    store.flush()
    store._ground.filing.checkpoint()
    assert store._ground.journal.marks.synced < store._ground.journal.number, (
        "the journal forgets what no sync is due for"
    )
    monkeypatch.undo()
    monkeypatch.setattr(filing, "_SOON", 3600)
    store.flush()
    store._ground.filing.checkpoint()
    assert faults.count("sync", "a@x") == 1
    assert store._ground.journal.marks.synced == store._ground.journal.number
    assert (folder / "a@x.txt").read_bytes().count(b"===START_EMAIL===") == 1
    assert list(store.troubles()) == []


def test_filing_goes_on_after_an_error_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """F28: one part breaks; mail is taken all the time, and what the part left undone is done."""
    for name in ("_SOON", "_AGAIN"):
        monkeypatch.setattr(filing, name, 0.01)
    real, broken = filing.Filing.run_pass, threading.Event()

    def run_pass(self: filing.Filing) -> None:
        if not broken.is_set():
            broken.set()
            raise RuntimeError("planned")
        real(self)

    monkeypatch.setattr(filing.Filing, "run_pass", run_pass)
    store = TextFileStore(folder)
    store.append(["a@x"], mail(b"1"))
    assert broken.wait(30)
    store.append(["a@x"], mail(b"2"))
    path, deadline = folder / "a@x.txt", threading.Event()
    while path.read_bytes().count(b"===END_EMAIL===") < 2:
        deadline.wait(0.005)
    assert "failed unexpectedly" in caplog.text
    store.close()
