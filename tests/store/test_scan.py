import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.store.frame import read_frame
from mysmtp.store.scan import Record, Scanner, Status
from mysmtp.store.textformat import draft
from tests.store.mails import ORIGINAL, SPEC_BODY, SPEC_RECORD, mail, scan

MAIL, GONE, DAMAGED, UNFINISHED = Status.MAIL, Status.GONE, Status.DAMAGED, Status.UNFINISHED
BARE = b"===START_EMAIL===\nFrom: a@x\nDate: 01-01-2025\n%b===END_EMAIL===\n\n"
LINES = [
    b"===START_EMAIL===",
    b"===START_EMAIL=== id=3 size=1 eol=lf open=1",
    b"===END_EMAIL===",
    b"===END_EMAIL=== crc32=8cdc1683",
    b"===GONE__EMAIL===",
    b"===GONE__EMAIL=== id=7 size=0",
    b"From: a@x",
    b"Date: 01-01-2025",
    b"x",
    b"\r",
    b"\n",
    b"\n",
    b"\n\n",
    b" ",
    b"\0",
    b"===STA",
]


def ours(number: int, body: bytes = SPEC_BODY) -> bytes:
    return draft(mail(body)).record(number)


def told(octets: bytes) -> list[tuple[int, Status]]:
    settled, rest = scan(octets)
    return [(record.id, record.status) for record in settled + rest]


def bodies(octets: bytes) -> list[bytes]:
    settled, rest = scan(octets)
    return [read_frame(octets[r.start : r.end]).body for r in settled + rest if r.status is MAIL]


def test_a_mailbox_of_the_original_program() -> None:
    settled, rest = scan(ORIGINAL)
    assert not rest
    assert [(r.id, r.summary.sender, r.summary.date) for r in settled if r.summary] == [
        (1, "alice@example.com", "12-03-2025"),
        (2, "charlie@example.com", "13-03-2025"),
    ]
    assert bodies(ORIGINAL) == [b"Hello Bob,\n", b"no newline at the end"]


def test_both_kinds_in_one_file() -> None:
    octets = ORIGINAL + ours(3) + BARE % b"hi\n" + ours(9)
    assert told(octets) == [(1, MAIL), (2, MAIL), (3, MAIL), (4, MAIL), (9, MAIL)]


def test_where_a_body_of_the_original_ends() -> None:
    assert bodies(BARE % b"a ===END_EMAIL=== b\nc\n") == [b"a ===END_EMAIL=== b\nc\n"]
    assert bodies(BARE % b"===END_EMAIL=== b\nc\n") == [b"===END_EMAIL=== b\nc\n"]
    assert bodies(BARE % b">===START_EMAIL===\n") == [b">===START_EMAIL===\n"]
    assert bodies(BARE % b"===GONE__EMAIL===\n") == [b"===GONE__EMAIL===\n"]
    assert bodies(BARE.replace(b"a@x", b"a@x===END_EMAIL===") % b"hi\n") == [b"hi\n"]


def test_a_forged_end_line_in_a_mail_of_the_original_ends_it_and_what_is_left_over_is_told_of() -> None:
    octets = BARE % b"a===END_EMAIL===\nleft over\n" + BARE % b"b\n"
    assert told(octets) == [(1, MAIL), (0, DAMAGED), (2, MAIL)]
    assert bodies(octets) == [b"a", b"b\n"]


def test_a_start_line_inside_an_unfinished_record_cuts_that_one_off() -> None:
    cut = SPEC_RECORD[:120]
    assert told(cut + b"\n" + ours(2)) == [(1, DAMAGED), (2, MAIL)]
    assert told(BARE[:60] + b"\n" + ours(2)) == [(1, DAMAGED), (2, MAIL)]


def test_text_outside_of_records() -> None:
    assert told(b"notes\n\n" + ours(1) + b"more notes\n" + ours(2) + b"the end") == [(1, MAIL), (2, MAIL)]
    assert told(b"notes\n===END_EMAIL===\n" + ours(1)) == [(0, DAMAGED), (1, MAIL)]
    assert told(ours(1) + b"===STAR\n" + ours(2)) == [(1, MAIL), (0, DAMAGED), (2, MAIL)]
    assert told(b"x" + ours(1) + ours(2)) == [(1, DAMAGED), (2, MAIL)]
    assert told(b"") == told(b"\n\n") == told(b"notes") == []


def test_ids_count_up_and_are_never_given_twice() -> None:
    assert told(ours(5) + ours(5) + ours(2) + BARE % b"") == [(5, MAIL), (6, MAIL), (7, MAIL), (8, MAIL)]
    settled, _ = scan(ours(5) + ours(5))
    assert [bool(record.note) for record in settled] == [False, True]


def test_deleted_records_count_and_are_passed_over() -> None:
    gone = ours(2).replace(b"===START_EMAIL===", b"===GONE__EMAIL===")
    assert told(ours(1) + gone + BARE % b"hi\n") == [(1, MAIL), (2, GONE), (3, MAIL)]
    bare = (BARE % b"hi\n").replace(b"===START_EMAIL===", b"===GONE__EMAIL===")
    assert told(bare + BARE % b"hi\n") == [(1, GONE), (2, MAIL)]


@pytest.mark.parametrize("end", [b"", b"===END_EMAIL===\n", b"===END_EMAIL=== crc32=00000000\n"])
def test_an_empty_frame_keeps_the_highest_id(end: bytes) -> None:
    frame = b"===GONE__EMAIL=== id=9 size=0\n" + end
    assert told(ours(1) + frame) == [(1, MAIL), (9, GONE)]
    assert told(ours(1) + frame + b"\n" + BARE % b"hi\n") == [(1, MAIL), (9, GONE), (10, MAIL)]


def test_what_stands_at_the_end_of_the_file() -> None:
    octets = ours(1)
    last = octets.index(b"===END")
    for end in range(len(octets)):
        expected = MAIL if end >= last + len("===END_EMAIL=== crc32=b0aba0c9") else UNFINISHED
        assert [status for _, status in told(octets[:end])] == ([] if end == 0 else [expected])
    assert told(BARE[: BARE.index(b"%b")] + b"hi===END_EMAIL===") == [(1, MAIL)]


def test_a_torn_end_line_does_not_make_a_record_foreign() -> None:
    body = b"===END_EMAIL===\r\nquoted\r\n"
    torn = ours(1, body).replace(b"===END_EMAIL=== crc32=", b"===END_EMAIL===\ncrc32=")
    assert told(torn + ours(2)) == [(1, DAMAGED), (2, MAIL)]
    cut = ours(1, body)[: ours(1, body).rindex(b" crc32=")]
    assert told(cut) == [(1, UNFINISHED)]
    assert told(cut + b"\n" + ours(2)) == [(1, DAMAGED), (2, MAIL)]


def test_a_record_whose_attributes_were_removed_is_read_as_the_original_reads_it() -> None:
    stripped = ours(1, b"edited by hand\n").replace(b"===END_EMAIL=== crc32", b"===END_EMAIL===\n\n crc32", 1)
    head, tail = stripped.split(b"\n", 1)
    by_hand = b"===START_EMAIL===\n" + tail.split(b"\n crc32")[0] + b"\n"
    assert bodies(by_hand) == [b"edited by hand\n"]
    only_first = ours(1).replace(ours(1).split(b"\n")[0], b"===START_EMAIL===")
    assert bodies(only_first + ours(2)) == [SPEC_BODY, SPEC_BODY]
    assert head.startswith(b"===START_EMAIL=== id=1")


def test_every_flipped_octet_leaves_the_other_mails_as_they_were() -> None:
    texts = [b"one\r\ntwo\r\n", b"===END_EMAIL===\n>===START_EMAIL===", b"x===END_EMAIL===\nthree\n"]
    octets = b"".join(ours(number, body) for number, body in enumerate(texts, 1))
    starts = [record.start for record in scan(octets)[0]] + [len(octets)]
    for at in range(len(octets)):
        for flip in (1, 10 ^ octets[at], 32):
            if not flip:
                continue
            got = bodies(octets[:at] + bytes((octets[at] ^ flip,)) + octets[at + 1 :])
            hit = max(number for number in range(len(texts)) if starts[number] <= at)
            others = [body for number, body in enumerate(texts) if number not in (hit, hit + 1)]
            assert all(body in texts for body in got), (at, flip)
            assert all(body in got for body in others), (at, flip)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(LINES), max_size=24).map(b"".join), st.data())
def test_cuts_and_later_looks_change_nothing(octets: bytes, data: st.DataObject) -> None:
    whole = scan(octets)
    assert scan(octets, range(len(octets))) == whole
    cut = data.draw(st.integers(0, len(octets)))
    first = Scanner()
    settled = first.feed(octets[:cut])
    second = Scanner(first.resume, first.last_id)
    settled += second.feed(octets[first.resume :])
    assert ([row.record() for row in settled], [row.record() for row in second.end()]) == whole
    ids = [record.id for record in whole[0] + whole[1] if record.id]
    assert ids == sorted(set(ids))


def test_the_records_do_not_overlap_and_lie_where_they_say() -> None:
    octets = b"text\n" + ours(1) + b"x===END_EMAIL===\n" + ours(2)[:-40] + b"\n" + ours(3) + ORIGINAL
    settled, rest = scan(octets)
    records: list[Record] = settled + rest
    assert all(one.end <= other.start for one, other in pairwise(records))
    assert [octets[r.start : r.start + 17] for r in records if r.status is MAIL] == [b"===START_EMAIL==="] * 4


@pytest.mark.parametrize(
    "line",
    [b"===END_EMAIL===", b"x===END_EMAIL===\n", b"===START_EMAIL===\n", b"\n===", b"_EMAIL===", b"===END_EMAIL=== x\n"],
)
@pytest.mark.parametrize("first", [b"", b"===START_EMAIL===\n", b"===START_EMAIL=== size=3\nFrom: a@x\nDate: x\n"])
def test_time_grows_with_the_octets_only(first: bytes, line: bytes) -> None:
    octets = first + line * (1_000_000 // len(line))
    began = time.process_time()
    scan(octets, range(0, len(octets), 1 << 16))
    assert time.process_time() - began < 5
