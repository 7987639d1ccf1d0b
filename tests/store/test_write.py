"""One write to one mailbox file when the disk fails or someone else writes too: all of it is there, or nothing."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mysmtp.store import fetching, showing
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.textformat import draft
from mysmtp.store.write import write_records
from tests.store.disks import Faults
from tests.store.mails import ORIGINAL, SPEC_RECORD, mail, put


@pytest.fixture
def held(folder: Path) -> Iterator[Folder]:
    opened = Folder(folder)
    yield opened
    opened.close()


@pytest.fixture
def box(held: Folder) -> Mailbox:
    return Mailbox(held, "a@x.txt", "a@x")


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "a@x.txt"


def write(box: Mailbox, *bodies: bytes, disk: Disk | None = None) -> list[int]:
    return list(write_records(box, disk or Disk(), [draft(mail(body)) for body in bodies], ""))


def bodies(box: Mailbox) -> list[bytes]:
    return [fetching.read(box, each.id).body for each in showing.list_mails(box)]


def test_all_records_go_with_one_write(box: Mailbox, path: Path) -> None:
    faults = Faults()
    assert write(box, *(b"%d" % number for number in range(50)), disk=faults.disk) == list(range(1, 51))
    assert faults.calls == [("write", "a@x.txt")]
    assert bodies(box) == [b"%d" % number for number in range(50)]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS])
@pytest.mark.parametrize("before", [b"", SPEC_RECORD, ORIGINAL[:-1]])
def test_a_write_that_fails_leaves_the_file_as_it_was(box: Mailbox, path: Path, number: int, before: bytes) -> None:
    if before:
        put(path, before)
    faults = Faults()
    faults.plan["write"] = ("a@x", number)
    with pytest.raises(OSError, match=os.strerror(number)):
        write(box, b"failed", disk=faults.disk)
    assert (path.read_bytes() if path.exists() else b"") == before
    assert path.exists() == bool(before)
    assert write(box, b"after") == [1 + before.count(b"===START")]


def test_short_writes_are_finished_or_undone(box: Mailbox, path: Path) -> None:
    left = [10**9]

    def in_pieces(descriptor: int, octets: bytes | memoryview) -> int:
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "planned")
        taken = min(7, left[0], len(octets))
        left[0] -= taken
        return os.write(descriptor, octets[:taken])

    disk = Disk(write=in_pieces)
    write(box, b"in small pieces", disk=disk)
    before = path.read_bytes()
    for room in range(0, 180, 13):
        left[0] = room
        with pytest.raises(OSError, match="planned"):
            write(box, b"x" * 200, disk=disk)
        assert path.read_bytes() == before
    left[0] = 10**9
    assert write(box, b"whole", disk=disk) == [2]
    assert bodies(box) == [b"in small pieces", b"whole"]


def test_an_undo_that_fails_stops_writing_but_not_reading(box: Mailbox, path: Path) -> None:
    write(box, b"before")
    faults = Faults()

    def half(descriptor: int, octets: bytes | memoryview) -> int:
        os.write(descriptor, octets[:50])
        raise OSError(errno.EIO, "planned")

    faults.plan["truncate"] = ("a@x", errno.EIO)
    disk = Disk(write=half, truncate=faults.disk.truncate)
    for _ in range(2):
        with pytest.raises(OSError, match=r"planned|Input"):
            write(box, b"failed", disk=disk)
    assert bodies(box) == [b"before"]
    faults.plan.clear()
    assert write(box, b"after", disk=faults.disk) == [2]
    assert bodies(box) == [b"before", b"after"]
    assert b"failed" not in path.read_bytes()


@pytest.mark.parametrize("fault", [KeyboardInterrupt, MemoryError, ValueError])
def test_whatever_ends_a_write_midway_takes_it_back(box: Mailbox, path: Path, fault: type[BaseException]) -> None:
    def stopped(descriptor: int, octets: bytes | memoryview) -> int:
        if len(octets) > 100:
            return os.write(descriptor, octets[:100])
        raise fault

    write(box, b"before")
    before = path.read_bytes()
    with pytest.raises(fault):
        write(box, b"x" * 200, disk=Disk(write=stopped))
    assert path.read_bytes() == before


THEIRS = b"===START_EMAIL===\nFrom: c@x\nDate: 01-01-2025\nhi\n===END_EMAIL===\n\n"


def beside(path: Path, then: Callable[[int, bytes | memoryview], int]) -> Disk:
    """A disk on which someone else writes just before each write."""

    def write_both(descriptor: int, octets: bytes | memoryview) -> int:
        with path.open("ab") as file:
            file.write(THEIRS)
        return then(descriptor, octets)

    return Disk(write=write_both)


def test_a_write_of_someone_else_in_between_is_kept_and_counted(box: Mailbox, path: Path) -> None:
    assert write(box, b"ours", disk=beside(path, os.write)) == [2]
    assert bodies(box) == [b"hi\n", b"ours"]


def test_an_undo_leaves_what_someone_else_wrote(box: Mailbox, path: Path) -> None:
    def fail(_descriptor: int, _octets: bytes | memoryview) -> int:
        raise OSError(errno.EIO, "planned")

    write(box, b"ours")
    with pytest.raises(OSError, match="planned"):
        write(box, b"failed", disk=beside(path, fail))
    assert bodies(box) == [b"ours", b"hi\n"]
    path.unlink()
    with pytest.raises(OSError, match="planned"):
        write(box, b"failed", disk=beside(path, fail))
    assert path.read_bytes() == THEIRS  # in a file that this process made


def test_a_file_taken_away_while_it_is_written_is_no_success(box: Mailbox, path: Path) -> None:
    def taken(descriptor: int, octets: bytes | memoryview) -> int:
        path.unlink(missing_ok=True)
        return os.write(descriptor, octets)

    with pytest.raises(OSError, match="taken away"):
        write(box, b"lost", disk=Disk(write=taken))
    assert write(box, b"again") == [1]
    assert bodies(box) == [b"again"]
