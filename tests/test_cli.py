"""The commands as programs: what they print, where, and with which exit code."""

import getpass
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import nursery
from tests.client.servers import EVIL, VECTORS, Lines, Original, Scripted, Server, steers
from tests.client.terminals import ROOT, Terminal, environment
from tests.process import PostOfficeProcess

BOB = "bob@example.com"
LISTED = b"200 OK\n1: Email from alice@example.com (12-03-2025)\n2: Email from charlie@example.com (13-03-2025)\n.\n"
MAIL = b"From: alice@example.com\nDate: 12-03-2025\nHello Bob\n"


def run(server: Server | int, *words: str, typed: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    port = server if isinstance(server, int) else server.port
    return nursery.run(words[0], "--port", str(port), *words[1:], typed=typed, environment=environment(**more))


# send


def test_send_says_stored_and_nothing_else() -> None:
    with Lines() as server:
        done = run(server, "send", "--from", "alice@example.com", "--to", BOB, "--to", "c@x", "Hello\n.\nBob")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"stored\n", b"")
        assert server.commands == [
            b"HELO example.com\n", b"MAIL FROM: alice@example.com\n", b"RCPT TO: bob@example.com\n",
            b"RCPT TO: c@x\n", b"DATA\n", b"QUIT\n",
        ]  # fmt: skip
        assert server.mails == [b"Hello\n..\nBob\n.\n"]


def test_standard_input_goes_out_octet_for_octet() -> None:
    body = b"\xff\x00 a\r\n.\n" + bytes(range(256)) + b"\n"
    with Lines() as server:
        assert run(server, "send", "--to", BOB, typed=body).returncode == 0
        assert server.mails == [body.replace(b"\n.", b"\n..") + b".\n"]


def test_without_a_sender_it_is_the_user_at_localhost() -> None:
    with Lines() as server:
        run(server, "send", "--to", BOB, "x")
        assert server.commands[:2] == [b"HELO localhost\n", f"MAIL FROM: {getpass.getuser()}@localhost\n".encode()]


@pytest.mark.parametrize(
    ("options", "commands"),
    [
        (["--from", "a@Example.com", "--helo", "other.org"], [b"HELO other.org\n", b"MAIL FROM: a@Example.com\n"]),
        (["--from", "<a@x>"], [b"HELO x\n", b"MAIL FROM: <a@x>\n"]),
        (["--from", "<>"], [b"HELO localhost\n", b"MAIL FROM: <>\n"]),
        (["--from", ""], [b"HELO localhost\n", b"MAIL FROM: <>\n"]),
    ],
)
def test_what_the_greeting_names(options: list[str], commands: list[bytes]) -> None:
    with Lines() as server:
        assert run(server, "send", "--to", BOB, *options, "x").returncode == 0
        assert server.commands[:2] == commands


def test_send_in_json() -> None:
    with Lines() as server:
        done = run(server, "send", "--from", "a@x", "--to", BOB, "--json", "Hello")
    value = json.loads(done.stdout)
    assert 0 < value.pop("seconds") < 60
    assert value == {"stored": True, "from": "a@x", "to": [BOB], "size": 6}
    assert done.stdout.count(b"\n") == 1


def test_the_original_server_is_served_too() -> None:
    with Original() as server:
        done = run(server, "send", "--from", "alice@example.com", "--to", BOB, "--to", "c@x", "Hello")
        assert (done.returncode, done.stdout) == (0, b"stored\n")
        assert server.mails == [("alice@example.com", BOB, "Hello\n"), ("alice@example.com", "c@x", "Hello\n")]
        assert run(server, "list", BOB).stdout == b"  1  alice@example.com 12-03-2025\n"
        assert run(server, "read", BOB, "1").stdout == b"From: alice@example.com\nDate: 12-03-2025\nHello\n"
        assert b"(bob@example.com has 1)" in run(server, "read", BOB, "9").stderr
        assert run(server, "send", "--to", BOB, typed=b"x" * 5000).returncode == 1


@pytest.mark.parametrize("word", ["a@x\nDATA", "a\r@x", "\x7f@x"])
@pytest.mark.parametrize("option", ["--to", "--from", "--helo"])
def test_no_word_can_hold_a_second_command(word: str, option: str) -> None:
    with Lines() as server:
        done = run(server, "send", "--to", BOB, option, word, "x")
        assert done.returncode == 2
        assert b"control character" in done.stderr
        assert server.commands == []


# list and read


def test_list() -> None:
    with Lines(LIST=LISTED) as server:
        done = run(server, "list", BOB)
        assert done.stdout == b"  1  alice@example.com 12-03-2025\n  2  charlie@example.com 13-03-2025\n"
        assert (done.returncode, done.stderr) == (0, b"")
        assert server.commands == [b"HELO example.com\n", b"LIST bob@example.com\n", b"QUIT\n"]
        rows = run(server, "list", BOB, "--json").stdout.splitlines()
        assert rows[0] == b'{"id":1,"from":"alice@example.com","date":"2025-03-12"}'
        assert len(rows) == 2


def test_read() -> None:
    with Lines(GET_MAIL=b"200 OK\n" + MAIL + b"..\n\x1b\r\n.\n") as server:
        assert run(server, "read", BOB, "1").stdout == MAIL + b".\n\\x1b\n"
        assert run(server, "read", "--raw", BOB, "1").stdout == MAIL + b".\n\x1b\r\n"
        assert json.loads(run(server, "read", BOB, "1", "--json").stdout)["body"] == "Hello Bob\n.\n\x1b\r\n"
        assert run(server, "read", BOB, "1", "--raw", "--json").returncode == 2


def test_an_empty_mailbox_prints_nothing() -> None:
    with Lines() as server:
        done = run(server, "list", BOB)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# Exit codes


def test_refused_is_1_and_tells_what_is_there() -> None:
    with Lines(GET_MAIL=b"401 Email not found\n", LIST=LISTED) as server:
        done = run(server, "read", BOB, "9")
        assert (done.returncode, done.stdout) == (1, b"")
        assert done.stderr == b"mysmtp: 401 Email not found (bob@example.com has 1 to 2)\n"
        done = run(server, "read", BOB, "9", "--json")
        assert (done.returncode, done.stderr) == (1, b"")
        assert done.stdout == b'{"error":{"code":401,"text":"Email not found"}}\n'


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["send"], 2),
        (["send", "--to"], 2),
        (["read", BOB], 2),
        (["list"], 2),
        (["list", BOB, "--port", "x"], 2),
        (["client", "a", "1", "c"], 2),
        (["nonsense"], 2),
        (["serve", "--framing", "other"], 2),
        (["--version"], 0),
        (["send", "--help"], 0),
    ],
)
def test_usage_is_2(words: list[str], code: int) -> None:
    command = [sys.executable, "-m", "mysmtp", *words]
    done = subprocess.run(
        command, capture_output=True, cwd=ROOT, env=environment(), timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


def test_a_failing_server_is_3() -> None:
    with Lines(DOT=b"500 Failed to store message\n") as server:
        done = run(server, "send", "--to", BOB, "x")
    assert (done.returncode, done.stderr) == (3, b"mysmtp: 500 Failed to store message\n")


def test_a_busy_server_is_3() -> None:
    with Scripted(lambda hear, say: say(b"500 Server busy\n")) as server:
        done = run(server, "list", BOB)
    assert done.returncode == 3
    assert b"500 Server busy" in done.stderr


def test_no_connection_is_4() -> None:
    with Lines() as server:
        pass
    done = run(server, "list", BOB)
    assert (done.returncode, done.stdout) == (4, b"")
    assert b"mysmtp: no connection to 127.0.0.1:" in done.stderr
    done = run(server, "list", BOB, "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["code"] is None


def test_a_server_that_goes_away_in_the_middle_is_4() -> None:
    with Lines(DOT=None) as server:
        done = run(server, "send", "--to", BOB, "x")
    assert done.returncode == 4
    assert b"whether the mail was stored is not known" in done.stderr


# Output


def test_no_octet_of_a_peer_steers_through_a_pipe() -> None:
    lists = b"200 OK\n1: Email from " + EVIL + b" (01-01-2025)\n" + b"\n".join(VECTORS) + b"\n.\n"
    mail = b"200 OK\nFrom: " + EVIL + b"\nDate: 01-01-2025\n" + b"\n".join(VECTORS) + b"\n.\n"
    with Lines(LIST=lists, GET_MAIL=mail, RCPT=b"400 " + EVIL + b"\n") as server:
        for words in (["list", BOB], ["read", BOB, "1"], ["send", "--to", BOB, "x"]):
            for option in ([], ["--json"], ["--wire"], ["--hex"]):
                done = run(server, *words, *option)
                assert done.stdout or done.stderr
                assert steers(done.stdout) == [], (words, option)
                assert steers(done.stderr) == [], (words, option)


def test_no_octet_of_a_peer_steers_a_terminal() -> None:
    mail = b"200 OK\nFrom: " + EVIL + b"\nDate: 01-01-2025\n" + EVIL + b"\n.\n"
    with Lines(LIST=b"200 OK\n" + EVIL + b"\n.\n", GET_MAIL=mail) as server:
        for words in (["list", BOB], ["read", BOB, "1"]):
            with Terminal("-m", "mysmtp", *words, "--port", str(server.port)) as terminal:
                assert terminal.finish() == 0
                assert b"pwned" in terminal.seen
                assert steers(terminal.seen, b"\r\n\t") == []


def test_a_person_is_told_where_how_much_and_how_fast() -> None:
    with Lines() as server:
        with Terminal("-m", "mysmtp", "send", "--port", str(server.port), "--to", BOB) as terminal:
            terminal.until("Ctrl-D")
            terminal.type("1\n2\n\x04")
            terminal.until("stored  bob@example.com  2 lines  ")
            terminal.until(" ms")
            assert terminal.finish() == 0
        assert server.mails == [b"1\n2\n.\n"]


def test_the_wire_is_told_on_standard_error() -> None:
    with Lines(LIST=LISTED) as server:
        done = run(server, "list", BOB, "--wire")
    assert done.stderr.decode().splitlines() == [
        "C: HELO example.com\\n", "S: 200 OK\\n", "C: LIST bob@example.com\\n", "S: 200 OK\\n",
        "S: 1: Email from alice@example.com (12-03-2025)\\n", "S: 2: Email from charlie@example.com (13-03-2025)\\n",
        "S: .\\n", "C: QUIT\\n", "S: 200 Goodbye\\n",
    ]  # fmt: skip
    assert done.stdout.startswith(b"  1  alice")


def test_the_wire_is_coloured_on_a_terminal_only() -> None:
    with Lines(LIST=LISTED) as server:
        with Terminal("-m", "mysmtp", "list", BOB, "--port", str(server.port), "--wire") as terminal:
            terminal.finish()
        assert b"\x1b[34mC:\x1b[0m QUIT" in terminal.seen
        assert b"\x1b[35mS:\x1b[0m 200 Goodbye" in terminal.seen
        with Terminal("-m", "mysmtp", "list", BOB, "--port", str(server.port), "--wire", NO_COLOR="1") as terminal:
            terminal.finish()
        assert b"\x1b" not in terminal.seen


def test_a_reader_that_leaves_is_no_error() -> None:
    body = b"200 OK\n" + b"1: Email from a@x (01-01-2025)\n" * 50_000 + b".\n"
    with Lines(LIST=body) as server:
        program = subprocess.Popen(
            [sys.executable, "-m", "mysmtp", "list", "--port", str(server.port), "b"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment(),
        )  # fmt: skip
        with program:
            output, errors = program.stdout, program.stderr
            assert output is not None
            assert errors is not None
            assert output.readline() == b"  1  a@x 01-01-2025\n"
            output.close()
            assert errors.read() == b""
            assert program.wait(60) == 0


def test_the_server_may_be_named_by_the_environment() -> None:
    with Lines(LIST=LISTED) as server:
        done = subprocess.run(
            [sys.executable, "-m", "mysmtp", "list", BOB], capture_output=True, cwd=ROOT, timeout=60,
            env=environment(MYSMTP_PORT=str(server.port), MYSMTP_HOST="127.0.0.1"),
        )  # fmt: skip
    assert done.returncode == 0


def test_client_takes_host_and_port_by_place() -> None:
    with Lines() as server:
        command = [sys.executable, "-m", "mysmtp", "client", "127.0.0.1", str(server.port)]
        done = subprocess.run(command, input=b"QUIT\n", capture_output=True, cwd=ROOT, env=environment(), timeout=60)
    assert (done.returncode, done.stdout) == (0, b"200 Goodbye\n")


def test_sending_imports_no_server_and_no_editor() -> None:
    with Lines() as server:
        program = (
            "import sys\nfrom mysmtp import cli\n"
            f"try: cli.main(['send', '--port', '{server.port}', '--to', 'b@x', 'hi'])\n"
            "except SystemExit as end: assert end.code == 0, end.code\n"
            "heavy = {'gevent', 'flask', 'prompt_toolkit', 'ssl', 'sqlite3'} & set(sys.modules)\n"
            "ours = {name for name in sys.modules if name.startswith('mysmtp.')}\n"
            "assert not heavy, heavy\n"
            "assert not {name for name in ours if name.split('.')[1] in ('server', 'store', 'protocol', 'web')}, ours\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, cwd=ROOT, env=environment(), timeout=60
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_importing_the_commands_is_quick() -> None:
    """Nothing is imported that takes its time; the clock is for what nobody has thought of."""
    program = (
        "import sys, time; began = time.process_time(); import mysmtp.commands.group\n"
        "print(time.process_time() - began)\n"
        "assert not {'gevent', 'flask', 'prompt_toolkit', 'ssl', 'sqlite3'} & set(sys.modules)\n"
    )
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", program], check=True, capture_output=True, cwd=ROOT, timeout=60
            ).stdout
        )
        for _ in range(5)
    ]
    assert min(times) < 0.5


# With the real server


def test_the_first_minute_of_the_readme(start: Callable[..., PostOfficeProcess]) -> None:
    port = start().my_smtp[1]
    assert run(port, "send", "--to", BOB, "Hello Bob").stdout == b"stored\n"
    assert run(port, "send", "--to", BOB, "--from", "a@x", typed=b".\n..\nQUIT\n" + EVIL).returncode == 0
    assert run(port, "list", BOB).stdout.startswith(b"  1  ")
    assert run(port, "read", BOB, "1").stdout.endswith(b"\nHello Bob\n")
    assert run(port, "read", "--raw", BOB, "2").stdout.endswith(b".\n..\nQUIT\n" + EVIL + b"\n")
    done = run(port, "read", BOB, "9")
    assert (done.returncode, done.stderr) == (1, b"mysmtp: 401 Email not found (bob@example.com has 1 to 2)\n")
    assert run(port, "list", "nobody").returncode == 1


def test_an_answer_that_cannot_be_written_is_not_taken_for_a_refusal() -> None:
    with Lines() as server, Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "mysmtp", "send", "--port", str(server.port), "--to", BOB, "x"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, env=environment(), timeout=60)
        assert server.mails == [b"x\n.\n"]
    assert done.returncode == 5
    assert done.stderr == b"mysmtp: done, but the answer cannot be written: No space left on device\n"
