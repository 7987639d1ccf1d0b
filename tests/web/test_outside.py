from pathlib import Path

from mysmtp.store.memory import MemoryStore
from mysmtp.store.textfile import TextFileStore
from mysmtp.web.outside import Outside
from tests.store.mails import SPEC_RECORD, filed, mail
from tests.web.posts import OddStore


def test_files_that_were_made_changed_and_removed(tmp_path: Path) -> None:
    store = TextFileStore(tmp_path)
    filed(store, ["one@x", "two@x"], mail())
    outside = Outside(store)
    assert list(outside.look()) == []
    assert list(outside.look()) == []
    with (tmp_path / "two@x.txt").open("ab") as end:
        end.write(SPEC_RECORD)
    assert list(outside.look()) == ["two@x"]
    (tmp_path / "three@x.txt").write_bytes(SPEC_RECORD)
    (tmp_path / "one@x.txt").unlink()
    assert sorted(outside.look()) == ["one@x", "three@x"]
    assert list(outside.look()) == []
    store.close()


def test_a_folder_that_is_away_is_no_news(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    store = TextFileStore(folder)
    filed(store, ["one@x"], mail())
    outside = Outside(store)
    outside.look()
    folder.rename(tmp_path / "away")
    assert list(outside.look()) == []
    (tmp_path / "away").rename(folder)
    assert list(outside.look()) == []
    store.close()


def test_stores_without_files() -> None:
    store = MemoryStore()
    store.append(["one@x"], mail())
    assert list(Outside(store).look()) == []
    assert list(Outside(OddStore()).look()) == []
