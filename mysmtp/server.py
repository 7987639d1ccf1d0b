"""LineServer: sockets on one side, Dialogs on the other; one greenlet a connection. Shared by every line protocol.

It knows time and connections (deadlines, caps, draining) and nothing of what is said. A client over the cap is told so
and closed; the Pool stands a little above the cap, for a full Pool would only stop accepting.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer

from mysmtp.channel import Channel, plain
from mysmtp.contracts import Offload
from mysmtp.crowd import Crowd
from mysmtp.errors import IdleTooLong, MailFault, ServerBusy, ShuttingDown, StartFailed
from mysmtp.events import Bus, SessionClosed, SessionOpened, TlsBegun
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.reply import Octets
from mysmtp.tunnel import Tunnel, in_words

BACKLOG = 4096
_ROOM_TO_REFUSE = 64  # connections over the cap that can be told so at the same time
_LOOK_EVERY = 1.0  # seconds between two looks for idle clients, or a quarter of the idle timeout if that is less
_LINGER_TIME = 1.0  # seconds to wait for the peer's close, so that a last reply is not lost to a reset
_LINGER_SIZE = 64 * 1024
_LEFT = {  # what a client did that closed, by what it left unfinished
    "": "client closed",
    "message": "closed in the middle of a message; nothing stored",
    "login": "closed in the middle of a login",
}
_UNACKNOWLEDGED = 120_000  # milliseconds that octets sent to a peer may stay without its acknowledgement


@dataclass(frozen=True, slots=True)
class Limits:
    """What a LineServer allows: connections at once, seconds without a completed line."""

    max_connections: int
    idle_timeout: float


@dataclass(frozen=True, slots=True)
class TlsOffer:
    """TLS for clients: `context` makes what it is started with, called through `offload` as each handshake is.

    `at_once`: TLS comes before anything is said (RFC 8314 section 3), else when a client asks for it.
    """

    context: Callable[[], ssl.SSLContext]
    offload: Offload
    at_once: bool = False


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket. Raises StartFailed with one line for the user.

    What is accepted from it has its options: small replies go out at once, a peer that vanished is noticed, in two
    minutes where there are octets for it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartFailed(f"cannot listen on {host}: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux (RFC 5482); other systems take their own time
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartFailed(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


@dataclass(slots=True)
class _Connection:
    """A client being served; `progress` is its dialog's as it was last seen, `since` the moment that was new.

    So is `earned`: content that must keep up a rate moves `since` on by as many seconds as its octets are worth.
    """

    channel: Channel | Tunnel
    dialog: Dialog
    since: float
    progress: int = -1
    earned: float = 0.0

    def idle_for(self, now: float) -> float:
        """Return the seconds since a line was last completed, less what content has earned since."""
        dialog = self.dialog
        if dialog.progress != self.progress:
            self.progress, self.since = dialog.progress, now
        elif dialog.earned != self.earned:
            self.since = min(now, self.since + dialog.earned - self.earned)
        self.earned = dialog.earned
        return now - self.since


class _Acceptor(StreamServer):  # type: ignore[misc]
    """A StreamServer whose connections are plain sockets: gevent's own hold watchers that a Channel does not need."""

    def do_read(self) -> tuple[socket.socket, tuple[str, int]] | None:
        accepted = super().do_read()
        return accepted and (plain(accepted[0]), accepted[1])


class _GraceOver(gevent.GreenletExit):  # type: ignore[misc]
    """Thrown into a connection that did not finish in time after the server was told to stop."""


class LineServer:
    """Serves one dialect on one listening socket. `open_dialog(session_id, peer)` makes the Dialog of a connection.

    Servers that share a `crowd` share the caps on connections. `tls` is there where a dialog may ask for it, or has it
    from the first.
    """

    def __init__(
        self,
        listener: socket.socket,
        open_dialog: Callable[[int, str], Dialog],
        *,
        protocol: str,
        bus: Bus,
        session_ids: Iterator[int],
        limits: Limits,
        crowd: Crowd | None = None,
        tls: TlsOffer | None = None,
    ) -> None:
        self._open_dialog = open_dialog
        self._protocol = protocol
        self._bus = bus
        self._session_ids = session_ids
        self._limits = limits
        self._crowd = crowd or Crowd(limits.max_connections, limits.max_connections)
        self._tls = tls
        self._open: dict[int, _Connection] = {}
        self._draining = False
        self._pool = Pool(limits.max_connections + min(_ROOM_TO_REFUSE, 1 + limits.max_connections // 4))
        every = min(_LOOK_EVERY, limits.idle_timeout / 4)
        self._looks = gevent.get_hub().loop.timer(every, every)
        self._server = _Acceptor(listener, self._serve, spawn=self._pool)

    def start(self) -> None:
        """Begin to accept."""
        self._looks.start(self._wake_the_idle)
        self._server.start()

    def stop(self, grace: float) -> None:
        """Stop accepting, tell idle clients, let messages under way finish for `grace` seconds, then end the rest."""
        self._server.close()
        self._draining = True
        for connection in self._open.values():
            connection.channel.wake_soon()
        self._pool.join(timeout=grace)
        self._pool.kill(_GraceOver, timeout=1)
        self._looks.close()

    def _wake_the_idle(self) -> None:
        now = time.monotonic()
        for connection in list(self._open.values()):
            if not connection.channel.waiting:
                connection.since = now  # it waits for us
            elif connection.idle_for(now) >= self._limits.idle_timeout:
                connection.channel.wake()

    def _serve(self, sock: socket.socket, address: tuple[str, int]) -> None:
        session_id = next(self._session_ids)
        peer = f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
        self._bus.publish(SessionOpened(session_id, self._protocol, peer))
        reason = "ended by the server's stop"
        channel = Channel(sock)
        try:
            too_many = self._crowd.enter(session_id, address[0])
            connection = _Connection(channel, self._open_dialog(session_id, peer), time.monotonic())
            self._open[session_id] = connection
            if too_many is None:
                reason = self._converse(session_id, connection)
            else:
                reason = self._turn_away(connection, ServerBusy(too_many))
            self._leave(session_id)  # what lingers takes nobody's place
            _linger(connection.channel, _LINGER_TIME if too_many is None else 0)
        except ssl.SSLError as error:
            reason = in_words(error)
        except OSError as error:
            reason = f"connection lost: {error.strerror or error or 'the client took too long to read'}"
        finally:
            self._leave(session_id)
            channel.close()
            self._bus.publish(SessionClosed(session_id, reason))

    def _leave(self, session_id: int) -> None:
        self._open.pop(session_id, None)
        self._crowd.leave(session_id)

    def _converse(self, session_id: int, connection: _Connection) -> str:
        """Carry octets between channel and dialog until one side ends it; return why it ended."""
        dialog = connection.dialog
        if self._at_once:
            self._begin_tls(session_id, connection)
        _send_all(connection.channel, iter([dialog.greet()]))
        while not dialog.closing:
            if dialog.upgrading:
                self._begin_tls(session_id, connection)
            channel = connection.channel
            if self._draining and dialog.unfinished != "message":
                return _say_farewell(connection, ShuttingDown())
            try:
                data = channel.receive(dialog.deadline)
            except _GraceOver:
                return _say_farewell(connection, ShuttingDown())
            if data:
                _send_all(channel, dialog.receive(data))
            elif data == b"":
                _send_all(channel, dialog.end_of_input())
                return _LEFT[dialog.unfinished]
            elif connection.idle_for(time.monotonic()) >= self._limits.idle_timeout:
                return _say_farewell(connection, IdleTooLong())
            else:
                _send_all(channel, dialog.silence())
        return "done"

    @property
    def _at_once(self) -> bool:
        return self._tls is not None and self._tls.at_once

    def _turn_away(self, connection: _Connection, fault: ServerBusy) -> str:
        """Tell a client over a cap so; where it waits for TLS, which costs more than it is worth, just close."""
        if self._at_once:
            return f"Server busy: {fault}".removesuffix(": ")
        return _say_farewell(connection, fault)

    def _begin_tls(self, session_id: int, connection: _Connection) -> None:
        tls = self._tls
        assert tls is not None
        assert isinstance(connection.channel, Channel)
        connection.channel = tunnel = Tunnel(connection.channel, tls.offload(tls.context), tls.offload)
        agreed = tunnel.begin()
        connection.dialog.upgraded(agreed)
        self._bus.publish(TlsBegun(session_id, agreed))


def _send_all(channel: Channel | Tunnel, pieces: Iterable[Octets]) -> None:
    """Send each piece; between two, let the other greenlets run: a client that always has more must not starve them."""
    for number, piece in enumerate(pieces):
        if number:
            gevent.sleep(0)
        if piece:
            channel.send(piece)


def _say_farewell(connection: _Connection, fault: MailFault) -> str:
    octets = connection.dialog.farewell(fault)
    connection.channel.send(octets)
    return octets.decode().strip()


def _linger(channel: Channel | Tunnel, seconds: float) -> None:
    """Close our half and read what is still on its way: closing with octets unread would reset the last reply away."""
    deadline, size = time.monotonic() + seconds, 0
    with suppress(OSError):  # all was said; a peer that slams the door takes nothing back
        channel.shut(socket.SHUT_WR)
        while size < _LINGER_SIZE:
            data = channel.receive(deadline)
            if not data:
                return
            size += len(data)
