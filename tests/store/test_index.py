import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mysmtp.message import MailSummary
from mysmtp.store.index import Index
from mysmtp.store.record import Record, Status
from mysmtp.store.textfile import TextFileStore
from mysmtp.store.textformat import draft
from tests.store.mails import BOB, SPEC_RECORD, mail, put


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Every read of a file: how much, and from where."""
    seen: list[tuple[int, int]] = []
    real = os.pread

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        seen.append((size, offset))
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", pread)
    return seen


def test_appending_reads_nothing_back(store: TextFileStore, reads: list[tuple[int, int]]) -> None:
    for _ in range(5):
        store.append([BOB], mail())
        assert len(store.list(BOB)) == len(store.list(BOB))
    assert reads == []


def test_of_a_file_that_grew_only_the_new_end_is_read(
    store: TextFileStore, folder: Path, reads: list[tuple[int, int]]
) -> None:
    store.append([BOB], mail(b"x" * 100_000))
    with (folder / "bob@example.com.txt").open("ab") as file:
        file.write(SPEC_RECORD.replace(b"id=1", b"id=2"))
    assert len(store.list(BOB)) == 2
    assert sum(size for size, _ in reads) < 2000
    assert len(store.list(BOB)) == 2
    assert sum(size for size, _ in reads) < 2000


def test_an_empty_index_knows_nothing() -> None:
    index = Index()
    assert (index.size, index.last_id, index.find(1), list(index.records())) == (0, 0, None, [])


def test_reading_a_mail_or_the_end_of_a_list_reads_no_more_in_a_large_mailbox(
    folder: Path, reads: list[tuple[int, int]]
) -> None:
    """Nor are objects made for the mails that nobody asks for."""
    folder.mkdir()
    seen: dict[int, list[int]] = {}
    for count in (10, 2000):
        octets = b"".join(draft(mail(b"%05d\n" % number)).record(number) for number in range(1, count + 1))
        put(folder / f"{count}.txt", octets)
        store = TextFileStore(folder)
        store.list(str(count))
        reads.clear()
        assert store.read(str(count), count).body == b"%05d\n" % count
        assert [each.id for each in store.list(str(count))[-3:]] == [count - 2, count - 1, count]
        assert store.list(str(count))[-1].preview == b"%05d\n" % count
        seen[count] = [size for size, _ in reads]
        store.close()
    assert len(seen[10]) == len(seen[2000]) == 5
    assert max(seen[2000]) < 300


def test_a_mail_takes_less_than_150_octets_of_memory() -> None:
    index = Index()
    moment = datetime(2025, 3, 12, tzinfo=UTC)
    summary = MailSummary(1, "alice@example.com", "12-03-2025", moment, 1024, b"x" * 200)
    tracemalloc.start()
    for number in range(1, 20_001):
        record = Record(number * 1200, number * 1200 + 1199, number, Status.MAIL, summary)
        index.added([record], (1, 1, number * 1200 + 1200, 1), b"tail")
    index.contents(b"")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / 20_000 < 150


def test_the_rows_of_list_are_extended_and_made_again_after_a_deletion(store: TextFileStore) -> None:
    made: list[int] = []
    for count in range(1, 4):
        store.append([BOB], mail(sender=f"{count}@x"))
        made.append(store.contents(BOB).count(b"\n"))
    store.delete(BOB, [2])
    made.append(store.contents(BOB).count(b"\n"))
    store.restore(BOB, [2])
    made.append(store.contents(BOB).count(b"\n"))
    assert made == [1, 2, 3, 2, 3]
    assert [row.split()[3] for row in store.contents(BOB).splitlines()] == [b"1@x", b"2@x", b"3@x"]


def test_a_mail_without_a_date_is_listed_with_the_files(store: TextFileStore, folder: Path) -> None:
    path = folder / "bob@example.com.txt"
    octets = b"===START_EMAIL===\nhi\n===END_EMAIL===\n\n"
    put(path, octets + SPEC_RECORD)
    os.utime(path, (1741770902, 1741770902))  # 12 March 2025, 09:15 UTC
    assert store.contents(BOB).splitlines()[0] == b"1: Email from <> (12-03-2025)"
    os.utime(path, (1741770902 + 86400, 1741770902 + 86400))
    assert store.contents(BOB).splitlines()[0] == b"1: Email from <> (13-03-2025)"


@pytest.mark.parametrize("size", [0, 150, 5000])
@pytest.mark.parametrize("line", [b"x", b"a\r\n", b"===END_EMAIL===\n", b">===GONE__EMAIL===\r\n", b"\n"])
def test_a_preview_is_read_back_to_the_octet(store: TextFileStore, line: bytes, size: int) -> None:
    body = line * (size // len(line))
    store.append([BOB], mail(body, sender="s" * size + "@x"))
    assert store.list(BOB)[0].preview == body[:200] == store.read(BOB, 1).summary.preview


def test_a_list_of_a_file_that_was_replaced_meanwhile_shows_no_octets_of_another_mail(
    store: TextFileStore, folder: Path
) -> None:
    store.append([BOB], mail(b"secret\n"))
    got = store.list(BOB)
    (folder / "bob@example.com.txt").write_bytes(SPEC_RECORD.replace(b"alice", b"malice"))
    assert (got[0].sender, got[0].preview) == ("alice@example.com", b"")
    (folder / "bob@example.com.txt").unlink()
    assert (got[0].sender, got[0].preview) == ("alice@example.com", b"")
