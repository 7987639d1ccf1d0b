import pytest

from mysmtp.store.frame import read_frame, read_trace
from tests.store.mails import SPEC_BODY, SPEC_RECORD


def test_the_record_of_the_specification_is_read() -> None:
    frame = read_frame(SPEC_RECORD[:-1])
    assert (frame.fault, frame.id, frame.sender, frame.date) == ("", 1, "alice@example.com", "12-03-2025")
    assert frame.body == SPEC_BODY
    assert frame.crc == "b0aba0c9"
    assert frame.arrived is not None
    assert frame.arrived.isoformat() == "2025-03-12T09:15:02.123456+00:00"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Jello"),
        (b"size=33", b"size=34"),
        (b"b0aba0c9", b"b0aba0c8"),
        (b"eol=lf", b"eol=cr"),
        (b"eol=lf", b"eol=crlf"),
        (b"Date: ", b"Dat: "),
        (b"From: ", b"Frm: "),
    ],
)
def test_a_record_that_is_not_as_it_was_written_is_at_fault(old: bytes, new: bytes) -> None:
    frame = read_frame(SPEC_RECORD[:-1].replace(old, new, 1))
    assert frame.fault
    assert frame.body == b""


def test_a_hole_in_a_start_line_does_not_make_two_records_one() -> None:
    """As after a power cut: the octets up to the next record's marker never reached the disk."""
    assert read_frame(b"===START_EMAIL=== id=1" + bytes(400) + SPEC_RECORD[:-1]).fault


def test_unknown_attributes_are_passed_over() -> None:
    octets = SPEC_RECORD[:-1].replace(b" eol=lf", b" eol=lf flag=7 open").replace(b" via=", b" new=%FF via=")
    assert read_frame(octets).body == SPEC_BODY


@pytest.mark.parametrize(
    ("octets", "sender", "date", "body"),
    [
        (b"===START_EMAIL===\nFrom: a@x\nDate: 1-1-2025\n>===END_EMAIL===", "a@x", "1-1-2025", b">"),
        (b"===START_EMAIL===\nDate: 1-1-2025\nhi\n===END_EMAIL===\n", "<>", "1-1-2025", b"hi\n"),
        (b"===START_EMAIL===\nhi\n===END_EMAIL===\n", "<>", "", b"hi\n"),
        (b"===START_EMAIL===\n===END_EMAIL===\n", "<>", "", b""),
        (
            b"===START_EMAIL===\r\nFrom: a@x\r\nDate: 1-1-2025\r\nhi\r\n===END_EMAIL===\r\n",
            "a@x",
            "1-1-2025",
            b"hi\r\n",
        ),
    ],
)
def test_records_of_the_original_are_taken_as_they_are(octets: bytes, sender: str, date: str, body: bytes) -> None:
    frame = read_frame(octets)
    assert (frame.fault, frame.summary(1).sender, frame.date, frame.body) == ("", sender, date, body)
    assert frame.crc is None
    assert read_trace(frame) is None


@pytest.mark.parametrize(
    "octets", [b"", b"\n", b"x", b"===START_EMAIL===", b"===START_EMAIL===\nFrom: a===END_EMAIL==="]
)
def test_nothing_raises(octets: bytes) -> None:
    assert read_frame(octets).fault
