"""LineServer: sockets on one side, Dialogs on the other; one greenlet a connection. Shared by every line protocol.

It knows time and connections (deadlines, caps, draining) and nothing of what is said. A client over the cap is told so
and closed; the Pool stands a little above the cap, for a full Pool would only stop accepting.
"""

import errno
import logging
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer

from mysmtp.errors import IdleTooLong, MailFault, ServerBusy, ShuttingDown, StartFailed
from mysmtp.events import Bus, SessionClosed, SessionOpened
from mysmtp.protocol.dialog import Dialog

log = logging.getLogger(__name__)

BACKLOG = 4096
_ROOM_TO_REFUSE = 64  # connections over the cap that can be told so at the same time
_READ_SIZE = 64 * 1024
_SEND_TIME = 60.0  # seconds a peer may take for a reply, and as many more as it has pieces of _SEND_RATE
_SEND_RATE = 64 * 1024  # octets a second
_LINGER_TIME = 1.0  # seconds to wait for the peer's close, so that a last reply is not lost to a reset
_LINGER_SIZE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a LineServer allows: connections at once, seconds without a completed line."""

    max_connections: int
    idle_timeout: float


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket. Raises StartFailed with one line for the user."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartFailed(f"cannot listen on {host}: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartFailed(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    dialog: Dialog


class _GraceOver(gevent.GreenletExit):  # type: ignore[misc]
    """Thrown into a connection that did not finish in time after the server was told to stop."""


class LineServer:
    """Serves one dialect on one listening socket. `open_dialog(session_id, peer)` makes the Dialog of a connection."""

    def __init__(
        self,
        listener: socket.socket,
        open_dialog: Callable[[int, str], Dialog],
        *,
        protocol: str,
        bus: Bus,
        session_ids: Iterator[int],
        limits: Limits,
    ) -> None:
        self._open_dialog = open_dialog
        self._protocol = protocol
        self._bus = bus
        self._session_ids = session_ids
        self._limits = limits
        self._open: dict[int, _Connection] = {}
        self._draining = False
        self._pool = Pool(limits.max_connections + min(_ROOM_TO_REFUSE, 1 + limits.max_connections // 4))
        self._server = StreamServer(listener, self._serve, spawn=self._pool)

    def start(self) -> None:
        """Begin to accept."""
        self._server.start()

    def stop(self, grace: float) -> None:
        """Stop accepting, tell idle clients, let messages under way finish for `grace` seconds, then end the rest."""
        self._server.close()
        self._draining = True
        for connection in list(self._open.values()):
            if not connection.dialog.in_message:
                _shut(connection.socket, socket.SHUT_RD)  # its greenlet wakes as if the client had closed
        self._pool.join(timeout=grace)
        self._pool.kill(_GraceOver, timeout=1)

    def _serve(self, sock: socket.socket, address: tuple[str, int]) -> None:
        session_id = next(self._session_ids)
        peer = f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
        self._bus.publish(SessionOpened(session_id, self._protocol, peer))
        reason = "ended by the server's stop"
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            dialog = self._open_dialog(session_id, peer)
            busy = len(self._open) >= self._limits.max_connections
            self._open[session_id] = _Connection(sock, dialog)
            reason = _say_farewell(sock, dialog, ServerBusy()) if busy else self._converse(sock, dialog)
            del self._open[session_id]  # what lingers takes nobody's place
            _linger(sock, 0 if busy else _LINGER_TIME)
        except OSError as error:
            reason = f"connection lost: {error.strerror or 'the client took too long to read'}"
        finally:
            self._open.pop(session_id, None)
            sock.close()
            self._bus.publish(SessionClosed(session_id, reason))

    def _converse(self, sock: socket.socket, dialog: Dialog) -> str:
        """Carry octets between socket and dialog until one side ends it; return why it ended."""
        progress, idle_deadline = -1, 0.0
        while not dialog.closing:
            if self._draining and not dialog.in_message:
                return _say_farewell(sock, dialog, ShuttingDown())
            if dialog.progress != progress:
                progress, idle_deadline = dialog.progress, time.monotonic() + self._limits.idle_timeout
            try:
                data = _receive(sock, min(idle_deadline, dialog.deadline or idle_deadline))
            except _GraceOver:
                return _say_farewell(sock, dialog, ShuttingDown())
            if data is None and time.monotonic() >= idle_deadline:
                return _say_farewell(sock, dialog, IdleTooLong())
            if data == b"" and self._draining and not dialog.in_message:
                return _say_farewell(sock, dialog, ShuttingDown())
            _send_all(
                sock, dialog.silence() if data is None else dialog.receive(data) if data else dialog.end_of_input()
            )
            if data == b"":
                return "closed in the middle of a message; nothing stored" if dialog.in_message else "client closed"
        return "done"


def _receive(sock: socket.socket, deadline: float) -> bytes | None:
    """Return what came, b"" at the end of input, None when nothing came until `deadline` (monotonic)."""
    try:
        sock.settimeout(max(deadline - time.monotonic(), 0))
        return sock.recv(_READ_SIZE)
    except BlockingIOError:
        return None
    except TimeoutError:
        # Octets may have come while this greenlet waited for its turn: silence is only what the kernel calls so.
        return _receive(sock, 0)
    except OSError as error:
        # gevent wakes a reader with EBADF when another greenlet shuts the reading half (`LineServer.stop`).
        if error.errno == errno.EBADF and sock.fileno() >= 0:
            return b""
        raise


def _send_all(sock: socket.socket, pieces: Iterator[bytes]) -> None:
    """Send each piece; between two, let the other greenlets run: a client that always has more must not starve them."""
    for piece in pieces:
        _send(sock, piece)
        gevent.sleep(0)


def _send(sock: socket.socket, octets: bytes) -> None:
    sock.settimeout(_SEND_TIME + len(octets) / _SEND_RATE)
    sock.sendall(octets)


def _say_farewell(sock: socket.socket, dialog: Dialog, fault: MailFault) -> str:
    octets = dialog.farewell(fault)
    _send(sock, octets)
    return octets.decode().strip()


def _linger(sock: socket.socket, seconds: float) -> None:
    """Close our half and read what is still on its way: closing with octets unread would reset the last reply away."""
    _shut(sock, socket.SHUT_WR)
    deadline, size = time.monotonic() + seconds, 0
    while size < _LINGER_SIZE:
        data = _receive(sock, deadline)
        if not data:
            return
        size += len(data)


def _shut(sock: socket.socket, how: int) -> None:
    try:
        sock.shutdown(how)
    except OSError:
        log.debug("a connection was gone before it could be shut")
