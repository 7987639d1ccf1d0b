"""What is told of a client's lines: no password, also where a client sends one that nobody asked for."""

import base64

import pytest

from mysmtp.events import CommandAnswered, LineReceived
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from tests.protocol.taped import recorded, sides, taped

USER, SECRET = (base64.b64encode(word).decode() for word in (b"alice", b"correct horse battery"))
PLAIN = base64.b64encode(b"\0alice\0correct horse battery").decode()
CASES: list[tuple[Dialect, list[str], list[str]]] = [
    # AUTH that is refused, whatever for, and the answers that are sent all the same (RFC 4954, section 4).
    (SMTP, ["EHLO x", "AUTH CRAM-MD5", USER, SECRET], ["EHLO x", "AUTH CRAM-MD5", "****", "****"]),
    (SMTP, ["EHLO x", f"AUTH LOGIN PLAIN {SECRET}", USER], ["EHLO x", "AUTH LOGIN ****", "****"]),
    (SMTP, ["AUTH LOGIN", USER, SECRET], ["AUTH LOGIN", "****", "****"]),
    (SMTP, ["EHLO x", "AUTH LOGIN", "*", USER, SECRET], ["EHLO x", "AUTH LOGIN", "*", "****", "****"]),
    # Nobody knows what a client sends that knows no base64, or has it without its end, or what it means by capitals.
    (SMTP, ["EHLO x", "AUTH LOGIN", "bob", "hunter2"], ["EHLO x", "AUTH LOGIN", "****", "****"]),
    (SMTP, ["AUTH LOGIN bob@x.y", "hunter 2!"], ["AUTH LOGIN ****", "****"]),
    (SMTP, ["EHLO x", "AUTH CRAM-MD5", "Ym9iCg", "SFVOVEVS"], ["EHLO x", "AUTH CRAM-MD5", "****", "****"]),
    (SMTP, ["EHLO x", f"AUTH LOGIN {USER}", USER, SECRET], ["EHLO x", "AUTH LOGIN ****", "****", "****"]),
    (LMTP, ["AUTH PLAIN", PLAIN], ["AUTH PLAIN", "****"]),
    # A protocol that has no such login.
    (MY_SMTP, [f"AUTH PLAIN {PLAIN}", "auth login", USER, SECRET], ["AUTH PLAIN ****", "auth login", "****", "****"]),
    (MY_SMTP, ["HELO x", f"PASS {SECRET}"], ["HELO x", "PASS ****"]),
    (POP3, ["AUTH PLAIN", PLAIN], ["AUTH PLAIN", "****"]),
    (POP3, [f"a1 LOGIN bob {SECRET}", f"LOGIN bob {SECRET}"], ["a1 LOGIN ****", "LOGIN ****"]),
    (SMTP, ["a AUTHENTICATE PLAIN", PLAIN], ["a AUTHENTICATE PLAIN", "****"]),
    (POP3, ["USER bob", "PASS", "correct horse"], ["USER bob", "PASS", "****"]),
    # A tab where a space belongs is refused, which helps nobody whose password it was.
    (SMTP, [f"AUTH\tPLAIN {PLAIN}", f"AUTH PLAIN\t{PLAIN}"], ["AUTH\t****", "AUTH ****"]),
    (POP3, ["USER\tbob", f"PASS\t{SECRET}", f"\tPASS {SECRET}"], ["USER\tbob", "PASS\t****", "\tPASS ****"]),
    (SMTP, ["AUTH LOGIN", f"\t{USER}\t"], ["AUTH LOGIN", "****"]),
    # What was said before, by a command of its own, ends it: this is no answer to a login.
    (SMTP, ["AUTH LOGIN", "EHLO x", USER], ["AUTH LOGIN", "EHLO x", USER]),
    (
        SMTP,
        ["EHLO x", "EHLO x", f"AUTH LOGIN {SECRET}", "*", "EHLO x", USER],
        ["EHLO x", "EHLO x", "AUTH LOGIN ****", "*", "EHLO x", USER],
    ),
    # A CR ends a line for who sends it.
    (POP3, [f"USER bob\rPASS {SECRET}", "CAPA"], ["USER bob\rPASS ****", "CAPA"]),
    (SMTP, [f"EHLO x\rAUTH PLAIN {PLAIN}", "NOOP"], ["EHLO x\rAUTH PLAIN ****", "NOOP"]),
    # Nor is a line that no login came before.
    (SMTP, ["EHLO x", USER], ["EHLO x", USER]),
    (POP3, ["USER bob", "PASS x", "LISTT"], ["USER bob", "PASS ****", "LISTT"]),
]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("dialect", "said", "told"), CASES)
def test_what_a_client_says_is_told_without_its_secrets(
    dialect: Dialect, said: list[str], told: list[str], whole: bool
) -> None:
    client, tape = recorded(dialect)
    client.dialog.greet()
    rests = []
    for line in said:
        octets = f"{line}\r\n".encode()
        for piece in (octets,) if whole else (octets[:-2], octets[-2:]):
            client.say(piece)
            rests += [tape.rest[1]] if tape.rest else []
    lines = [entry for entry in tape.entries() if entry.kind == "client"]
    assert [entry.octets.decode() for entry in lines] == [f"{line}\r\n" for line in told]
    assert [entry.masked for entry in lines] == [
        "****" in after or before.strip().upper().startswith(("AUTH", "PASS", "A AUTH"))
        for before, after in zip(said, told, strict=True)
    ]
    heard = [event.octets.decode() for event in client.events if isinstance(event, LineReceived)]
    if whole:
        assert heard == [f"{line}\r\n" for line in told]
    answered = [event.argument for event in client.events if isinstance(event, CommandAnswered)]
    everything = "\n".join([*answered, *heard, *(rest.decode() for rest in rests)])
    for secret in (USER, SECRET, PLAIN, "correct horse"):
        assert (secret in everything) == (secret in told), secret


def test_a_segment_is_told_without_its_secrets_too() -> None:
    client, tape = recorded(MY_SMTP, framing="auto")
    for segment in (b"HELO x", f"AUTH PLAIN {PLAIN}".encode(), b"AUTH LOGIN", SECRET.encode()):
        client.say(segment)
        client.wait(2.0)
    assert [(entry.octets, entry.masked) for entry in tape.entries() if entry.kind == "client"] == [
        (b"HELO x", False), (b"AUTH PLAIN ****", True), (b"AUTH LOGIN", True), (b"****", True),
    ]  # fmt: skip
    assert tape.received == sum(map(len, ("HELO x", f"AUTH PLAIN {PLAIN}", "AUTH LOGIN", SECRET)))


def test_a_password_that_is_parted_into_segments_is_no_command() -> None:
    tape = taped(MY_SMTP, b"HELO x", b"PASS hun", b"ter2", b"QUIT")
    told = [entry.octets for entry in tape.entries() if entry.kind == "client"]
    assert told == [b"HELO x", b"PASS ****", b"****", b"QUIT"]


def test_a_browser_that_came_to_a_port_of_mail_is_told_without_what_it_logs_in_with() -> None:
    request = (
        "POST /login HTTP/1.1\r\nHost: localhost:2525\r\nAuthorization: Basic {secret}\r\nCookie: {secret}\r\n"
        "Content-Type: text/plain\r\nX-Token:{secret}\r\n\r\n{secret}"
    )
    for dialect in (MY_SMTP, SMTP, POP3):
        tape = taped(dialect, request.format(secret=SECRET).encode())
        assert sides(tape)[0].decode() == request.format(secret="****").replace("Basic ", "")


def test_segments_that_turn_to_lines_are_told_without_their_secrets_and_what_follows_is_told_whole() -> None:
    client, tape = recorded(MY_SMTP, framing="auto")
    client.say(b"HELO x")
    client.wait(2.0)
    client.say(f"HELP\nAUTH PLAIN {PLAIN}\nAUTH LOGIN\n{SECRET}\nPASS x\n".encode())
    client.say(b"HELO y\n")
    assert [(entry.octets, entry.masked) for entry in tape.entries() if entry.kind == "client"] == [
        (b"HELO x", False), (b"HELP\nAUTH PLAIN ****\nAUTH LOGIN\n****\nPASS ****\n", True), (b"HELO y\n", False),
    ]  # fmt: skip


def test_a_login_too_long_to_be_read_is_told_without_its_secret() -> None:
    client, tape = recorded(SMTP)
    client.say(f"AUTH PLAIN {PLAIN * 1000}\r\n".encode())
    entries = [entry for entry in tape.entries() if entry.kind == "client"]
    assert [(entry.octets, entry.masked) for entry in entries] == [(b"AUTH PLAIN ****\r\n", True)]


def test_lines_behind_the_last_command_are_told_without_their_secrets() -> None:
    client, tape = recorded(SMTP)
    client.say(f"QUIT\r\nEHLO x\r\nAUTH PLAIN {PLAIN}\r\nAUTH LOGIN\r\n{SECRET}".encode())
    assert tape.rest is not None
    assert tape.rest[1:] == (b"EHLO x\r\nAUTH PLAIN ****\r\nAUTH LOGIN\r\n****", True)


@pytest.mark.parametrize(
    ("dialect", "line", "told", "masked"),
    [
        (SMTP, f"AUTH PLAIN {PLAIN}", b"AUTH PLAIN ****", True),
        (POP3, f"PASS {SECRET}", b"PASS ****", True),
        (POP3, "PASS", b"PASS", True),
        (POP3, "USER bo", b"USER bo", False),
    ],
)
def test_a_line_broken_off_before_its_end_is_known_to_hold_a_secret(
    dialect: Dialect, line: str, told: bytes, masked: bool
) -> None:
    entries = taped(dialect, line.encode()).entries()
    assert [(entry.octets, entry.masked) for entry in entries if entry.kind == "client"] == [(told, masked)]


def test_the_beginning_of_a_line_is_not_taken_for_a_command() -> None:
    client, tape = recorded(SMTP)
    for piece in (b"AUTH CRAM-MD5\r\n", b"NOOP", b"abcdefgh\r\n"):
        client.say(piece)
    assert [entry.octets for entry in tape.entries() if entry.kind == "client"] == [b"AUTH CRAM-MD5\r\n", b"****\r\n"]
