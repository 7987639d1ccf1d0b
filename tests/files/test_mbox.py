"""The mbox format: rules of RFC 4155 and mbox(5), files of other programs, and Python's mailbox module as the peer."""

import mailbox
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.files import mbox
from mysmtp.files.mbox import entry_of, from_line, read, read_from_line

MOMENT = datetime(2025, 3, 12, 9, 15, 2, tzinfo=UTC)
FROM = b"From alice@example.com Wed Mar 12 09:15:02 2025\n"
PIECES = [b"From ", b">", b"From a@x Wed Mar 12 09:15:02 2025", b"\n", b"\r\n", b"\r", b"x", b" ", b"\xff", b"\0"]
BODIES = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


def mails(octets: bytes, largest: int = 1000) -> Sequence[bytes | None]:
    return [entry.body for entry in read(BytesIO(octets), largest)]


def as_lines(body: bytes) -> bytes:
    """Return what an mbox keeps of a mail: its lines, each ended by LF."""
    lines = body.replace(b"\r\n", b"\n")
    return lines if not lines or lines.endswith(b"\n") else lines + b"\n"


# Writing


def test_an_entry_as_rfc_4155_shows_it() -> None:
    body = b"Subject: x\r\n\r\nFrom here\r\n>From there\r\nFromage\r\n From\r\n"
    assert b"".join(entry_of("alice@example.com", MOMENT, body)) == (
        FROM + b"Subject: x\n\n>From here\n>>From there\nFromage\n From\n\n"
    )


@pytest.mark.parametrize(
    ("sender", "moment", "line"),
    [
        ("", MOMENT, b"From MAILER-DAEMON Wed Mar 12 09:15:02 2025\n"),
        ("a@x", MOMENT.astimezone(timezone(timedelta(hours=-5))), b"From a@x Wed Mar 12 09:15:02 2025\n"),
        ("a@x", datetime(2025, 3, 2, tzinfo=UTC), b"From a@x Sun Mar  2 00:00:00 2025\n"),
        ('"a b"@x', MOMENT, b'From "a b"@x Wed Mar 12 09:15:02 2025\n'),
        ("a\n\r\x7f@x\udcff", MOMENT, b"From a???@x\xff Wed Mar 12 09:15:02 2025\n"),
    ],
)
def test_from_lines(sender: str, moment: datetime, line: bytes) -> None:
    assert from_line(sender, moment) == line


@given(st.lists(BODIES, max_size=4))
def test_what_is_written_is_read_again(bodies: list[bytes]) -> None:
    octets = b"".join(piece for body in bodies for piece in entry_of("a@x", MOMENT, body))
    assert mails(octets) == [as_lines(body) for body in bodies]


@given(BODIES)
def test_a_large_mail_is_written_in_pieces_to_the_same_octets(body: bytes) -> None:
    whole = b"".join(entry_of("a@x", MOMENT, body))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mbox, "_STEP", 3)
        pieces = list(entry_of("a@x", MOMENT, body))
    assert b"".join(pieces) == whole
    line = max(map(len, body.split(b"\n"))) + 1
    assert all(len(piece) <= 3 + line + 4 for piece in pieces[1:])  # and a > for each of four lines


@given(st.lists(BODIES.map(lambda body: b"Subject: x\n\n" + body), max_size=3))
def test_python_reads_the_same_mails(bodies: list[bytes]) -> None:
    class InMemory(mailbox.mbox):
        """Python's reader, without a file."""

        def __init__(self, octets: bytes) -> None:
            self._file = BytesIO(octets)
            self._toc = None
            self._factory = None
            self._generate_toc()  # type: ignore[attr-defined]

    theirs = InMemory(b"".join(piece for body in bodies for piece in entry_of("a@x", MOMENT, body)))
    assert [theirs.get_bytes(key) for key in theirs._toc] == [  # type: ignore[attr-defined]
        re.sub(rb"(?m)^(>*From )", rb">\1", as_lines(body)) for body in bodies
    ]


# Reading what others wrote


def test_only_a_from_line_after_an_empty_line_begins_a_mail() -> None:
    inside = b"a\nFrom bob@x Wed Mar 12 09:15:02 2025\n\nFrom the beginning\n\n"
    assert mails(FROM + inside + FROM + b"b\n") == [inside[:-1], b"b\n"]


def test_offsets_tell_where_in_the_file() -> None:
    entries = list(read(BytesIO(FROM + b"a\n\n" + FROM + b"b\n"), 1000))
    assert [(entry.start, entry.end) for entry in entries] == [(0, len(FROM) + 3), (len(FROM) + 3, 2 * len(FROM) + 5)]


@pytest.mark.parametrize(
    ("octets", "bodies"),
    [
        (b"", []),
        (FROM, [b""]),
        (FROM + b"\n" + FROM + b"\n\n", [b"", b"\n"]),
        (FROM + b"no end", [b"no end"]),
        (FROM.replace(b"\n", b"\r\n") + b"a\r\n\r\n" + FROM + b"b\r\n", [b"a\r\n", b"b\r\n"]),
        (b"From x\na\n", [b"a\n"]),
        (FROM + b">>>From x\n> From y\n>from z\n", [b">>From x\n> From y\n>from z\n"]),
        (FROM + b"x" * 70_000 + b">From a\n>From b\n", [b"x" * 70_000 + b">From a\nFrom b\n"]),
    ],
)
def test_odd_files(octets: bytes, bodies: list[bytes]) -> None:
    assert mails(octets, 100_000) == bodies


def test_a_mail_that_is_too_large_is_passed_over_and_the_next_one_is_read() -> None:
    assert mails(FROM + b"x" * 9 + b"\n\n" + FROM + b"x" * 10 + b"\n\n" + FROM + b"y\n", 10) == [
        b"x" * 9 + b"\n", None, b"y\n",
    ]  # fmt: skip
    assert mails(FROM + (b"x" * 99 + b"\n") * 2000 + b"\n" + FROM, 10) == [None, b""]


@pytest.mark.parametrize(
    ("line", "sender", "arrived"),
    [
        (b"From a@x Wed Mar 12 09:15:02 2025\n", "a@x", MOMENT),
        (b"From a@x  Wed Mar 12 09:15:02 2025\r\n", "a@x", MOMENT),
        (b"From a@x Wed Mar 12 09:15:02 UTC 2025\n", "a@x", MOMENT),
        (b"From a@x Wed Mar 12 10:15:02 +0100 2025\n", "a@x", MOMENT),
        (b"From a@x Wed Mar 12 10:15:02 2025 +0100\n", "a@x", MOMENT),
        (b'From "a Wed b"@x Wed Mar 12 09:15:02 2025\n', '"a Wed b"@x', MOMENT),
        (b"From MAILER-DAEMON Wed Mar 12 09:15:02 2025\n", "", MOMENT),
        (b"From - Wed Mar 12 09:15:02 2025\n", None, MOMENT),  # Thunderbird
        (b"From 1683213@xxx Wed Mar 12 09:15:02 +0000 2025\n", None, MOMENT),  # Google Takeout
        (b"From a@x Wed Mar 12 nonsense\n", "a@x", None),
        (b"From a@x Wed Mar 12 09:15:02 999999\n", "a@x", None),
        (b"From a@x\n", "a@x", None),
        (b"From \n", None, None),
    ],
)
def test_from_lines_of_many_programs(line: bytes, sender: str | None, arrived: datetime | None) -> None:
    assert read_from_line(line) == (sender, arrived)


@pytest.mark.parametrize("words", [b"1:11 " * 13_000, b" " * 65_000 + b"x", b"Mon " * 16_000, b"1" * 65_000])
def test_no_line_takes_long_that_looks_like_one_for_long(words: bytes) -> None:
    begun = time.process_time()
    assert len(mails((b"From " + words + b"\n\n") * 4, 1_000_000)) == 1
    assert time.process_time() - begun < 2  # some milliseconds; 40 s where the whole line was looked at


@given(st.binary(max_size=200))
def test_any_octets_can_be_read(octets: bytes) -> None:
    for entry in read(BytesIO(b"From " + octets), 50):
        assert entry.body is None or len(entry.body) <= 50


def test_a_file_of_python_s_own(tmp_path: Path) -> None:
    theirs = mailbox.mbox(tmp_path / "theirs.mbox")
    for text in ("Subject: 1\n\nFrom here\n", "Subject: 2\n\n\n", "Subject: 3\n\nend"):
        theirs.add(text)
    theirs.close()
    assert mails((tmp_path / "theirs.mbox").read_bytes()) == [
        b"Subject: 1\n\nFrom here\n", b"Subject: 2\n\n\n", b"Subject: 3\n\nend\n",
    ]  # fmt: skip
