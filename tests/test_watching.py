"""`mysmtp sessions` as a program: the list, all conversations as they happen, and that nothing steers a terminal."""

import base64
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import nursery
from tests.client.servers import EVIL, steers
from tests.client.terminals import ROOT, Terminal, environment
from tests.process import PostOfficeProcess
from tests.web.proxy import Proxy

WAIT = 30.0


SECRET = b"correct horse battery"


def _encoded(octets: bytes) -> bytes:
    return base64.b64encode(octets)


def sessions(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return nursery.run("sessions", "--mailbox", str(folder), *words, environment=environment(**more))


class Following:
    """`mysmtp sessions --follow` in a pipe."""

    def __init__(self, folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "mysmtp", "sessions", "--follow", "--mailbox", str(folder), *words]
        self.program = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, env=environment()
        )
        self.seen = b""

    def until(self, words: bytes) -> None:
        """Read until these words have come, and the rest of their line."""
        assert self.program.stdout is not None
        deadline = time.monotonic() + WAIT
        while b"\n" not in self.seen.partition(words)[2]:
            ready = select.select([self.program.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]
            piece = os.read(self.program.stdout.fileno(), 65536) if ready else b""
            assert piece, f"no {words!r} in {self.seen!r}"
            self.seen += piece


@pytest.fixture
def following() -> Iterator[Callable[..., Following]]:
    programs: list[Following] = []

    def begin(folder: Path, *words: str) -> Following:
        programs.append(Following(folder, *words))
        programs[-1].until(b"; Ctrl-C ends it")
        return programs[-1]

    yield begin
    for each in programs:
        each.program.kill()
        each.program.wait()
        assert each.program.stdout is not None
        each.program.stdout.close()


class Withholding(Proxy):
    """A way to the server on which a request with these octets in it waits until it may go on."""

    def __init__(self, door: tuple[str, int], octets: bytes) -> None:
        self._octets = octets
        self.may_go_on = threading.Event()
        super().__init__(door)

    def hold(self, octets: bytes) -> None:
        if self._octets in octets:
            self.may_go_on.wait()


def misbehave(office: PostOfficeProcess) -> None:
    """Send what steers terminals in each field a client can fill."""
    with office.connect("smtp") as peer:
        peer.line()
        for line in (b"EHLO " + EVIL, b"EHLO x", b"MAIL FROM:<" + EVIL + b"@x>", b"AUTH " + EVIL, EVIL):
            peer.say(line.replace(b"\r", b"") + b"\r\n")
        peer.say(b"MAIL FROM:<a@x>\r\nRCPT TO:<\xe2\x80\xaeb@x>\r\nDATA\r\n" + EVIL + b"\r\n.\r\nQUIT\r\n")
        peer.rest()


def test_the_list_and_the_news_steer_no_terminal(
    office: PostOfficeProcess, following: Callable[..., Following]
) -> None:
    news = following(office.mailbox)
    told = following(office.mailbox, "--json")
    words = ("-m", "mysmtp", "sessions", "--follow", "--mailbox", str(office.mailbox))
    with Terminal(*words) as terminal:
        terminal.until("Ctrl-C ends it")
        misbehave(office)
        terminal.until("# ended after")
        shown = terminal.seen
        os.kill(terminal.pid, signal.SIGINT)
        assert terminal.finish() == 130
    for colour in (b"34", b"35", b"32", b"33", b"36", b"31", b"2", b"0"):
        shown = shown.replace(b"\x1b[" + colour + b"m", b"")
    assert steers(shown, b"\r\n") == []
    assert rb"\x1b[2J" in shown
    news.until(b"# ended after")
    assert steers(news.seen, b"\n") == []
    assert rb"C: EHLO \x1b[2J" in news.seen
    told.until(b'"ended":"')
    assert [json.loads(line)["session"] for line in told.seen.splitlines()[1:]]
    assert steers(told.seen, b"\n") == []
    listed = sessions(office.mailbox)
    assert listed.returncode == 0
    assert steers(listed.stdout, b"\n") == []
    assert b"      1  SMTP" in listed.stdout


def test_no_password_is_told_while_it_crosses_nor_afterwards(
    start: Callable[..., PostOfficeProcess], following: Callable[..., Following]
) -> None:
    office = start("--wire", "--log-level", "debug")
    shown = [following(office.mailbox), following(office.mailbox, "--json")]
    said = {
        "smtp": (b"EHLO x", b"AUTH LOGIN", _encoded(b"alice"), _encoded(SECRET),
                 b"AUTH PLAIN " + _encoded(b"\0alice\0" + SECRET), b"AUTH LOGIN " + _encoded(SECRET), b"QUIT"),
        "pop3": (b"USER bob@x", b"PASS " + SECRET, b"QUIT"),
    }  # fmt: skip
    for door, commands in said.items():
        with office.connect(door) as peer:
            peer.line()
            for command in commands:
                peer.say(command[:9])  # a secret may be parted anywhere
                peer.say(command[9:] + b"\r\n")
                while peer.line()[3:4] == b"-" and door == "smtp":
                    pass
    shown[0].until(b"   2  # ended after")
    shown[1].until(b'"user":"bob@x"')
    told = b"".join(each.seen for each in shown) + office.log.read_bytes()
    for session in (1, 2):
        for form in ("", ".txt", ".wire", ".json", ".swaks", "?hex=1", f"/beside/{3 - session}"):
            with urllib.request.urlopen(f"{office.url}/sessions/{session}{form}", timeout=30) as answer:
                told += answer.read()
    for secret in (SECRET, _encoded(SECRET), _encoded(b"\0alice\0" + SECRET), SECRET[3:11].hex(" ").encode()):
        assert secret not in told
    assert told.count(b"PASS ****") > 5


def test_the_list_is_filtered_and_told_in_json(office: PostOfficeProcess) -> None:
    office.send("bob@example.com")
    misbehave(office)
    assert sessions(office.mailbox).stdout.splitlines()[2].endswith(b"1 stored")
    (line,) = sessions(office.mailbox, "--errors", "--json").stdout.splitlines()
    assert (json.loads(line)["session"], json.loads(line)["protocol"]) == (2, "smtp")
    (line,) = sessions(office.mailbox, "--json", "-n", "1", "--address", "bob@example.com").stdout.splitlines()
    assert json.loads(line)["words"] == "1 stored"
    none = sessions(office.mailbox, "--protocol", "pop3")
    assert (none.returncode, none.stdout, none.stderr) == (0, b"", b"mysmtp: no such sessions\n")


def test_it_goes_on_after_a_restart_and_ends_with_ctrl_c(
    start: Callable[..., PostOfficeProcess], following: Callable[..., Following]
) -> None:
    first = start()
    news = following(first.mailbox)
    first.stop()
    news.until(b"; waiting for it")
    second = start()
    news.until(f"following {second.url}".encode())
    second.send("bob@example.com")
    news.until(b"# ended after")
    assert rb"S: 200 Message stored successfully\n" in news.seen
    news.program.send_signal(signal.SIGINT)
    assert news.program.wait(WAIT) == 130
    assert news.program.stdout is not None
    assert b"Traceback" not in news.program.stdout.read()


def test_a_crowd_is_shown_from_its_first_line_on_while_others_are_still_asked_for(
    office: PostOfficeProcess, following: Callable[..., Following]
) -> None:
    """Many were open when it began, and nothing was shown until the last of them was fetched."""
    way = Withholding(office.web, b"GET /sessions/2.json")
    try:
        with office.connect() as one, office.connect() as two:
            one.ask("HELO one")
            two.ask("HELO two")
            news = following(office.mailbox, "--server", way.url)
            news.until(rb"C: HELO one\n")
            assert b"HELO two" not in news.seen
            way.may_go_on.set()
            news.until(rb"C: HELO two\n")
    finally:
        way.may_go_on.set()
        way.close()


def test_without_a_server_that_is_told(tmp_path: Path) -> None:
    for words in ((), ("--follow",)):
        done = sessions(tmp_path, *words, "--server", "http://127.0.0.1:1")
        assert (done.returncode, done.stdout) == (4, b"")
        assert done.stderr == b"mysmtp: the server at http://127.0.0.1:1 does not answer: connection refused\n"
