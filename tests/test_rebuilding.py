"""`mysmtp reindex` as a program, and what it tells."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mysmtp.rebuilding import result_words
from mysmtp.search.index import MailIndex
from mysmtp.search.query import read_query
from mysmtp.store.reindex import Tally
from mysmtp.store.textfile import TextFileStore
from tests.client.terminals import ROOT, environment
from tests.process import PostOfficeProcess
from tests.store.mails import BOB, SPEC_RECORD, mail, put


def reindex(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mysmtp", "reindex", "--mailbox", str(folder), *options]
    return subprocess.run(command, capture_output=True, cwd=ROOT, env=environment(), timeout=60, text=True)


def test_it_says_what_it_read(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    store = TextFileStore(folder)
    for _ in range(3):
        store.append([BOB, "a@x"], mail())
    store.close()
    put(folder / "broken.txt", SPEC_RECORD.replace(b"Hello", b"Jello") * 2)
    (folder / "link.txt").symlink_to(folder / "broken.txt")
    done = reindex(folder)
    assert done.returncode == 0
    assert done.stdout.startswith("indexed 6 mails in 3 mailboxes, 0.0 MB, in ")
    first, second = done.stdout.splitlines()
    assert first.endswith("; 2 records are damaged; 1 files cannot be read")
    assert second.startswith("indexed the words of 6 mails in ")
    assert (folder / ".index" / "index.db").stat().st_size > 0


def test_the_index_that_it_made_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    store = TextFileStore(folder)
    store.append([BOB], mail())
    store.close()
    (folder / ".index" / "index.db").unlink()
    assert reindex(folder).returncode == 0
    store = TextFileStore(folder)
    recalled = store._boxes.catalogue.load(f"{BOB}.txt")
    assert recalled is not None
    assert (recalled.known.columns.mails, recalled.known.last_id) == (1, 1)
    store.close()


def test_the_words_are_indexed_anew_unless_that_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    store = TextFileStore(folder)
    store.append([BOB], mail(b"first\n"))
    store.close()
    words = folder / ".index" / "search.db"
    assert reindex(folder, "--search", "off").returncode == 0
    assert not words.exists()
    assert reindex(folder).returncode == 0
    words.write_bytes(b"garbage")
    assert "the words of 1 mail in" in reindex(folder).stdout
    store = TextFileStore(folder)
    index = MailIndex(store)
    index.find(read_query("first"))
    assert index.unsearched == 0
    assert len(index.find(read_query("first")).hits) == 1
    index.close()
    store.close()


def test_a_folder_that_a_server_uses_and_one_that_is_not_there_are_refused_in_one_line(
    start: Callable[..., PostOfficeProcess], tmp_path: Path
) -> None:
    start()
    used, missing = reindex(tmp_path / "mailbox"), reindex(tmp_path / "nowhere")
    assert (used.returncode, used.stdout) == (missing.returncode, missing.stdout) == (1, "")
    assert used.stderr.endswith("is in use by another mysmtp: stop that one, or choose another folder\n")
    assert used.stderr.count("\n") == missing.stderr.count("\n") == 1
    assert not (tmp_path / "nowhere").exists()


def test_the_words() -> None:
    words = "indexed 100,000 mails in 1,000 mailboxes, 126.4 MB, in 0.5 s"
    assert result_words(Tally(1000, 100_000), 126_400_000, 0.5) == words
