"""`mysmtp sendmail` as programs use it: its options, its exit codes (sysexits.h), and what arrives at a real server."""

import os
import poplib
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from mysmtp.client import submission
from mysmtp.client.sendmail import letter_of, main, named_in, read_options, without_bcc
from tests.client.servers import Scripted
from tests.client.terminals import ROOT, environment
from tests.process import PostOfficeProcess

BOB = "bob@example.com"
MAIL = b"From: Alice <alice@example.com>\nTo: Bob <bob@example.com>\nSubject: Hello\n\nHello Bob\n"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    running = PostOfficeProcess(tmp_path_factory.mktemp("office")).start()
    yield running
    running.stop()


def sendmail(
    where: PostOfficeProcess | int, octets: bytes, *words: str, command: Sequence[str] = ("-m", "mysmtp", "sendmail")
) -> subprocess.CompletedProcess[bytes]:
    port = where if isinstance(where, int) else where.doors["smtp"][1]
    program = [sys.executable, *command] if command[0] == "-m" else list(command)
    return subprocess.run(
        [*program, *words], input=octets, capture_output=True, cwd=ROOT, timeout=60,
        env=environment(MYSMTP_SMTP_PORT=str(port)),
    )  # fmt: skip


def told(done: subprocess.CompletedProcess[bytes]) -> tuple[int, str, str]:
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def newest(office: PostOfficeProcess, mailbox: str) -> bytes:
    """Return the newest mail of a mailbox as a mail program fetches it."""
    pop3 = poplib.POP3(*office.doors["pop3"], timeout=20)
    pop3.user(mailbox)
    pop3.pass_("any")
    _, lines, _ = pop3.retr(pop3.stat()[0])
    pop3.quit()
    return b"".join(line + b"\r\n" for line in lines)


def record(office: PostOfficeProcess, mailbox: str) -> bytes:
    """Return the record of the newest mail of a mailbox."""
    newest(office, mailbox)  # whoever reads a mailbox has its file written first
    return office.file(mailbox).read_bytes().rpartition(b"===START_EMAIL===")[2]


def crlf(octets: bytes) -> bytes:
    return octets.replace(b"\n", b"\r\n")


# With a real server


def test_a_mail_arrives_as_it_was_written_and_nothing_is_added(office: PostOfficeProcess) -> None:
    octets = b"Subject: gr\xc3\xbc\xc3\x9fe\n\n..two\n.one\n" + b"x" * 2000 + b"\nno end"
    assert told(sendmail(office, octets, "-i", "plain@x.example")) == (0, "", "")
    assert newest(office, "plain@x.example") == crlf(octets + b"\n")


def test_recipients_of_the_header_and_bcc_is_taken_out(office: PostOfficeProcess) -> None:
    octets = (
        b"To: One <one@t.example>, Group: two@t.example, three@t.example;\r\n"
        b"bcc: four@t.example,\r\n five@t.example\r\nCc: six@t.example (six)\r\n"
        b"Subject: x\r\n\r\nBcc: stays@t.example\r\n"
    )
    assert told(sendmail(office, octets, "-t", "-oi", "seven@t.example", "one@t.example")) == (0, "", "")
    sent = octets.replace(b"bcc: four@t.example,\r\n five@t.example\r\n", b"")
    for name in ("one", "two", "three", "four", "five", "six", "seven"):
        assert newest(office, f"{name}@t.example") == sent, name
    assert office.file("one@t.example").read_bytes().count(b"===START_EMAIL===") == 1
    assert not office.file("stays@t.example").exists()


def test_a_lone_dot_ends_a_mail_unless_told_otherwise(office: PostOfficeProcess) -> None:
    octets = b"Subject: x\n\n..\n.\nafter\n"
    assert sendmail(office, octets, "dots@x").returncode == 0
    assert newest(office, "dots@x") == b"Subject: x\r\n\r\n..\r\n"
    for number, option in enumerate(("-i", "-oi", "-ti"), 2):
        assert sendmail(office, octets, option, "dots@x").returncode == 0
        assert newest(office, "dots@x") == crlf(octets), (number, option)


def test_through_a_symlink_as_mutt_and_cron_call_it(office: PostOfficeProcess, tmp_path: Path) -> None:
    link = tmp_path / "sendmail"
    link.symlink_to(Path(sys.executable).with_name("mysmtp"))
    mutt = ("-oem", "-oi", "-f", "alice@example.com", "--", "mutt@x.example", "other@x.example")
    assert told(sendmail(office, MAIL, *mutt, command=[str(link)])) == (0, "", "")
    assert newest(office, "mutt@x.example") == newest(office, "other@x.example") == crlf(MAIL)
    assert b"From: alice@example.com\n" in record(office, "mutt@x.example")
    cron = ("-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root")
    assert told(sendmail(office, b"To: root\nSubject: Cron\n\nx\n", *cron, command=[str(link)])) == (0, "", "")
    assert b"From: root@localhost\n" in record(office, "root@localhost")


def test_the_envelope(office: PostOfficeProcess) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    for words, sender in (
        ((), f"{me}@localhost"),
        (("-f", "<>"), "<>"),
        (("-falice@x",), "alice@x"),
        (("-r", "b@x"), "b@x"),
    ):
        assert sendmail(office, MAIL, *words, "env@x").returncode == 0
        assert f"\nFrom: {sender}\n".encode() in record(office, "env@x")
    dsn = ("-N", "failure,delay", "-R", "hdrs", "-V", "id1")
    assert told(sendmail(office, MAIL, *dsn, "jörg@exämple.org")) == (0, "", "")
    assert b" smtputf8=1 ret=HDRS envid=id1 rcpt=j\xc3\xb6rg@ex\xc3\xa4mple.org notify=FAILURE,DELAY" in (
        record(office, "jörg@exämple.org")
    )


def test_verbose_shows_the_conversation(office: PostOfficeProcess) -> None:
    _, out, err = told(sendmail(office, MAIL, "-v", "-f", "a@x", "v@x"))
    assert out == ""
    for line in (
        r"C: EHLO localhost\r\n",
        rf"C: MAIL FROM:<a@x> SIZE={len(crlf(MAIL))}\r\n",
        r"C: .\r\n",
        r"C: QUIT\r\n",
    ):
        assert f"{line}\n" in err


def test_what_the_server_refuses(office: PostOfficeProcess) -> None:
    code, _, err = told(sendmail(office, b"Subject: x\n\na\rb\n", "r@x"))
    assert (code, err[:36]) == (65, "sendmail: message: 550 5.6.11 A CR o")
    code, _, err = told(sendmail(office, MAIL, "r@x", "a@[300.1.1.1]"))
    assert (code, err[:37]) == (65, "sendmail: RCPT TO:<a@[300.1.1.1]>: 50")
    assert newest(office, "r@x") == crlf(MAIL)  # the other recipient has it


# Without one


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run it in this process: what it answers without a real server."""
    for name in ("MYSMTP_HOST", "MYSMTP_SMTP_PORT"):
        monkeypatch.delenv(name, raising=False)

    def run(port: int, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(b"Subject: x\n\nx\n")))
        code = main(["--port", str(port), *words])
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 64, "no recipient: give one, or -t"),
        (("-t",), 64, "no recipient in To, Cc or Bcc"),
        (("-bs",), 64, "SMTP on standard input (-bs) is not spoken here; let the program connect to the server's SMTP"),
        (("-bp",), 64, "there is no mail queue"),
        (("-bi",), 64, "there are no aliases"),
        (("-bd",), 64, "-bd is not done here"),
        (("-z", "a@x"), 64, "option -z not recognized; mysmtp sendmail --help tells what is taken"),
        (("--port", "off", "a@x"), 64, "off is no port; give the SMTP port of the server with --port"),
        (("-V", "a b", "a@x"), 64, "a b: no space and no control character can stand there"),
        (("a@x> NOTIFY=NEVER", "b@x"), 65, "a@x> NOTIFY=NEVER is no address"),
        (("a@x\nDATA", "b@x"), 65, "a@x\\x0aDATA is no address"),
        (("-f", "a@x\nRCPT TO:<c@x>", "b@x"), 65, "a@x\\x0aRCPT TO:<c@x> is no address"),
        (("-f", "a@x> SIZE=1", "b@x"), 65, "a@x> SIZE=1 is no address"),
        (("-f", "a@x, c@x", "b@x"), 65, "a@x, c@x is more than one address"),
        (("a@x",), 69, "no connection to 127.0.0.1:1: connection refused; is the server running?"),
    ],
)
def test_what_is_not_done_is_said(
    alone: Callable[..., tuple[int, str, str]], words: tuple[str, ...], code: int, says: str
) -> None:
    done = alone(1, *words)
    assert done[:2] == (code, "")
    assert done[2].startswith(f"sendmail: {says}")
    assert done[2].count("\n") == 1


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ((b"554 no\r\n",), 69),
        ((b"421 later\r\n",), 75),
        ((b"HTTP/1.1 400 Bad Request\r\n",), 76),
        ((b"220 hi\r\n", b"500 what\r\n", b"250 ok\r\n", b"451 later\r\n"), 75),
        ((b"220 hi\r\n", b"250 ok\r\n", b"530 login first\r\n"), 69),
        ((b"220 hi\r\n", b"250 ok\r\n", b"501 no\r\n"), 65),
        ((b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"550 5.1.1 who\x1b[2J\r\n"), 67),
        ((b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"552 too large\r\n"), 65),
        ((b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b""), 69),
        ((b"220-a\r\n220 b\r\n", b"250-x\r\n250 y\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n"), 0),
    ],
)
def test_exit_codes(alone: Callable[..., tuple[int, str, str]], replies: tuple[bytes, ...], code: int) -> None:
    def script(hear: Callable[[], bytes], say: Callable[[bytes], None]) -> None:
        for number, reply in enumerate(replies):
            if number and not hear():
                return
            say(reply)

    with Scripted(script) as server:
        ended, out, err = alone(server.port, "a@x")
    assert (ended, out) == (code, ""), err
    assert "\x1b" not in err
    assert err.count("\n") == (1 if code else 0)


def test_a_server_that_says_nothing_is_no_smtp_server(
    alone: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def listen(hear: Callable[[], bytes], _say: Callable[[bytes], None]) -> None:
        hear()

    monkeypatch.setattr(submission, "CONNECT_TIME", 0.05)
    with Scripted(listen) as server:
        code, _, err = alone(server.port, "a@x")
    assert code == 76
    assert "without a reply: an SMTP server speaks first, and one of My_SMTP waits for its client" in err


def test_help(alone: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = alone(1, "--help")
    assert (code, out[:22]) == (0, "Usage: mysmtp sendmail")


def test_it_starts_without_what_it_does_not_need() -> None:
    program = (
        "import sys; from mysmtp import cli\nsys.argv[1:] = ['sendmail', '-t', '--port', '1']\n"
        "try: cli.main()\nexcept SystemExit as end: assert end.code == 69, end.code\n"
        "heavy = {'click', 'email.message', 'smtplib', 'ssl', 'rich', 'mysmtp.mime.mail'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], input=MAIL, cwd=ROOT, env=environment(), timeout=60)
    assert done.returncode == 0


# Options and headers, alone


def test_options_that_change_nothing() -> None:
    words = [
        "-bm",
        "-oem",
        "-odb",
        "-O",
        "Timeout=1",
        "-B",
        "8BITMIME",
        "-F",
        "Name",
        "-h",
        "3",
        "-G",
        "-U",
        "-n",
        "-m",
        "-C",
        "x",
        "-X",
        "y",
        "-em",
        "a@x",
    ]
    plain = read_options(["a@x"], {})
    assert read_options(words, {}) == plain
    assert (plain.host, plain.port) == ("127.0.0.1", "1025")
    named = read_options(["--host", "h", "--port", "9", "a@x"], {"MYSMTP_HOST": "g", "MYSMTP_SMTP_PORT": "8"})
    assert (named.host, named.port) == ("h", "9")


def test_mails_sent_again_go_where_they_are_sent_again() -> None:
    header = b"To: a@x\nResent-To: b@x\nResent-Bcc: c@x\n\n"
    assert named_in(header) == ["b@x", "c@x"]
    assert without_bcc(header) == b"To: a@x\nResent-To: b@x\n\n"


def test_nobody_is_left_out_of_a_long_list() -> None:
    everybody = [f"user{number}@example.com" for number in range(12_000)]
    header = "Cc: a@x\n" + "X: y\n" * 2000 + "To: " + ",\n ".join(everybody) + "\n\n"
    assert named_in(header.encode()) == [*everybody, "a@x"]
    with pytest.raises(Exception, match="the header is longer than 1 MiB"):
        named_in(b"To: a@x\n" * 200_000)


def test_who_sends() -> None:
    senders = [read_options(["-f", word, "b@x"], {}).sender for word in ("", "<>", "<a@x>", "Al <a@x>", "a")]
    assert senders == ["", "", "a@x", "a@x", "a@localhost"]


@pytest.mark.parametrize(
    ("octets", "kept"),
    [
        (b"Bcc: a@x", b""),
        (b"Bcc : a@x,\n\tb@x\n c@x\nTo: d@x\n", b"To: d@x\n"),
        (b"\nBcc: a@x\n", b"\nBcc: a@x\n"),
        (b"X-Bcc: a@x\nBccs: a@x\n\n", b"X-Bcc: a@x\nBccs: a@x\n\n"),
    ],
)
def test_where_a_bcc_stands(octets: bytes, kept: bytes) -> None:
    assert without_bcc(octets) == kept


def test_an_mbox_line_before_the_header_is_no_part_of_the_mail() -> None:
    letter = letter_of(read_options(["a@x"], {}), b"From me Fri Mar 12 09:15:02 2025\nSubject: x\n\nx\n")
    assert letter.octets == b"Subject: x\n\nx\n"
