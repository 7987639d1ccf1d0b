"""One TCP connection to a My_SMTP server, and the finding out which kind of server it is.

A server of this project ends each reply with a newline. The original does not: its reply is whatever comes before a
pause. What verbs mean, and in which order they may stand, is not known here.
"""

import re
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from mysmtp.client.wire import WireLog
from mysmtp.text import decode

Kind = Literal["unknown", "lines", "original"]

CONNECT_TIME = 10.0  # seconds
REPLY_TIME = 60.0
NEWLINE_TIME = 0.3  # from the first octet of the first reply: no newline by then means the original
PAUSE = 0.05  # ends a reply of the original
LINE_LIMIT = 64 * 1024  # octets of a reply's line
BODY_LIMIT = 1024**3
_PIECE = 256 * 1024
_CODE = re.compile(rb"([0-9]{3})(?: (.*))?", re.DOTALL)
_LAST_DOT = re.compile(rb"(?:\A|(?<=\n))\.\r?\n")


class NoConnection(Exception):
    """The server is not there, or it went away; `str(error)` tells it in words."""


class Silent(NoConnection):
    """The server is there, and says nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply. `code` is 0 for a reply without one; `text` is not yet safe to show; `seconds` is the time it took."""

    code: int
    text: str
    body: bytes | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the server did what it was asked."""
        return self.code == 200

    @property
    def line(self) -> str:
        """The reply as it stood on the wire, without its line end; not yet safe to show."""
        return f"{self.code} {self.text}".rstrip() if self.code else self.text


def unstuffed(lines: bytes) -> bytes:
    """Return a body's lines without the dot that was put before each line that began with one."""
    return (b"\n" + lines).replace(b"\n.", b"\n")[1:]


def connect(host: str, port: int, log: WireLog | None = None) -> "Connection":
    """Return a connection to a server. Raises NoConnection."""
    try:
        peer = socket.create_connection((host, port), timeout=CONNECT_TIME)
    except (OSError, UnicodeError, OverflowError) as error:
        hint = "; is the server running?" if isinstance(error, ConnectionRefusedError) else ""
        raise NoConnection(f"no connection to {place(host, port)}: {reason(error)}{hint}") from error
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(peer, place(host, port), log)


def place(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reason(error: Exception) -> str:
    """Return why the system could not do it, in its own words without its numbers."""
    words = error.strerror if isinstance(error, OSError) else None
    return (words or str(error) or type(error).__name__).lower()


class Connection:
    """A conversation's two directions. `kind` is settled by the first reply.

    Every method that waits raises NoConnection when the server goes away or stays silent.
    """

    def __init__(self, peer: socket.socket, name: str, log: WireLog | None = None) -> None:
        self.kind: Kind = "unknown"
        self.name = name
        self.closed = False  # by the server
        self.patience = REPLY_TIME  # seconds without an octet before a reply is given up
        self._socket = peer
        self._log = log
        self._unread = bytearray()
        self._sent_at = 0.0
        self._first_at = 0.0

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def send(self, octets: bytes) -> None:
        """Send octets as they are. A server that has closed is found out when its reply is read."""
        if self._log:
            self._log.sent(octets)
        self._socket.settimeout(REPLY_TIME)
        self._sent_at = time.monotonic()
        with suppress(OSError):
            for start in range(0, len(octets), _PIECE):
                self._socket.sendall(octets[start : start + _PIECE])

    def reply(self, with_body: bool = False) -> Answer:
        """Return the next reply; `with_body` says that lines and a closing dot follow if it is 200."""
        self._wait_for_octets()
        if self.kind == "unknown":
            self._settle()
        return self._reply_of_original() if self.kind == "original" else self._reply_in_lines(with_body)

    def ended(self, patience: float = 0.0) -> bool:
        """Tell whether the server has closed, or does so while it is silent for less than `patience` seconds.

        What it said before that is read by `overheard`.
        """
        while len(self._unread) < LINE_LIMIT and select.select([self._socket], [], [], patience)[0]:
            if not self._receive(0.0):
                break
        return self.closed

    def has_unread(self) -> bool:
        """Tell whether something came that nobody asked for."""
        return bool(self._unread)

    def overheard(self) -> bytes | None:
        """Return a line that the server said unasked, or None."""
        line, newline, _ = bytes(self._unread).partition(b"\n")
        if not newline and not (line and self.closed) and len(line) < LINE_LIMIT:
            return None
        self._take(len(line + newline))
        return line.rstrip(b"\r\0")

    # Reading

    def _reply_in_lines(self, with_body: bool) -> Answer:
        while b"\n" not in self._unread:
            self._more("in the middle of a reply")
            if len(self._unread) > LINE_LIMIT and b"\n" not in self._unread:
                raise NoConnection(
                    f"{self.name} sent {LINE_LIMIT:,} octets without a line end; it is no My_SMTP server"
                )
        line = self._take(self._unread.index(b"\n") + 1)
        seconds = self._first_at - self._sent_at
        answer = _parse(line.rstrip(b"\n").removesuffix(b"\r"), None, seconds)
        if not (with_body and answer.ok):
            return answer
        return Answer(answer.code, answer.text, self._body(), seconds)

    def _body(self) -> bytes:
        searched = 0
        while not (dot := _LAST_DOT.search(self._unread, searched)):
            searched = max(0, len(self._unread) - 2)
            self._more("in the middle of a mail or list")
            if len(self._unread) > BODY_LIMIT:
                raise NoConnection(f"{self.name} sent more than {BODY_LIMIT:,} octets without a closing dot")
        lines = self._take(dot.end())
        return unstuffed(lines[: dot.start()])

    def _reply_of_original(self) -> Answer:
        while self._receive(PAUSE) and len(self._unread) <= BODY_LIMIT:
            pass
        first, newline, rest = self._take(len(self._unread)).replace(b"\0", b"").partition(b"\n")
        return _parse(first.removesuffix(b"\r"), rest if newline else None, self._first_at - self._sent_at)

    def _settle(self) -> None:
        deadline = time.monotonic() + NEWLINE_TIME
        while b"\n" not in self._unread and self._receive(deadline - time.monotonic()):
            pass
        self.kind = "lines" if b"\n" in self._unread else "original"

    def _wait_for_octets(self) -> None:
        if not self._unread:
            self._more("without a reply")
        self._first_at = time.monotonic()

    def _more(self, where: str) -> None:
        if self._receive(self.patience):
            return
        if self.closed:
            raise NoConnection(f"{self.name} closed the connection {where}")
        raise Silent(f"{self.name} has been silent for {self.patience:g} s {where}")

    def _receive(self, seconds: float) -> bool:
        """Wait for more octets; False when none came in time or the server has closed."""
        if self.closed:
            return False
        self._socket.settimeout(max(seconds, 0.001))
        try:
            piece = self._socket.recv(_PIECE)
        except TimeoutError:
            return False
        except OSError:
            piece = b""
        self.closed = not piece
        self._unread += piece
        return bool(piece)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        if self._log:
            self._log.received(taken)
        return taken


def _parse(first: bytes, body: bytes | None, seconds: float) -> Answer:
    match = _CODE.fullmatch(first)
    if not match:
        return Answer(0, decode(first), body, seconds)
    return Answer(int(match[1]), decode(match[2] or b""), body, seconds)
