"""Real clients while a real browser watches: what they say and hear is in the page before they can say more."""

import poplib
import select
import shutil
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from playwright.sync_api import Page, expect

from mysmtp.wire import spelled
from tests.process import ROOT, Peer, PostOfficeProcess
from tests.web.conftest import PATIENCE, Reader

pytestmark = pytest.mark.browser

_SHOWN = """() => {
    const shown = { C: "", S: "" };
    for (const row of document.querySelectorAll("#lines > li")) {
        const line = row.querySelector(".x > bdi")?.cloneNode(true);
        line?.querySelectorAll(".note, .part").forEach((each) => each.remove());
        line?.querySelectorAll(".hid").forEach((each) => (each.textContent = "****"));
        if (line) shown[row.querySelector(".w").textContent] += line.textContent;
    }
    return shown;
}"""


class Watched:
    """A page on which a session is watched, and what is known to have crossed."""

    def __init__(self, reader: Reader, house: PostOfficeProcess, peer: tuple[str, int]) -> None:
        self.page: Page = reader.open(f"{house.url}/sessions?address=127.0.0.1:{peer[1]}")
        self.page.locator(".sessions .what a").first.click()
        self.page.wait_for_selector("#feed[data-state=live]")
        self.crossed = {"C": b"", "S": b""}

    def has_all(self) -> None:
        """Return when the page shows all that has crossed, octet for octet."""
        wanted = {side: spelled(octets).replace("PASS secret", "PASS ****") for side, octets in self.crossed.items()}
        for _ in range(PATIENCE // 25):
            shown = self.page.evaluate(_SHOWN)
            if shown == wanted:
                return
            self.page.wait_for_timeout(25)
        assert shown == wanted


class Gate:
    """Stands between a client and a door: a reply passes only when the page shows it, and all before it."""

    def __init__(self, door: tuple[str, int]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._door = door
        self.address: tuple[str, int] = self._listener.getsockname()

    def guide(self, reader: Reader, house: PostOfficeProcess) -> Watched:
        """Let one client talk to its end."""
        self._listener.settimeout(PATIENCE / 1000)
        client, _ = self._listener.accept()
        with self._listener, client, socket.create_connection(self._door) as server:
            watched = Watched(reader, house, server.getsockname())
            asking = [client, server]
            while server in asking:
                ready, _, _ = select.select(asking, [], [], PATIENCE / 1000)
                assert ready, watched.crossed
                for source in ready:
                    octets = source.recv(65536)
                    if not octets:
                        asking.remove(source)
                        if source is client:
                            server.shutdown(socket.SHUT_WR)
                    elif source is client:
                        watched.crossed["C"] += octets
                        server.sendall(octets)
                    else:
                        watched.crossed["S"] += octets
                        watched.has_all()
                        client.sendall(octets)
        watched.has_all()
        return watched


def by_smtplib(address: tuple[str, int]) -> None:
    with smtplib.SMTP(*address, timeout=PATIENCE / 1000) as client:
        client.sendmail("a@example.com", ["by-smtplib@example.com"], "Subject: hi\r\n\r\n.dot\r\n\x1b[2J\r\nlast")


def by_swaks(address: tuple[str, int]) -> None:
    words = ["swaks", "--server", f"127.0.0.1:{address[1]}", "--to", "by-swaks@example.com", "--helo", "x"]
    subprocess.run([*words, "--body", "hi"], check=True, capture_output=True, timeout=PATIENCE / 1000, cwd=ROOT)


def by_terminal(address: tuple[str, int]) -> None:
    said = "RCPT TO: b@x\nHELO x\nMAIL FROM: a@x\nRCPT TO: by-terminal@example.com\nDATA\nhi\n.dot\n.\nQUIT\n"
    words = [sys.executable, "-m", "mysmtp.client", "127.0.0.1", str(address[1])]
    subprocess.run(words, input=said.encode(), capture_output=True, timeout=PATIENCE / 1000, cwd=ROOT, check=False)


def by_poplib(address: tuple[str, int]) -> None:
    client = poplib.POP3(*address, timeout=PATIENCE / 1000)
    client.user("by-poplib@example.com")
    client.pass_("secret")
    client.capa()
    client.quit()


def by_original(address: tuple[str, int]) -> None:
    with Peer(address) as peer:
        for segment in (b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: by-original@x", b"DATA\nHello\nBob\n", b"QUIT"):
            peer.say(segment)
            peer.recv()


@pytest.mark.parametrize(
    ("door", "client"),
    [
        ("smtp", by_smtplib),
        ("smtp", by_swaks),
        ("my_smtp", by_terminal),
        ("my_smtp", by_original),
        ("pop3", by_poplib),
    ],
)
def test_each_line_of_a_real_client_is_in_the_page_before_the_next_is_sent(
    reader: Reader, house: PostOfficeProcess, door: str, client: Callable[[tuple[str, int]], None]
) -> None:
    if client is by_swaks and shutil.which("swaks") is None:
        pytest.skip("no swaks on this machine (Debian: apt install swaks)")
    gate = Gate(house.doors[door])
    talking = threading.Thread(target=client, args=(gate.address,))
    talking.start()
    watched = gate.guide(reader, house)
    talking.join(PATIENCE / 1000)
    page = watched.page
    expect(page.locator("#facts")).to_contain_text("Ended")
    if door == "pop3":
        return
    expect(page.locator("#facts")).to_contain_text("1 mail stored")
    name = client.__name__.replace("_", "-")
    expect(page.locator(".why.good")).to_contain_text(f"Stored as {name}@")
    page.locator(".why.good a").click()
    expect(page).to_have_url(f"{house.url}/mailbox/{name}@{'x' if client is by_original else 'example.com'}/1")


# Of each rule that a client breaks, the sentence that says so.
SINS = {
    "no newline": "The client sends a command without a newline at its end.",
    "one segment": "The client sends DATA and the message in one segment.",
    "bare LF": "The client ends a line with LF alone.",
    "NUL": "The client sends a NUL octet.",
    "space": "The client puts a space before the colon of MAIL FROM: or RCPT TO:.",
    "no recipient": "The client sends DATA before any recipient was taken.",
    "too early": "The client sends the next command before it can have read the reply.",
    "no dot": "The client sends a message and closes without the line that ends it.",
}
SEGMENTS: Sequence[tuple[bytes, str]] = (
    (b"HELO x", "no newline"), (b"MAIL FROM: a@x", ""), (b"RCPT TO: sins@x", ""), (b"DATA\nHello\n", "one segment"),
)  # fmt: skip
LINES: Sequence[tuple[bytes, str]] = (
    (b"EHLO x\n", "bare LF"), (b"NO\0OP\r\n", "NUL"), (b"EHLO x\r\n", ""), (b"MAIL FROM :<a@x>\r\n", "space"),
    (b"DATA\r\n", "no recipient"), (b"NOOP\r\nRSET\r\n", "too early"), (b"MAIL FROM:<a@x>\r\n", ""),
    (b"RCPT TO:<sins@x>\r\n", ""), (b"DATA\r\n", ""), (b"Hello\r\n", ""),
)  # fmt: skip


@pytest.fixture
def peer(house: PostOfficeProcess, door: str) -> Iterator[Peer]:
    with house.connect(door) as connected:
        yield connected


@pytest.mark.parametrize(("door", "said"), [("my_smtp", SEGMENTS), ("smtp", LINES)])
def test_what_a_broken_client_does_is_told_while_it_does_it(
    reader: Reader, house: PostOfficeProcess, peer: Peer, door: str, said: Sequence[tuple[bytes, str]]
) -> None:
    assert door in house.doors
    watched = Watched(reader, house, peer.socket.getsockname())
    doctor = watched.page.locator("#doctor")
    if door == "smtp":
        watched.crossed["S"] += peer.line()
    for octets, sin in said:
        peer.say(octets)
        watched.crossed["C"] += octets
        if octets != b"Hello\r\n":
            watched.crossed["S"] += peer.recv()
        while watched.crossed["S"].count(b"\n") < watched.crossed["C"].count(b"\n") and octets == b"NOOP\r\nRSET\r\n":
            watched.crossed["S"] += peer.recv()
        watched.has_all()
        if sin:
            expect(doctor).to_contain_text(SINS[sin])
    peer.close()
    if door == "smtp":
        expect(doctor).to_contain_text(SINS["no dot"])
    expect(watched.page.locator("#facts")).to_contain_text("Ended")


def test_every_sin_is_seen() -> None:
    assert {sin for _, sin in (*SEGMENTS, *LINES) if sin} | {"no dot"} == set(SINS)
