"""How a greenlet waits for its client: nothing is lost, nobody is starved, and a hub with nothing to do sleeps.

A LineServer in a thread with a hub of its own, over real sockets; its deliverer gives receipts that wait until told.
"""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.event import Event

from mysmtp import channel as channels
from mysmtp.channel import Channel, plain
from mysmtp.contracts import Receipt
from mysmtp.events import Bus
from mysmtp.message import Body, Envelope, Trace
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.server import Limits, LineServer, listen
from mysmtp.store import open_store
from tests.process import Peer

MAIL = b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@y\nDATA mail\n"
ANSWERED = b"200 OK\n" * 3 + b"200 Message stored successfully\n"


class Room:
    """The server's thread. It is also its Deliverer: a receipt waits until `release`."""

    def __init__(self, *, idle_timeout: float) -> None:
        self._limits = Limits(200, idle_timeout)
        self.handed_over = threading.Semaphore(0)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(30)

    def _run(self) -> None:
        self._released, self._over = Event(), Event()
        self._wake = gevent.get_hub().loop.async_()
        self._wake.start(lambda: self._told())
        listener = listen("127.0.0.1", 0)
        listener.setblocking(False)
        self.address: tuple[str, int] = listener.getsockname()
        server = LineServer(
            listener, self._open_dialog, protocol="my_smtp", bus=Bus(), session_ids=itertools.count(1),
            limits=self._limits,
        )  # fmt: skip
        server.start()
        self._ready.set()
        self._over.wait()
        server.stop(5)
        gevent.get_hub().destroy()

    def _open_dialog(self, session_id: int, peer: str) -> Dialog:
        return Dialog(
            MY_SMTP, store=open_store("memory:"), deliverer=self, clock=time.monotonic, bus=Bus(),
            session_id=session_id, peer=peer, max_message_size=1000,
        )  # fmt: skip

    def deliver(self, envelope: Envelope, body: Body, trace: Trace) -> Receipt:
        self.handed_over.release()
        return self

    def wait(self) -> None:
        self._released.wait()

    def _tell(self, what: Callable[[], object]) -> None:
        """Have something done in the server's thread, and wait for it."""
        done = threading.Event()

        def then_tell() -> None:
            what()
            done.set()

        self._told: Callable[[], None] = then_tell
        self._wake.send()
        assert done.wait(30)

    def release(self) -> None:
        """Let all receipts come true."""
        self._tell(self._released.set)

    def end(self) -> None:
        self.release()
        self._tell(self._over.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def cpu(self) -> float:
        """Return the CPU seconds this thread has used."""
        assert self._thread.ident is not None
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread.ident))


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room(idle_timeout=60)
    yield room
    room.end()


def test_a_hub_whose_clients_sent_more_than_their_greenlets_can_read_yet_sleeps(room: Room) -> None:
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Peer(room.address)) for _ in range(100)]
        for peer in peers:
            peer.say(MAIL)
            assert room.handed_over.acquire(timeout=30)  # its greenlet waits for the receipt from here on
            peer.say(b"HELO y\nQUIT\n")
        other = stack.enter_context(Peer(room.address))
        other.ask("HELO x", "HELO y")  # by now the hub has seen all that came
        before = room.cpu()
        other.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            other.recv()
        assert room.cpu() - before < 0.05
        room.release()
        for peer in peers:
            assert peer.rest() == ANSWERED + b"200 OK\n200 Goodbye\n"


def test_what_is_accepted_inherits_the_options_of_its_listener() -> None:
    with listen("127.0.0.1", 0) as listener, Peer(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000


def pair() -> tuple[Channel, socket.socket]:
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return Channel(one), other


def test_a_moment_passes_without_input_and_then_input_comes() -> None:
    channel, other = pair()
    began = time.monotonic()
    assert channel.receive(began + 0.05) is None
    assert time.monotonic() >= began + 0.05
    other.send(b"hello")
    assert channel.receive(began) == b"hello"  # what is there counts, however late it is asked for
    assert channel.receive(began) is None
    other.close()
    assert channel.receive(began) == b""
    channel.close()


def test_who_is_woken_twice_in_one_round_wakes_once() -> None:
    channel, other = pair()
    channel.wake_soon()
    channel.wake_soon()
    other.send(b"x")
    assert channel.receive() in (None, b"x")
    assert channel.receive(time.monotonic() + 0.02) in (None, b"x")
    channel.wake()  # nobody waits: nothing happens
    channel.close()
    other.close()


def test_a_reply_larger_than_the_socket_takes_goes_out_as_the_peer_reads() -> None:
    channel, other = pair()
    octets = bytes(range(256)) * 20_000
    sending = gevent.spawn(channel.send, octets)
    gevent.sleep(0)
    assert not sending.ready()
    other.setblocking(False)
    got = b""
    while len(got) < len(octets):
        gevent.sleep(0)
        with contextlib.suppress(BlockingIOError):
            got += other.recv(1 << 20)
    sending.get(timeout=30)
    assert got == octets
    channel.close()
    other.close()


def test_a_peer_that_reads_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """T31: it has a while for a reply, and longer for a long one."""
    assert [channels.send_time(size) for size in (0, 64 * 1024 * 60)] == [60.0, 120.0]
    monkeypatch.setattr(channels, "_SEND_TIME", 0.02)
    monkeypatch.setattr(channels, "_SEND_RATE", 1 << 40)
    channel, other = pair()
    with pytest.raises(TimeoutError):
        channel.send(bytes(10_000_000))
    channel.close()
    other.close()


def test_a_plain_socket_takes_over_the_descriptor() -> None:
    one, other = gevent.socket.socketpair()
    number = one.fileno()
    bare = plain(one)
    assert bare.fileno() == number
    assert bare.gettimeout() == 0
    assert one.fileno() == -1
    bare.close()
    other.close()
