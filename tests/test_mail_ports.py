"""SMTP and LMTP against the running process, over real sockets: smtplib, raw octets, TLS, hostile clients."""

import contextlib
import itertools
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import gevent
import pytest
from gevent.event import Event

from mysmtp.contracts import run_here
from mysmtp.delivery import LocalDelivery
from mysmtp.events import Bus, SessionClosed
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.smtp import SMTP
from mysmtp.server import Limits, LineServer, TlsOffer, listen
from mysmtp.store import open_store
from tests import tls
from tests.durability.ledger import until
from tests.process import CLOSELY, Peer, PostOfficeProcess
from tests.protocol.test_readers import FALSE_ENDS, HARMLESS

Start = Callable[..., PostOfficeProcess]
LONG_LINE = "x" * 5000
MIXED = f"Hello Bob,\r\n.dot\r\n..\r\nzażółć gęślą jaźń\r\n{LONG_LINE}\r\n\r\n\r\n".encode()


@contextlib.contextmanager
def smtplib_to(office: PostOfficeProcess) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(*office.doors["smtp"], local_hostname="client.example", timeout=20) as client:
        yield client


def stored(office: PostOfficeProcess, mailbox: str, mail_id: int = 1) -> bytes:
    """Return a mail's body as My_SMTP hands it out, one mailbox whichever door it came in by."""
    with office.connect() as peer:
        peer.ask("HELO x", f"GET_MAIL {mailbox} {mail_id}")
        text = b"".join(line[line.startswith(b".") :] for line in peer.body().splitlines(keepends=True))
        return text.split(b"\n", 2)[2]


def test_smtplib_sends_octets_that_are_kept_to_the_last(office: PostOfficeProcess) -> None:
    with smtplib_to(office) as client:
        assert client.ehlo()[0] == 250
        assert client.esmtp_features["size"] == str(25 * 1024**2)
        assert {"pipelining", "8bitmime", "smtputf8", "chunking", "binarymime", "dsn", "auth"} <= set(
            client.esmtp_features
        )
        assert "starttls" not in client.esmtp_features  # nothing is offered that cannot be had
        refused = client.sendmail(
            "alice@example.com", ["Bob@example.com", "carol@example.com"], MIXED, ["BODY=8BITMIME"]
        )
        assert refused == {}
        assert client.sendmail("<>", "bob@example.com", b"second\r\n") == {}
        assert client.vrfy("bob")[0] == 252
        assert client.noop()[0] == 250
        assert client.help().startswith(b"2.0.0 Commands: EHLO")
    assert stored(office, "bob@example.com") == stored(office, "carol@example.com") == MIXED
    with office.connect() as peer:
        peer.ask("HELO x", "LIST bob@example.com")
        listed = peer.body().split(b"\n")
        assert listed[0].startswith(b"1: Email from alice@example.com (")
        assert listed[1].startswith(b"2: Email from <> (")


def test_smtplib_sends_addresses_that_are_not_ascii(office: PostOfficeProcess) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "łucja@przykład.example", "jürgen@bücher.example", "zażółć"
    message.set_content("gęślą jaźń\n")
    with smtplib_to(office) as client:
        assert client.send_message(message) == {}
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("a@x", "b@y", b"x", ["BODY=9BIT"])
        assert (refused.value.smtp_code, refused.value.smtp_error[:5]) == (501, b"5.5.4")
    assert "Subject: zażółć".encode() in stored(office, "jürgen@bücher.example")
    office.stop()
    record = office.file("jürgen@bücher.example").read_text()
    assert " via=smtp peer=127.0.0.1:" in record
    assert " helo=client.example " in record
    assert " smtputf8=1 body=8BITMIME rcpt=jürgen@bücher.example" in record


def test_smtplib_logs_in_and_the_user_stands_beside_the_mail(office: PostOfficeProcess) -> None:
    with smtplib_to(office) as client:
        assert client.login("alice", "secret-sauce")[0] == 235
        client.mail("alice@example.com", ["RET=HDRS", "ENVID=abc"])
        client.rcpt("bob@example.com", ["NOTIFY=NEVER", "ORCPT=rfc822;bob@example.com"])
        assert client.data(b"hi\r\n")[0] == 250
    office.stop()
    text = office.file("bob@example.com").read_text()
    assert " user=alice ret=HDRS envid=abc rcpt=bob@example.com notify=NEVER orcpt=rfc822;bob@example.com" in text
    assert "secret-sauce" not in text + office.log.read_text()


def test_passwords_do_not_stand_in_the_wire_log(start: Start) -> None:
    office = start("--wire")
    with smtplib_to(office) as client:
        client.ehlo()
        client.user, client.password = "alice", "secret-sauce"
        assert client.auth("LOGIN", client.auth_login)[0] == 235
    with smtplib_to(office) as client:
        client.login("alice", "secret-sauce")
    office.stop()
    log = office.log.read_text()
    assert log.count("****") >= 3
    for secret in ("secret-sauce", "c2VjcmV0LXNhdWNl", "AGFsaWNlAHNlY3JldC1zYXVjZQ=="):
        assert secret not in log


def test_chunks_and_pipelining_by_hand(office: PostOfficeProcess) -> None:
    body = bytes(range(256)) * 3000
    with office.connect("smtp") as peer:
        assert peer.line().startswith(b"220 ")
        peer.say(
            b"EHLO x\r\nMAIL FROM:<a@x> BODY=BINARYMIME\r\nRCPT TO:<b@y>\r\nBDAT 700000\r\n" + body[:700_000]
            + b"BDAT 68000 LAST\r\n" + body[700_000:] + b"QUIT\r\n"
        )  # fmt: skip
        assert [line[:9] for line in peer.rest().splitlines()[-5:]] == [
            b"250 2.1.0", b"250 2.1.5", b"250 2.0.0", b"250 2.0.0", b"221 2.0.0",
        ]  # fmt: skip
    assert stored(office, "b@y") == body + b"\n"  # the line end that My_SMTP supplies


def test_one_octet_at_a_time(office: PostOfficeProcess) -> None:
    with office.connect("smtp") as peer:
        peer.line()
        for octets in (b"HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n", b"..\r\nhi\r\n.\r\nQUIT\r\n"):
            for octet in octets:
                peer.say(bytes([octet]))
            while octets.startswith(b"HELO") and not peer.line().startswith(b"354"):
                pass
        assert peer.rest() == b"250 2.0.0 Message stored\r\n221 2.0.0 Goodbye\r\n"
    assert stored(office, "b@y") == b".\r\nhi\r\n"


def test_lmtp_answers_for_each_recipient(start: Start) -> None:
    office = start("--lmtp-port", "0")
    with smtplib.LMTP(*office.doors["lmtp"], local_hostname="x", timeout=20) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("a@x")
        client.rcpt("b@y")
        client.rcpt("c@y")
        assert client.data(b"hi\r\n")[0] == 250
        assert client.getreply()[0] == 250
    assert stored(office, "b@y") == stored(office, "c@y") == b"hi\r\n"


def test_a_port_that_is_off_is_not_there(start: Start) -> None:
    assert set(start("--smtp-port", "off", "--pop3-port", "off").doors) == {"my_smtp", "http"}


def test_the_cap_on_connections_counts_all_ports(start: Start) -> None:
    office = start("--max-connections", "2")
    with office.connect() as one, office.connect("smtp") as two:
        one.ask("HELO x")
        assert two.line().startswith(b"220 ")
        with office.connect("smtp") as three:
            assert three.rest() == b"421 4.3.2 Server busy\r\n"
        with office.connect() as four:
            assert four.rest() == b"500 Server busy\n"
        one.ask("HELO y")


def test_no_false_end_smuggles_a_mail_into_a_running_server(office: PostOfficeProcess) -> None:
    """T1: of what follows a false end nothing is a command; what follows the true one is."""
    second = b"MAIL FROM:<s@e>\r\nRCPT TO:<smuggled@x>\r\nDATA\r\n"
    for end in [*FALSE_ENDS, b"\r\n.\r\n"]:
        with office.connect("smtp") as peer:
            peer.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
            while not peer.line().startswith(b"354"):
                pass
            peer.say(b"Subject: one\r\n\r\nbody" + end + second)
            if end == b"\r\n.\r\n":
                while not peer.line().startswith(b"354"):
                    pass
            peer.say(b"Subject: two\r\n\r\nz\r\n.\r\nQUIT\r\n")
            said = peer.rest()
            assert len(said.splitlines()) == 2, (end, said)
            assert said[:3] == (b"250" if end in [*HARMLESS, b"\r\n.\r\n"] else b"550"), (end, said)
    with office.connect() as peer:
        peer.ask("HELO x", "LIST b@x")
        assert len(peer.body().splitlines()) == len(HARMLESS) + 1
        peer.ask("LIST smuggled@x")
        assert len(peer.body().splitlines()) == 1  # the control's


def test_one_address_has_not_all_the_connections_there_are(start: Start) -> None:
    office = start("--max-per-address", "2", "--tls", "auto", "--smtps-port", "0")

    def line_of(source: str, door: str = "smtp") -> bytes:
        client = sockets.enter_context(socket.create_connection(office.doors[door], 20, (source, 0)))
        return client.makefile("rb").readline()

    with contextlib.ExitStack() as sockets:
        for _ in range(2):
            assert line_of("127.0.0.2").startswith(b"220 ")
        for _ in range(2):
            assert line_of("127.0.0.2") == b"421 4.3.2 Server busy: too many connections from your address\r\n"
        assert line_of("127.0.0.2", "my_smtp") == b"500 Server busy: too many connections from your address\n"
        assert line_of("127.0.0.2", "smtps") == b""
        assert line_of("127.0.0.3").startswith(b"220 ")
        for _ in range(4):
            assert line_of("127.0.0.1").startswith(b"220 ")
    with contextlib.ExitStack() as sockets:
        deadline = time.monotonic() + 20
        while not (said := line_of("127.0.0.2")).startswith(b"220 ") and time.monotonic() < deadline:
            continue
        assert said.startswith(b"220 ")  # those who left are counted no more


def test_mail_cut_short_is_not_stored(office: PostOfficeProcess) -> None:
    begun = b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"
    for octets, reset in itertools.product((b"DATA\r\n", b"BDAT 3000\r\n"), (False, True)):
        with office.connect("smtp") as peer:
            peer.say(begun + octets)
            while not peer.line().startswith(b"250 2.1.5"):
                pass
            peer.say(b"x" * 1024)
            if reset:
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with smtplib_to(office) as client:
        client.sendmail("a@x", "c@y", b"hi")
    office.stop()
    assert not office.file("b@y").exists()
    assert "Traceback" not in office.log.read_text()


def test_a_mail_that_lies_about_its_size_is_stopped_by_what_comes(start: Start) -> None:
    office = start("--max-message-size", "100kB")
    with smtplib_to(office) as client:
        client.ehlo()
        assert client.mail("a@x", ["SIZE=100001"])[0] == 552
        client.mail("a@x", ["SIZE=1"])
        client.rcpt("b@y")
        assert client.data(b"x" * 300_000)[0] == 552
        assert client.noop()[0] == 250
    assert not office.file("b@y").exists()


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n", b"\x16\x03\x01\0"]
)
def test_browsers_and_tls_hellos_are_let_go_at_once(office: PostOfficeProcess, octets: bytes) -> None:
    with office.connect("smtp") as peer:
        peer.line()
        peer.say(octets)
        assert peer.rest() == b""


def test_an_endless_line_costs_no_memory_and_ends(office: PostOfficeProcess) -> None:
    for door in ("smtp", "pop3", "my_smtp"):
        sent = 0
        with office.connect(door) as peer, contextlib.suppress(OSError):
            for _ in range(1000):
                peer.say(b"A" * 100_000)
                sent += 100_000
        assert sent < 100_000_000, door
    with open(f"/proc/{office.popen.pid}/status") as status:
        most = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    assert most < 200_000  # kB
    with smtplib_to(office) as client:
        assert client.noop()[0] == 250


def test_a_client_that_says_nothing_or_drips_is_let_go(start: Start) -> None:
    office = start("--idle-timeout", "1")
    with office.connect("smtp") as silent:
        until(lambda: _drips_until_it_is_let_go(office), "a client that comes to its mail and drips", 60)
        assert silent.rest().endswith(b"421 4.4.2 Idle too long\r\n")
    office.stop()
    assert not office.file("b@y").exists()


def _drips_until_it_is_let_go(office: PostOfficeProcess) -> bool:
    """Tell whether it came to that; a busy machine may be too slow before."""
    with office.connect("smtp") as slow:
        if not _comes_to_its_mail(slow):
            return False
        slow.socket.settimeout(0.05)
        began, said = time.monotonic(), b""
        while not said and time.monotonic() - began < 60:
            slow.say(b"x\r\n")
            with contextlib.suppress(TimeoutError):
                said = slow.socket.recv(1000)
    assert said == b"421 4.4.2 Idle too long\r\n"
    return True


def _comes_to_its_mail(peer: Peer) -> bool:
    """Send all up to DATA; tell whether the mail may follow, and not a farewell because that took too long."""
    with contextlib.suppress(OSError):
        peer.line()
        peer.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n")
        return any(line.startswith(b"354") for line in iter(peer.line, b""))
    return False


def test_a_mail_may_take_longer_than_the_idle_timeout_if_it_comes_at_a_fair_pace(start: Start) -> None:
    office = start("--idle-timeout", "1")
    until(lambda: _is_stored_after_three_seconds(office), "a mail that takes longer than the idle timeout", 90)


def _is_stored_after_three_seconds(office: PostOfficeProcess) -> bool:
    """Send a mail piece by piece, in pauses far under the idle timeout; a busy machine does not always keep to them."""
    with office.connect("smtp") as peer, contextlib.suppress(OSError):
        if not _comes_to_its_mail(peer):
            return False
        peer.socket.settimeout(0.1)
        began = time.monotonic()
        while time.monotonic() - began < 3:
            peer.say(b"x" * 200)
            with contextlib.suppress(TimeoutError):
                peer.socket.recv(1000)
                return False
        peer.say(b"\r\n.\r\n")
        peer.socket.settimeout(20)
        return peer.socket.recv(1000) == b"250 2.0.0 Message stored\r\n"
    return False


def test_a_large_mail_blocks_nobody(start: Start) -> None:
    """Twenty million octets with many dots to be undone; the monitor of the hub fails the test if that stood still."""
    office = start(environment=CLOSELY)
    body = (b"..\r\n" * 16 + b"x" * 200 + b"\r\n") * 75_000
    with smtplib_to(office) as client:
        client.ehlo()
        client.mail("a@x", [f"SIZE={len(body)}"])
        client.rcpt("b@y")
        assert client.docmd("DATA")[0] == 354
        client.send(body.replace(b"\r\n.", b"\r\n..").replace(b"..", b"...", 1) + b".\r\n")
        assert client.getreply()[0] == 250
    assert stored(office, "b@y") == body


HOSTILE = [
    "<../../etc/passwd@x>", '<"../../etc/passwd"@x>', '<"/etc/x"@x>', '<"a/../../b"@x>', "<a/b@x>", '<"..%2f..%2fx"@x>',
    '<"a\\\\..\\\\b"@x>', '<".."@x>', '<"."@x>', "<-rf@x>", "<CON@x>", "<%00@x>", "<a@x/../../y>", "<.index@x>",
    '<".index"@x>', '<" "@x>', f"<{'l' * 1900}@x>", f"<{'ü' * 900}@x>",
]  # fmt: skip


def _look_everywhere(office: PostOfficeProcess, name: str) -> None:
    """Ask every other door for what is not to be had there; none may fail over it, or hang (T19)."""
    with office.connect("my_smtp") as peer:
        peer.say(f"HELO x\nLIST {name}\nGET_MAIL {name} 1\nQUIT\n".encode())
        assert b"\n5" not in peer.rest()
    with office.connect("pop3") as peer:
        peer.say(f"USER {name}\r\nPASS x\r\nRETR 1\r\nQUIT\r\n".encode())
        assert b"[SYS/" not in peer.rest()
    for target in (f"/mailbox/{quote(name, safe='')}", f"/mailbox/{quote(name)}", f"/mailbox/{quote(name)}/1/raw"):
        connection = HTTPConnection(*office.web, timeout=30)
        connection.request("GET", target)
        assert connection.getresponse().status < 500, target
        connection.close()


def test_no_recipient_names_a_file_outside_its_folder(office: PostOfficeProcess, tmp_path: Path) -> None:
    before = {path for path in tmp_path.iterdir() if path != office.mailbox}
    taken = 0
    with smtplib_to(office) as client:
        client.ehlo()
        for path in HOSTILE:
            client.mail("a@x", ["SMTPUTF8"])
            client.send(f"RCPT TO:{path}\r\n".encode())
            if client.getreply()[0] == 250:
                assert client.data(b"hi\r\n")[0] == 250
                taken += 1
            client.rset()
    assert taken >= len(HOSTILE) - 4  # those whose dots or domain are no syntax
    for path in HOSTILE:
        _look_everywhere(office, path[1:-1])
    office.stop()
    assert {path for path in tmp_path.iterdir() if path != office.mailbox} == before
    files = [path for path in office.mailbox.rglob("*") if path.suffix == ".txt"]
    assert len(files) == taken
    assert {path.parent for path in files} == {office.mailbox}


# TLS: a server in a thread with a hub of its own


class Room:
    """One LineServer with a certificate; `implicit`: TLS before anything is said."""

    def __init__(self, implicit: bool) -> None:
        self._implicit = implicit
        self.bus = Bus()
        self.told: list[str] = []
        self.bus.attach(lambda event: self.told.append(event.reason), SessionClosed)  # type: ignore[attr-defined]
        self.store = open_store("memory:")
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(30)

    def _run(self) -> None:
        self._over = Event()
        self._ending = gevent.get_hub().loop.async_()
        self._ending.start(self._over.set)
        listener = listen("127.0.0.1", 0)
        listener.setblocking(False)
        self.address: tuple[str, int] = listener.getsockname()
        server = LineServer(
            listener, self._open_dialog, protocol="smtp", bus=self.bus, session_ids=itertools.count(1),
            limits=Limits(10, 60), tls=TlsOffer(tls.of_server, run_here, at_once=self._implicit),
        )  # fmt: skip
        server.start()
        self._ready.set()
        self._over.wait()
        server.stop(5)
        gevent.get_hub().destroy()

    def _open_dialog(self, session_id: int, peer: str) -> Dialog:
        return Dialog(
            SMTP, store=self.store, deliverer=LocalDelivery(self.store, Bus()), clock=time.monotonic,
            bus=Bus(), session_id=session_id, peer=peer, max_message_size=10**6, upgrades=True,
        )  # fmt: skip

    def end(self) -> None:
        if not self._thread.is_alive():
            return
        self._ending.send()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def room() -> Iterator[Callable[[bool], Room]]:
    rooms: list[Room] = []

    def make(implicit: bool) -> Room:
        rooms.append(Room(implicit))
        return rooms[-1]

    yield make
    for each in rooms:
        each.end()


def test_starttls_and_implicit_tls_carry_a_mail(room: Callable[[bool], Room]) -> None:
    plain, secure = room(False), room(True)
    with smtplib.SMTP("127.0.0.1", plain.address[1], timeout=20) as client:
        client.ehlo()
        assert "starttls" in client.esmtp_features
        client.starttls(context=tls.of_client())
        client.ehlo()
        assert "starttls" not in client.esmtp_features
        client.login("alice", "x")
        client.sendmail("a@x", "b@y", MIXED)
    with smtplib.SMTP_SSL("127.0.0.1", secure.address[1], timeout=20, context=tls.of_client()) as client:
        client.sendmail("a@x", "b@y", MIXED * 20)
    for each, body in ((plain, MIXED), (secure, MIXED * 20)):
        mail = each.store.read("b@y", 1)
        assert mail.body == body
        assert mail.trace
        assert mail.trace.tls.startswith("TLSv1.")
        each.end()
        assert each.told == ["done"]


def test_nothing_that_came_before_tls_counts_after_it(room: Callable[[bool], Room]) -> None:
    """CVE-2011-0411: commands sent in the clear behind STARTTLS are answered neither before nor after the handshake."""
    with Peer(room(False).address) as peer:
        peer.line()
        peer.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\nSTARTTLS\r\nRSET\r\nMAIL FROM:<i@e>\r\n")
        while not peer.line().startswith(b"220 2.0.0 "):
            pass
        with tls.of_client().wrap_socket(peer.socket.dup(), server_hostname="localhost") as inside:
            inside.sendall(b"RCPT TO:<b@y>\r\nMAIL FROM:<a@x>\r\nQUIT\r\n")
            said = b"".join(iter(lambda: inside.recv(1000), b""))
        assert said == b"503 5.5.1 Send EHLO first\r\n" * 2 + b"221 2.0.0 Goodbye\r\n"


def test_what_is_no_handshake_ends_the_session(room: Callable[[bool], Room]) -> None:
    with Peer(room(True).address) as peer:
        peer.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert b"220" not in peer.rest()
    with Peer(room(False).address) as peer:
        peer.line()
        peer.say(b"EHLO x\r\nSTARTTLS\r\n")
        while not peer.line().startswith(b"220 2.0.0 "):
            pass
        peer.say(b"NOOP\r\n" * 10)
        with contextlib.suppress(ConnectionResetError):
            assert b"250" not in peer.rest()


def test_the_context_of_tests_is_one_that_checks() -> None:
    assert tls.of_client().verify_mode is ssl.CERT_REQUIRED
