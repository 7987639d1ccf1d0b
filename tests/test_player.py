"""The player alone: how replies are compared, and what is sent in place of a password."""

import base64
import socket

import pytest

from mysmtp.client.connection import NoConnection
from mysmtp.inspector.script import read
from mysmtp.player import Login, Player, Told, compared
from tests.client.servers import Server


@pytest.mark.parametrize(
    ("recorded", "heard", "shown"),
    [
        (b"a\nb\n", b"a\nb\n", ["S: a\\n", "S: b\\n"]),
        (b"a\nb\n", b"a\n", ["S: a\\n", "# did not come: S: b\\n"]),
        (b"a\n", b"a\nb\n", ["S: a\\n", "S: b\\n", "# the recording has no such line"]),
        (b"a\n", b"a\r\n", ["S: a\\r\\n", "# recorded: S: a\\n"]),
        (b"", b"", []),
    ],
)
def test_lines_are_compared(recorded: bytes, heard: bytes, shown: list[str]) -> None:
    assert [str(told) for told in compared(recorded, heard)] == shown


class Questions(Server):
    """Says one line whatever it hears, line by line."""

    def serve(self, peer: socket.socket) -> None:
        while self.recv(peer):
            peer.sendall(b"334 \r\n")


def played(text: str, login: Login) -> tuple[list[bytes], list[str]]:
    """Return what a server was sent, and what was told of it."""
    told: list[Told] = []
    with Questions() as server:
        player = Player(("127.0.0.1", server.port), login, told.append, patience=20)
        player.play(read(text))
        assert player.differing == 0
        return server.received, [str(each) for each in told if each.side == "C"]


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        (["AUTH PLAIN ****"], [b"AUTH PLAIN " + base64.b64encode(b"\0alice\0s3cret")]),
        (["AUTH PLAIN", "****"], [b"AUTH PLAIN", base64.b64encode(b"\0alice\0s3cret")]),
        (["AUTH LOGIN", "****", "****"], [b"AUTH LOGIN", b"YWxpY2U=", b"czNjcmV0"]),
        (["AUTH LOGIN ****", "****"], [b"AUTH LOGIN YWxpY2U=", b"czNjcmV0"]),
        (["PASS ****"], [b"PASS s3cret"]),
        # What nobody asked for, or nobody can make of a user and a password, is not filled in.
        (["AUTH LOGIN", "*", "****"], [b"AUTH LOGIN", b"*", b"****"]),
        (["AUTH PLAIN", "****", "****"], [b"AUTH PLAIN", base64.b64encode(b"\0alice\0s3cret"), b"****"]),
        (["AUTH CRAM-MD5", "****"], [b"AUTH CRAM-MD5", b"****"]),
        (["APOP ****"], [b"APOP ****"]),
    ],
)
def test_a_login_is_sent_where_one_was_masked_and_not_shown(lines: list[str], sent: list[bytes]) -> None:
    text = "".join(f"C: {line}\\r\\n\nS: 334 \\r\\n\n" for line in lines)
    received, shown = played(text, Login("alice", "s3cret"))
    assert received == [line + b"\r\n" for line in sent]
    assert shown == [f"C: {line}\\r\\n" for line in lines]


def test_what_follows_tls_is_not_sent_without_it() -> None:
    with Questions() as server:
        player = Player(("127.0.0.1", server.port), Login(), lambda _: None, patience=20)
        with pytest.raises(NoConnection, match="TLS does not begin"):
            player.play(read("C: STARTTLS\\r\\n\nS: 334 \\r\\n\n# TLS begins: TLSv1.3 X\nC: secret\\r\\n\n"))
        assert not any(b"secret" in piece for piece in server.received)


def test_a_server_that_leaves_early_is_told_of() -> None:
    told: list[Told] = []
    with Leaving() as server:
        player = Player(("127.0.0.1", server.port), Login(), told.append, patience=20)
        player.play(read("C: HELO x\\n\nS: 200 OK\\n\nC: NOOP\\n\nS: 200 OK\\n\n"))
    assert [str(each) for each in told] == [
        "C: HELO x\\n", "S: 200 OK\\n", "C: NOOP\\n", "# did not come: S: 200 OK\\n",
    ]  # fmt: skip
    assert player.differing == 1


class Leaving(Server):
    """Answers once."""

    def serve(self, peer: socket.socket) -> None:
        self.recv(peer)
        peer.sendall(b"200 OK\n")
