"""What a server writes into the lock file, and what is made of whatever stands there."""

import os
from pathlib import Path

import pytest

from mysmtp.errors import StartFailed
from mysmtp.store.holder import Holder, holder_of
from mysmtp.store.textfile import TextFileStore


def test_a_store_says_where_it_can_be_asked_and_keeps_its_lock(store: TextFileStore, folder: Path) -> None:
    store.announce("http://127.0.0.1:18025")
    store.announce("http://127.0.0.1:80")
    assert holder_of(folder) == Holder(os.getpid(), "http://127.0.0.1:80")
    with pytest.raises(StartFailed):
        TextFileStore(folder)


@pytest.mark.parametrize("octets", [b"", b"\n", b"12\n", b"x http://127.0.0.1\n", b"1 2 3\n", b"\xff 1\n", b"\0" * 500])
def test_what_is_no_announcement_counts_for_nothing(folder: Path, octets: bytes) -> None:
    folder.mkdir()
    (folder / ".lock").write_bytes(octets)
    assert holder_of(folder) is None


def test_no_folder_and_a_link_in_the_place_of_the_lock(folder: Path) -> None:
    assert holder_of(folder) is None
    folder.mkdir()
    (folder / "other").write_text("1 http://127.0.0.1:1\n")
    (folder / ".lock").symlink_to("other")
    assert holder_of(folder) is None
