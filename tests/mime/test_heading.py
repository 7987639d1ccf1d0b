"""Subject, people and dates of a header, as a list of mails shows them."""

from datetime import UTC, datetime

import pytest

from mysmtp.mime import read_heading
from mysmtp.mime.heading import read_date


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon, 23 Nov 2026 13:00:00 +0100", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        ("23 Nov 2026 13:00 GMT", datetime(2026, 11, 23, 13, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 13:00:00 -0000", datetime(2026, 11, 23, 13, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 13:00:00 (no zone)", datetime(2026, 11, 23, 13, tzinfo=UTC)),
        ("Mon, 23 Nov 26 08:00:00 EST", datetime(2026, 11, 23, 13, tzinfo=UTC)),
        ("tomorrow", None),
        ("", None),
        ("Mon, 31 Feb 2026 13:00:00 +0000", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 +0000", None),
        ("Mon, 01 Jan 2024 00:00:00 +9999999999999", None),
        ("Mon, 01 Jan 2024 00:00:00 +9999", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", datetime(2000, 12, 31, 0, 1, tzinfo=UTC)),
        ("Mon, 31 Dec 9999 23:59:59 -2359", None),
        ("1" * 10_000, None),
        ("Mon, 01 Jan 2024 25:61:61 +0000", None),
    ],
)
def test_dates(text: str, moment: datetime | None) -> None:
    assert read_date(text) == moment


def test_a_date_that_cannot_be_read_is_shown_as_it_came() -> None:
    heading = read_heading(b"Date: soon\x1b\nFrom: a@b\n\n")
    assert heading.date is None
    assert heading.date_text == "soon\\x1b"
    assert heading.problems == ("Date: cannot be read as a date",)


def test_what_stands_twice_counts_twice_and_is_told() -> None:
    heading = read_heading(b"From: a@b\nFrom: c@d\nSubject: one\nSubject: two\n\n")
    assert [box.address for box in heading.authors] == ["a@b", "c@d"]
    assert heading.subject == "one"
    assert heading.problems == ("more than one From field", "more than one Subject field")


def test_the_people_of_a_mail() -> None:
    heading = read_heading(
        b"From: a@x\nSender: s@x\nReply-To: r@x\nTo: b@x, c@x\nCc: d@x\nBcc: e@x\nMessage-ID: <1@x>\n\nbody"
    )
    people = (heading.authors, heading.sender, heading.reply_to, heading.recipients)
    assert [[box.address for box in boxes] for boxes in people] == [
        ["a@x"], ["s@x"], ["r@x"], ["b@x", "c@x", "d@x", "e@x"]
    ]  # fmt: skip
    assert heading.message_id == "1@x"


def test_markup_and_controls_in_fields_are_text() -> None:
    heading = read_heading(b'Subject: <script>alert(1)</script>\x1b[2J\nFrom: "\\"><img onerror>" <a@b>\n\n')
    assert heading.subject == "<script>alert(1)</script>\\x1b[2J"
    assert heading.authors[0].name == '"><img onerror>'


def test_the_beginning_of_a_mail_is_enough() -> None:
    octets = b"From: a@b\nSubject: hi\n\n" + b"x" * 1000
    assert read_heading(octets[:40]) == read_heading(octets)


def test_a_text_has_an_empty_heading() -> None:
    heading = read_heading(b"Hello Bob,\n")
    assert (heading.subject, heading.authors, heading.header.fields) == ("", (), ())
