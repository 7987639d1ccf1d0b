"""Tunnel: a Channel with TLS inside, to be used like one. The TLS is worked out in memory, so no socket is wrapped.

Knows nothing of what is said, nor of where certificates come from.
"""

import ssl
import time
from contextlib import suppress

from mysmtp.channel import Channel

HANDSHAKE_TIME = 10.0  # seconds a client may take for it
_READ_SIZE = 64 * 1024


class Tunnel:
    """TLS over a channel, as the server of it. Begin with `begin`; then as a Channel. Its errors are OSErrors too."""

    __slots__ = ("_channel", "_come", "_tls", "_to_go")

    def __init__(self, channel: Channel, context: ssl.SSLContext) -> None:
        self._channel = channel
        self._come = ssl.MemoryBIO()
        self._to_go = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._come, self._to_go, server_side=True)

    @property
    def waiting(self) -> bool:
        """Whether the greenlet waits for input."""
        return self._channel.waiting

    def begin(self) -> str:
        """Shake hands; return the version and cipher agreed on. Raises TimeoutError, ssl.SSLError."""
        deadline = time.monotonic() + HANDSHAKE_TIME
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fetch_some(deadline)
            else:
                self._flush()
                cipher = self._tls.cipher()
                return f"{self._tls.version()} {cipher[0] if cipher else ''}".strip()

    def receive(self, deadline: float | None = None) -> bytes | None:
        """As `Channel.receive`."""
        while True:
            try:
                return self._tls.read(_READ_SIZE)
            except ssl.SSLWantReadError:
                self._flush()  # TLS may have had to answer something itself
            data = self._channel.receive(deadline)
            if not data:
                return data
            self._come.write(data)

    def wake(self) -> None:
        """As `Channel.wake`."""
        self._channel.wake()

    def wake_soon(self) -> None:
        """As `Channel.wake_soon`."""
        self._channel.wake_soon()

    def send(self, octets: bytes) -> None:
        """As `Channel.send`."""
        if octets:
            self._tls.write(octets)
        self._flush()

    def shut(self, how: int) -> None:
        """Say that nothing more will come, then as `Channel.shut`."""
        with suppress(ssl.SSLError):  # it asks for the peer's word as well, which may never come
            self._tls.unwrap()
        with suppress(OSError):
            self._flush()
            self._channel.shut(how)

    def _fetch_some(self, deadline: float) -> None:
        data = self._channel.receive(deadline)
        if data:
            self._come.write(data)
        elif data == b"":
            raise ConnectionResetError("closed in the middle of the TLS handshake")
        elif time.monotonic() >= deadline:
            raise TimeoutError("no TLS handshake in time")

    def _flush(self) -> None:
        if self._to_go.pending:
            self._channel.send(self._to_go.read())
