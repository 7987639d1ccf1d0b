"""TLS over a channel: a real client on the other end of a socket, its own TLS in a thread."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pytest

from mysmtp.channel import Channel
from mysmtp.tunnel import Tunnel
from tests import tls

T = TypeVar("T")


def pair() -> tuple[Tunnel, socket.socket]:
    one, other = socket.socketpair()
    one.setblocking(False)
    other.settimeout(30)
    return Tunnel(Channel(one), tls.of_server()), other


@contextlib.contextmanager
def together() -> "Iterator[tuple[Tunnel, Future[ssl.SSLSocket], ThreadPoolExecutor]]":
    tunnel, other = pair()
    with ThreadPoolExecutor(1) as client:
        yield tunnel, client.submit(tls.of_client().wrap_socket, other, server_hostname="localhost"), client


def test_octets_go_both_ways_and_both_ends_agree_on_version_and_cipher() -> None:
    with together() as (tunnel, connected, client):
        told = tunnel.begin()
        with connected.result(10) as peer:
            cipher = peer.cipher()
            assert cipher
            assert told == f"{peer.version()} {cipher[0]}"
            large = bytes(range(256)) * 4096
            sent = client.submit(peer.sendall, large)
            got = b""
            while len(got) < len(large):
                got += tunnel.receive(time.monotonic() + 10) or b""
            assert got == large
            sent.result(10)
            tunnel.send(b"220 hello\r\n")
            assert peer.recv(100) == b"220 hello\r\n"
            began = time.monotonic()
            assert tunnel.receive(began + 0.05) is None
            assert time.monotonic() >= began + 0.05
            tunnel.shut(socket.SHUT_WR)
            assert peer.recv(100) == b""


def test_a_peer_that_speaks_no_tls_or_leaves_fails_as_a_lost_connection() -> None:
    for octets in (b"EHLO x\r\n" * 40, b"\x16\x03\x01"):
        tunnel, other = pair()
        other.sendall(octets)
        other.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match=r"WRONG_VERSION|wrong version|http request|closed in the middle"):
            tunnel.begin()
        other.close()


def test_the_handshake_is_worked_out_where_it_holds_up_nobody() -> None:
    one, other = socket.socketpair()
    one.setblocking(False)
    other.settimeout(20)
    run: list[str] = []

    def offload(work: Callable[[], T]) -> T:
        run.append("worked")
        with ThreadPoolExecutor(1) as elsewhere:
            return elsewhere.submit(work).result()

    tunnel = Tunnel(Channel(one), tls.of_server(), offload)
    with ThreadPoolExecutor(1) as client:
        connected = client.submit(tls.of_client().wrap_socket, other, server_hostname="localhost")
        assert tunnel.begin().startswith("TLSv1.")
        connected.result(20).close()
    assert len(run) >= 2  # the hello of the client and its last word


def test_a_silent_peer_has_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.tunnel.HANDSHAKE_TIME", 0.05)
    tunnel, other = pair()
    with pytest.raises(TimeoutError):
        tunnel.begin()
    other.close()
