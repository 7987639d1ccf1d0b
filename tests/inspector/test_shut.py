"""What is said to be taken after a refusal, against what the server then takes: each command is sent to it."""

import base64
from typing import Any

import pytest

from mysmtp.entry import SERVER, Entry
from mysmtp.errors import WrongLogin
from mysmtp.inspector.explain import Explanation, explain
from mysmtp.inspector.protocols import known, usage_of
from mysmtp.inspector.shut import Shutter, shut_of
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.tape import Tape
from tests.protocol.conversation import Client
from tests.protocol.taped import recorded

Settings = dict[str, Any]

KNOWN = known()
TLS = "(the handshake)"
LOGIN = f"AUTH PLAIN {base64.b64encode(bytes(1) + b'bob' + bytes(1) + b'pw').decode()}"
MAIL, BINARY, RCPT = "MAIL FROM:<a@x>", "MAIL FROM:<a@x> SIZE=9 BODY=BINARYMIME", "RCPT TO:<b@x>"
OPEN: Settings = {"upgrades": True}
LOCKED: Settings = {"login_first": True}
SITUATIONS: dict[str, tuple[Dialect, Settings, list[str]]] = {
    "nothing said": (MY_SMTP, {}, []),
    "my greeting": (MY_SMTP, {}, ["HELO x"]),
    "my sender": (MY_SMTP, {}, ["HELO x", "MAIL FROM: a@x"]),
    "my recipient": (MY_SMTP, {}, ["HELO x", "MAIL FROM: a@x", "RCPT TO: b@x"]),
    "my mail": (MY_SMTP, {}, ["HELO x", "MAIL FROM: a@x", "RCPT TO: b@x", "DATA hi"]),
    "connected": (SMTP, {}, []),
    "greeted": (SMTP, {}, ["EHLO x"]),
    "greeted the old way": (SMTP, {}, ["HELO x"]),
    "sender": (SMTP, {}, ["EHLO x", MAIL]),
    "recipient": (SMTP, {}, ["EHLO x", MAIL, RCPT]),
    "chunks": (SMTP, {}, ["EHLO x", MAIL, RCPT, "BDAT 0"]),
    "binary": (SMTP, {}, ["EHLO x", BINARY, RCPT]),
    "binary given up": (SMTP, {}, ["EHLO x", BINARY, "RSET", MAIL, RCPT]),
    "a binary mail refused": (SMTP, {}, ["EHLO x", MAIL, BINARY, RCPT]),
    "TLS is there": (SMTP, OPEN, ["EHLO x"]),
    "TLS is there amid a mail": (SMTP, OPEN, ["EHLO x", MAIL, RCPT]),
    "TLS has begun": (SMTP, OPEN, ["EHLO x", "STARTTLS", TLS]),
    "TLS has begun and is greeted": (SMTP, OPEN, ["EHLO x", "STARTTLS", TLS, "EHLO x"]),
    "a login before TLS": (SMTP, OPEN, ["EHLO x", LOGIN, "STARTTLS", TLS, "EHLO x"]),
    "logged in": (SMTP, {}, ["EHLO x", LOGIN]),
    "a login refused": (SMTP, {}, ["EHLO x", LOGIN]),
    "locked, and told so": (SMTP, LOCKED, ["EHLO x", MAIL]),
    "locked, told, and opened": (SMTP, LOCKED, ["EHLO x", MAIL, LOGIN]),
    "LMTP": (LMTP, OPEN, ["LHLO x"]),
    "LMTP, a recipient": (LMTP, {}, ["LHLO x", MAIL, RCPT]),
    "POP3": (POP3, {}, []),
    "POP3 with TLS": (POP3, OPEN, ["CAPA"]),
    "POP3 in TLS": (POP3, OPEN, ["CAPA", "STLS", TLS]),
    "POP3, a user": (POP3, {}, ["USER b"]),
    "POP3, a mailbox": (POP3, {}, ["USER b", "PASS p"]),
}
WELL = {
    "EHLO": "EHLO y", "HELO": "HELO y", "LHLO": "LHLO y", "MAIL": MAIL, "RCPT": RCPT, "BDAT": "BDAT 0 LAST",
    "VRFY": "VRFY b", "AUTH": LOGIN, "USER": "USER b", "PASS": "PASS p", "RETR": "RETR 1", "DELE": "DELE 1",
    "TOP": "TOP 1 0", "GET_MAIL": "GET_MAIL b@x 1", "LIST": "LIST",
}  # fmt: skip
OF_MINE = {"MAIL": "MAIL FROM: a@y", "RCPT": "RCPT TO: b@x", "LIST": "LIST b@x"}
ODD = (
    "FOO", "EHLO", "HELO", "MAIL FROM:", "MAIL TO:<a@x>", f"{MAIL} FOO=1", "RCPT TO:<>", "DATA now", "RSET now",
    "STARTTLS now", "BDAT x", "AUTH", "AUTH CRAM-MD5", "TURN", "RETR x", "HELO a b", "LIST", "USER", "NOOP\x01",
)  # fmt: skip


def well(dialect: Dialect, verb: str) -> str:
    return {**WELL, **OF_MINE}.get(verb, verb) if dialect is MY_SMTP else WELL.get(verb, verb)


def after(situation: str, *said: str) -> tuple[Client, Tape]:
    dialect, settings, before = SITUATIONS[situation]
    if "a login refused" in situation:
        settings = {"check": lambda _user, _password: False}
    client, tape = recorded(dialect, **settings)
    client.dialog.greet()
    for line in (*before, *said):
        if line == TLS:
            client.dialog.upgraded("TLSv1.3 AES")
        elif not client.dialog.closing:
            client.say(f"{line}\r\n".encode() if dialect.name != "my_smtp" else f"{line}\n".encode())
    return client, tape


def last(tape: Tape) -> Entry:
    return [entry for entry in tape.entries() if entry.kind == SERVER][-1]


def is_shut(reply: Entry) -> bool:
    """Tell whether a reply refuses a command as such, whatever else was said on its line."""
    return reply.mark != "" and (
        (reply.fault is not None and reply.fault.name in ("OutOfOrder", "UnknownCommand"))
        or reply.octets.startswith((b"502 ", b"503 ", b"530 "))
        or b"not offered" in reply.octets.lower()
        or b"has begun already" in reply.octets
    )


def told(tape: Tape) -> Explanation:
    protocol = KNOWN[tape.protocol]
    words = explain(last(tape), protocol, shut=shut_of(tape.entries(), protocol).at(tape.last))
    assert words is not None
    return words


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_said_to_be_taken_after_a_refusal_is_taken_then_and_nothing_else_is(situation: str) -> None:
    dialect = SITUATIONS[situation][0]
    refused = 0
    for said in (*ODD, *(well(dialect, verb) for verb in dialect.verbs)):
        client, tape = after(situation, said)
        if not last(tape).mark:
            continue
        refused += 1
        words, closed = told(tape), client.dialog.closing
        taken = {
            usage_of(dialect.name, verb) for verb in dialect.verbs
            if not closed and not is_shut(last(after(situation, said, well(dialect, verb))[1]))
        }  # fmt: skip
        assert set(words.accepted) == taken, said
        assert words.next in ({*words.accepted} if not closed else {""}), said
        assert bool(words.next) != closed, said
    assert refused > 5


def test_who_has_to_log_in_is_told_so_from_the_beginning_where_the_session_learns_it_later() -> None:
    _, tape = after("locked, and told so", "FOO")
    entries = tape.entries()
    greeted = next(entry.number for entry in entries if entry.verb == "EHLO")
    assert shut_of(entries, KNOWN["smtp"]).at(greeted) >= {"MAIL"}
    shutter = Shutter(KNOWN["smtp"])  # who follows it does not know what will come
    for entry in entries[:greeted]:
        shutter.take(entry)
    assert "MAIL" not in shutter.now


def test_a_login_that_is_wrong_is_mended_by_another() -> None:
    _, tape = after("a login refused")
    assert last(tape).fault is not None
    assert last(tape).fault.name == WrongLogin.__name__  # type: ignore[union-attr]
    assert told(tape).next == "AUTH PLAIN"
    assert told(tape).mends


@pytest.mark.parametrize(
    ("situation", "said", "mends"),
    [
        ("sender", "EXPN staff", False),  # nothing makes this server do it
        ("sender", "TURN", False),
        ("sender", MAIL, False),  # too late for that
        ("sender", "DATA", True),  # the step that is missing
        ("sender", "RCPT TO:<>", True),  # the same, written well
        ("binary", "DATA", True),
        ("locked, and told so", MAIL, True),
        ("greeted", "STARTTLS", False),
        ("POP3", "APOP b c", False),
        ("my sender", "EHLO x", False),
        ("my greeting", "LIST nobody@x", True),
    ],
)
def test_what_mends_a_refusal_and_what_only_leads_on_are_told_apart(situation: str, said: str, mends: bool) -> None:
    assert told(after(situation, said)[1]).mends == mends
