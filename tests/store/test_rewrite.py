"""Rewriting a mailbox file: what docs/protocol.md says, octet for octet, and nothing lost whatever is in the file."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mysmtp.message import MailSummary
from mysmtp.store.disk import Disk
from mysmtp.store.frame import read_frame
from mysmtp.store.rewrite import Rewrite, frame
from mysmtp.store.scan import Record, Status
from mysmtp.store.textformat import END, GONE, START, draft
from tests.store.mails import ORIGINAL, SPEC_RECORD, mail, scan

FOREIGN = b"===START_EMAIL===\nFrom: c@x\nDate: 13-03-2025\nhi %d\n===END_EMAIL===\n\n"


def own(mail_id: int, body: bytes = b"hi\n") -> bytes:
    return draft(mail(body)).record(mail_id)


def gone(record: bytes) -> bytes:
    return record.replace(START, GONE, 1)


@contextmanager
def opened(path: Path, octets: bytes) -> Iterator[int]:
    path.write_bytes(octets)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def rewritten(folder: Path, octets: bytes) -> bytes:
    """What a file becomes, after the rewrite has checked itself."""
    with opened(folder / "old", octets) as old, opened(folder / "new", b"") as new:
        rewrite = Rewrite(old, len(octets))
        list(rewrite.copy(Disk(), new))
        list(rewrite.check(new))
        return (folder / "new").read_bytes()


def kept(octets: bytes) -> list[tuple[int, Status, MailSummary | None, bytes, bytes]]:
    """Every record that is no deleted mail and no empty frame: what it is, and its octets where it is damaged."""
    settled, rest = scan(octets)
    found = []
    for each in settled + rest:
        record = octets[each.start : each.end]
        if each.status is Status.GONE and (whole(each, record) or b" size=0\n" + END in record):
            continue
        body = read_frame(record).body if each.status is Status.MAIL else b""
        found.append((each.id, each.status, each.summary, body, b"" if each.status is Status.MAIL else record))
    return found


def whole(each: Record, record: bytes) -> bool:
    """Whether a deleted mail can go: not one whose only attributes are on its END line, stripped by hand."""
    stripped = b"=" not in record.split(b"\n", 1)[0][len(GONE) :] and not record.rstrip().endswith(END)
    return each.summary is not None and not stripped


def last_id(octets: bytes) -> int:
    settled, rest = scan(octets)
    return max((each.id for each in settled + rest), default=0)


def as_the_original_reads(octets: bytes) -> list[list[bytes]]:
    """The mails as the original program shows them: counted by place, from a START line to a line that ends in END."""
    mails: list[list[bytes]] = []
    inside = False
    for line in octets.split(b"\n"):
        if line.startswith(START):
            mails.append([])
            inside = True
        elif inside and (line.startswith(END) or line.endswith(END)):
            inside = False
        elif inside:
            mails[-1].append(line)
    return mails


# What the page says


def test_deleted_mails_go_and_the_others_stay_octet_for_octet(tmp_path: Path) -> None:
    octets = own(1) + gone(own(2)) + own(3) + gone(own(4)) + gone(own(5)) + own(7)
    assert rewritten(tmp_path, octets) == own(1) + own(3) + own(7)


def test_every_mail_gets_its_id(tmp_path: Path) -> None:
    """ "then every mail gets its `id=`": those of the original program, by their place so far."""
    octets = FOREIGN % 1 + gone(FOREIGN % 2) + FOREIGN % 3 + own(9) + FOREIGN % 4
    numbered = [(FOREIGN % n).replace(START, START + b" id=%d" % i) for n, i in ((1, 1), (3, 3), (4, 10))]
    assert rewritten(tmp_path, octets) == numbered[0] + numbered[1] + own(9) + numbered[2]


def test_if_the_highest_id_is_gone_an_empty_frame_keeps_it(tmp_path: Path) -> None:
    """ "if the highest id is gone an empty `===GONE__EMAIL=== id=N size=0` frame keeps it"."""
    octets = own(1) + gone(own(2)) + gone(own(3))
    expected = own(1) + b"===GONE__EMAIL=== id=3 size=0\n===END_EMAIL===\n\n"
    assert rewritten(tmp_path, octets) == expected
    assert rewritten(tmp_path, expected) == expected
    assert rewritten(tmp_path, expected + own(4)) == own(1) + own(4)


def test_a_mailbox_of_deleted_mails_only_keeps_its_highest_id(tmp_path: Path) -> None:
    assert rewritten(tmp_path, gone(own(1)) + gone(FOREIGN % 2)) == frame(2)


def test_damage_and_stray_text_stay_octet_for_octet(tmp_path: Path) -> None:
    damaged = own(3, b"hello\n").replace(b"hello", b"jello")
    cut = own(6, b"cut off")[:-20]
    octets = b"a note\n" + own(1) + gone(own(2)) + damaged + gone(own(4)) + b"another note\n\n" + own(5) + cut
    expected = b"a note\n" + own(1) + frame(2) + damaged + frame(4) + b"another note\n\n" + own(5) + cut
    assert rewritten(tmp_path, octets) == expected


def test_a_deleted_mail_that_is_damaged_stays(tmp_path: Path) -> None:
    damaged = gone(own(2, b"hello\n").replace(b"hello", b"jello"))
    octets = own(1) + damaged + own(3)
    assert rewritten(tmp_path, octets) == octets


def test_an_id_that_was_not_above_those_before_it_is_put_right(tmp_path: Path) -> None:
    octets = own(1) + gone(own(2)) + own(1, b"again\n")
    assert rewritten(tmp_path, octets) == own(1) + own(3, b"again\n")


def test_a_mail_whose_first_line_was_stripped_by_hand_keeps_its_octets_and_its_id(tmp_path: Path) -> None:
    stripped = re.sub(rb"(?<=EMAIL===) id[^\n]*", b"", SPEC_RECORD, count=1)
    octets = own(1) + gone(own(2)) + stripped + own(4)
    assert rewritten(tmp_path, octets) == own(1) + frame(2) + stripped + own(4)
    assert [each[0] for each in kept(octets)] == [1, 3, 4]


def test_lines_that_end_in_cr_lf(tmp_path: Path) -> None:
    """A file that an editor converted: all is read as the original program's."""
    octets = (FOREIGN % 1 + gone(FOREIGN % 2) + FOREIGN % 3).replace(b"\n", b"\r\n")
    one, _, three = [(FOREIGN % n).replace(START, START + b" id=%d" % n).replace(b"\n", b"\r\n") for n in (1, 2, 3)]
    assert rewritten(tmp_path, octets) == one + three


def test_the_original_program_reads_the_same_mails(tmp_path: Path) -> None:
    octets = ORIGINAL + gone(own(3)) + own(4) + gone(FOREIGN % 5)
    after = rewritten(tmp_path, octets)
    assert as_the_original_reads(after) == as_the_original_reads(octets)
    assert len(as_the_original_reads(after)) == 3


# Whatever is in the file

BODIES = [b"", b"hi\n", b"open", b"a\r\nb\r\n", b"===START_EMAIL===\n", b"x===END_EMAIL===\ny", b"\n\n"]
KINDS = ["own", "own", "own", "foreign", "foreign", "frame", "stray", "torn"]
FRAMES = [b"===GONE__EMAIL=== id=%d size=0\n", b"===GONE__EMAIL=== id=%d size=0\n===END_EMAIL===\n\n"]
STRAYS = [b"\n", b"note\n", b"a note", b"\r\n", b" \n", END + b"\n", END + b" crc32=00000000\n"]
TORN = [b"===STA", START, START + b" id=4\n", GONE + b" id=5", GONE + b"\n", b"RT_EMAIL===\n"]
IDS = st.integers(0, 12)


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """A record of ours or of the original, perhaps without an id, deleted, damaged; or stray text; or half a marker."""
    kind = draw(st.sampled_from(KINDS))
    if kind == "frame":
        return draw(st.sampled_from(FRAMES)) % draw(IDS)
    if kind in ("stray", "torn"):
        return draw(st.sampled_from(STRAYS if kind == "stray" else TORN))
    record = own(draw(IDS), draw(st.sampled_from(BODIES))) if kind == "own" else FOREIGN % draw(IDS)
    record = re.sub(rb" id=0", b"", record, count=1)
    if draw(st.integers(0, 3)) == 0:
        record = re.sub(rb"(?<=EMAIL===) [^\n]*", b"", record, count=1)
    if draw(st.booleans()):
        record = gone(record)
    if draw(st.integers(0, 2)) == 0:
        at = draw(st.integers(0, len(record) - 1))
        record = draw(
            st.sampled_from([record[:at], record[:at] + b"~" + record[at + 1 :], record[:-1], record + b"\n"])
        )
    return record


@settings(max_examples=250)
@given(st.lists(blocks(), max_size=9).map(b"".join))
@example(b"")
@example(own(1) + END + b"\n")
def test_nothing_is_lost_and_twice_changes_nothing(tmp_path: Path, octets: bytes) -> None:
    after = rewritten(tmp_path, octets)
    assert kept(after) == kept(octets)
    assert last_id(after) == last_id(octets)
    records = [(each, after[each.start : each.end]) for part in scan(after) for each in part]
    assert not [each for each, record in records if each.status is Status.GONE and whole(each, record)]
    assert rewritten(tmp_path, after) == after
    assert last_id(after + b"\n" + own(0)) == last_id(after) + 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda octets: octets.replace(b"hello", b"jello"), "octet"),
        (lambda octets: octets.replace(b"id=3", b"id=4"), "octet"),
        (lambda octets: octets.replace(b"a note", b"a bote"), "stray text"),
        (lambda octets: octets + own(9), "octet"),
        (lambda octets: octets[: octets.rindex(GONE)], "lost an id"),
    ],
)
def test_the_check_finds_what_is_different(tmp_path: Path, change: object, found: str) -> None:
    assert callable(change)
    octets = own(1) + gone(own(2)) + b"a note\n\n" + own(3, b"hello\n") + gone(own(5))
    after = rewritten(tmp_path, octets)
    with (
        opened(tmp_path / "old", octets) as old,
        opened(tmp_path / "new", change(after)) as new,
        pytest.raises(OSError, match=found),
    ):
        list(Rewrite(old, len(octets)).check(new))


def test_what_could_be_freed(tmp_path: Path) -> None:
    octets = own(1) + gone(own(2)) + frame(3)
    with opened(tmp_path / "old", octets) as old:
        rewrite = Rewrite(old, len(octets))
        assert sum(rewrite.survey()) == len(octets)
        assert rewrite.gone == len(own(2)) - 1


def test_a_file_cut_off_meanwhile_is_not_rewritten(tmp_path: Path) -> None:
    octets = own(1) + gone(own(2)) + own(3)
    with opened(tmp_path / "old", octets) as old, opened(tmp_path / "new", b"") as new:
        rewrite = Rewrite(old, len(octets) + 1)
        with pytest.raises(OSError, match="cut off"):
            list(rewrite.copy(Disk(), new))
