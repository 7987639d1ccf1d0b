"""After a crash: what was acknowledged is in its mailboxes once, whatever of the files had reached the disk."""

import logging
import os
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.errors import StoreFailed
from mysmtp.store import milestones
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.recovery import Journaled, recover
from mysmtp.store.textfile import TextFileStore
from mysmtp.store.textformat import draft
from mysmtp.store.tray import Tray, Waiting
from tests.store.mails import SPEC_RECORD, mail, put

pytestmark = pytest.mark.usefixtures("nothing_on_its_own")

Crash = Callable[[], Path]


@pytest.fixture
def store(folder: Path) -> Iterator[TextFileStore]:
    opened = TextFileStore(folder)
    yield opened
    opened.close()


@pytest.fixture
def crash(folder: Path, tmp_path: Path) -> Crash:
    """The folder as it is now, as if the process had been killed here."""

    def copied() -> Path:
        target = tmp_path / f"crash{len(list(tmp_path.iterdir()))}"
        shutil.copytree(folder, target)
        return target

    return copied


def bodies(folder: Path, mailbox: str = "a@x") -> list[bytes]:
    """What a new process serves; a third one serves the same, and finds nothing left to do."""
    served = []
    for _ in range(2):
        store = TextFileStore(folder)
        served.append([store.read(mailbox, each.id).body for each in store.list(mailbox)])
        store.close()
        assert not (folder / ".journal").exists()
    assert served[0] == served[1]
    return served[0]


def another_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milestones, "_boot", lambda: b"another boot".ljust(16))


def test_mails_that_were_in_no_file_are_written(store: TextFileStore, crash: Crash) -> None:
    for number in range(3):
        store.append(["a@x", "b@x"], mail(b"%d" % number))
    left = crash()
    assert (left / "a@x.txt").read_bytes() == b""
    assert bodies(left) == [b"0", b"1", b"2"]
    assert bodies(left, "b@x") == [b"0", b"1", b"2"]


@pytest.mark.parametrize("reboot", [False, True])
def test_mails_that_were_in_their_file_are_not_written_twice(
    store: TextFileStore, crash: Crash, reboot: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        store.append(["a@x"], mail(b"the same"))  # to the microsecond: only the numbers differ
    store.list("a@x")  # writes the file, which the journal is not told of
    store.append(["a@x"], mail(b"the same"))
    if reboot:
        another_boot(monkeypatch)
    assert bodies(crash()) == [b"the same"] * 4


def test_a_mail_deleted_since_does_not_come_back(
    store: TextFileStore, crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        store.append(["a@x"], mail(b"%d" % number))
    store.delete("a@x", [2])
    another_boot(monkeypatch)
    assert bodies(crash()) == [b"0", b"2"]


def test_a_file_removed_after_its_mails_were_written_stays_removed(store: TextFileStore, crash: Crash) -> None:
    store.append(["a@x", "b@x"], mail(b"1"))
    store.flush()
    left = crash()
    (left / "a@x.txt").unlink()
    assert bodies(left, "b@x") == [b"1"]
    assert not (left / "a@x.txt").exists()


def test_after_a_power_cut_a_file_the_disk_never_had_is_made(
    store: TextFileStore, crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(["a@x"], mail(b"1"))
    store.flush()
    left = crash()
    (left / "a@x.txt").unlink()
    another_boot(monkeypatch)
    assert bodies(left) == [b"1"]


def test_a_file_cut_anywhere_in_what_was_not_synced_is_whole_again(
    store: TextFileStore, crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1, F5: the write was cut short by a kill, or by a power cut."""
    store.append(["a@x"], mail(b"synced"))
    store.flush()
    store._ground.filing.checkpoint()
    synced = crash().joinpath("a@x.txt").read_bytes()
    store.append(["a@x"], mail(b"first\r\nof two\r\n"))
    store.append(["a@x"], mail(b"second"))
    state = crash()
    assert bodies(shutil.copytree(state, state.parent / "whole")) == [b"synced", b"first\r\nof two\r\n", b"second"]
    whole = (state.parent / "whole" / "a@x.txt").read_bytes()
    for cut in [*range(len(synced), len(synced) + 20), *range(len(synced) + 20, len(whole), 7)]:
        left = Path(shutil.copytree(state, state.parent / f"cut{cut}"))
        put(left / "a@x.txt", whole[:cut], age=1)
        assert bodies(left) == [b"synced", b"first\r\nof two\r\n", b"second"], cut
        if cut - len(synced) not in (1, 2, 3):  # too few octets to tell what they were going to be: they stay
            assert (left / "a@x.txt").read_bytes() == whole, cut
        shutil.rmtree(left)


@settings(max_examples=40)
@given(st.data())
def test_zeros_and_holes_in_what_was_not_synced_cost_no_mail(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """F5: after a power cut the file system may show zeros where octets had not reached the disk."""
    folder = tmp_path_factory.mktemp("power") / "mailbox"
    store = TextFileStore(folder)
    store.append(["a@x"], mail(b"synced"))
    store.flush()
    store._ground.filing.checkpoint()
    start = (folder / "a@x.txt").stat().st_size
    texts = [b"%d" % number * 300 for number in range(4)]
    for body in texts:
        store.append(["a@x"], mail(body))
    store.flush()
    left = folder.parent / "left"
    shutil.copytree(folder, left)
    store.close()
    octets = bytearray((left / "a@x.txt").read_bytes())
    first = data.draw(st.integers(start, len(octets)))
    last = data.draw(st.integers(first, len(octets)))
    octets[first:last] = bytes(last - first)
    put(left / "a@x.txt", bytes(octets[: data.draw(st.integers(last, len(octets)))]))
    with pytest.MonkeyPatch.context() as patch:
        another_boot(patch)
        found = bodies(left)
    assert found[0] == b"synced"
    assert sorted(set(found[1:])) == texts
    # A mail whose hole lies in what no checksum covers (its sender, its moment) is served, and once more as it was.
    assert len(found[1:]) <= len(texts) + 1


def test_what_others_wrote_meanwhile_is_kept(store: TextFileStore, crash: Crash) -> None:
    store.append(["a@x"], mail(b"1"))
    left = crash()
    put(left / "a@x.txt", SPEC_RECORD)
    assert bodies(left)[1:] == [b"1"]


def test_a_mail_that_was_refused_is_not_found(folder: Path, crash: Crash) -> None:
    def sync(descriptor: int) -> None:
        if fail and os.fstat(descriptor).st_size > 4096:
            fail.pop()
            raise OSError(5, "planned")
        os.fdatasync(descriptor)

    fail: list[bool] = []
    store = TextFileStore(folder, disk=Disk(sync=sync))
    store.append(["a@x"], mail(b"1"))
    fail.append(True)
    with pytest.raises(StoreFailed):
        store.append(["a@x"], mail(b"refused"))
    store.append(["a@x"], mail(b"2"))
    left = crash()
    store.close()
    assert bodies(left) == [b"1", b"2"]


def test_a_mailbox_that_cannot_be_read_at_start_waits_and_the_others_are_served(
    store: TextFileStore, crash: Crash, caplog: pytest.LogCaptureFixture
) -> None:
    store.append(["a@x", "b@x"], mail(b"1"))
    left = crash()
    (left / "a@x.txt").unlink()
    (left / "a@x.txt").mkdir()
    with caplog.at_level(logging.ERROR):
        again = TextFileStore(left)
    assert [again.read("b@x", 1).body] == [b"1"]
    assert [line.split()[0] for line in again.troubles()] == ["a@x"]
    again.close()
    assert (left / ".journal").exists()  # it is not forgotten
    (left / "a@x.txt").rmdir()
    assert bodies(left) == [b"1"]


def test_long_names_are_found_again(store: TextFileStore, crash: Crash) -> None:
    long = "n" * 300 + "@example.com"
    store.append([long], mail(b"1"))
    assert bodies(crash(), long) == [b"1"]
    store.flush()
    assert bodies(crash(), long) == [b"1"]


def test_what_is_in_the_file_is_compared_one_record_at_a_time(folder: Path) -> None:
    folder.mkdir()
    octets = 1 << 20
    drafts = [draft(mail(b"%d" % number + b"x" * octets)) for number in range(12)]
    (folder / "a@x.txt").write_bytes(b"".join(each.record(number) for number, each in enumerate(drafts, 1)))
    mails = [Waiting(1, number, Journaled(each.record(0))) for number, each in enumerate(drafts, 1)]
    opened = Folder(folder)
    tray = Tray(Mailbox(opened, "a@x.txt", "a@x"), "a@x")
    tracemalloc.start()
    try:
        recover(tray, Disk(), mails)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        opened.close()
    assert not tray.waiting
    assert peak / octets < 7
