"""What of a mail is searched: texts of any mail, within bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.message import Envelope, MailSummary, StoredMail
from mysmtp.search.sheet import MOST_TEXT, Sheet, pack, sheet_of, unpack
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
    assert (found.files, found.attached, found.letter) == ("report.pdf", True, True)
    assert "Message-ID: <1@x>" in found.header.split("\n")
    assert "Subject" in found.header.split("\n")


def test_html_stands_for_a_text_that_is_missing() -> None:
    assert sheet(simple("s", "<p>only <i>here</i></p>", "text/html")).body.strip() == "only here"


def test_an_inline_image_is_no_attachment() -> None:
    body = simple("s", "x", "image/png", "Content-Disposition: inline\r\nContent-ID: <a>\r\n")
    assert not sheet(body).attached


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
    assert not sheet(whole).cut
