"""How a command finds the running server and asks it."""

import socket
from pathlib import Path

import pytest

from mysmtp.reaching import USUAL, Gone, Listening, NoPages, pages_of
from tests.client.servers import Server
from tests.process import PostOfficeProcess


def test_the_server_that_has_the_folder_is_found_and_asked(office: PostOfficeProcess) -> None:
    pages = pages_of(None, office.mailbox)
    assert pages.address == office.url
    for _ in range(2):  # over one connection
        told = pages.ask("/sessions.json", {"protocol": "smtp"})
        assert told["sessions"] == []
    assert told["ports"]["my_smtp"] == f"my_smtp://127.0.0.1:{office.my_smtp[1]}"
    listening = pages.listen()
    listening.wait()
    office.send("bob@example.com")
    listening.wait()
    office.stop()
    with pytest.raises(NoPages, match="does not answer"):
        wait_for_ever(listening)
    with pytest.raises(NoPages, match="connection refused"):
        pages.ask("/sessions.json")
    listening.close()


def wait_for_ever(listening: Listening) -> None:
    while True:
        listening.wait()


def test_without_one_it_is_the_usual_address(tmp_path: Path) -> None:
    assert pages_of(None, tmp_path).address == USUAL
    assert pages_of("127.0.0.1:1", tmp_path).address == "http://127.0.0.1:1"


@pytest.mark.parametrize("address", ["https://127.0.0.1:1", "http://x:99999", "http://x/path", "http://", "x:y"])
def test_what_is_no_address_is_told(address: str, tmp_path: Path) -> None:
    with pytest.raises(NoPages, match="is no address of pages"):
        pages_of(address, tmp_path)


class Web(Server):
    """Answers any request so."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer

    def serve(self, peer: socket.socket) -> None:
        self.recv(peer)
        peer.sendall(self._answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<p>", "no server of this kind"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "answers 403 No"),
        (b"220 smtp\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
def test_what_is_no_such_server_is_told(answer: bytes, words: str, tmp_path: Path) -> None:
    with Web(answer) as server, pytest.raises(NoPages, match=words):
        pages_of(f"http://127.0.0.1:{server.port}", tmp_path).ask("/sessions.json")


def test_what_is_not_there_is_told_apart(tmp_path: Path) -> None:
    with Web(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as server, pytest.raises(Gone):
        pages_of(f"http://127.0.0.1:{server.port}", tmp_path).ask("/sessions/1.json")
