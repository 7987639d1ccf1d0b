"""What of a mail is searched: texts of any mail, within bounds."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.message import Envelope, MailSummary, StoredMail
from mysmtp.mime import Part
from mysmtp.mime.limits import LIMITS
from mysmtp.search.sheet import MOST_MARKUP, MOST_TEXT, Sheet, pack, sheet_of, unpack
from tests.calls import calls_of
from tests.web.letters import rich, simple
from tests.web.posts import NOON


def sheet(body: bytes, paths: tuple[str, ...] = ("bob@x",), sender: str = "alice@x") -> Sheet:
    summary = MailSummary(1, sender, "23-11-2026", NOON, len(body), body[:200])
    return sheet_of(StoredMail(summary, body, Envelope(sender, paths)), "bob@x")


def test_plain_text_has_its_first_line_in_the_place_of_a_subject() -> None:
    found = sheet(b"\n\n  Hello Bob,\nsecond\n")
    assert (found.subject, found.letter, found.header) == ("Hello Bob,", False, "")
    assert "second" in found.body


def test_blind_copies_are_recipients() -> None:
    found = sheet(simple("s"), ("bob@x", "secret@x"))
    assert found.recipients.split("\n") == ["bob@x", "secret@x", "bob@example.com"]


def test_a_letter() -> None:
    found = sheet(rich(name="report.pdf"))
    assert found.subject == "The Weekly Postcard"
    assert found.body.startswith("Hello Bob, see")
    assert (found.files, found.attached, found.letter) == ("report.pdf", 1, True)
    assert "Message-ID: <1@x>" in found.header.split("\n")
    assert "Subject" in found.header.split("\n")


def test_html_stands_for_a_text_that_is_missing() -> None:
    assert sheet(simple("s", "<p>only <i>here</i></p>", "text/html")).body.strip() == "only here"


def test_an_inline_image_is_no_attachment() -> None:
    body = simple("s", "x", "image/png", "Content-Disposition: inline\r\nContent-ID: <a>\r\n")
    assert not sheet(body).attached


def forwarded(inner: bytes, outer: bytes = b"Content-Type: message/rfc822\n\n") -> bytes:
    return (
        b"From: a@b\nSubject: Fwd\nContent-Type: multipart/mixed; boundary=f\n\n--f\n\nsee below\n--f\n" + outer + inner
    )


def test_what_a_message_says_that_is_attached_is_text_of_the_mail() -> None:
    found = sheet(forwarded(forwarded(rich(name="report.pdf"))))
    assert found.subject == "Fwd"
    for words in ("see below", "The Weekly Postcard", "Alice <alice@example.com>", "bob@example.com", "Hello Bob, see"):
        assert words in found.body
    assert found.files.split("\n") == ["Fwd.eml", "The Weekly Postcard.eml", "report.pdf"]
    assert found.sender == "alice@x\na@b"
    assert "only here" in sheet(forwarded(simple("s", "<p>only <i>here</i></p>", "text/html"))).body


def test_a_message_that_is_attached_encoded_is_read_too() -> None:
    coded = base64.encodebytes(simple("Inner", "hidden words\n"))
    kind = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
    assert "hidden words" in sheet(forwarded(coded, kind)).body


def test_messages_in_messages_without_end_are_searched_within_bounds() -> None:
    inner = b"Subject: deepest\n\nfound by nobody\n"
    for _ in range(400):
        inner = b"Subject: one more\nContent-Type: message/rfc822\n\n" + inner
    deep = sheet(inner)
    assert deep.body.count("one more") == LIMITS.depth
    assert "nobody" not in deep.body
    wide = b"".join(b"--f\nContent-Type: message/rfc822\n\nSubject: w\n\n" + b"word " * 200 + b"\n" for _ in range(900))
    calls = calls_of(Part.text, lambda: sheet(forwarded(wide)))
    assert calls <= MOST_TEXT // 1000 + 9  # no more texts are decoded than are kept
    assert sheet(forwarded(wide)).cut


def test_long_texts_are_cut_and_say_so() -> None:
    found = sheet(b"word " * (MOST_TEXT // 5 + 1))
    assert (len(found.body), found.cut) == (MOST_TEXT, True)
    assert not sheet(b"word " * 100).cut


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_mail_has_a_sheet_that_can_be_packed(body: bytes, sender: str) -> None:
    found = sheet(body, sender=sender)
    assert unpack(pack(found)) == found


@pytest.mark.parametrize("octets", [b"", b"\0" * 9, pack(sheet(b""))[:-1]])
def test_what_is_no_sheet_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(octets)


def test_a_mail_of_which_only_the_beginning_was_read_says_so() -> None:
    whole = rich(name="report.pdf")
    found = beginning_of(whole, whole.index(b", see"))
    assert (found.cut, found.size, found.subject) == (True, len(whole), "The Weekly Postcard")
    assert (found.attached, found.files_cut) == (None, True)
    assert (sheet(whole).cut, sheet(whole).files_cut) == (False, False)


def beginning_of(whole: bytes, end: int | None = None) -> Sheet:
    """The sheet of a mail of which only the octets before `end` were read, without it those before ``<cut>``."""
    end = whole.index(b"<cut>") if end is None else end
    summary = MailSummary(1, "alice@x", "23-11-2026", NOON, len(whole), whole[:200])
    return sheet_of(StoredMail(summary, whole[:end]), "bob@x")


def mixed(*parts: str, kind: str = "mixed") -> bytes:
    text = "".join(f"--m\n{part}\n" for part in parts)
    return f"From: a@b\nSubject: s\nContent-Type: multipart/{kind}; boundary=m\n\n{text}--m--\n".encode()


TEXT, TEXT_CUT = "Content-Type: text/plain\n\nsee below", "Content-Type: text/plain\n\nsee <cut> below"
HTML_CUT = "Content-Type: text/html\n\n<p>Hello<p><cut>there"
FILE_CUT = "Content-Type: application/pdf; name=a.pdf\n\n%PDF<cut>of it all"
NAMED_TEXT_CUT = "Content-Type: text/plain; name=a.txt\n\none <cut> two"


def attached(text: bytes) -> str:
    return f"Content-Type: message/rfc822\n\n{text.decode()}"


@pytest.mark.parametrize(
    ("whole", "cut"),
    [
        (b"Hello Bob\n<cut>This is a test email.\n", True),
        (b"From: a@b\nSubject: s<cut>\n\nHello\n", True),
        (b"From: a@b\nSubject: s\n\n<cut>Hello\n", True),
        (b"From: a@b\nSubject: s\nContent-Type: application/pdf; name=a.pdf\n\n%PDF<cut>\n", False),
        (mixed(TEXT, TEXT_CUT), True),
        (mixed(TEXT, FILE_CUT), False),
        (mixed(TEXT, NAMED_TEXT_CUT), False),
        (mixed(TEXT, HTML_CUT, kind="alternative"), False),
        (mixed(HTML_CUT), True),
        (mixed("Content-Type: text/plain\n\n ", HTML_CUT, kind="alternative"), True),
        (mixed(TEXT) + b"After the last part <cut> nobody reads.\n", False),
        (mixed(attached(mixed(TEXT, TEXT_CUT).replace(b"--m", b"--n").replace(b"=m", b"=n"))), True),
        (mixed(attached(mixed(TEXT, FILE_CUT).replace(b"--m", b"--n").replace(b"=m", b"=n"))), False),
    ],
)
def test_text_of_a_mail_is_left_out_where_text_that_is_searched_goes_on(whole: bytes, cut: bool) -> None:
    assert beginning_of(whole).cut is cut


def test_text_of_a_message_that_is_attached_encoded_is_left_out_too() -> None:
    kind = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
    text = base64.encodebytes(simple("Inner", "hidden words\n" * 20)).decode()
    assert beginning_of(mixed(f"{kind}{text}<cut>{text}")).cut
    file = base64.encodebytes(simple("Inner", "%PDF\n" * 20, "application/pdf; name=a.pdf")).decode()
    assert not beginning_of(mixed(f"{kind}{file}<cut>{file}")).cut


def test_html_that_is_not_searched_leaves_nothing_out() -> None:
    page = "Content-Type: text/html\n\n" + "<p>" * (MOST_MARKUP // 3 + 1)
    assert not sheet(mixed(TEXT, page, kind="alternative")).cut
    assert sheet(mixed(page)).cut


def test_a_text_that_leaves_no_room_for_an_attached_one_is_cut() -> None:
    first = f"\n{'x' * MOST_TEXT}"
    assert sheet(mixed(first, attached(simple("Inner")))).cut
    assert not sheet(mixed(first)).cut
