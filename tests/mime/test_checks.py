"""What a sender is told about a mail; a good mail is told nothing."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mysmtp.message import Envelope, Trace
from mysmtp.mime import read_mail
from mysmtp.mime.checks import check, hidden_recipients
from mysmtp.mime.html import sanitise

GOOD = (
    b"From: Alice <alice@example.com>\r\nTo: bob@example.org\r\nDate: Mon, 23 Nov 2026 13:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\nSubject: Greetings\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
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


def encoded(encoding: bytes, line: bytes) -> bytes:
    """A good mail whose text is encoded, as this one line."""
    return GOOD.partition(b"\r\n\r\n")[0].replace(b"8bit", encoding) + b"\r\n\r\n" + line + b"\r\n"


def alternative(first: bytes, second: bytes, of_text: bytes = b"Hello") -> bytes:
    """A good mail of two alternatives."""
    head = GOOD.partition(b"Content-Type")[0] + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    parts = (
        b"--b\r\nContent-Type: " + kind + b"\r\n\r\n" + (of_text if kind == b"text/plain" else b"Hello") + b"\r\n"
        for kind in (first, second)
    )
    return head + b"".join(parts) + b"--b--\r\n"


NO_TEXT = ("warning", "HTML without a text beside it")


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (GOOD.replace(b"From: Alice <alice@example.com>\r\n", b""), [("error", "No From field")]),
        (GOOD.replace(b"Date: ", b"X: "), [("error", "No Date field")]),
        (GOOD.replace(b"Mon, 23", b"Mon, 45"), [("error", "Date cannot be read")]),
        (GOOD.replace(b"Message-ID", b"X"), [("warning", "No Message-ID field")]),
        (GOOD.replace(b"<1@example.com>", b"<1>"), [("warning", "The Message-ID is none")]),
        (GOOD.replace(b"Subject: Greetings\r\n", b""), [("note", "No Subject")]),
        (GOOD.replace(b"Greetings", b""), [("note", "No Subject")]),
        (GOOD.replace(b"MIME-Version", b"X"), [("warning", "No MIME-Version field")]),
        (GOOD + b"x\0y\r\n", [("error", "A NUL octet")]),
        (GOOD.replace(b"8bit", b"binary") + b"x\0y\r\n", []),
        (GOOD.replace(b"8bit", b"7bit"), [("error", "Part 1 is sent as 7bit and is not")]),
        (GOOD.replace(b"Content-Transfer-Encoding: 8bit\r\n", b""), [("error", "Part 1 is sent as 7bit and is not")]),
        (encoded(b"base64", b"QUFB" * 19), []),
        (encoded(b"base64", b"QUFB" * 20), [("warning", "Lines of part 1 are longer than 76 characters")]),
        (encoded(b"quoted-printable", b"=41" * 26), [("warning", "Lines of part 1 are longer than 76 characters")]),
        (alternative(b"text/plain", b"text/html"), []),
        (alternative(b"text/html", b"text/plain"), [("warning", "The HTML stands before the text")]),
        (alternative(b"text/plain", b"text/html", b" "), [("warning", "The text beside the HTML is empty")]),
        (b"From: alice@example.com\r\n" + GOOD, [("error", "More than one from field")]),
        (GOOD + b"x" * 999 + b"\r\n", [("error", "Line 11 is longer than 998 octets")]),
        (GOOD + b"x" * 998 + b"\r\n", []),
        (GOOD + b"x\ry\r\n", [("error", "A CR without LF")]),
        (GOOD + b"x\ny\r\n", [("error", "An LF without CR among lines that end with CR LF")]),
        (GOOD.replace(b"\r\n", b"\n"), []),
        (b"Comments: Gr\xfc\xdfe\r\n" + GOOD, [("error", "Comments holds octets beyond ASCII")]),
        ("Comments: Grüße\r\n".encode() + GOOD, [("note", "Comments holds octets beyond ASCII")]),
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
            [("error", "Line 11 is longer than 998 octets"), NO_TEXT, ("warning", "The HTML is not shown")],
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


def test_others_than_the_envelope_has() -> None:
    copied = GOOD.replace(b"To: bob@example.org", b"To: BOB@example.org\r\nCc: carol@example.org, dave@example.org")
    (finding,) = check(read_mail(copied), Envelope("alice@example.com", ("bob@example.org", "dave@example.org")))
    assert (finding.level, finding.title) == ("note", "To and Cc name others than the envelope")
    assert "did not go to carol@example.org;" in finding.explanation
    envelope = Envelope("alice@example.com", ("bob@example.org", "dave@example.org"))
    assert not check(read_mail(copied), envelope, trace=Trace(unnamed=1))  # perhaps it is carol who is not named


def came(octets: bytes, *, arrived: datetime | None = None, **trace: Any) -> list[tuple[str, str]]:
    found = check(read_mail(octets), ENVELOPE, trace=Trace(**trace), arrived=arrived)
    return [(finding.level, finding.title) for finding in found]


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        (0, []),
        (-1, []),
        (47, []),
        (-2, [("warning", "The Date lies 2 hours ahead of its arrival")]),
        (-49, [("warning", "The Date lies 2 days ahead of its arrival")]),
        (72, [("note", "The Date lies 3 days before its arrival")]),
    ],
)
def test_the_date_against_the_arrival(hours: int, found: list[tuple[str, str]]) -> None:
    written = datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert came(GOOD, arrived=written + timedelta(hours=hours)) == found


@pytest.mark.parametrize("date", [b"Fri, 01 Jan 0001 00:00:00 +1200", b"Fri, 31 Dec 9999 23:59:59 -1200"])
def test_a_date_at_the_ends_of_the_calendar_harms_nothing(date: bytes) -> None:
    came(GOOD.replace(b"Mon, 23 Nov 2026 13:00:00 +0000", date), arrived=datetime(2026, 11, 23, tzinfo=UTC))


ASKED = (("body", "8BITMIME"), ("smtputf8", ""))
NO_BODY = ("warning", "MAIL FROM did not say BODY=8BITMIME")
NO_UTF8 = ("warning", "MAIL FROM did not ask for SMTPUTF8")


@pytest.mark.parametrize(
    ("octets", "via", "parameters", "found"),
    [
        (GOOD, "esmtp", ASKED, []),
        (GOOD, "my_smtp", (), []),
        (GOOD, "esmtp", (), [NO_BODY]),
        (GOOD, "smtp", (), [NO_BODY]),
        (GOOD, "lmtp", (("body", "binarymime"),), []),
        (GOOD.replace("Grüße".encode(), b"Hello"), "esmtp", (), []),
        (GOOD.replace(b"Greetings", "Grüße".encode()), "esmtp", ASKED[:1], [NO_UTF8]),
        (GOOD.replace(b"Greetings", "Grüße".encode()), "esmtp", ASKED, []),
    ],
)
def test_what_smtp_was_not_asked_for(
    octets: bytes, via: str, parameters: tuple[tuple[str, str], ...], found: list[tuple[str, str]]
) -> None:
    told = came(octets, via=via, parameters=parameters)
    assert [each for each in told if each[1].startswith("MAIL FROM")] == found


HEADERLESS = [
    ("error", "No From field"),
    ("error", "No Date field"),
    ("warning", "No Message-ID field"),
    ("note", "No Subject"),
    ("note", "Blind copies"),
]  # what RFC 5322 section 3.6 wants of a mail, and that no header names its recipient


@pytest.mark.parametrize(
    ("via", "found"),
    [("smtp", HEADERLESS), ("esmtp", HEADERLESS), ("lmtp", HEADERLESS), ("my_smtp", []), ("import", []), ("", [])],
)
def test_a_mail_without_a_header_is_one_to_my_smtp_alone(via: str, found: list[tuple[str, str]]) -> None:
    assert came(b"Hello Bob\r\n", via=via) == found
    assert came(b"", via=via) == found


def test_a_text_beyond_ascii_without_a_header_declares_nothing() -> None:
    assert came("Grüße\r\n".encode(), via="my_smtp") == []
    assert came("Grüße\r\n".encode(), via="esmtp", parameters=ASKED) == [
        *HEADERLESS[:2],
        ("error", "Part 1 is sent as 7bit and is not"),
        ("warning", "Part 1 does not declare its charset"),
        *HEADERLESS[2:],
    ]


def test_an_address_beyond_ascii_needs_smtputf8() -> None:
    envelope = Envelope("alice@example.com", ("bob@example.org", "jürgen@example.org"))
    found = check(read_mail(GOOD), envelope, trace=Trace(via="esmtp", parameters=ASKED[:1]))
    assert NO_UTF8 in [(finding.level, finding.title) for finding in found]


@pytest.mark.parametrize(
    ("via", "name", "found"),
    [
        ("esmtp", "host.example.com", []),
        ("esmtp", "[127.0.0.1]", []),
        ("my_smtp", "localhost", []),
        ("esmtp", "localhost", [("note", "The client introduced itself as 'localhost'")]),
        ("lmtp", "x.", [("note", "The client introduced itself as 'x.'")]),
    ],
)
def test_the_name_of_the_client(via: str, name: str, found: list[tuple[str, str]]) -> None:
    assert came(GOOD, via=via, helo=name, parameters=ASKED) == found


def test_without_an_envelope_nothing_is_said_of_it() -> None:
    assert titles(GOOD, None) == []


def test_every_explanation_names_its_source() -> None:
    for octets in (b"To: x\n\n" + b"y" * 1000 + b"\r\xe9", HTML + b"<img>"):
        mail = read_mail(octets)
        page = sanitise(mail.html or "", mail.path_of)
        for finding in check(mail, Envelope("a@b", ("c@d",)), page):
            assert "RFC" in finding.explanation or "HTML" in finding.explanation


@pytest.mark.parametrize("width", [76, 998])
def test_lines_of_any_length_are_looked_at_once(width: int) -> None:
    octets = GOOD + (b"x" * width + b"\r\n") * (20_000_000 // width)
    mail = read_mail(octets)
    begun = time.thread_time()
    assert not check(mail, ENVELOPE, None)
    assert time.thread_time() - begun < 5  # a fraction of a second
