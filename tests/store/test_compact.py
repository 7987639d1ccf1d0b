"""Compaction in a store: when it may run, that it may fail anywhere, and that no deleted mail ever comes back."""

import logging
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mysmtp.store import milestones
from mysmtp.store.disk import Disk
from mysmtp.store.rewrite import frame
from mysmtp.store.ripeness import QUIET, UNDO, Clock, worth
from mysmtp.store.textfile import TextFileStore
from tests.store.disks import Faults
from tests.store.mails import BOB, backdate, mail, put
from tests.store.test_rewrite import FOREIGN, gone, own

pytestmark = pytest.mark.usefixtures("nothing_on_its_own")

CALLS = ("write", "sync", "rename", "sync_folder")
LONG_AGO = UNDO + 1


class Hands:
    """A clock whose hands are turned by the test: both go on by `turn`."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def turn(self, seconds: float) -> None:
        self.ahead += seconds

    def clock(self) -> Clock:
        real = Clock()
        return Clock(lambda: real.wall() + self.ahead, lambda: real.running() + self.ahead)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(folder: Path, hands: Hands, faults: Faults) -> Iterator[TextFileStore]:
    opened = TextFileStore(folder, clock=hands.clock(), disk=faults.disk)
    yield opened
    faults.plan.clear()
    opened.close()


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "bob@example.com.txt"


@pytest.fixture
def three(store: TextFileStore, hands: Hands) -> TextFileStore:
    """Mails 1, 2 and 3 in Bob's mailbox, and 2 was deleted longer ago than anybody may undo."""
    for number in range(3):
        store.append([BOB], mail(b"%d\n" % (number + 1)))
    store.delete(BOB, [2])
    hands.turn(LONG_AGO)
    return store


def bodies(store: TextFileStore, mailbox: str = BOB) -> dict[int, bytes]:
    return {each.id: store.read(mailbox, each.id).body for each in store.list(mailbox)}


def hidden(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name.startswith(".compact")]


def without_2() -> bytes:
    return own(1, b"1\n") + own(3, b"3\n")


# What it does


def test_the_room_of_deleted_mails_is_freed(three: TextFileStore, path: Path, folder: Path) -> None:
    before = path.stat()
    done = three.compact(BOB)
    assert (done.outcome, done.freed) == ("done", len(own(2, b"2\n")))
    assert three._boxes.trays[path.name].known  # nobody has to read the new file before the next id is promised
    assert path.read_bytes() == without_2()
    after = path.stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)
    assert bodies(three) == {1: b"1\n", 3: b"3\n"}
    assert list(three.append([BOB], mail(b"4"))) == [4]
    assert hidden(folder) == []
    assert list(three.restore(BOB, [2])) == []


def test_it_keeps_the_mode_of_the_file(three: TextFileStore, path: Path) -> None:
    three.flush()
    path.chmod(0o640)
    assert three.compact(BOB).outcome == "done"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_twice_changes_nothing(three: TextFileStore, path: Path) -> None:
    three.compact(BOB)
    before = path.stat()
    again = three.compact(BOB)
    assert (again.outcome, again.reason) == ("nothing", "it has no deleted mails")
    assert path.stat() == before


def test_an_id_is_never_given_again(store: TextFileStore, hands: Hands, folder: Path, path: Path) -> None:
    """The highest id deleted, compacted away, the server started again: the next mail has the one after it."""
    for _ in range(3):
        store.append([BOB], mail(b"x"))
    store.delete(BOB, [1, 2, 3])
    hands.turn(LONG_AGO)
    assert store.compact(BOB).outcome == "done"
    assert path.read_bytes() == frame(3)
    assert list(store.list(BOB)) == []
    assert store.summary(BOB).last_id == 3
    store.close()
    shutil.rmtree(folder / ".index")
    again = TextFileStore(folder)
    assert list(again.append([BOB], mail(b"y"))) == [4]
    again.close()


def test_a_mail_without_a_date_keeps_the_day_of_its_file(store: TextFileStore, path: Path) -> None:
    put(path, b"===START_EMAIL===\nhi\n===END_EMAIL===\n\n" + gone(FOREIGN % 2), age=30 * 24 * 3600)
    before = store.list(BOB)[0].date
    assert store.compact(BOB).outcome == "done"
    assert store.list(BOB)[0].date == before


def test_the_copy_of_what_is_damaged_has_its_new_place_in_its_name(
    store: TextFileStore, folder: Path, path: Path
) -> None:
    damaged = own(2, b"hello\n").replace(b"hello", b"jello")
    put(path, gone(own(1)) + damaged + own(3), age=LONG_AGO)
    for place in (len(own(1)), len(frame(1))):
        assert [each.id for each in store.list(BOB)] == [3]
        assert [each.start for each in store.summary(BOB).damage] == [place]
        (copy,) = (folder / ".damaged").iterdir()
        assert copy.name.startswith(f"{path.name}.{place}.")
        assert copy.read_bytes() == damaged[:-1]
        store.compact(BOB)


# When it may


def test_not_while_a_deletion_can_be_undone(store: TextFileStore, hands: Hands) -> None:
    """ "Nothing is rewritten within the undo time", which begins with the last deletion."""
    store.append([BOB], mail())
    store.append([BOB], mail())
    store.delete(BOB, [1])
    hands.turn(UNDO - 60)
    store.delete(BOB, [2])
    hands.turn(UNDO - 60)
    done = store.compact(BOB)
    assert (done.outcome, done.reason) == (
        "later",
        "a deletion of the last hour can still be undone; try again in 1 min",
    )
    assert list(store.restore(BOB, [1, 2])) == [1, 2]
    store.delete(BOB, [1])
    hands.turn(UNDO)
    assert store.compact(BOB).outcome == "done"


def test_a_wrong_clock_does_not_end_the_undo_time(store: TextFileStore, path: Path) -> None:
    store.append([BOB], mail())
    store.delete(BOB, [1])
    backdate(path, 10 * 365 * 24 * 3600)
    assert store.compact(BOB).outcome == "later"


def test_deletions_of_an_earlier_run_are_as_old_as_the_file_at_least(folder: Path, path: Path) -> None:
    folder.mkdir()
    put(path, own(1) + gone(own(2)), age=UNDO - 60)
    store = TextFileStore(folder)
    assert store.compact(BOB).outcome == "later"
    backdate(path, UNDO)
    assert store.compact(BOB).outcome == "done"
    store.close()


def test_not_unless_the_file_was_quiet_for_a_minute(three: TextFileStore, path: Path, hands: Hands) -> None:
    backdate(path, QUIET - LONG_AGO - 5)  # by the clock that was turned: 55 s ago
    assert three.compact(BOB).reason == "its file was changed less than a minute ago"
    hands.turn(10)
    assert three.compact(BOB).outcome == "done"


def test_not_a_file_with_a_second_name(three: TextFileStore, path: Path, tmp_path: Path) -> None:
    os.link(path, tmp_path / "snapshot")
    assert three.compact(BOB).reason == "its file has a second name (a hard link)"


def test_not_while_mail_of_it_cannot_be_written(three: TextFileStore, faults: Faults) -> None:
    three.append([BOB], mail(b"4"))
    faults.plan["write"] = ("bob", 28)
    done = three.compact(BOB)
    assert (done.outcome, done.reason) == ("later", "it takes no mail until its file can be written")


def test_mail_in_its_tray_is_written_first(three: TextFileStore, hands: Hands) -> None:
    three.append([BOB], mail(b"4"))
    assert three.compact(BOB).outcome == "done"  # by the clock that was turned, the write is an hour old
    assert bodies(three) == {1: b"1\n", 3: b"3\n", 4: b"4"}


def test_what_is_worth_it() -> None:
    assert worth(51, 100)
    assert not worth(50, 100)
    assert worth((1 << 20) + 1, 8 << 20)
    assert not worth(1 << 20, 8 << 20)
    assert not worth(2 << 20, 16 << 20)


# Others, and the disk


def during(faults: Faults, call: str, then: Callable[[], object], disk: str = ".compact") -> Disk:
    """A disk that lets something happen just before the first such call for a file whose name begins so."""
    real = getattr(faults.disk, call)
    done: list[str] = []

    def hooked(descriptor: int, *rest: Any) -> Any:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if name.startswith(disk) and not done:
            done.append(name)
            then()
        return real(descriptor, *rest)

    return replace(faults.disk, **{call: hooked})


@pytest.mark.parametrize("how", ["append", "replace", "overwrite", "remove"])
def test_what_others_do_meanwhile_is_the_truth(
    three: TextFileStore, path: Path, folder: Path, faults: Faults, how: str, tmp_path: Path
) -> None:
    three.flush()
    octets = path.read_bytes()

    def change() -> None:
        if how == "append":
            path.write_bytes(octets + FOREIGN % 9)
        elif how == "replace":
            (tmp_path / "other").write_bytes(octets)
            (tmp_path / "other").rename(path)
        elif how == "overwrite":
            path.write_bytes(octets)
        else:
            path.unlink()

    three._compactor._disk = during(faults, "sync", change)
    assert three.compact(BOB).outcome in ("later", "nothing")
    assert hidden(folder) == []
    if how == "remove":
        assert not path.exists()
    else:
        assert path.read_bytes() == octets + (FOREIGN % 9 if how == "append" else b"")


def test_a_mail_deleted_meanwhile_stays_deleted(three: TextFileStore, path: Path, faults: Faults) -> None:
    three._compactor._disk = during(faults, "sync", lambda: three.delete(BOB, [3]))
    assert three.compact(BOB).reason == "it was changed meanwhile"
    assert bodies(three) == {1: b"1\n"}


def test_what_is_appended_at_the_moment_of_the_rename_is_taken_over(
    three: TextFileStore, path: Path, folder: Path, faults: Faults
) -> None:
    """The other writer has the old file open: it writes after our last look at it."""
    three.flush()
    other = path.open("ab", buffering=0)
    three._compactor._disk = during(faults, "sync_folder", lambda: other.write(FOREIGN % 9), "mailbox")
    assert three.compact(BOB).outcome == "done"
    assert path.read_bytes() == without_2() + FOREIGN % 9
    assert bodies(three)[4] == b"hi 9\n"
    other.close()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("number", [5, 28])
def test_a_disk_that_fails_leaves_the_old_file(
    three: TextFileStore, path: Path, folder: Path, faults: Faults, call: str, number: int
) -> None:
    """F8, F12: no room, or an error, at each call; it works when the disk does again."""
    three.flush()
    octets = path.read_bytes()
    three._ground.settle(three._ground.journal.number)
    faults.plan[call] = ("mailbox" if call in ("rename", "sync_folder") else ".compact", number)
    done = three.compact(BOB)
    assert (done.outcome, done.reason) == ("failed", os.strerror(number))
    faults.plan.clear()
    assert hidden(folder) == []
    assert bodies(three) == {1: b"1\n", 3: b"3\n"}
    assert path.read_bytes() == (without_2() if call == "sync_folder" else octets)
    three._ground.filing.checkpoint()
    assert three.compact(BOB).outcome == ("nothing" if call == "sync_folder" else "done")
    assert list(three.append([BOB], mail(b"4"))) == [4]


def test_marks_of_the_journal_that_the_disk_did_not_take_count_for_nothing(
    three: TextFileStore, faults: Faults, path: Path
) -> None:
    faults.plan["sync"] = ("marks", 5)
    assert three.compact(BOB).reason == "mails are on their way to the disk"
    assert gone(own(2, b"2\n")) in path.read_bytes()
    faults.plan.clear()
    assert three.compact(BOB).outcome == "done"


def test_what_a_killed_process_left_is_removed_at_the_start(folder: Path) -> None:
    """F35."""
    folder.mkdir()
    (folder / ".compact-0123456789abcdef").write_bytes(own(1))
    TextFileStore(folder).close()
    assert hidden(folder) == []


# Killed, or without power, at any moment


def served(folder: Path) -> list[dict[int, bytes]]:
    """What two processes serve, one after the other."""
    found = []
    for _ in range(2):
        store = TextFileStore(folder)
        found.append(bodies(store))
        store.close()
        assert hidden(folder) == []
    return found


@pytest.mark.parametrize("power", ["kept", "cut"])
def test_a_deleted_mail_never_comes_back(
    folder: Path, tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch, power: str
) -> None:
    """Before and after each call for the disk, the folder is copied: what a new process finds if this one ends here."""
    moments: list[Path] = []

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            for step in (lambda: None, lambda: call(*arguments)):
                result = step()
                moments.append(tmp_path / f"moment{len(moments)}")
                shutil.copytree(folder, moments[-1])
            return result

        return run

    real = Disk()
    names = ("write", "overwrite", "sync", "sync_folder", "truncate", "rename")
    store = TextFileStore(folder, clock=hands.clock())
    for number in range(4):
        store.append([BOB], mail(b"%d\n" % (number + 1)))
    store.delete(BOB, [2, 4])  # written to the file, and the journal still has them
    hands.turn(LONG_AGO)
    calls: dict[str, Any] = {name: watched(getattr(real, name)) for name in names}
    disk = replace(real, **calls, sync_all=None)
    parts: list[Any] = [store._compactor, store._ground.filing, store._ground.filing._checkpoint, store._ground.journal]
    for part in parts:
        part._disk = disk
    assert store.compact(BOB).outcome == "done"
    left = len(moments)
    store.append([BOB], mail(b"5\n"))
    store.delete(BOB, [1])
    store.close()
    assert left > 12
    if power == "cut":
        monkeypatch.setattr(milestones, "_boot", lambda: b"another boot".ljust(16))
    for number, moment in enumerate(moments):
        now = served(moment)
        assert now[0] == now[1], number
        assert not {2, 4} & now[0].keys(), number
        assert {b"2\n", b"4\n"}.isdisjoint(now[0].values()), number
        if number < left:
            assert now[0] == {1: b"1\n", 3: b"3\n"}, number


def test_mail_that_is_only_in_the_journal_survives(three: TextFileStore, folder: Path, tmp_path: Path) -> None:
    assert three.compact(BOB).outcome == "done"
    assert list(three.append([BOB, "c@x"], mail(b"5\n"))) == [4, 1]
    shutil.copytree(folder, tmp_path / "killed")
    assert served(tmp_path / "killed")[0] == {1: b"1\n", 3: b"3\n", 4: b"5\n"}


def test_large_files_in_steps_others_served_meanwhile(folder: Path, path: Path) -> None:
    """The mailbox is not held while it is copied, and each step is a turn of its own."""
    folder.mkdir()
    body = b"x" * 1000 + b"\n"
    put(path, b"".join(own(n, body) if n % 2 else gone(own(n, body)) for n in range(1, 6001)), age=LONG_AGO)
    steps: list[int] = []
    seen: list[int] = []

    opened: list[TextFileStore] = []

    def offload(work: Callable[[], Any]) -> Any:
        steps.append(1)
        if len(steps) == 12:
            reader = threading.Thread(target=lambda: seen.append(len(opened[0].list(BOB))))
            reader.start()
            reader.join(30)  # it would wait if the mailbox were held
        return work()

    opened.append(store := TextFileStore(folder, offload=offload))
    assert store.compact(BOB).outcome == "done"
    assert len(steps) > 20
    assert seen == [3000]
    assert len(store.list(BOB)) == 3000
    assert store.read(BOB, 5999).body == body
    store.close()


def test_a_store_that_closes_does_not_wait_for_a_copy(folder: Path, path: Path) -> None:
    folder.mkdir()
    octets = b"".join(own(n) if n % 2 else gone(own(n)) for n in range(1, 20000))
    put(path, octets, age=LONG_AGO)
    store = TextFileStore(folder)
    store._compactor._closing = True
    assert store.compact(BOB).reason == "the server stops"
    store.close()
    assert path.read_bytes() == octets
    assert hidden(folder) == []


def test_it_is_logged(three: TextFileStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        freed = three.compact(BOB).freed
    assert f"bob@example.com.txt: {freed} octets of deleted mails are freed" in caplog.text
