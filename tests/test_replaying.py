"""Recorded sessions are played again to running servers: the same replies, or which ones differ."""

import base64
import json
import poplib
import smtplib
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mysmtp.inspector.crossings import Unplayable
from mysmtp.replaying import Wanted, loopback, run
from mysmtp.wire import unspelled
from tests import nursery, tls
from tests.client.servers import EVIL, Server, steers
from tests.client.terminals import Terminal, environment
from tests.process import PostOfficeProcess

Talk = Callable[[PostOfficeProcess], None]
BODY = b"Subject: hi\r\n\r\n.dot\r\nza\xc5\xbc\xff\r\n"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    """A server with all its ports open."""
    folder = tmp_path_factory.mktemp("office")
    certificate, key = tls.certificate()
    process = PostOfficeProcess(
        folder, "--tls-cert", str(certificate), "--tls-key", str(key), "--smtps-port", "0", "--lmtp-port", "0",
        environment={"GEVENT_MAX_BLOCKING_TIME": "2"},  # the first page of a kind has its template compiled
    ).start()  # fmt: skip
    process.send("bob@example.com", body=b"Hello\n.\n" * 3000)
    yield process
    process.stop()


def fetched(office: PostOfficeProcess, session: int, form: str) -> str:
    with urllib.request.urlopen(f"{office.url}/sessions/{session}.{form}", timeout=30) as answer:
        return bytes(answer.read()).decode()


def newest(office: PostOfficeProcess) -> int:
    with urllib.request.urlopen(f"{office.url}/sessions.json", timeout=30) as answer:
        return int(json.loads(answer.read())["sessions"][0]["session"])


def wanted(office: PostOfficeProcess, source: str | int, **more: object) -> Wanted:
    settings: dict[str, object] = {
        "to": "", "user": "", "password": None, "recorded_pace": False, "patience": 30.0, "fill": False,
        "server": None, **more,
    }  # fmt: skip
    return Wanted(source, folder=office.mailbox, **settings)  # type: ignore[arg-type]


def my_smtp(office: PostOfficeProcess) -> None:
    with office.connect() as peer:
        for line in (b"RCPT TO: x@y\n", b"HELO x\nMAIL FROM: a@x\n", b"RCPT TO: carol@x\n", b"DATA\n"):
            peer.say(line)
            peer.line()
        peer.line()
        peer.say(BODY + b"..\n.\nQUIT\n")
        peer.rest()


def segments(office: PostOfficeProcess) -> None:
    with office.connect() as peer:
        for segment in (b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: carol@x", b"DATA\nHello\n", b"LIST dave@x", b"QUIT"):
            peer.say(segment)
            peer.recv()


def smtp(office: PostOfficeProcess) -> None:
    with smtplib.SMTP(*office.doors["smtp"], timeout=30) as client:
        client.sendmail("a@x", ["carol@x", "dave@x"], BODY)


def pipelined(office: PostOfficeProcess) -> None:
    with office.connect("smtp") as peer:
        peer.line()
        peer.say(b"HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<carol@x>\r\nRCPT TO:<\x1b>\r\nBDAT 5 LAST\r\nHelloQUIT\r\n")
        peer.rest()


def lmtp(office: PostOfficeProcess) -> None:
    with smtplib.LMTP(*office.doors["lmtp"]) as client:
        client.sendmail("a@x", ["carol@x"], BODY)  # smtplib hears one reply to a mail


def pop3(office: PostOfficeProcess) -> None:
    client = poplib.POP3(*office.doors["pop3"], timeout=30)
    client.capa()
    client.user("bob@example.com")
    client.pass_("x")
    client.uidl()
    client.retr(1)
    client.quit()


def starttls(office: PostOfficeProcess) -> None:
    with smtplib.SMTP(*office.doors["smtp"], timeout=30) as client:
        client.starttls(context=tls.of_client())
        client.login("alice", "secret-sauce")
        client.sendmail("a@x", ["carol@x"], BODY)


def stls(office: PostOfficeProcess) -> None:
    client = poplib.POP3(*office.doors["pop3"], timeout=30)
    client.stls(tls.of_client())
    client.user("carol@x")
    client.pass_("secret-sauce")
    client.stat()
    client.quit()


def inside_tls(office: PostOfficeProcess) -> None:
    with smtplib.SMTP_SSL(*office.doors["smtps"], timeout=30, context=tls.of_client()) as client:
        client.user, client.password = "alice", "secret-sauce"
        client.ehlo()
        client.auth("LOGIN", client.auth_login)


def encoded(text: str) -> bytes:
    return base64.b64encode(text.encode()) + b"\r\n"


def login_at_once(office: PostOfficeProcess) -> None:
    with office.connect("smtp") as peer:
        peer.say(b"EHLO x\r\nAUTH LOGIN\r\n" + encoded("alice") + encoded("secret-sauce") + b"QUIT\r\n")
        peer.rest()


def login_cancelled(office: PostOfficeProcess) -> None:
    with office.connect("smtp") as peer:
        for line in (b"EHLO x\r\n", b"AUTH LOGIN\r\n", b"*\r\n", encoded("alice"), b"QUIT\r\n"):
            peer.say(line)
        peer.rest()


def login_refused(office: PostOfficeProcess) -> None:
    with office.connect("pop3") as peer:
        for line in (b"AUTH PLAIN\r\n", encoded("\0alice\0secret-sauce"), b"QUIT\r\n"):
            peer.say(line)
        peer.rest()


def said_and_replayed(office: PostOfficeProcess, talk: Talk, form: str, folder: Path) -> tuple[int, int]:
    """Have a session, and play it again from the server or from what was taken along of it; return both numbers."""
    talk(office)
    recorded, source = newest(office), folder / "session"
    if form != "session":
        source.write_text(fetched(office, recorded, form))
    which = recorded if form == "session" else str(source)
    assert run(wanted(office, which, user="alice", password="secret-sauce")) == 0
    return recorded, newest(office)


@pytest.mark.parametrize("form", ["session", "wire", "txt"])
@pytest.mark.parametrize("talk", [login_at_once, login_cancelled, login_refused])
def test_no_password_is_said_where_nobody_asks_for_one(
    office: PostOfficeProcess, talk: Talk, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded, again = said_and_replayed(office, talk, form, tmp_path)
    printed = capsys.readouterr()
    assert octets_of(fetched(office, again, "wire")) == octets_of(fetched(office, recorded, "wire"))
    logins = [json.loads(fetched(office, each, "json"))["login"] for each in (recorded, again)]
    assert logins[0] == logins[1]
    for told in (printed.out, fetched(office, again, "json")):
        assert "secret-sauce" not in told
        assert encoded("secret-sauce").decode().strip() not in told


@pytest.mark.parametrize("form", ["session", "wire", "txt"])
@pytest.mark.parametrize("talk", [my_smtp, segments, smtp, pipelined, lmtp, pop3, starttls, stls, inside_tls])
def test_what_each_protocol_said_is_said_again(
    office: PostOfficeProcess, talk: Talk, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded, again = said_and_replayed(office, talk, form, tmp_path)
    printed = capsys.readouterr()
    assert "mysmtp: the same as recorded" in printed.err
    assert "secret-sauce" not in printed.out
    assert again > recorded
    ours = octets_of(fetched(office, recorded, "wire"))
    assert octets_of(fetched(office, again, "wire")) == ours
    if talk is not pop3:  # whose mail is too long to be recorded whole
        assert octets_of(printed.out) == ours


def test_a_password_is_asked_for_at_a_terminal_and_shown_nowhere(office: PostOfficeProcess) -> None:
    inside_tls(office)
    recorded = newest(office)
    words = ("-m", "mysmtp", "replay", "--session", str(recorded), "--server", office.url)
    with Terminal(*words) as terminal:
        terminal.until("User: ")
        terminal.type("alice\n")
        terminal.until("Password: ")
        terminal.type("secret-sauce\n")
        terminal.until("the same as recorded")
        assert terminal.finish() == 0
        assert b"secret-sauce" not in terminal.seen
    again = fetched(office, newest(office), "json")
    assert json.loads(again)["login"] == {"user": "alice", "taken": True}
    assert "secret-sauce" not in again


def octets_of(conversation: str) -> tuple[bytes, bytes]:
    """Return what the client said and what the server said: who was first in a pipeline, each end sees its own way."""
    told = conversation.splitlines()
    client, server = (b"".join(unspelled(line[3:]) for line in told if line[0] == side) for side in "CS")
    return client, server


def test_what_came_at_once_is_sent_at_once() -> None:
    with Heard() as server:
        entries = [
            {"number": 1, "kind": "client", "at": 1.0, "wire": ["HELO x\\n"]},
            {"number": 2, "kind": "server", "at": 1.1, "wire": ["200 OK\\n"]},
            {"number": 3, "kind": "client", "at": 1.0, "wire": ["QUIT\\n"]},
            {"number": 4, "kind": "server", "at": 1.2, "wire": ["200 Goodbye\\n"]},
        ]
        told = json.dumps({"protocol": "my_smtp", "lost": 0, "entries": entries})
        done = process("-", "--to", str(server.port), typed=told.encode())
        assert (done.returncode, server.received) == (0, [b"HELO x\nQUIT\n"])


class Heard(Server):
    """Answers what a test wants, and closes."""

    def __init__(self, answer: bytes = b"200 OK\n200 Goodbye\n") -> None:
        super().__init__()
        self._answer = answer

    def serve(self, peer: socket.socket) -> None:
        self.recv(peer)
        peer.sendall(self._answer)


def process(*words: str, typed: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    return nursery.run("replay", *words, typed=typed, environment=environment(**more))


def test_replies_that_differ_are_shown_beside_the_recorded_ones() -> None:
    with Heard(b"200 OK\n500 Failed\n") as server:
        done = process(
            "-", "--to", f"localhost:{server.port}", typed=b"C: HELO x\\n\nS: 200 OK\\n\nS: 200 Goodbye\\n\n"
        )
    assert done.returncode == 1
    assert done.stdout.decode().splitlines() == [
        "C: HELO x\\n", "S: 200 OK\\n", "S: 500 Failed\\n", "# recorded: S: 200 Goodbye\\n",
    ]  # fmt: skip
    assert done.stderr == b"mysmtp: 1 difference from what was recorded, in 2 lines\n"


def test_a_server_that_steers_terminals_does_not_steer_this_one() -> None:
    with Heard(EVIL + b"\n") as server, Terminal("-m", "mysmtp", "replay", "-", "--to", str(server.port)) as terminal:
        terminal.type("C: HELO \\x1b[2J\\n\nS: \\x1b]0;x\\x07\\n\n\x04")
        assert terminal.finish() == 1
    shown = terminal.seen.partition(b"HELO")[2].partition(b"C:")[2]
    for colour in (b"\x1b[34m", b"\x1b[35m", b"\x1b[33m", b"\x1b[2m", b"\x1b[0m"):
        shown = shown.replace(colour, b"")
    assert steers(shown, b"\r\n") == []
    assert rb"\x1b]52;c;ZXZpbA==\x07" in shown


@pytest.mark.parametrize(
    "to", ["example.com:25", "10.0.0.1:25", "0.0.0.0:25", "[2001:db8::1]:25", "127.0.0.1.nip.io:9"]
)
def test_nothing_is_played_to_another_machine(to: str, office: PostOfficeProcess) -> None:
    with pytest.raises(Unplayable, match="no loopback address"):
        loopback(to)


@pytest.mark.parametrize(
    ("to", "where"),
    [
        ("2525", ("127.0.0.1", 2525)), ("localhost:1", ("127.0.0.1", 1)), ("[::1]:25", ("::1", 25)),
        ("my_smtp://127.0.0.2:7", ("127.0.0.2", 7)),
    ],
)  # fmt: skip
def test_servers_of_this_machine_are(to: str, where: tuple[str, int]) -> None:
    assert loopback(to) == where


@pytest.mark.parametrize(
    ("words", "typed", "code", "said"),
    [
        (["-", "--to", "1"], b"C: HELO x\\n\n", 4, b"no connection to 127.0.0.1 port 1: connection refused"),
        (["-", "--to", "x.org:25"], b"C: HELO x\\n\n", 2, b"x.org is no loopback address"),
        (["-", "--to", "1"], b"HELO x\n\x1b[2J", 2, b"line 1 is no line of a conversation: HELO x"),
        (
            ["-", "--to", "1"],
            b"C: PASS ****\\r\\n\nS: -ERR\\r\\n",
            2,
            b"whose password was not recorded; give --password",
        ),
        (["/nowhere", "--to", "1"], b"", 2, b"/nowhere: no such file"),
        ([], b"", 2, b"give a FILE, or --session ID"),
    ],
)
def test_what_cannot_be_played_is_told(words: list[str], typed: bytes, code: int, said: bytes) -> None:
    done = process(*words, typed=typed)
    assert (done.returncode, done.stdout) == (code, b"")
    assert said in done.stderr
    assert steers(done.stderr) == []


def test_a_long_mail_is_played_with_other_octets_if_that_is_asked(
    office: PostOfficeProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    office.send("eve@example.com", body=b"Hello, Eve\n" * 5000)
    session = newest(office)
    assert run(wanted(office, session)) == 2
    assert "octets were not kept" in capsys.readouterr().err
    assert run(wanted(office, session, fill=True)) == 0
    with office.connect() as peer:
        peer.ask("HELO x", "GET_MAIL eve@example.com 2")
        assert len(peer.body()) == len(b"From: alice@example.com\nDate: 01-01-2026\n") + 55_000


def test_at_the_recorded_pace_it_waits_as_the_client_did() -> None:
    with Heard(b"200 OK\n") as server:
        began = time.monotonic()
        text = "     0.000  C: HELO x\\n\n     0.001  S: 200 OK\\n\n     1.001  C: QUIT\\n\n"
        done = process("-", "--to", str(server.port), "--pace", "recorded", typed=text.encode())
        assert (done.returncode, time.monotonic() - began >= 1.0) == (0, True)


def test_a_session_that_is_not_kept_is_told(office: PostOfficeProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(wanted(office, 99_999)) == 2
    assert capsys.readouterr().err == "mysmtp: this cannot be played: session 99999 is not kept\n"
