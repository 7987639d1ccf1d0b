"""Deliveries when the disk fails: all copies or none, nothing that failed is ever found, and others go on."""

import errno
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.store.append import Delivery, store_batch
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.textfile import TextFileStore
from mysmtp.store.textformat import draft
from tests.store.mails import mail


class Faults:
    """A disk that fails on demand: `plan` maps a call's name to the files (by ending) it fails for, and how."""

    def __init__(self) -> None:
        self.plan: dict[str, tuple[str, int]] = {}
        self.calls: list[tuple[str, str]] = []
        self.disk = Disk(
            write=self._wrap("write", os.write),
            overwrite=self._wrap("overwrite", os.pwrite),
            sync=self._wrap("sync", os.fdatasync),
            sync_folder=self._wrap("sync_folder", os.fsync),
            truncate=self._wrap("truncate", os.ftruncate),
        )

    def _wrap(self, name: str, call: Callable[..., int | None]) -> Callable[..., Any]:
        def wrapped(descriptor: int, *rest: object) -> int:
            file = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115, PTH119
            self.calls.append((name, file))
            if name in self.plan and file.startswith(self.plan[name][0]):
                raise OSError(self.plan[name][1], "planned")
            return call(descriptor, *rest) or 0

        return wrapped


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def store(folder: Path, faults: Faults) -> TextFileStore:
    return TextFileStore(folder, disk=faults.disk)


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.glob("*.txt")}


@pytest.mark.parametrize("call", ["write", "sync"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("which", ["a@x", "b@x", "c@x"])
def test_all_copies_or_none(
    store: TextFileStore, folder: Path, faults: Faults, call: str, number: int, which: str
) -> None:
    store.append(["a@x", "b@x"], mail(b"before"))  # c@x is new
    before = contents(folder)
    faults.plan[call] = (which, number)
    with pytest.raises(StoreFailed) as told:
        store.append(["a@x", "b@x", "c@x"], mail(b"failed"))
    assert str(told.value) == ""
    assert isinstance(told.value.__cause__, OSError)
    assert contents(folder) == before
    faults.plan.clear()
    assert list(store.append(["a@x", "b@x", "c@x"], mail(b"after"))) == [2, 2, 1]
    assert [store.read("a@x", each.id).body for each in store.list("a@x")] == [b"before", b"after"]


def test_a_new_file_needs_its_folder_synced(store: TextFileStore, folder: Path, faults: Faults) -> None:
    store.append(["old@x"], mail())
    before = contents(folder)
    faults.plan["sync_folder"] = ("mailbox", errno.EIO)
    with pytest.raises(StoreFailed):
        store.append(["old@x", "new@x"], mail())
    assert contents(folder) == before
    assert list(store.append(["old@x"], mail())) == [2]  # no new file, no folder to sync
    faults.plan.clear()
    faults.calls.clear()
    store.append(["new@x"], mail())
    assert [call for call, _ in faults.calls] == ["write", "sync", "sync_folder"]


def test_the_disk_has_a_mail_before_anyone_is_told(store: TextFileStore, faults: Faults) -> None:
    store.append(["a@x"], mail())
    faults.calls.clear()
    store.append(["a@x", "b@x"], mail())
    assert faults.calls == [
        ("write", "a@x.txt"),
        ("write", "b@x.txt"),
        ("sync", "a@x.txt"),
        ("sync", "b@x.txt"),
        ("sync_folder", "mailbox"),
    ]


def test_short_writes_are_finished_or_undone(folder: Path) -> None:
    left = [10**9]

    def write(descriptor: int, octets: bytes | memoryview) -> int:
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "planned")
        taken = min(7, left[0], len(octets))
        left[0] -= taken
        return os.write(descriptor, octets[:taken])

    store = TextFileStore(folder, disk=Disk(write=write))
    store.append(["a@x"], mail(b"in small pieces"))
    before = contents(folder)
    for room in range(0, 180, 13):
        left[0] = room
        with pytest.raises(StoreFailed):
            store.append(["a@x", "b@x"], mail(b"x" * 200))
        assert contents(folder) == before
    left[0] = 10**9
    assert list(store.append(["a@x"], mail())) == [2]
    store.close()


def test_an_undo_that_fails_stops_writing_but_not_reading(store: TextFileStore, folder: Path, faults: Faults) -> None:
    store.append(["a@x"], mail(b"before"))
    faults.plan |= {"sync": ("a@x", errno.EIO), "truncate": ("a@x", errno.EIO)}
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail(b"failed"))
    faults.plan.pop("sync")
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail(b"refused"))
    with pytest.raises(StoreFailed):
        store.delete("a@x", [1])
    assert [store.read("a@x", each.id).body for each in store.list("a@x")] == [b"before"]
    assert list(store.append(["b@x"], mail())) == [1]
    faults.plan.clear()
    assert list(store.append(["a@x"], mail(b"after"))) == [2]
    assert [store.read("a@x", each.id).body for each in store.list("a@x")] == [b"before", b"after"]
    assert b"failed" not in (folder / "a@x.txt").read_bytes()


def test_a_deletion_that_cannot_be_saved_is_undone(store: TextFileStore, folder: Path, faults: Faults) -> None:
    store.append(["a@x"], mail())
    store.append(["a@x"], mail())
    before = contents(folder)
    faults.plan["sync"] = ("a@x", errno.EIO)
    with pytest.raises(StoreFailed):
        store.delete("a@x", [1, 2])
    assert contents(folder) == before
    faults.plan.clear()
    faults.calls.clear()
    assert list(store.delete("a@x", [1, 2])) == [1, 2]
    assert [call for call, _ in faults.calls] == ["overwrite", "overwrite", "sync"]


@pytest.mark.parametrize("call", ["write", "sync"])
def test_others_of_a_batch_go_on(folder: Path, faults: Faults, call: str) -> None:
    """To a and b, to c, to a, and to b, in one batch: when b fails, what is for c and for a alone is stored."""
    held = Folder(folder)
    a, b, c = (Mailbox(held, f"{name}@x.txt", f"{name}@x", faults.disk) for name in "abc")
    batch = [Delivery(draft(mail()), tuple((box, "") for box in boxes)) for boxes in ([a, b], [c], [a], [b])]
    faults.plan[call] = ("b@x", errno.EIO)
    outcomes = store_batch(held, faults.disk, batch)
    assert [isinstance(outcome, StoreFailed) for outcome in outcomes] == [True, False, False, True]
    found = contents(folder)
    assert found.keys() == {"a@x.txt", "c@x.txt"}
    assert all(octets.count(b"START") == octets.count(b" id=1 ") == 1 for octets in found.values())
    if call == "sync":
        assert faults.calls.count(("sync", "b@x.txt")) == 1  # what the system may have dropped is not tried again
    held.close()


def test_whatever_ends_a_delivery_midway_takes_it_back(folder: Path) -> None:
    stop: list[BaseException] = []

    def sync(descriptor: int) -> None:
        if stop:
            raise stop[0]

    store = TextFileStore(folder, disk=Disk(sync=sync))
    store.append(["a@x"], mail())
    before = contents(folder)
    for fault, told in (
        (KeyboardInterrupt(), KeyboardInterrupt),
        (MemoryError(), StoreFailed),
        (ValueError(), StoreFailed),
    ):
        stop[:] = [fault]
        with pytest.raises(told):
            store.append(["b@x", "a@x"], mail())
        assert contents(folder) == before
    stop.clear()
    assert list(store.append(["b@x", "a@x"], mail())) == [1, 2]
    store.close()


def test_one_write_and_one_sync_for_all_records_of_a_batch(folder: Path, faults: Faults) -> None:
    held = Folder(folder)
    box = Mailbox(held, "a@x.txt", "a@x", faults.disk)
    outcomes = store_batch(held, faults.disk, [Delivery(draft(mail(b"%d" % n)), ((box, ""),)) for n in range(50)])
    assert outcomes == [[n] for n in range(1, 51)]
    assert [call for call, _ in faults.calls] == ["write", "sync", "sync_folder"]
    held.close()


def test_a_write_of_someone_else_in_between_is_kept_and_counted(folder: Path) -> None:
    theirs = b"===START_EMAIL===\nFrom: c@x\nDate: 01-01-2025\nhi\n===END_EMAIL===\n\n"
    path = folder / "a@x.txt"
    fail = [False]

    def write(descriptor: int, octets: bytes | memoryview) -> int:
        with path.open("ab") as file:
            file.write(theirs)
        if fail[0]:
            raise OSError(errno.EIO, "planned")
        return os.write(descriptor, octets)

    store = TextFileStore(folder, disk=Disk(write=write))
    assert list(store.append(["a@x"], mail(b"ours"))) == [2]
    assert [store.read("a@x", each.id).body for each in store.list("a@x")] == [b"hi\n", b"ours"]
    fail[0] = True
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail(b"failed"))
    assert [store.read("a@x", each.id).body for each in store.list("a@x")] == [b"hi\n", b"ours", b"hi\n"]
    path.unlink()
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail(b"failed"))
    assert path.read_bytes() == theirs  # in a file that this process made
    store.close()


def test_a_file_taken_away_while_it_is_written_is_no_success(folder: Path) -> None:
    path = folder / "a@x.txt"
    taken: list[int] = []

    def sync(descriptor: int) -> None:
        os.fdatasync(descriptor)
        if not taken:
            taken.append(descriptor)
            path.unlink()

    store = TextFileStore(folder, disk=Disk(sync=sync))
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail())
    with pytest.raises(NoSuchMailbox):
        store.list("a@x")
    assert list(store.append(["a@x"], mail())) == [1]
    store.close()


def test_callers_that_wait_together_share_a_sync(folder: Path) -> None:
    syncs: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def sync(descriptor: int) -> None:
        syncs.append(descriptor)
        first.set()
        go_on.wait(30)

    store = TextFileStore(folder, disk=replace(Disk(), sync=sync))
    threads = [threading.Thread(target=store.append, args=(["a@x"], mail(b"%d" % n))) for n in range(30)]
    threads[0].start()
    assert first.wait(30)
    for thread in threads[1:]:
        thread.start()
    while store.waiting < 29:
        threading.Event().wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(syncs) == 2
    assert {store.read("a@x", each.id).body for each in store.list("a@x")} == {b"%d" % n for n in range(30)}
    store.close()
