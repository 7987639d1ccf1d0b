"""POP3 against the running process, over real sockets: poplib, curl, raw octets; what came in by any door goes out."""

import contextlib
import poplib
import shutil
import smtplib
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from mysmtp.delivery import LocalDelivery
from mysmtp.events import Bus
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.pop3 import POP3
from tests import tls
from tests.process import CLOSELY, Peer, PostOfficeProcess
from tests.test_mail_ports import Room

Start = Callable[..., PostOfficeProcess]
BOB = "bob@example.com"
MIXED = (
    f"Subject: zażółć\r\n\r\n.dot\r\n..\r\n\r\n{'x' * 5000}\r\ngęślą jaźń \u2028\r\n".encode() + b"\xff\x80\t\0\r\n\r\n"
)


@contextlib.contextmanager
def poplib_to(office: PostOfficeProcess, user: str = BOB) -> Iterator[poplib.POP3]:
    """Log in; quit at the end."""
    client = poplib.POP3(*office.doors["pop3"], timeout=20)
    client.user(user)
    client.pass_("any password")
    yield client
    client.quit()


def send_by_smtp(office: PostOfficeProcess, *bodies: bytes, to: str = BOB) -> None:
    with smtplib.SMTP(*office.doors["smtp"], local_hostname="x", timeout=20) as client:
        for body in bodies:
            client.sendmail("alice@example.com", [to], body)


def fetched(client: poplib.POP3, number: int) -> bytes:
    """Return a mail with the line ends that poplib takes off, which are CR LF: it says so when one is not."""
    return b"".join(line + b"\r\n" for line in client.retr(number)[1])


@pytest.fixture(autouse=True)
def long_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poplib, "_MAXLINE", 1_000_000)  # it takes 2048 octets otherwise


def test_poplib_fetches_to_the_octet_what_came_by_any_door(office: PostOfficeProcess) -> None:
    send_by_smtp(office, MIXED)
    office.send("Bob@example.com", body=MIXED)
    office.send(BOB, body=MIXED.replace(b"\r\n", b"\n"))
    with poplib_to(office, "BOB@Example.com") as client:
        assert client.welcome.startswith(b"+OK ")
        assert client.stat() == (3, 3 * len(MIXED))
        assert client.list()[1] == [b"%d %d" % (number, len(MIXED)) for number in (1, 2, 3)]
        assert [fetched(client, number) for number in (1, 2, 3)] == [MIXED] * 3
        assert client.retr(1)[2] == len(MIXED)
        assert client.top(3, 2)[1] == MIXED.split(b"\r\n")[:4]
        assert client.utf8 is not None
        assert client.noop() == b"+OK"
    with office.connect() as peer:  # and My_SMTP goes by the same numbers
        peer.ask("HELO x", f"LIST {BOB}")
        assert [line[:2] for line in peer.body().splitlines()] == [b"1:", b"2:", b"3:"]


def test_poplib_is_told_what_it_may_use(office: PostOfficeProcess) -> None:
    client = poplib.POP3(*office.doors["pop3"], timeout=20)
    assert set(client.capa()) == {
        "USER", "TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8", "EXPIRE", "IMPLEMENTATION",
    }  # fmt: skip
    assert client.utf8().startswith(b"+OK")
    with pytest.raises(poplib.error_proto, match="-ERR Send USER and PASS first"):
        client.stat()
    with pytest.raises(poplib.error_proto, match="-ERR STLS is not offered"):
        client._shortcmd("STLS")  # type: ignore[attr-defined]
    client.quit()


def test_every_view_agrees_on_what_was_deleted_and_ids_last(start: Start) -> None:
    office = start()
    send_by_smtp(office, *[f"Subject: mail {number}\r\n\r\nhi\r\n".encode() for number in range(1, 6)])
    with poplib_to(office) as client:
        before = dict(line.split() for line in client.uidl()[1])
        for number in (1, 3, 5):
            client.dele(number)
        with office.connect() as peer:
            peer.ask("HELO x", f"LIST {BOB}")
            assert peer.body().count(b"\n") == 5
    with office.connect() as peer:
        peer.ask("HELO x", f"LIST {BOB}")
        assert [line[:2] for line in peer.body().splitlines()] == [b"2:", b"4:"]
    with urllib.request.urlopen(f"{office.url}/mailbox/{BOB}") as page:
        text = page.read().decode()
    assert all((f"mail {number}" in text) == (number in (2, 4)) for number in range(1, 6))
    assert office.file(BOB).read_text().count("===GONE__EMAIL===") == 3
    office.stop()
    office = start()
    send_by_smtp(office, b"Subject: mail 6\r\n\r\nhi\r\n")
    with poplib_to(office) as client:
        assert client.stat()[0] == 3
        after = [line.split()[1] for line in client.uidl()[1]]
        assert after[:2] == [before[b"2"], before[b"4"]]
        assert after[2] not in before.values()
        assert b"Subject: mail 6" in client.retr(3)[1]


def test_a_connection_that_just_closes_deletes_nothing(office: PostOfficeProcess) -> None:
    office.send(BOB, body=b"stays\n")
    client = poplib.POP3(*office.doors["pop3"], timeout=20)
    client.user(BOB)
    client.pass_("x")
    client.dele(1)
    client.close()
    with poplib_to(office) as client:
        assert fetched(client, 1) == b"stays\r\n"


def test_a_mail_program_is_waited_for_longer_than_other_clients(start: Start) -> None:
    """RFC 1939 section 3: ten minutes at least."""
    office = start("--idle-timeout", "0.5")
    with office.connect("pop3") as patient, office.connect() as other:
        assert patient.line().startswith(b"+OK ")
        assert other.rest() == b"500 Idle too long\n"
        patient.say(b"QUIT\r\n")
        assert patient.rest() == b"+OK Goodbye\r\n"


def test_who_asks_for_a_mailbox_that_is_not_there_makes_none(office: PostOfficeProcess) -> None:
    with poplib_to(office, "nobody@example.com") as client:
        assert client.stat() == (0, 0)
        assert client.uidl()[1] == []
    assert not office.file("nobody@example.com").exists()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_lists_fetches_and_deletes(office: PostOfficeProcess) -> None:
    send_by_smtp(office, MIXED, b"second\r\n")
    host, port = office.doors["pop3"]

    def curl(*words: str) -> bytes:
        command = ["curl", "--silent", "--show-error", "--max-time", "20", "--user", f"{BOB}:any password", *words]
        return subprocess.run(command, check=True, capture_output=True).stdout

    url = f"pop3://{host}:{port}"
    assert curl(url + "/") == b"1 %d\r\n2 8\r\n" % len(MIXED)
    assert curl(url + "/1") == MIXED
    assert curl(url + "/", "--request", "TOP 2 0") == b"second\r\n"
    assert len(curl(url + "/", "--request", "UIDL").splitlines()) == 2
    curl(url + "/1", "--request", "DELE", "--head")
    assert curl(url + "/") == b"1 8\r\n"


def test_a_pipeline_octet_by_octet_and_no_password_in_any_log(start: Start) -> None:
    office = start("--wire", "--log-level", "debug")
    office.send(BOB, body=b"hi\n")
    with office.connect("pop3") as peer:
        for octet in f"USER {BOB}\r\nPASS secret sauce\r\nSTAT\nRETR 1\r\nDELE 1\r\nQUIT\r\n".encode():
            peer.say(bytes([octet]))
        assert peer.rest().split(b"\r\n", 1)[1] == (
            b"+OK Send PASS\r\n+OK 1 message\r\n+OK 1 4\r\n+OK 4 octets\r\nhi\r\n.\r\n"
            b"+OK Message 1 goes when you QUIT\r\n+OK Goodbye\r\n"
        )
    office.stop()
    log = office.log.read_text()
    assert "PASS ****" in log
    assert "secret" not in log
    assert "sauce" not in log


def test_a_large_mail_is_sent_without_holding_up_the_others(start: Start) -> None:
    """That no hub was blocked is what stopping the process checks. Who reads nothing costs no memory (T31)."""
    office = start(environment=CLOSELY)
    line = b"." + b"x" * 60 + b"\n"
    body = line * (20_000_000 // len(line))
    office.send(BOB, body=body)
    with contextlib.ExitStack() as idle:
        for _ in range(6):
            peer = idle.enter_context(office.connect("pop3"))
            peer.say(f"NOOP\r\nUSER {BOB}\r\nPASS x\r\nRETR 1\r\nNOOP\r\nRETR 1\r\n".encode())
            while not peer.line().endswith(b" octets\r\n"):
                pass
        with poplib_to(office) as client:
            size = client.stat()[1]
            assert size == len(body) + body.count(b"\n")
            assert client.retr(1)[2] == size
        with open(f"/proc/{office.popen.pid}/status") as status:
            most = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        assert most < 170_000  # kB


def test_a_client_in_the_middle_of_a_command_is_told_of_the_stop(office: PostOfficeProcess) -> None:
    with office.connect("pop3") as peer:
        peer.line()
        peer.say(b"USER b\r\nPASS x\r\nDELE")
        assert peer.line() + peer.line() == b"+OK Send PASS\r\n+OK 0 messages\r\n"
        office.signal()
        assert peer.rest() == b"-ERR [SYS/TEMP] Server shutting down\r\n"
    assert office.wait() == 0


class Pop3Room(Room):
    """One server of POP3 with a certificate."""

    def _open_dialog(self, session_id: int, peer: str) -> Dialog:
        return Dialog(
            POP3, store=self.store, deliverer=LocalDelivery(self.store, Bus()), clock=time.monotonic, bus=Bus(),
            session_id=session_id, peer=peer, max_message_size=1000, upgrades=True,
        )  # fmt: skip


def test_stls_over_a_real_socket() -> None:
    """RFC 2595 section 4: what was said before TLS counts for nothing."""
    room = Pop3Room(implicit=False)
    try:
        client = poplib.POP3(*room.address, timeout=20)
        assert "STLS" in client.capa()
        client.user("eve")
        assert client.stls(tls.of_client()) == b"+OK Begin TLS"
        assert "STLS" not in client.capa()
        with pytest.raises(poplib.error_proto, match="Send USER and PASS first"):
            client.pass_("x")
        client.user("bob")
        assert client.pass_("x") == b"+OK 0 messages"
        client.quit()
    finally:
        room.end()


def test_nothing_that_came_with_stls_counts_after_it() -> None:
    """CVE-2011-0411, in POP3."""
    room = Pop3Room(implicit=False)
    try:
        with Peer(room.address) as peer:
            peer.line()
            peer.say(b"STLS\r\nUSER eve\r\nPASS x\r\n")
            assert peer.line() == b"+OK Begin TLS\r\n"
            with tls.of_client().wrap_socket(peer.socket, server_hostname="localhost") as secure:
                secure.sendall(b"STAT\r\nQUIT\r\n")
                assert secure.makefile("rb").read() == b"-ERR Send USER and PASS first\r\n+OK Goodbye\r\n"
    finally:
        room.end()
