import contextlib
from collections.abc import Callable

import pytest

from mysmtp.client.connection import Answer, NoConnection
from mysmtp.client.original import Unsendable, body_for_original
from mysmtp.client.session import (
    Listed,
    Mail,
    Refused,
    list_mails,
    listed,
    part,
    read_mail,
    send_mail,
)
from tests.client.servers import Lines, Original, Scripted

BOB = "bob@example.com"


def mail(body: bytes, *recipients: str) -> Mail:
    return Mail("example.com", "alice@example.com", recipients or (BOB,), body)


def test_one_transaction_for_all_recipients_of_a_server_of_lines() -> None:
    with Lines() as server, contextlib.closing(server.connect()) as link:
        sent = send_mail(link, mail(b"Hello\n", BOB, "carol@x"))
        part(link)
        assert sent.seconds > 0
        assert server.commands == [
            b"HELO example.com\n", b"MAIL FROM: alice@example.com\n", b"RCPT TO: bob@example.com\n",
            b"RCPT TO: carol@x\n", b"DATA\n", b"QUIT\n",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (b"", b".\n"),
        (b"Hello", b"Hello\n.\n"),
        (b".\n", b"..\n.\n"),
        (b"a\n.\n..b\nQUIT\n", b"a\n..\n...b\nQUIT\n.\n"),
        (b"a\r\n.\r\n", b"a\r\n..\r\n.\n"),
        (b"a\0\xff\x1b\n", b"a\0\xff\x1b\n.\n"),
    ],
)
def test_the_body_goes_out_as_it_is_behind_its_dots(body: bytes, wire: bytes) -> None:
    with Lines() as server, contextlib.closing(server.connect()) as link:
        send_mail(link, mail(body))
        assert server.mails == [wire]


def test_a_refusal_stops_the_mail_and_says_which_command() -> None:
    with Lines(RCPT=b"400 Invalid email format, missing @\n") as server, contextlib.closing(server.connect()) as link:
        with pytest.raises(Refused) as caught:
            send_mail(link, mail(b"x\n", "bob"))
        assert caught.value.answer.line == "400 Invalid email format, missing @"
        assert caught.value.remark == "RCPT TO: bob; nothing was stored"
        assert b"DATA\n" not in server.commands


def test_losing_the_server_before_the_message_says_that_nothing_was_stored() -> None:
    with (
        Lines(RCPT=None) as server,
        contextlib.closing(server.connect()) as link,
        pytest.raises(NoConnection, match=r"without a reply; nothing was stored$"),
    ):
        send_mail(link, mail(b"x\n"))


def test_losing_the_server_after_the_message_says_that_nobody_knows() -> None:
    with (
        Lines(DOT=None) as server,
        contextlib.closing(server.connect()) as link,
        pytest.raises(NoConnection, match="whether the mail was stored is not known"),
    ):
        send_mail(link, mail(b"x\n"))


def test_the_original_gets_a_transaction_for_each_recipient() -> None:
    with Original() as server, contextlib.closing(server.connect()) as link:
        send_mail(link, mail(b"Hello\n.dot\n", BOB, "carol@x"))
        part(link)
        assert server.received == [
            b"HELO example.com\n",
            b"HELO example.com", b"MAIL FROM: alice@example.com", b"RCPT TO: bob@example.com", b"DATA\nHello\n.dot\n",
            b"HELO example.com", b"MAIL FROM: alice@example.com", b"RCPT TO: carol@x", b"DATA\nHello\n.dot\n",
            b"QUIT",
        ]  # fmt: skip
        assert [each[1] for each in server.mails] == [BOB, "carol@x"]


def test_the_original_failing_at_the_second_recipient_tells_who_has_it() -> None:
    with Original(full_after=1) as server, contextlib.closing(server.connect()) as link:
        with pytest.raises(Refused) as caught:
            send_mail(link, mail(b"x\n", BOB, "carol@x"))
        assert caught.value.answer.code == 500
        assert caught.value.remark == "stored for bob@example.com only"
        assert caught.value.stored_for == (BOB,)


def test_bodies_for_the_original() -> None:
    assert body_for_original(b"Hello") == b"DATA\nHello\n"
    assert body_for_original(b"") == b"DATA\n\n"
    assert body_for_original(b"===END_EMAIL===\na\n>===START_EMAIL=== x\n ===END_EMAIL===\n===GONE__EMAIL===") == (
        b"DATA\n>===END_EMAIL===\na\n>>===START_EMAIL=== x\n ===END_EMAIL===\n>===GONE__EMAIL===\n"
    )
    assert len(body_for_original(b"x" * 4089)) == 4095


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"x" * 4090, "at most 4,090 octets, this mail has 4,091; nothing was sent"),
        (b"===END_EMAIL===\n" + b"x" * 4073 + b"\n", "this mail has 4,091"),
        (b"a\0b\n", "no NUL"),
    ],
)
def test_what_the_original_cannot_take_is_not_begun(body: bytes, words: str) -> None:
    with Original() as server, contextlib.closing(server.connect()) as link:
        with pytest.raises(Unsendable, match=words):
            send_mail(link, mail(body))
        assert not any(octets.startswith(b"MAIL") for octets in server.received)


def test_reading_from_either_kind() -> None:
    text = b"From: alice@example.com\nDate: 12-03-2025\nHello\n"
    with Lines(GET_MAIL=b"200 OK\n" + text + b".\n") as server, contextlib.closing(server.connect()) as link:
        assert read_mail(link, "x", BOB, "1") == text
    with Original() as original, contextlib.closing(original.connect()) as link:
        original.mails.append(("alice@example.com", BOB, "Hello\n"))
        assert read_mail(link, "x", BOB, "1") == text


def test_listing_either_kind() -> None:
    wanted = (Listed(1, "alice@example.com", "2025-03-12", "1: Email from alice@example.com (12-03-2025)"),)
    wire = b"200 OK\n1: Email from alice@example.com (12-03-2025)\n.\n"
    with Lines(LIST=wire) as server, contextlib.closing(server.connect()) as link:
        assert list_mails(link, "x", BOB) == wanted
    with Original() as original, contextlib.closing(original.connect()) as link:
        original.mails.append(("alice@example.com", BOB, "Hello\n"))
        assert list_mails(link, "x", BOB) == wanted


@pytest.mark.parametrize(
    ("mails", "remark"),
    [
        (b"", "bob@example.com holds no mail"),
        (b"3: Email from a@x (01-01-2025)\n", "bob@example.com has 3"),
        (b"1: Email from a@x (01-01-2025)\n12: Email from a@x (01-01-2025)\n", "bob@example.com has 1 to 12"),
    ],
)
def test_an_id_that_is_not_there_is_refused_with_what_is(mails: bytes, remark: str) -> None:
    replies = {"GET_MAIL": b"401 Email not found\n", "LIST": b"200 OK\n" + mails + b".\n"}
    with Lines(**replies) as server, contextlib.closing(server.connect()) as link:
        with pytest.raises(Refused) as caught:
            read_mail(link, "x", BOB, "9")
        assert caught.value.remark == remark


def test_no_such_mailbox() -> None:
    with Lines(LIST=b"401 Requested email does not exist\n") as server, contextlib.closing(server.connect()) as link:
        with pytest.raises(Refused) as caught:
            list_mails(link, "x", "nobody")
        assert caught.value.remark == "a mailbox is made with its first mail"


def test_lines_of_another_form_are_kept_as_they_came() -> None:
    body = b"No mail\n" + b"9" * 5000 + b": Email from a@x (01-01-2025)\n7: Email from (a) (b) (31-12-2024)\n"
    mails = listed(Answer(200, "OK", body))
    assert [each.id for each in mails] == [None, None, 7]
    assert mails[0].line == "No mail"
    assert (mails[2].sender, mails[2].date) == ("(a) (b)", "2024-12-31")


@pytest.mark.parametrize("said", ["HTTP/1.1 400 Bad Request", "220 mail.example ESMTP", "250-mail.example greets you"])
def test_something_else_that_listens_is_told_apart(said: str) -> None:
    def other(hear: Callable[[], bytes], say: Callable[[bytes], None]) -> None:
        hear()
        say(said.encode() + b"\r\n\r\n")

    with (
        Scripted(other) as server,
        contextlib.closing(server.connect()) as link,
        pytest.raises(NoConnection, match=f"does not speak My_SMTP; it said: {said}"),
    ):
        list_mails(link, "x", BOB)
