import os
from pathlib import Path

import pytest

from mysmtp.store.index import Index
from mysmtp.store.textfile import TextFileStore
from tests.store.mails import BOB, SPEC_RECORD, mail


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
