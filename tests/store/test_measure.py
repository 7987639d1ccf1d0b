"""Octets in CR LF lines, counted over a whole file: those that the mails have one by one, whoever wrote them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.crlf import in_crlf_lines
from mysmtp.store import measure
from mysmtp.store.index import Index
from mysmtp.store.record import KNOWN
from mysmtp.store.textformat import draft
from tests.store.mails import mail

BODIES = [
    b"", b"\n", b"\r\n", b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\r\ntwo\n", b"no end", b"one\r\ntwo", b"one\ntwo",
    b"ends with CR\r", b"one\r\ntwo\r", b"\r\r\n\r\n", b"===END_EMAIL===\n", b"===START_EMAIL===\r\n>===END_EMAIL===",
    b"x" * 5000 + b"\n", b"a\r\n" * 3000, b"a\n" * 3000,
]  # fmt: skip
ORIGINAL = b"===START_EMAIL===\nFrom: a@x\nDate: 01-01-2026\n%b===END_EMAIL===\n\n"


def measured(path: Path) -> dict[int, int]:
    """Return the octets in lines of each mail and each deleted mail of a file, by id."""
    index, descriptor = Index(), os.open(path, os.O_RDONLY)
    try:
        index.look(descriptor)
        columns = index.known.columns
        while not measure.measure(columns, descriptor):
            continue
        assert measure.measure(columns, descriptor)
        assert len(columns.in_lines) == len(columns)
    finally:
        os.close(descriptor)
    return {row.id: size for row, size in zip(map(columns.row, range(len(columns))), columns.in_lines, strict=True)
            if row.flags & KNOWN}  # fmt: skip


def check(path: Path, records: list[bytes], bodies: list[bytes]) -> None:
    path.write_bytes(b"".join(records))
    assert measured(path) == {number: len(in_crlf_lines(body)) for number, body in enumerate(bodies, 1)}


def test_our_records(tmp_path: Path) -> None:
    check(tmp_path / "box", [draft(mail(body)).record(number) for number, body in enumerate(BODIES, 1)], BODIES)


def test_records_of_the_original_program_among_ours(tmp_path: Path) -> None:
    bodies = [b"one\n", b"two\r\n", b"three", b"x\n" * 500, b"four\n"]
    records = [ORIGINAL % body for body in bodies]
    records[3:] = [draft(mail(body)).record(number) for number, body in enumerate(bodies[3:], 4)]
    check(tmp_path / "box", records, bodies)


def test_ours_that_somebody_has_changed_the_look_of(tmp_path: Path) -> None:
    body = b"one\r\ntwo\r\n"
    record = draft(mail(body)).record(1)
    check(tmp_path / "box", [record.replace(b" eol=crlf", b" note=x eol=crlf more=y")], [body])


def test_deleted_mails_are_measured_for_they_may_come_back_and_damaged_ones_are_not(tmp_path: Path) -> None:
    first, second, third = (draft(mail(b"a\nb\n")).record(number) for number in (1, 2, 3))
    path = tmp_path / "box"
    path.write_bytes(first.replace(b"===START_", b"===GONE__") + second.replace(b"a\nb", b"a\nc") + third)
    assert measured(path) == {1: 6, 3: 6}


@pytest.mark.parametrize(("step", "many"), [(1, 4096), (4000, 2), (1 << 20, 1), (10**9, 10**9)])
def test_in_steps_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, many: int) -> None:
    monkeypatch.setattr(measure, "_STEP", step)
    monkeypatch.setattr(measure, "_MANY", many)
    test_our_records(tmp_path)


WORDS = [b"\r", b"\n", b"\r\n", b"x", b"===END_EMAIL===", b"===START_EMAIL===", b">", b" size=3 eol=crlf\n", b"\0"]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(b"".join), max_size=6))
def test_any_bodies(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("boxes") / "box"
    check(path, [draft(mail(body)).record(number) for number, body in enumerate(bodies, 1)], bodies)
