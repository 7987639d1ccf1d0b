"""Any octets become a mail: Python's own odd messages agree with `email`, bombs cost little, nothing raises."""

import email
import hashlib
import time
import tracemalloc
from email.message import Message
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.mime import Mail, Part, read_mail
from mysmtp.mime.limits import LIMITS
from tests.mime.corpus import BOMBS, MESSAGES, all_messages, message, multipart

LEAF_HERE = ("message/delivery-status", "message/external-body")  # `email` takes these apart; here they are text
# Where this reader shows what `email` throws away: an inner multipart without parts keeps its octets.
BROKEN_INSIDE = {"msg_15.txt": {"1.1"}, "msg_42.txt": {"1.2.1"}}


def leaves(part: Part, other: Message) -> list[tuple[Part, Message]]:
    """Pair the leaves of both trees; the trees must be alike."""
    assert part.nature.type == other.get_content_type()
    if not other.is_multipart() or part.nature.type in LEAF_HERE:
        assert not part.children
        return [(part, other)]
    inner = cast("list[Message]", other.get_payload())
    assert len(part.children) == len(inner)
    return [pair for mine, its in zip(part.children, inner, strict=True) for pair in leaves(mine, its)]


@pytest.mark.parametrize("name", MESSAGES)
def test_pythons_own_messages_have_the_parts_and_octets_that_email_finds(name: str) -> None:
    octets = message(name)
    mail = read_mail(octets)
    for part, other in leaves(mail.root, email.message_from_bytes(octets)):
        assert [field.name for field in part.header.fields] == list(other.keys())
        if part.nature.type not in LEAF_HERE and part.path not in BROKEN_INSIDE.get(name, set()):
            assert part.octets == other.get_payload(decode=True)
            assert part.size == len(part.octets)
            assert part.sha256 == hashlib.sha256(part.octets).hexdigest()


def test_the_corpus_is_there() -> None:
    assert len(MESSAGES) >= 40


def exercised(mail: Mail) -> None:
    """Use everything a page uses."""
    for part in mail.root.walk():
        assert mail.part(part.path) is part
        part.text()
        assert part.start <= part.end
    for attachment in mail.attachments:
        found = mail.part(attachment.path)
        assert found
        assert hashlib.sha256(found.octets).hexdigest() == attachment.sha256
        assert len(found.octets) == attachment.size
    for each in (mail, *mail.within()):
        f"{each.heading}{each.text}{each.html}{each.problems}".encode()  # no lone surrogates


@given(st.binary(max_size=2000))
def test_random_octets_never_raise(octets: bytes) -> None:
    exercised(read_mail(octets))


WORDS = st.sampled_from(
    [
        b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: message/rfc822\n", b"Content-Type: text/html; charset=", b"unicode_escape", b"utf-8\0", b"zlib",
        b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"=?utf-8?b?", b"?=",
        b"Content-Disposition: attachment; filename*0*=utf-8''%", b"; filename*1=", b"x-uuencode", b"begin 644 x\n",
        b"\n--b\n", b"\n--b--\n", b"\n\n", b"\r\n", b"\r", b"<", b">", b"(", b'"', b"@", b",", b":", b";", b"=ED=A0=80",
        b"\xff", b"a", b" ", b"+2AA-", b"utf-7", b"\0", b"=?a*en?q?=00?=",
    ]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(WORDS, max_size=60).map(b"".join))
def test_random_sentences_of_mail_never_raise(octets: bytes) -> None:
    exercised(read_mail(octets))


@settings(max_examples=300)
@given(st.sampled_from(MESSAGES), st.data())
def test_mutations_of_the_corpus_never_raise(name: str, data: st.DataObject) -> None:
    octets = bytearray(message(name))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(octets)))
        until = at + data.draw(st.integers(0, 40))
        octets[at:until] = data.draw(st.one_of(st.binary(max_size=8), WORDS))
    exercised(read_mail(bytes(octets)))


@pytest.mark.parametrize(("name", "octets"), BOMBS, ids=[name for name, _ in BOMBS])
def test_a_bomb_is_a_mail_like_others_and_costs_less_than_its_share(name: str, octets: bytes) -> None:
    begun = time.process_time()
    mail = read_mail(octets)
    spent = time.process_time() - begun
    parts = list(mail.root.walk())
    assert len(parts) <= LIMITS.parts
    assert max(part.path.count(".") for part in parts) <= LIMITS.depth
    assert sum(len(part.header.fields) for part in parts) <= LIMITS.fields * 12
    assert len(mail.heading.recipients) <= 3 * LIMITS.addresses
    assert len(mail.problems) <= 100
    assert spent < 5  # it is 0.5 s at most; without caps these take 1 to 30 s, or end in an exception


@pytest.mark.parametrize(("name", "octets"), BOMBS, ids=[name for name, _ in BOMBS])
def test_a_bomb_takes_no_more_memory_than_a_few_copies_of_it(name: str, octets: bytes) -> None:
    tracemalloc.start()
    try:
        read_mail(octets)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(octets) + 16_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("octets", [b"", b"\n", b"\r\n\r\n", b"From: a@b", b"--b", b"Content-Type: multipart/mixed"])
def test_next_to_nothing_is_a_mail(octets: bytes) -> None:
    mail = read_mail(octets)
    exercised(mail)
    assert mail.root.source == octets


def test_a_mail_of_my_smtp_is_its_text() -> None:
    mail = read_mail(b"Hello Bob,\nThis is a test email.\n")
    assert not mail.has_header
    assert mail.heading.subject == ""
    assert mail.text == "Hello Bob,\nThis is a test email.\n"
    assert (mail.html, mail.attachments, mail.problems) == (None, (), ())


RICH = (
    b"From: Alice <alice@example.com>\nTo: Bob <bob@example.org>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
    b"Date: Mon, 23 Nov 2026 13:00:00 +0100\nMessage-ID: <1@example.com>\nMIME-Version: 1.0\n"
    + multipart(
        multipart(
            b"Content-Type: text/plain; charset=utf-8\n\nGr\xc3\xbc\xc3\x9fe\n",
            multipart(
                b"Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
                b'<p>Gr=FC=DFe<img src=3D"cid:logo@x">',
                b"Content-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\niVBORw==",
                boundary=b"rel", kind=b"related",
            ),
            boundary=b"alt", kind=b"alternative",
        ),
        b"Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf\n"
        b"Content-Transfer-Encoding: base64\n\nJVBERg==",
        b"Content-Type: message/rfc822\n\nFrom: carol@x\nSubject: inner\n\ninner text\n",
        b"Content-Type: text/plain\n\n-- \nthe list\n",
    )
)  # fmt: skip


def test_a_mail_with_everything() -> None:
    mail = read_mail(RICH)
    assert mail.heading.subject == "Grüße"
    assert [(box.name, box.address) for box in mail.heading.authors] == [("Alice", "alice@example.com")]
    assert mail.heading.date
    assert mail.heading.date.isoformat() == "2026-11-23T13:00:00+01:00"
    assert mail.heading.message_id == "1@example.com"
    assert mail.text == "Grüße\n\n-- \nthe list\n"
    assert mail.html == '<p>Grüße<img src="cid:logo@x">'
    assert [(a.path, a.name, a.type, a.size, a.inline) for a in mail.attachments] == [
        ("1.1.2.2", "", "image/png", 4, True),
        ("1.2", "résumé.pdf", "application/pdf", 4, False),
        ("1.3", "inner.eml", "message/rfc822", 41, False),
    ]
    assert mail.problems == ()


def test_a_part_is_found_by_its_path_and_by_its_content_id_in_this_mail_only() -> None:
    mail = read_mail(RICH)
    part = mail.part("1.2")
    assert part
    assert part.octets == b"%PDF"
    assert mail.path_of("cid:logo@x") == mail.path_of("CID:logo%40x") == "1.1.2.2"
    for reference in ("cid:other", "cid:../../x", "http://logo@x", "logo@x", "", "cid:"):
        assert mail.path_of(reference) is None
    for path in ("", "0", "1.9", "../1", "１", "1.2.1"):
        assert mail.part(path) is None


def test_of_two_parts_with_one_content_id_the_first_counts() -> None:
    one = b"Content-Type: image/png\nContent-ID: <a>\n\none"
    mail = read_mail(multipart(one, one.replace(b"one", b"two")) + b"")
    assert dict(mail.content_ids) == {"a": "1.1"}


def test_a_nested_message_is_a_mail_of_its_own() -> None:
    mail = read_mail(RICH)
    (inner,) = mail.within()
    assert inner.heading.subject == "inner"
    assert inner.text == "inner text\n"


def test_an_attached_message_is_called_after_its_subject() -> None:
    fields = (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", b"Subject: Re: 1/2", b"To: b@c")
    parts = [b"Content-Type: message/rfc822\n\nFrom: a@b\n%s\n\nx" % field for field in fields]
    named = b'Content-Type: message/rfc822; name="told.eml"\n\nSubject: inner\n\nx'
    mail = read_mail(b"From: a@b\n" + multipart(*parts, named))
    assert [each.name for each in mail.attachments] == ["Grüße.eml", "Re: 1_2.eml", "", "told.eml"]


def test_messages_within_messages_are_given_outermost_first() -> None:
    third = b"Content-Type: message/rfc822\n\nSubject: third\n\n3"
    text = b"Content-Type: text/plain\n\n2"
    second = b"Content-Type: message/rfc822\n\nFrom: a@b\nSubject: second\n" + multipart(third, text, boundary=b"c")
    fourth = b"Content-Type: message/rfc822\n\nSubject: fourth\nContent-Type: text/html\n\n<b>4"
    mail = read_mail(b"From: a@b\n" + multipart(second, fourth))
    found = [(each.heading.subject, each.text, each.html) for each in mail.within()]
    assert found == [("second", "2", None), ("third", "3", None), ("fourth", None, "<b>4")]


def test_a_nested_message_that_was_encoded_is_read_nevertheless() -> None:
    import base64

    coded = base64.encodebytes(b"Subject: inner\n\ntext")
    mail = read_mail(multipart(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + coded))
    (inner,) = mail.within()
    assert inner.heading.subject == "inner"
    part = mail.part("1.1.1")
    assert part
    assert part.octets == b"text"


@pytest.mark.parametrize(
    ("kind", "text", "html"),
    [
        (b"alternative", "one\n", "<b>2"),
        (b"mixed", "one\n\ntwo\n", "<b>1\n<b>2"),
        (b"signed", "one\n", None),
        (b"related", "one\n", None),
        (b"unheard-of", "one\n\ntwo\n", "<b>1\n<b>2"),
    ],
)
def test_which_parts_are_the_body(kind: bytes, text: str, html: str | None) -> None:
    plain, page = b"Content-Type: text/plain\n\n", b"Content-Type: text/html\n\n"
    octets = b"From: a@b\n" + multipart(plain + b"one\n", page + b"<b>1", plain + b"two\n", page + b"<b>2", kind=kind)
    mail = read_mail(octets)
    assert (mail.text, mail.html) == (text, html)


def test_what_is_not_shown_as_body_is_an_attachment() -> None:
    mail = read_mail(
        multipart(
            b"\ntext", b"Content-Type: text/plain; name=notes.txt\n\nnotes", b"Content-Disposition: attachment\n\nx"
        )
    )
    assert mail.text == "text"
    assert [(a.name, a.type, a.size) for a in mail.attachments] == [
        ("notes.txt", "text/plain", 5),
        ("", "text/plain", 1),
    ]


def test_a_broken_multipart_is_shown_as_text_with_the_reason() -> None:
    mail = read_mail(b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\nno boundary here\n")
    assert mail.text == "no boundary here\n"
    assert mail.problems == ("a multipart without any line of its boundary, shown as text",)


def test_a_mail_that_was_cut_off_shows_what_came() -> None:
    whole = RICH
    for end in range(0, len(whole), 7):
        exercised(read_mail(whole[:end]))
    mail = read_mail(whole[: whole.index(b"JVBERg")])
    assert mail.heading.subject == "Grüße"
    assert "the multipart is not closed: its end may be missing" in mail.problems


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_the_line_ends_of_a_mail_do_not_matter(line_end: bytes) -> None:
    mail = read_mail(RICH.replace(b"\n", line_end))
    assert (mail.text, mail.html, mail.problems) == ("Grüße\n\n-- \nthe list\n", '<p>Grüße<img src="cid:logo@x">', ())


def test_all_of_the_corpus_can_be_nested_in_one_mail() -> None:
    octets = b"From: a@b\n" + multipart(
        *[b"Content-Type: message/rfc822\n\n" + inner for inner in all_messages()], boundary=b"=_corpus_="
    )
    mail = read_mail(octets)
    assert len(mail.root.children) == len(MESSAGES)
    for part, inner in zip(mail.root.children, all_messages(), strict=True):
        assert part.octets == inner
    exercised(mail)
