import pytest

from mysmtp.message import MailSummary
from mysmtp.web.glimpse import Glimpse, glimpse_of

FROM = b"From: a@b\n"


def glimpse(octets: bytes, known: int = 200) -> Glimpse:
    return glimpse_of(MailSummary(1, "a@b", "23-11-2026", None, len(octets), octets[:known]))


@pytest.mark.parametrize(
    ("octets", "subject", "snippet"),
    [
        (b"Hello\nyou\n", "Hello", "you"),
        (FROM + b"Subject: Lunch?\n\nAt 12:30\nor later\n", "Lunch?", "At 12:30 or later"),
        (FROM + b"Subject: Lunch?\r\n\r\nAt 12:30\r\n", "Lunch?", "At 12:30"),
        (FROM + b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\n", "Grüße", ""),
        (FROM + b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n", "x", ""),
        (FROM + b"Subject: x\nContent-Transfer-Encoding: base64\n\nSGVsbG8=\n", "x", ""),
        (FROM + b"Subject: a\x1b[2J\xe2\x80\xae\n\n", "a\\x1b[2J\\u202e", ""),
        (FROM + b"Subject: folded\n and long\n\n", "folded and long", ""),
    ],
)
def test_the_subject_stands_in_the_row(octets: bytes, subject: str, snippet: str) -> None:
    found = glimpse(octets)
    assert (found.subject, found.snippet) == (subject, snippet)


def test_a_header_without_a_subject_and_a_mail_without_words_differ() -> None:
    assert glimpse(FROM + b"To: x@y\n\nHello\n") == Glimpse("", "Hello", "no subject")
    assert glimpse(FROM + b"Subject: \n\n") == Glimpse("", "", "no subject")
    assert glimpse(b"\n") == Glimpse("", "", "empty mail")


def test_a_subject_that_is_known_in_part_is_cut() -> None:
    body = b"Subject: " + b"word " * 100 + b"\nFrom: a@b\n\n"
    assert glimpse(FROM + body).subject == "word " * 36 + "w…"
    words = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?q?and_more?=\nTo: x@y\n\n"
    assert glimpse(FROM + words, 60).subject == "Grüße…"


def test_a_header_whose_subject_is_not_reached_shows_its_first_line_as_ever() -> None:
    body = b"Received: from x\nReceived: from y\n" + b"X-Long: y\n" * 50 + b"Subject: late\n\n"
    assert glimpse(body).subject == "Received: from x"
    assert glimpse(FROM + b"Subject: early\n" + b"X-Long: y\n" * 50).subject == "early"
