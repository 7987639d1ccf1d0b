"""What of a mail is searched: texts of any mail, within bounds."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.message import Envelope, MailSummary, StoredMail
from mysmtp.mime import Part
from mysmtp.mime.limits import LIMITS
from mysmtp.search.sheet import MOST_TEXT, Sheet, pack, sheet_of, unpack
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
    summary = MailSummary(1, "alice@x", "23-11-2026", NOON, len(whole), whole[:200])
    found = sheet_of(StoredMail(summary, whole[:-500]), "bob@x")
    assert (found.cut, found.size, found.subject) == (True, len(whole), "The Weekly Postcard")
    assert found.attached is None
    assert not sheet(whole).cut
