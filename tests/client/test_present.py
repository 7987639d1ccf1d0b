import json

import pytest

from mysmtp.client import present
from mysmtp.client.connection import Answer
from mysmtp.client.present import Look
from mysmtp.client.session import Listed, Mail, Refused, Sent
from tests.client.servers import VECTORS, steers


def test_rows_have_their_ids_right_aligned() -> None:
    mails = tuple(Listed(number, "alice@example.com", "2025-03-12", "") for number in (1, 12, 1234))
    assert present.rows(mails) == [
        "   1  alice@example.com 12-03-2025",
        "  12  alice@example.com 12-03-2025",
        "1234  alice@example.com 12-03-2025",
    ]
    assert present.rows(mails[:1]) == ["  1  alice@example.com 12-03-2025"]
    assert present.rows((Listed(None, "", "", "No \x1bmail"),)) == ["No \\x1bmail"]
    assert present.rows(()) == []


def test_stored() -> None:
    mail = Mail("x", "a@x", ("bob@example.com",), b"1\n2\n3\n4\n")
    assert present.stored(Sent(mail, 0.00184), to_person=False) == "stored"
    assert present.stored(Sent(mail, 0.00184), to_person=True) == "stored  bob@example.com  4 lines  1.8 ms"
    short = Mail("x", "a@x", ("b@x", "c@x"), b"open")
    assert present.stored(Sent(short, 2.41), to_person=True) == "stored  b@x, c@x  1 line  2.4 s"


@pytest.mark.parametrize(("code", "colour"), [(200, "32"), (354, "36"), (403, "33"), (500, "31"), (0, "31")])
def test_replies_are_coloured_by_class(code: int, colour: str) -> None:
    assert Look(colour=True).reply(Answer(code, "text")) == f"\x1b[{colour}m{f'{code} ' if code else ''}text\x1b[0m"
    assert Look().reply(Answer(code, "text")).endswith("text")


def test_sides_are_coloured() -> None:
    assert Look(colour=True).side("C:") == "\x1b[34mC:\x1b[0m"
    assert Look(colour=True).side("S:") == "\x1b[35mS:\x1b[0m"


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_from_a_peer_steers_the_terminal(vector: bytes) -> None:
    text = vector.decode("utf-8", "surrogateescape")
    mail = Listed(1, text, "2025-01-01", text)
    sent = Sent(Mail("x", text, (text,), vector), 0.1)
    refusal = Refused(Answer(401, text), text, (text,))
    shown = [
        present.text_of(vector), *present.rows((mail,)), present.stored(sent, to_person=True),
        Look().reply(Answer(200, text)), present.refusal_line(refusal), present.refusal_json(refusal),
        present.listed_json(mail), present.sent_json(sent), present.error_json(text),
        present.mail_json(text, "1", b"From: " + vector + b"\nDate: 01-01-2025\n" + vector),
    ]  # fmt: skip
    for each in shown:
        assert steers(each.encode("utf-8", "surrogateescape")) == [], each


def test_ordinary_text_is_left_alone() -> None:
    text = "Grüße, 你好\tx\n👩\u200d🚀 \\x\n"
    assert present.text_of(text.encode()) == text
    assert present.text_of(b"a\r\nb\r") == "a\nb\\x0d"


def test_json_of_a_mail() -> None:
    octets = b"From: alice@example.com\nDate: 12-03-2025\nHello\n"
    assert json.loads(present.mail_json("bob", "1", octets)) == {
        "mailbox": "bob", "id": 1, "from": "alice@example.com", "date": "2025-03-12", "body": "Hello\n",
    }  # fmt: skip
    odd = json.loads(present.mail_json("bob", "1x", b"Hello\n"))
    assert odd == {"mailbox": "bob", "id": "1x", "from": None, "date": None, "body": "Hello\n"}
    binary = json.loads(present.mail_json("bob", "1", b"From: a@x\nDate: 12-03-2025\n\xff\n"))
    assert (binary["body"], binary["body_base64"]) == ("\ufffd\n", "/wo=")


def test_a_day_that_does_not_exist_is_no_date() -> None:
    assert json.loads(present.listed_json(Listed(1, "a@x", "2025-02-31", "")))["date"] is None
    assert json.loads(present.listed_json(Listed(1, "a@x", "2025-02-28", "")))["date"] == "2025-02-28"


def test_json_of_errors() -> None:
    refusal = Refused(Answer(401, "Email not found"), "bob@example.com has 1 to 2")
    assert present.refusal_json(refusal) == '{"error":{"code":401,"text":"Email not found"}}'
    assert present.refusal_line(refusal) == "mysmtp: 401 Email not found (bob@example.com has 1 to 2)"
    assert present.error_json("gone") == '{"error":{"code":null,"text":"gone"}}'
    assert present.listed_json(Listed(1, "alice@example.com", "2025-03-12", "")) == (
        '{"id":1,"from":"alice@example.com","date":"2025-03-12"}'
    )
