import os
from pathlib import Path

import pytest

from mysmtp.errors import StartFailed
from mysmtp.powers import RecordKeeper
from mysmtp.store import open_store
from tests.store.mails import BOB, SPEC_BODY, mail


def test_a_url_says_where_mail_rests(folder: Path) -> None:
    store = open_store(f"file:{folder}")
    store.append([BOB], mail())
    store.close()
    assert (folder / "bob@example.com.txt").is_file()
    again = open_store(f"file:{folder}")
    assert again.read(BOB, 1).body == SPEC_BODY
    again.close()
    assert not isinstance(open_store("memory:"), RecordKeeper)


@pytest.mark.parametrize("url", ["", "file:", "file", "memory:x", "postgresql://x", "mailbox"])
def test_any_other_url_is_told_in_one_line(url: str) -> None:
    with pytest.raises(StartFailed, match="names no store"):
        open_store(url)


@pytest.mark.parametrize(("durability", "synced"), [("sync", True), ("os", False)])
def test_durability_says_whether_the_disk_is_waited_for(folder: Path, durability: str, synced: bool) -> None:
    seen: list[int] = []

    def sync(descriptor: int) -> None:
        seen.append(descriptor)
        os.fdatasync(descriptor)

    store = open_store(f"file:{folder}", durability="sync" if durability == "sync" else "os", sync=sync)
    store.append([BOB], mail())
    store.append([BOB], mail())
    store.close()
    assert bool(seen) == synced


def test_blocking_work_goes_by_way_of_offload(folder: Path) -> None:
    seen: list[str] = []

    def offload(work):  # type: ignore[no-untyped-def]
        seen.append("work")
        return work()

    store = open_store(f"file:{folder}", offload=offload)
    store.append([BOB], mail())
    assert seen == ["work", "work"]  # the look at the file, the commit
    store.read(BOB, 1)
    assert seen == ["work"] * 3
    store.close()
