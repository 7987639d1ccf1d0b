"""Channel: one client's socket, and how its greenlet waits on it. Knows gevent's loop and nothing of what is said.

The watcher for input stays armed while the connection lives, so that a wait is one switch to the hub and back: no recv
that fails first, no watcher and no timeout set up for each read. It is level-triggered: while octets wait that nobody
reads (their greenlet waits for the disk, or for a slow reader) it would call in every round of the loop. So the first
such call disarms it, and the next wait arms it again.
"""

import socket
import time
from typing import Final

import gevent
from gevent import monkey
from gevent.socket import wait_write

_PlainSocket: Final = monkey.get_original("socket", "socket")
_READ = 1
_READ_SIZE = 64 * 1024
_SEND_TIME = 60.0  # seconds a peer may take for a reply, and as many more as it has pieces of _SEND_RATE
_SEND_RATE = 64 * 1024  # octets a second


def plain(sock: socket.socket) -> socket.socket:
    """Return a non-blocking socket over the descriptor of one of gevent's, without what that one holds."""
    bare: socket.socket = _PlainSocket(sock.family, sock.type, sock.proto, fileno=sock.detach())
    bare.setblocking(False)
    return bare


def send_time(size: int) -> float:
    """Return the seconds that a peer may take to read so many octets."""
    return _SEND_TIME + size / _SEND_RATE


# What `recv` fills, for all: nobody runs between that and the copy. A piece of memory made for each, of which all but a
# little is given back, would lie behind the last one that somebody keeps: new memory each time, slow to come by.
_buffer = memoryview(bytearray(_READ_SIZE))


class Channel:
    """A connection as its greenlet sees it: make it there. `sock` is a plain, non-blocking socket.

    `waiting` tells whether the greenlet waits for input. Every method may raise OSError when the connection is lost.
    """

    __slots__ = ("_armed", "_hub", "_socket", "_switch", "_watcher", "waiting")

    def __init__(self, sock: socket.socket) -> None:
        self.waiting = False
        self._socket = sock
        self._hub = gevent.get_hub()
        self._switch = gevent.getcurrent().switch
        self._watcher = self._hub.loop.io(sock.fileno(), _READ)
        self._armed = False

    def receive(self, deadline: float | None = None) -> bytes | None:
        """Return what comes, b"" at the end of input, None when nothing did until `deadline` (monotonic) or `wake`."""
        seconds = None if deadline is None else deadline - time.monotonic()
        while True:
            come = (seconds is None or seconds > 0) and self._wait(seconds)
            try:
                return _buffer[: self._socket.recv_into(_buffer)].tobytes()
            except BlockingIOError:  # silence is only what the kernel calls so
                if not come:
                    return None

    def wake(self) -> None:
        """In the hub: have the greenlet return from `receive`, if it waits there; greenlets call `wake_soon`."""
        self._resume(False)

    def wake_soon(self) -> None:
        """In any greenlet: have the hub call `wake`."""
        self._hub.loop.run_callback(self._resume, False)

    def send(self, octets: bytes | memoryview, deadline: float | None = None) -> None:
        """Send it all. Raises TimeoutError when the peer has not read it by `deadline` (None: in `send_time`)."""
        try:
            sent = self._socket.send(octets)
        except BlockingIOError:
            sent = 0
        if sent < len(octets):
            self._send_slowly(memoryview(octets)[sent:], deadline)

    def shut(self, how: int) -> None:
        """Shut one half down; a connection that is gone already is left alone."""
        try:
            self._socket.shutdown(how)
        except OSError:
            return

    def close(self) -> None:
        """Let go of the socket and its watcher."""
        self._watcher.close()
        self._socket.close()

    def _wait(self, seconds: float | None) -> bool:
        """Let others run until there is input (True), or a `wake` or the end of these seconds (False)."""
        if not self._armed:
            self._armed = True
            self._watcher.start(self._on_input)
        timer = None
        if seconds is not None:
            timer = self._hub.loop.timer(seconds)
            timer.start(self._resume, False, update=True)  # the loop's own idea of now may be old
        self.waiting = True
        try:
            return bool(self._hub.switch())
        finally:
            self.waiting = False
            if timer is not None:
                timer.close()

    def _on_input(self) -> None:
        """The loop's call: there is input."""
        if self.waiting:
            self._resume(True)
        else:
            self._armed = False
            self._watcher.stop()

    def _resume(self, come: bool) -> None:
        if self.waiting:
            self.waiting = False  # at once: two calls of one round must not resume it twice
            self._switch(come)

    def _send_slowly(self, rest: memoryview, deadline: float | None) -> None:
        """Send as the peer takes it; each wait may last as long as all of it may take."""
        if deadline is None:
            deadline = time.monotonic() + send_time(len(rest))
        while rest:
            wait_write(self._socket.fileno(), max(deadline - time.monotonic(), 0), TimeoutError())
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                continue
