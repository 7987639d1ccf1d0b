import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mysmtp.errors import NoSuchMailbox, StartFailed
from mysmtp.store.folder import Folder
from mysmtp.store.textfile import TextFileStore
from tests.store.mails import BOB, ORIGINAL, mail, put

OPEN = "import sys; from mysmtp.store import open_store; open_store('file:' + sys.argv[1]); print('open')"


def test_a_folder_serves_one_process(folder: Path) -> None:
    store = TextFileStore(folder)
    again = subprocess.run([sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True)
    assert again.returncode == 1
    assert again.stderr.splitlines()[-1].startswith("mysmtp.errors.StartFailed: ")
    assert "in use by another mysmtp" in again.stderr.splitlines()[-1]
    with pytest.raises(StartFailed, match="in use"):
        Folder(folder)
    store.close()
    again = subprocess.run([sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (0, "open\n")


def test_a_folder_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    put(tmp_path / "file", b"")
    for path in (tmp_path / "file", tmp_path / "file" / "mailbox", Path("/proc/mailbox")):
        with pytest.raises(StartFailed) as told:
            Folder(path)
        assert len(str(told.value).splitlines()) == 1
        assert str(path) in str(told.value)


def test_the_lock_is_no_link_to_elsewhere(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StartFailed):
        Folder(folder)
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_another_case_serves_when_it_is_alone(store: TextFileStore, folder: Path) -> None:
    put(folder / "Bob@Example.com.txt", ORIGINAL)
    assert len(store.list(BOB)) == 2
    assert list(store.append([BOB], mail())) == [3]
    assert [each.name for each in store.mailboxes()] == [BOB]
    assert {each.name for each in folder.glob("*.txt")} == {"Bob@Example.com.txt"}


def test_a_new_mailbox_costs_no_look_at_all_the_others(
    store: TextFileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda *place: looks.append(place) or listdir(*place))  # type: ignore[func-returns-value]
    store.append([f"{number}@x" for number in range(50)], mail())
    store.append([f"{number}@y" for number in range(50)], mail())
    assert len(looks) <= 2
    put(folder / "Bob@Example.com.txt", ORIGINAL)
    os.utime(folder, (0, 0))  # its time is another one, however coarse the system's clock is
    assert list(store.append([BOB], mail())) == [3]
    assert not (folder / f"{BOB}.txt").exists()


def test_of_two_the_lower_case_one_serves(store: TextFileStore, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    store.append([BOB], mail())
    put(folder / "BOB@example.com.txt", ORIGINAL)
    with caplog.at_level(logging.WARNING):
        assert [(each.name, each.mails) for each in store.mailboxes()] == [(BOB, 1)]
        store.mailboxes()
    assert [record.getMessage().split()[0] for record in caplog.records] == ["BOB@example.com.txt"]


def test_a_file_under_the_plain_name_wins(store: TextFileStore, folder: Path) -> None:
    put(folder / "a b@x.txt", ORIGINAL)
    assert len(store.list("a b@x")) == 2
    assert list(store.append(["a b@x"], mail())) == [3]
    assert [each.name for each in store.mailboxes()] == ["a b@x"]
    assert {each.name for each in folder.glob("*.txt")} == {"a b@x.txt"}


def test_what_is_no_mailbox_is_passed_over(
    store: TextFileStore, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(folder / ".hidden.txt", ORIGINAL)
    put(folder / "notes.md", ORIGINAL)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff@x.txt")).write_bytes(ORIGINAL)
    put(folder / "notes.txt", b"to do\n")
    for _ in range(2):
        assert [(each.name, each.mails) for each in store.mailboxes()] == [("notes", 0)]
    assert [record.getMessage().split()[0] for record in caplog.records] == ["\\xff@x.txt"]
    assert list(store.list("notes")) == []
    with pytest.raises(NoSuchMailbox):
        store.list(".hidden")


def test_files_that_come_and_go_show_at_once_in_a_folder_that_was_quiet(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "a@x.txt").touch()
    for name in ("b@x.txt", "c@x.txt"):
        os.utime(tmp_path, (0, 1_000_000_000))  # long ago: what was found counts until it changes
        assert list(folder.files()) == list(folder.files())
        (tmp_path / name).touch()
        assert name in dict(folder.files())
    (tmp_path / "a@x.txt").unlink()
    assert list(dict(folder.files())) == ["b@x.txt", "c@x.txt"]
    folder.close()
