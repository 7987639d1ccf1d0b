"""Marks of seen mails, over an index of a real file."""

import os
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.store.index import Index
from mysmtp.store.record import NO_MOMENT, Row
from mysmtp.store.seen import PAGE_OCTETS, SHIFT, Seen, print_of
from mysmtp.store.textformat import GONE, START, draft
from tests.store.mails import ORIGINAL, mail


def record(mail_id: int, sender: str = "alice@example.com") -> bytes:
    return draft(mail(b"Mail %d\n" % mail_id, sender=sender)).record(mail_id)


def look(index: Index, path: Path) -> Index:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        index.look(descriptor)
    finally:
        os.close(descriptor)
    return index


def unseen(seen: Seen, index: Index) -> list[int]:
    ids = [row.id for row in seen.unseen(index)]
    assert seen.count_unseen(index) == len(ids)
    return ids


def mark(seen: Seen, index: Index, *ids: int, to: bool = True) -> list[int]:
    return seen.mark([row for each in ids if (row := index.row(each))], index, to)


def test_what_is_marked_is_not_new(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"".join(map(record, (1, 2, 5))))
    index, seen = look(Index(), file), Seen()
    assert unseen(seen, index) == [1, 2, 5]
    assert mark(seen, index, 2, 5) == [2, 5]
    assert unseen(seen, index) == [1]
    assert mark(seen, index, 1, 2) == [1]
    assert mark(seen, index, 5, 1, to=False) == [5, 1]
    assert unseen(seen, index) == [1, 5]


def test_the_version_is_another_after_each_change_only(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(record(1))
    index, seen = look(Index(), file), Seen()
    mark(seen, index, 1)
    before = seen.version
    mark(seen, index, 1)
    assert seen.version == before
    mark(seen, index, 1, to=False)
    assert seen.version != before


def test_mail_that_comes_later_is_new(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(record(1))
    index, seen = look(Index(), file), Seen()
    mark(seen, index, 1)
    with file.open("ab") as end:
        end.write(record(2))
    assert unseen(seen, look(index, file)) == [2]


def test_a_deleted_mail_is_not_counted_and_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file"
    octets = record(1) + record(2)
    file.write_bytes(octets)
    index, seen = look(Index(), file), Seen()
    mark(seen, index, 1)
    file.write_bytes(octets.replace(START, GONE))
    assert unseen(seen, look(index, file)) == []
    file.write_bytes(octets + b"\n")
    assert unseen(seen, look(index, file)) == [2]


def test_the_last_record_of_the_original_program_can_be_marked(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(ORIGINAL)
    index, seen = look(Index(), file), Seen()
    assert unseen(seen, index) == [1, 2]
    mark(seen, index, 1, 2)
    assert unseen(seen, index) == []
    with file.open("ab") as end:
        end.write(ORIGINAL)
    assert unseen(seen, look(index, file)) == [3, 4]


def test_another_mail_under_the_same_id_is_new(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(record(1) + record(2))
    index, seen = look(Index(), file), Seen()
    mark(seen, index, 1, 2)
    other.write_bytes(record(1) + record(2, sender="mallory@example.com"))
    other.replace(file)
    assert unseen(seen, look(index, file)) == [2]


def test_a_file_that_was_only_rewritten_keeps_its_marks(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(record(1).replace(START, GONE) + record(2) + record(3))
    index, seen = look(Index(), file), Seen()
    mark(seen, index, 2)
    other.write_bytes(record(2) + record(3))
    other.replace(file)
    assert unseen(seen, look(Index(), file)) == [3]


@given(st.sets(st.integers(1, 10**17), min_size=1, max_size=30), st.data())
def test_pages_bring_the_marks_back(ids: set[int], data: st.DataObject) -> None:
    rows = [Row(each, 0, 9, 4, each % 7, NO_MOMENT, b"a@x\n01-01-2025") for each in sorted(ids)]
    index = Index()
    index.known.columns.extend(rows)
    seen = Seen()
    chosen = data.draw(st.lists(st.sampled_from(rows)))
    for row in chosen:
        seen.mark([row], index, data.draw(st.booleans()))
    pages = {number: seen.page(number) for number in seen.stale if seen.page(number)}
    assert all(len(octets) == PAGE_OCTETS for octets in pages.values())
    again = Seen(pages)
    assert [again.has(row) for row in rows] == [seen.has(row) for row in rows]
    assert unseen(again, index) == unseen(seen, index)
    assert {row.id >> SHIFT for row in rows if seen.has(row)} == set(pages)


def test_the_print_tells_mails_apart() -> None:
    row = Row(1, 0, 9, 4, 7, 0, b"a@x\n01-01-2025")
    others = [row._replace(size=8), row._replace(arrived=1), row._replace(text=b"b@x\n01-01-2025")]
    assert len({print_of(each) for each in (row, *others)}) == 4
    assert print_of(row._replace(id=2, start=100, end=109)) == print_of(row)
    moved = mail()._replace(arrived=mail().arrived + timedelta(microseconds=1))
    assert draft(moved).record(1) != draft(mail()).record(1)
