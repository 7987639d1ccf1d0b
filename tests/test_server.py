"""LineServer and the assembled process, over real sockets: conversations, caps, idleness, draining, signals."""

import contextlib
import json
import random
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from tests.durability.ledger import until
from tests.process import CLOSELY, ROOT, Peer, PostOfficeProcess

Start = Callable[..., PostOfficeProcess]
GREETED = ("HELO example.com", "MAIL FROM: alice@example.com", "RCPT TO: bob@example.com")


def test_a_mail_comes_in_lies_in_its_file_and_is_read_back(office: PostOfficeProcess) -> None:
    office.send("bob@example.com", body=b"Hello Bob,\nThis is a test email.\n")
    with office.connect() as peer:
        peer.ask("HELO x", "GET_MAIL bob@example.com 1")
        assert peer.body().endswith(b"\nHello Bob,\nThis is a test email.\n")
    office.stop()  # the files are written a moment after the reply
    text = office.file("bob@example.com").read_bytes()
    assert text.startswith(b"===START_EMAIL=== id=1 at=")
    assert b" size=33 eol=lf\nFrom: alice@example.com\nDate: " in text
    assert b"\nHello Bob,\nThis is a test email.\n===END_EMAIL=== crc32=b0aba0c9 via=my_smtp" in text


def test_everything_in_one_send_and_one_octet_at_a_time(office: PostOfficeProcess) -> None:
    """Octet by octet it is sent again where the machine paused for longer than what a client without newlines does."""
    talk = ("\n".join(GREETED) + "\nDATA\nhi\n.\nQUIT\n").encode()
    at_once = _replies(office, [talk])
    assert at_once.count(b"200 ") == 6
    until(lambda: _replies(office, [bytes([octet]) for octet in talk]) == at_once, "the same replies to octets", 90)


def _replies(office: PostOfficeProcess, pieces: Iterable[bytes]) -> bytes:
    """Return all that is answered to these pieces; nothing if the end does not come."""
    with office.connect() as peer, contextlib.suppress(OSError):
        for piece in pieces:
            peer.say(piece)
        return peer.rest()
    return b""


def test_the_original_client_one_send_a_command_without_newline(office: PostOfficeProcess) -> None:
    """On the wire just what the C client does: send, wait for one recv, and so on; the body in the DATA send."""
    with office.connect() as peer:
        for command in GREETED:
            peer.say(command.encode())
            assert peer.recv() == b"200 OK"
        peer.say(b"DATA\nHello\n.dot\n")
        assert peer.recv() == b"200 Message stored successfully"
        peer.say(b"LIST bob@example.com")
        listed = peer.recv()
        assert listed.startswith(b"200 OK\n1: Email from alice@example.com (")
        assert not listed.endswith(b"\n")
        peer.say(b"GET_MAIL bob@example.com 1")
        assert peer.recv().endswith(b"\nHello\n.dot")
        peer.say(b"QUIT")
        assert peer.recv() == b"200 Goodbye"
        assert peer.recv() == b""


def test_list_right_after_data_in_the_same_send(office: PostOfficeProcess) -> None:
    with office.connect() as peer:
        peer.ask(*GREETED)
        peer.say(b"DATA one\nLIST bob@example.com\n")
        assert peer.line() == b"200 Message stored successfully\n"
        assert peer.line() == b"200 OK\n"
        assert peer.body().startswith(b"1: Email from alice@example.com (")


def test_framing_fixed_to_lines_waits_for_the_newline(start: Start) -> None:
    office = start("--framing", "lines")
    with office.connect() as peer, office.connect() as other:
        peer.say(b"HELO x")
        other.ask("HELO y", "MAIL FROM: a@y", "RCPT TO: b@z")
        peer.socket.settimeout(0.6)  # twice the time after which a rest would be taken as a segment
        with pytest.raises(TimeoutError):
            peer.recv()
        peer.socket.settimeout(20)
        peer.say(b"\n")
        assert peer.recv() == b"200 OK\n"


def test_one_connection_too_many_is_told_so_and_the_others_go_on(start: Start) -> None:
    office = start("--max-connections", "2")
    with office.connect() as one, office.connect() as two:
        one.ask("HELO x")
        two.ask("HELO x")
        with office.connect() as three:
            assert three.rest() == b"500 Server busy\n"
        one.ask("QUIT")
        assert one.rest() == b""
        with office.connect() as four:
            four.ask("HELO x")
        two.ask("QUIT")


def test_an_idle_client_is_told_and_closed_though_it_drips(start: Start) -> None:
    office = start("--idle-timeout", "1", "--framing", "lines")
    with office.connect() as idle, office.connect() as dripping:
        dripping.socket.settimeout(0.2)
        got = b""
        for _ in range(150):
            try:
                dripping.say(b"x")
                got += dripping.recv()
                break
            except TimeoutError:
                continue
        assert got == b"500 Idle too long\n"
        assert idle.rest() == b"500 Idle too long\n"


def test_a_browser_on_the_mail_port_gets_nothing_and_leaves_nothing(office: PostOfficeProcess) -> None:
    with office.connect() as peer:
        peer.say(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nHELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA hi\nQUIT\n")
        with contextlib.suppress(ConnectionResetError):
            assert peer.rest() == b""
    assert not office.file("b@x").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_a_message_finish_tells_the_others_and_exits_0(office: PostOfficeProcess, number: int) -> None:
    with office.connect() as busy, office.connect() as idle:
        idle.ask("HELO x")
        busy.ask(*GREETED, "DATA")
        busy.say(b"first line\n")
        office.signal(number)
        assert idle.rest() == b"500 Server shutting down\n"
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the system likes
            Peer(office.my_smtp).ask("HELO y")
        busy.say(b"last line\n.\n")
        assert busy.rest() == b"200 Message stored successfully\n500 Server shutting down\n"
    assert office.wait() == 0
    assert b"\nfirst line\nlast line\n" in office.file("bob@example.com").read_bytes()


def test_a_login_that_does_not_go_on_is_no_message_and_keeps_no_server_from_ending(office: PostOfficeProcess) -> None:
    with office.connect("smtp") as gone:
        _begin_login(gone)
    until(lambda: _reason_of(office, session=1) == "closed in the middle of a login", "its end was noticed")
    with office.connect("smtp") as login, office.connect() as busy:
        _begin_login(login)
        busy.ask(*GREETED, "DATA")
        office.signal()
        assert login.rest().startswith(b"421 ")  # while another is waited for
        busy.say(b"hi\n.\n")
        assert busy.rest().startswith(b"200 Message stored")


def _begin_login(peer: Peer) -> None:
    """Come as far as the question for the answer, which ends with the first line without a hyphen behind its code."""
    for line in (b"", b"EHLO x\r\n", b"AUTH PLAIN\r\n"):
        peer.say(line)
        while peer.line()[3:4] == b"-":
            pass


def _reason_of(office: PostOfficeProcess, session: int) -> str:
    with urllib.request.urlopen(f"{office.url}/sessions/{session}.json", timeout=30) as answer:
        return str(json.loads(answer.read())["reason"])


def test_a_second_signal_ends_at_once(office: PostOfficeProcess) -> None:
    with office.connect() as busy, office.connect() as idle:
        idle.ask("HELO x")
        busy.ask(*GREETED, "DATA")
        office.signal()
        assert idle.rest() == b"500 Server shutting down\n"
        office.signal()
        assert office.wait() == 130  # one that lets the message finish ends with 0


def test_a_client_that_resets_in_the_middle_of_a_message_stores_nothing(office: PostOfficeProcess) -> None:
    peer = office.connect()
    peer.ask(*GREETED, "DATA")
    peer.say(b"half a message\n")
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    peer.close()
    office.send("carol@example.com")
    assert not office.file("bob@example.com").exists()
    assert "Traceback" not in office.log.read_text()


def _lines_of(command: list[str], cwd: Path = ROOT) -> tuple[int, str]:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


def test_what_keeps_it_from_starting_is_one_line_and_an_exit_code(office: PostOfficeProcess, tmp_path: Path) -> None:
    app = [sys.executable, "app.py", "--web-port", "0", "--smtp-port", "0", "--pop3-port", "0"]
    taken = str(office.my_smtp[1])
    file = tmp_path / "file"
    file.write_text("not a folder")
    cases = {
        "port": [*app, "--port", taken, "--mailbox", str(tmp_path / "other")],
        "second process": [*app, "--port", "0", "--mailbox", str(office.mailbox)],
        "not a folder": [*app, "--port", "0", "--mailbox", str(file)],
    }
    for case, command in cases.items():
        code, errors = _lines_of(command)
        assert code == 1, case
        assert len(errors.splitlines()) == 1, (case, errors)
        assert errors.startswith("mysmtp: "), (case, errors)
    assert _lines_of([sys.executable, "app.py", "--port", "many"])[0] == 2
    office.send("bob@example.com")  # the one that runs is not disturbed


def test_the_original_argument_form_is_a_port(start: Start) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    office = start("--web-port", "0", program=("app.py", str(port)))
    assert office.my_smtp[1] == port


def test_everything_is_patched_before_anything_is_imported(tmp_path: Path) -> None:
    """gevent warns when it comes late; a warning is an error here, so the process would not serve."""
    options = [
        "--port", "0", "--web-port", "0", "--smtp-port", "off", "--pop3-port", "off",
        "--mailbox", str(tmp_path / "mailbox"),
    ]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-W", "error::RuntimeWarning", "app.py", *options], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert b"ready after" in process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 0


def test_the_console_tells_what_happens_one_line_an_event_and_escapes_the_peer(office: PostOfficeProcess) -> None:
    with office.connect() as peer:
        peer.ask("HELO example.com", "MAIL FROM: alice@example.com", "RCPT TO: bob@example.com", "DATA hi")
        peer.ask("HELO \u202e\x9b31m", "QUIT")
    office.stop()
    log = office.log.read_text()
    assert "HELO received from example.com" in log
    assert "DATA received, message stored." in log
    assert "HELO received from \\u202e\\x9b31m" in log
    assert not set(log) & {chr(code) for code in (*range(9), *range(11, 32), 127, *range(128, 160))}


def test_wire_prints_the_conversation_as_c_and_s_lines(start: Start) -> None:
    office = start("--wire", "--log-level", "error")
    with office.connect() as peer:
        peer.say(b"RCPT TO: bob@example.com\r\nQUIT\n")
        peer.rest()
    office.stop()
    assert [line for line in office.log.read_text().splitlines() if line[:3] in ("C: ", "S: ")] == [
        "C: RCPT TO: bob@example.com\\r\\n",
        "S: 403 Send HELO first\\n",
        "C: QUIT\\n",
        "S: 200 Goodbye\\n",
    ]


def test_a_setting_from_the_environment_holds_and_a_flag_wins_over_it(start: Start) -> None:
    office = start(environment={"MYSMTP_MAX_MESSAGE_SIZE": "10", "MYSMTP_FRAMING": "lines"})
    with office.connect() as peer:
        peer.ask(*GREETED)
        peer.say(b"DATA more than ten octets\n")
        assert peer.line() == b"400 Message too large\n"
    office.stop()
    office = start("--max-message-size", "1kB", environment={"MYSMTP_MAX_MESSAGE_SIZE": "10"})
    office.send("bob@example.com", body=b"more than ten octets\n")


def test_when_the_grace_is_over_the_client_is_told(start: Start) -> None:
    shorter = "import app; from mysmtp import serving as s; s.GRACE = 1.0; app.serve_main()"
    office = start(program=("-c", shorter))
    with office.connect() as peer:
        peer.ask(*GREETED, "DATA")
        peer.say(b"half a message\n")
        office.signal()
        assert peer.rest() == b"500 Server shutting down\n"
    assert office.wait() == 0
    assert not office.file("bob@example.com").exists()


def test_a_body_in_segments_that_ends_with_its_input_while_the_server_stops_is_kept(office: PostOfficeProcess) -> None:
    with office.connect() as peer, office.connect() as idle:
        for command in GREETED:
            peer.say(command.encode())
            assert peer.recv() == b"200 OK"
        idle.ask("HELO x")
        peer.say(b"DATA\nlast words, and no newline")
        office.signal()
        assert idle.rest() == b"500 Server shutting down\n"
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.rest().startswith(b"200 Message stored successfully")
    assert office.wait() == 0
    assert b"\nlast words, and no newline\n" in office.file("bob@example.com").read_bytes()


def test_a_busy_body_in_segments_is_not_idle(start: Start) -> None:
    office = start("--idle-timeout", "0.5")
    until(lambda: _is_stored_after_a_busy_time(office), "a body that takes longer than the idle timeout", 60)
    office.stop()
    assert b"\n" + 40 * b"one more line\n" + b"===END_EMAIL===" in office.file("bob@example.com").read_bytes()


def _is_stored_after_a_busy_time(office: PostOfficeProcess) -> bool:
    """Send a body line by line, in pauses under the 50 ms that end one; a busy machine does not always keep to that."""
    with office.connect() as peer, contextlib.suppress(OSError):  # who is too late is let go
        for command in GREETED:
            peer.say(command.encode())
            if peer.recv() != b"200 OK":
                return False
        peer.say(b"DATA\n")
        peer.socket.settimeout(0.02)
        for _ in range(40):
            peer.say(b"one more line\n")
            with contextlib.suppress(TimeoutError):
                peer.recv()
                return False
        peer.socket.settimeout(20)
        return peer.recv() == b"200 Message stored successfully"
    return False


@pytest.mark.parametrize("line", [b"===END_EMAIL===\n", b"plain text\r\n", b"\n", b".x\n"])
def test_a_large_mail_comes_back_whole_and_holds_nobody_up(start: Start, line: bytes) -> None:
    """8 or 20 MB of what is dear to encode; the fixture fails if the hub was ever blocked, watched closely."""
    office = start(environment=CLOSELY)
    body = line * ((20_000_000 if line.startswith(b".") else 8_000_000) // len(line))
    stuffed = body.replace(b"\n.", b"\n..")
    with office.connect() as peer:
        peer.ask(*GREETED, "DATA")
        peer.say((b"." if body.startswith(b".") else b"") + stuffed + b".\n")
        assert peer.line() == b"200 Message stored successfully\n"
        with contextlib.ExitStack() as idle:  # who reads nothing costs no memory (T31)
            for _ in range(6 if line.startswith(b".") else 0):
                other = idle.enter_context(office.connect())
                other.ask("HELO x", "GET_MAIL bob@example.com 1")
                page = idle.enter_context(socket.create_connection(office.web, timeout=30))
                page.sendall(b"GET /mailbox/bob%40example.com/1/body HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert page.recv(12) == b"HTTP/1.1 200"
            peer.ask("GET_MAIL bob@example.com 1")
            got = peer.large_body()
            with urllib.request.urlopen(f"{office.url}/mailbox/bob%40example.com/1/body", timeout=30) as saved:
                assert saved.read() == body
        with open(f"/proc/{office.popen.pid}/status") as status:
            assert next(int(each.split()[1]) for each in status if each.startswith("VmHWM")) < 170_000  # kB
    text = got.partition(b"\nDate: ")[2].partition(b"\n")[2]
    assert (b"\n" + text).replace(b"\n.", b"\n")[1:] == body


def test_out_of_descriptors_mail_still_comes_in_and_the_log_stays_short(start: Start) -> None:
    program = ("-c", "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); "
               "runpy.run_path('app.py', run_name='__main__')")  # fmt: skip
    office = start(program=program)
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(office.connect())
        peer.ask(*GREETED[:1])
        for _ in range(80):
            stack.enter_context(socket.create_connection(office.web, timeout=20))
        for _ in range(3):
            peer.ask(*GREETED[1:], "DATA hi", GREETED[0])
        office.send("carol@example.com")
    with office.connect() as after:
        after.ask("HELO x")
    office.stop()
    assert "Traceback" not in office.log.read_text()
    assert office.file("bob@example.com").read_bytes().count(b"===START_EMAIL===") == 3


def test_refusals_are_quick_however_many_there_are(start: Start) -> None:
    office = start("--max-connections", "2")
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(office.connect()) for _ in range(2)]
        for peer in held:
            peer.ask("HELO x")
        silent = [stack.enter_context(office.connect()) for _ in range(100)]
        assert {peer.rest() for peer in silent} == {b"500 Server busy\n"}


def test_a_thousand_clients_at_once_lose_nothing_mix_nothing_and_double_nothing(office: PostOfficeProcess) -> None:
    """1,000 connections open at once, 10 mails each to 20 mailboxes, random sizes, one seed."""
    connections, mails, boxes = 1000, 10, 20
    chance = random.Random(7)
    sizes = [min(int(chance.expovariate(1 / 400)), 20_000) for _ in range(connections * mails)]

    def mail(number: int) -> bytes:
        return b"<%d>" % number + b"x" * sizes[number] + b"</%d>" % number

    def work(share: range) -> list[bytes]:
        """Keep a hundred connections open; each has one mail under way at a time. Return the last replies."""
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(office.connect()) for _ in share]
            replies = []
            for nth in range(mails):
                for client, peer in zip(share, peers, strict=True):
                    number = client * mails + nth
                    head = f"HELO x\nMAIL FROM: a@x\nRCPT TO: box{number % boxes}@y\nDATA\n".encode()
                    peer.say(head + mail(number) + b"\n.\n")
                replies += [[peer.line() for _ in range(5)][-1] for peer in peers]
            return replies

    with ThreadPoolExecutor(10) as workers:
        shares = [range(at, at + 100) for at in range(0, connections, 100)]
        assert Counter(chain(*workers.map(work, shares))) == {b"200 Message stored successfully\n": connections * mails}
    office.stop()
    found: Counter[bytes] = Counter()
    for box in range(boxes):
        text = office.file(f"box{box}@y").read_bytes()
        bodies = [line for line in text.split(b"\n") if line.startswith(b"<")]
        assert text.count(b"===START_EMAIL=== id=") == len(bodies)
        found.update(bodies)
    assert found == Counter(mail(number) for number in range(connections * mails))


def test_a_mailbox_that_cannot_be_read_is_told_once_and_the_log_stays_quiet(office: PostOfficeProcess) -> None:
    office.send("bob@example.com")
    office.file("link@x").symlink_to("/etc/passwd")
    with office.connect() as peer:
        peer.ask("HELO x")
        for _ in range(20):
            peer.say(b"LIST link@x\n")
            assert peer.line() == b"500 Failed to read message\n"
    office.stop()
    assert "ended with an error" not in office.log.read_text()


def test_a_client_that_always_has_more_leaves_room_for_the_others(start: Start) -> None:
    """Judged by the order of the replies, not by the clock: the server finds the octets of all three there at once."""
    office = start("--wire", "--log-level", "error")
    flood_size = 4500  # with what it is answered, less than the console keeps
    with office.connect() as before, office.connect() as flood, office.connect() as behind:
        for peer in (before, flood, behind):
            peer.ask("HELO x")
        office.freeze()
        before.say(b"HELO y\n")
        flood.say(b"\n" * flood_size)
        behind.say(b"HELO y\n")
        office.thaw()
        assert before.line() == behind.line() == b"200 OK\n"
        assert {flood.line() for _ in range(flood_size)} == {b"400 Unknown command\n"}
    office.stop()
    said = [line for line in office.log.read_text().splitlines() if line.startswith("S: ")]
    assert len(said) == flood_size + 5
    assert said[: flood_size // 2].count("S: 200 OK\\n") == 5
