"""What a sender is told about a mail; a good mail is told nothing."""

import pytest

from mysmtp.message import Envelope
from mysmtp.mime import read_mail
from mysmtp.mime.checks import check, hidden_recipients
from mysmtp.mime.html import sanitise

GOOD = (
    b"From: Alice <alice@example.com>\r\nTo: bob@example.org\r\nDate: Mon, 23 Nov 2026 13:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Gr\xc3\xbc\xc3\x9fe\r\n"
)
HTML = GOOD.replace(b"text/plain", b"text/html")
ENVELOPE = Envelope("alice@example.com", ("bob@example.org",))


def titles(octets: bytes, envelope: Envelope | None = ENVELOPE) -> list[tuple[str, str]]:
    mail = read_mail(octets)
    page = sanitise(mail.html, mail.path_of) if mail.html is not None else None
    return [(finding.level, finding.title) for finding in check(mail, envelope, page)]


def test_a_good_mail_is_told_nothing() -> None:
    assert titles(GOOD) == []


@pytest.mark.parametrize("octets", [b"Hello Bob,\nThis is a test email.\n", "Grüße\n".encode(), b"", b"x"])
def test_a_text_of_my_smtp_is_told_nothing(octets: bytes) -> None:
    assert titles(octets) == []


NO_TEXT = ("warning", "HTML without a text beside it")


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (GOOD.replace(b"From: Alice <alice@example.com>\r\n", b""), [("error", "No From field")]),
        (GOOD.replace(b"Date: ", b"X: "), [("error", "No Date field")]),
        (GOOD.replace(b"Mon, 23", b"Mon, 45"), [("error", "Date cannot be read")]),
        (GOOD.replace(b"Message-ID", b"X"), [("warning", "No Message-ID field")]),
        (b"From: alice@example.com\r\n" + GOOD, [("error", "More than one from field")]),
        (GOOD + b"x" * 999 + b"\r\n", [("error", "Line 9 is longer than 998 octets")]),
        (GOOD + b"x" * 998 + b"\r\n", []),
        (GOOD + b"x\ry\r\n", [("error", "A CR without LF")]),
        (GOOD + b"x\ny\r\n", [("error", "An LF without CR among lines that end with CR LF")]),
        (GOOD.replace(b"\r\n", b"\n"), []),
        (b"Subject: Gr\xfc\xdfe\r\n" + GOOD, [("error", "Subject holds octets beyond ASCII")]),
        ("Subject: Grüße\r\n".encode() + GOOD, [("note", "Subject holds octets beyond ASCII")]),
        (GOOD.replace(b"; charset=utf-8", b""), [("warning", "Part 1 does not declare its charset")]),
        (GOOD.replace(b"utf-8", b"us-ascii"), [("error", "The charset of part 1 is wrong")]),
        (GOOD.replace(b"utf-8", b"x-evil"), [("error", "The charset of part 1 is wrong")]),
        (GOOD.replace(b"\xc3\xbc", b"\xfc"), [("error", "The charset of part 1 is wrong")]),
        (
            GOOD.replace(b"Alice", b'"ceo@bank.example"'),
            [("warning", "The name of the sender looks like another address")],
        ),
        (b"Bcc: bob@example.org\r\n" + GOOD, [("warning", "The Bcc field is in the mail")]),
        (HTML, [NO_TEXT]),
        (
            HTML + b'<img src="http://x/y" alt=""><img src=data:,>',
            [NO_TEXT, ("warning", "One image has no alternative text")],
        ),
        (HTML + b'<img src="cid:none" alt="x">', [("error", "An image is not in the mail"), NO_TEXT]),
        (
            HTML + b"<div>" * 600,
            [("error", "Line 9 is longer than 998 octets"), NO_TEXT, ("warning", "The HTML is not shown")],
        ),
    ],
)
def test_what_is_found(octets: bytes, found: list[tuple[str, str]]) -> None:
    assert titles(octets) == found


def test_the_envelope_against_the_header() -> None:
    envelope = Envelope("bounces@lists.example", ("BOB@example.org", "carol@example.org"))
    assert titles(GOOD, envelope) == [("note", "The envelope has another sender"), ("note", "Blind copies")]
    assert list(hidden_recipients(read_mail(GOOD), envelope)) == ["carol@example.org"]
    assert titles(GOOD, Envelope("", ("bob@example.org",))) == []
    assert (
        titles(b"Sender: bounces@lists.example\r\n" + GOOD, Envelope("bounces@lists.example", ("bob@example.org",)))
        == []
    )


def test_without_an_envelope_nothing_is_said_of_it() -> None:
    assert titles(GOOD, None) == []


def test_every_explanation_names_its_source() -> None:
    for octets in (b"To: x\n\n" + b"y" * 1000 + b"\r\xe9", HTML + b"<img>"):
        mail = read_mail(octets)
        page = sanitise(mail.html or "", mail.path_of)
        for finding in check(mail, Envelope("a@b", ("c@d",)), page):
            assert "RFC" in finding.explanation or "HTML" in finding.explanation
