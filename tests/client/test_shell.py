"""The interactive client as a program: behind pipes, on a plain terminal, on one that can edit."""

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from mysmtp.client.terminal import look_of
from tests.client.servers import EVIL, VECTORS, Lines, Original, Scripted, Server, steers
from tests.client.terminals import ROOT, Terminal, environment

Hear = Callable[[], bytes]
Say = Callable[[bytes], None]
MODULE = ("-m", "mysmtp.client", "127.0.0.1")


def piped(server: Server, typed: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *MODULE, str(server.port), *options]
    return subprocess.run(command, input=typed, capture_output=True, cwd=ROOT, env=environment(), timeout=60)


def edited(server: Server, **more: str) -> Terminal:
    return Terminal(*MODULE, str(server.port), **more)


# Pipes


def test_a_script_of_commands_is_answered_on_standard_output() -> None:
    with Lines(RCPT=b"403 Send MAIL FROM first\n") as server:
        done = piped(server, b"HELO x\r\nRCPT TO: b@x\n")
    assert done.stdout == b"200 OK\n403 Send MAIL FROM first\n200 Goodbye\n"
    assert b"  next: MAIL FROM: <email>\n" in done.stderr
    assert b">" not in done.stdout
    assert done.returncode == 0


def test_a_whole_mail_through_a_pipe() -> None:
    with Lines() as server:
        done = piped(server, b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\n.dot \xff\n.\nQUIT\n")
        assert server.mails == [b"..dot \xff\n.\n"]
    assert done.stdout.endswith(b"200 Message stored successfully\n200 Goodbye\n")


def test_a_pipe_that_ends_in_a_message_stores_nothing_and_fails() -> None:
    with Lines() as server:
        done = piped(server, b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\nhalf\n")
        assert server.mails == []
    assert b"nothing of it was stored" in done.stderr
    assert done.returncode == 4


def test_the_original_through_a_pipe() -> None:
    with Original() as server:
        done = piped(server, b"helo x\nmail from: a@x\nrcpt to: b@x\ndata\nHello\n.\n")
        assert server.mails == [("a@x", "b@x", "Hello\n")]
    assert done.stdout.count(b"200 ") == 5


def test_wire_and_hex_go_to_standard_error() -> None:
    with Lines() as server:
        done = piped(server, b"QUIT", "--wire")
        assert b"C: QUIT\\n\nS: 200 Goodbye\\n\n" in done.stderr
        done = piped(server, b"QUIT", "--hex")
    assert b"C: QUIT\\n\n   0000  51 55 49 54 0a\n" in done.stderr
    assert done.stdout == b"200 Goodbye\n"


def test_no_octet_of_the_peer_steers_through_a_pipe() -> None:
    body = b"200 OK " + EVIL + b"\n1: Email from " + EVIL + b" (01-01-2025)\n" + b"\n".join(VECTORS) + b"\n.\n"
    with Lines(LIST=body, HELO=b"400 " + EVIL + b"\n") as server:
        done = piped(server, b"HELO x" + EVIL + b"\nLIST b\n", "--wire")
    assert b"pwned" in done.stdout
    assert steers(done.stdout) == []
    assert steers(done.stderr) == []
    assert done.returncode == 0


def test_typed_words_that_are_quoted_back_do_not_steer_either() -> None:
    with Lines(GET_MAIL=b"401 Email not found\n") as server:
        done = piped(server, b"GET_MAIL " + b"".join(VECTORS).replace(b" ", b"") + b" 1\nhelp \x1b[2J\n")
    assert b"next: LIST \\x1b[2J" in done.stderr
    assert steers(done.stderr) == []
    assert steers(done.stdout) == []


def test_a_server_that_is_not_there() -> None:
    with Lines() as server:
        pass
    done = piped(server, b"HELO x\n")
    assert done.returncode == 4
    assert b"connection refused; is the server running?" in done.stderr
    assert done.stdout == b""


def test_a_server_that_leaves_is_told_in_words() -> None:
    with Scripted(lambda hear, say: say(b"500 Server busy\n")) as server:
        done = piped(server, b"HELO x\nHELO x\n")
    assert done.stdout == b"500 Server busy\n"
    assert b"closed the connection" in done.stderr  # noticed before the second HELO is sent, or after: both are told
    assert done.returncode in (3, 4)  # refused, or then left without a reply


def test_nobody_reads_the_output() -> None:
    with Lines(LIST=b"200 OK\n" + b"x" * 100_000 + b"\n.\n") as server:
        command = f"printf 'LIST b\\n%.0s' 1 2 3 4 | {sys.executable} {' '.join(MODULE)} {server.port} | head -c 1"
        done = subprocess.run(["sh", "-c", command], capture_output=True, cwd=ROOT, env=environment(), timeout=60)
    assert done.stdout == b"2"
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


# A terminal that cannot edit


def test_a_dumb_terminal_gets_prompts_and_no_sequences() -> None:
    with Lines(LIST=b"200 OK\n" + EVIL + b"\n.\n") as server, edited(server, TERM="dumb") as terminal:
        terminal.until("0 initial > ")
        terminal.type("HELO x\n")
        terminal.until("1 greeted > ")
        terminal.type("LIST b\n")
        terminal.until("1 greeted > ")
        terminal.type("\x04")
        assert terminal.finish() == 0
        assert b"200 Goodbye" in terminal.seen
        assert steers(terminal.seen, b"\r\n\t") == []


def test_a_dumb_terminal_notices_that_the_server_leaves() -> None:
    waiting = threading.Event()

    def script(hear: Hear, say: Say) -> None:
        hear()
        say(b"200 OK\n")
        waiting.wait(30)
        say(b"500 Idle too long\n")

    with Scripted(script) as server, edited(server, TERM="dumb") as terminal:
        terminal.until("0 initial > ")
        terminal.type("HELO x\n")
        terminal.until("1 greeted > ")
        waiting.set()
        assert terminal.finish() == 3
        assert b"500 Idle too long" in terminal.seen
        assert b"The server closed the connection." in terminal.seen


# A terminal with an editor


def test_a_conversation_with_prompt_bar_history_and_completion() -> None:
    with Lines() as server, edited(server) as terminal:
        terminal.until("●─○─○─○  HELO  QUIT")
        terminal.type("h\texample.com\r")
        terminal.until("●━●─○─○  HELO  MAIL FROM  LIST  GET_MAIL  QUIT")
        terminal.type("rc\t\x15m\talice@example.com\r")
        terminal.until("2 sender known > ")
        terminal.type("\x1b[A\x1b[A\r")
        terminal.until("1 greeted > ")
        terminal.until("●━●─○─○")
        terminal.type("li\ta\t\r")
        terminal.until("200 OK")
        terminal.until("●━●─○─○")
        terminal.type("\x04")
        terminal.until("200 Goodbye")
        assert terminal.finish() == 0
        assert server.commands == [
            b"HELO example.com\n", b"MAIL FROM: alice@example.com\n", b"HELO example.com\n",
            b"LIST alice@example.com\n", b"QUIT\n",
        ]  # fmt: skip


def test_a_message_is_typed_with_its_own_prompt_and_stays_out_of_history() -> None:
    with Lines() as server, edited(server) as terminal:
        terminal.until("0 initial > ")
        for line, prompt in (
            ("HELO x", "1 greeted"), ("MAIL FROM: a@x", "2 sender"), ("RCPT TO: b@x", "3 recipient"),
            ("DATA", ". ends > "), (".secret", ". ends > "), (".", "0 delivered"),
        ):  # fmt: skip
            terminal.type(f"{line}\r")
            terminal.until(prompt)
        terminal.type("\x1b[A\r")
        terminal.until(". ends > ")
        assert server.mails == [b"..secret\n.\n"]
        assert server.commands[-2:] == [b"DATA\n", b"DATA\n"]


def test_ctrl_c_drops_the_line_and_twice_ends() -> None:
    with Lines() as server, edited(server) as terminal:
        terminal.until("●─○─○─○")
        terminal.type("HELO wrong\x03")
        terminal.until("Line dropped. Ctrl-C again ends the session.")
        terminal.until("●─○─○─○")
        terminal.type("HELO x\r")
        terminal.until("●━●─○─○")
        terminal.type("\x03")
        terminal.until("Line dropped")
        terminal.until("●━●─○─○")
        terminal.type("\x03")
        terminal.until("200 Goodbye")
        assert terminal.finish() == 0
        assert server.commands == [b"HELO x\n", b"QUIT\n"]


def test_the_prompt_notices_that_the_server_leaves() -> None:
    waiting = threading.Event()

    def script(hear: Hear, say: Say) -> None:
        hear()
        say(b"200 OK\n")
        waiting.wait(30)
        say(b"500 Server shutting down\n")

    with Scripted(script) as server, edited(server) as terminal:
        terminal.until("0 initial > ")
        terminal.type("HELO x\r")
        terminal.until("●━●─○─○")
        waiting.set()
        terminal.until("500 Server shutting down")
        terminal.until("The server closed the connection.")
        assert terminal.finish() == 3


def test_replies_are_coloured_by_class_and_never_by_the_peer() -> None:
    with Lines(LIST=b"200 OK\n" + EVIL + b"\n.\n") as server, edited(server) as terminal:
        terminal.until("0 initial > ")
        terminal.type("foo\r")
        terminal.until("0 initial > ")
        terminal.type("LIST b\r")
        terminal.until("\\u202e")
        assert b"\x1b[33m400 Unknown command\x1b[0m" in terminal.seen
        assert b"\x1b[32m200 OK\x1b[0m" in terminal.seen
        assert b"\\x1b[2J \\x1b]0;pwned\\x07" in terminal.seen
        for vector in (
            b"\x1b]",
            b"\x1bP",
            b"\x1bc",
            b"\x1b_",
            b"\x07",
            b"\x0e",
            b"\x7f",
            b"ab\rcd",
            b"\x1b[21t",
        ):
            assert vector not in terminal.seen, vector


def test_no_color_keeps_the_editor_and_drops_the_colours() -> None:
    with Lines() as server, edited(server, NO_COLOR="1") as terminal:
        terminal.until("0 initial > ")
        terminal.type("h\tx\r")
        terminal.until("1 greeted > ")
        assert b"\x1b[32m" not in terminal.seen
        assert b"34m" not in terminal.seen


def test_ascii_where_the_locale_is_not_utf_8() -> None:
    with Lines(LIST="200 OK\né\n.\n".encode()) as server, edited(server, LC_ALL="C") as terminal:
        terminal.until("*-o-o-o  HELO  QUIT")
        terminal.type("LIST b\r")
        terminal.until("\\xe9")
        assert terminal.seen.isascii()


@pytest.mark.parametrize(
    ("environment", "terminal", "colour", "ascii_only"),
    [
        ({"LANG": "en_GB.UTF-8", "TERM": "xterm"}, True, True, False),
        ({"LANG": "en_GB.UTF-8", "TERM": "xterm"}, False, False, False),
        ({"LANG": "en_GB.UTF-8", "TERM": "dumb"}, True, False, False),
        ({"LANG": "C.utf8", "NO_COLOR": "1"}, True, False, False),
        ({"LANG": "C.utf8", "NO_COLOR": ""}, True, True, False),
        ({"LANG": "C.utf8", "LC_ALL": "C"}, True, True, True),
        ({}, True, True, True),
    ],
)
def test_looks(environment: dict[str, str], terminal: bool, colour: bool, ascii_only: bool) -> None:
    look = look_of(environment, terminal)
    assert (look.colour, look.ascii_only) == (colour, ascii_only)
