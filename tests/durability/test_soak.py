"""F38, in small: whatever clients do, and however they leave, the server comes back to what it held before."""

import contextlib
import poplib
import smtplib
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.durability.ledger import until
from tests.process import PostOfficeProcess

ROUNDS, SESSIONS = 4, 25
LEAK = 8 << 10  # KiB that all rounds after the first may add: 300 sessions, of 27 KiB each
HANG_UP = b"\1\0\0\0\0\0\0\0"  # SO_LINGER for no time: the connection is reset
BODY = b"Subject: x\r\n\r\n" + b"word " * 20 + b"\r\n"


def _by_smtp(office: PostOfficeProcess, number: int) -> None:
    with smtplib.SMTP(*office.doors["smtp"], local_hostname="x", timeout=30) as client:
        client.sendmail("a@x", ["b@x", f"b{number % 5}@x"], BODY * (1 if number % 20 else 8000))


def _by_my_smtp(office: PostOfficeProcess, number: int) -> None:
    office.send(f"b{number % 5}@x", body=b"hello\n")


def _by_pop3(office: PostOfficeProcess, number: int) -> None:
    client = poplib.POP3(*office.doors["pop3"], timeout=30)
    with contextlib.closing(client):
        client.user(f"b{number % 5}@x")
        client.pass_("x")
        for message in range(1, 1 + client.stat()[0]):
            client.top(message, 1)
            client.retr(message)
            client.dele(message)
        client.quit()


def _by_the_web(office: PostOfficeProcess) -> None:
    for path in ("/", "/all", "/mailbox/b@x", "/sessions", "/search?q=word", "/metrics"):
        with urllib.request.urlopen(f"http://{office.web[0]}:{office.web[1]}{path}", timeout=30) as page:
            assert page.read()


def _rudely(office: PostOfficeProcess, number: int) -> None:
    """Begin a mail, a TLS handshake, a page or a feed, and go, with a reset or without."""
    said = (
        (office.doors["smtp"], b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n" + BODY * 100),
        (office.my_smtp, b"HELO x\nGET_MAIL b@x 1\nLIST b@x\n" * 20),
        (office.doors["pop3"], b"USER b@x\r\nPASS x\r\nRETR 1\r\n"),
        (office.web, b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (office.web, b"POST /theme HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"),
    )
    address, octets = said[number % len(said)]
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(octets)
        if not octets.startswith(b"POST"):  # it would wait for the rest
            client.recv(100)
        if number % 2:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HANG_UP)


def _held(office: PostOfficeProcess) -> tuple[int, int]:
    """Return the open files of a server, and its memory in KiB."""
    process = Path(f"/proc/{office.popen.pid}")
    memory = next(line for line in (process / "status").read_text().splitlines() if line.startswith("RssAnon:"))
    return len([*(process / "fd").iterdir()]), int(memory.split()[1])


def _round(office: PostOfficeProcess) -> None:
    for number in range(SESSIONS):
        for visit in (_by_smtp, _by_my_smtp, _by_pop3, _rudely):
            visit(office, number)
    _by_the_web(office)


def test_round_after_round_files_and_memory_come_back(start: Callable[..., PostOfficeProcess]) -> None:
    office = start("--sessions-kept", "10", "--log-level", "warning")
    _round(office)
    files, memory = _held(office)
    for _ in range(ROUNDS - 1):
        _round(office)
    until(
        lambda: _held(office)[0] <= files + 2, "open files come back to what they were"
    )  # who left a moment ago may linger
    assert _held(office)[1] - memory < LEAK
