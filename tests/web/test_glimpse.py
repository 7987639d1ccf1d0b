import pytest

from mysmtp.message import MailSummary
from mysmtp.web.glimpse import Glimpse, glimpse_of, glimpse_of_letter
from tests.web.letters import rich, simple

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


@pytest.mark.parametrize(
    ("octets", "subject", "snippet", "files"),
    [
        (rich(), "The Weekly Postcard", "Hello Bob, see https://example.com/x.", 1),
        (rich().replace(b"attachment", b"inline"), "The Weekly Postcard", "Hello Bob, see https://example.com/x.",
         0),
        (simple("x", "SGVsbG8gQm9i\n", more="Content-Transfer-Encoding: base64\n"), "x", "Hello Bob", 0),
        (simple("x", "Gr=FC=DFe\n", "text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable\n"),
         "x", "Grüße", 0),
        (simple("x", "<style>p{}</style><p>Half-<b>pr</b>ice</p>to\x1bday", "text/html"), "x", "Half-price to\\x1bday",
         0),
        (simple("x", "\n"), "x", "", 0),
        (simple("", "Hello\n"), "", "Hello", 0),
        (b"Received: from x\r\n" * 100 + simple("late", "Hello\n"), "late", "Hello", 0),
    ],
)  # fmt: skip
def test_a_letter_shows_its_first_words_as_they_are_read(octets: bytes, subject: str, snippet: str, files: int) -> None:
    assert glimpse_of_letter(octets, len(octets)) == Glimpse(subject, snippet, "no subject", files)


def test_a_first_line_that_looks_like_a_field_may_begin_a_header_or_not() -> None:
    plain = b"Note: lunch\n" + b"at half past twelve\n" * 40
    mail = MailSummary(1, "a@b", "23-11-2026", None, len(plain), plain[:200])
    assert glimpse_of(mail).partial
    found = glimpse_of_letter(plain, len(plain))
    assert (found.subject, found.snippet[:19], found.lacking) == ("Note: lunch", "at half past twelve", "empty mail")
    assert not glimpse_of(MailSummary(1, "a@b", "23-11-2026", None, 900, b"Lunch at 12:30\n" * 13)).partial


def test_a_letter_that_is_read_in_part() -> None:
    whole = rich("<p>word</p>" * 3000).replace(b"Hello Bob, see", b"Hello Bob, " * 30)
    found = glimpse_of_letter(whole[:16384], len(whole))
    assert (found.snippet, found.files) == (("Hello Bob, " * 30)[:300], None)
    alone = simple("x", "<style>" + "p{}" * 3000 + "</style><p>At last" + " and more" * 3000, "text/html")
    found = glimpse_of_letter(alone[:16384], len(alone))
    assert (found.snippet[:16], len(found.snippet), found.files) == ("At last and more", 300, 0)


def test_wherever_a_letter_is_cut_it_can_be_shown() -> None:
    shown = {glimpse_of_letter(rich()[:cut], len(rich())).subject for cut in range(0, 900, 7)}
    assert "The Weekly Postcard" in shown
    assert all("The Weekly Postcard".startswith(subject) for subject in shown if not subject.startswith("From"))
