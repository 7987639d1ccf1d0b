"""Tunnel: a Channel with TLS inside, to be used like one. The TLS is worked out in memory, so no socket is wrapped.

Knows nothing of what is said, nor of where certificates come from.
"""

import ssl
import time
from contextlib import suppress
from types import MappingProxyType

from gevent import sleep

from mysmtp.channel import Channel, send_time
from mysmtp.contracts import Offload, run_here
from mysmtp.offload import to_the_end

HANDSHAKE_TIME = 10.0  # seconds a client may take for it
_READ_SIZE = 64 * 1024
_WRITE_SIZE = 256 * 1024  # octets made secret in one go, for which a slow core takes a millisecond


_DISTRUST = "the client does not trust the certificate"
_IN_WORDS = MappingProxyType(
    {
        "TLSV1_ALERT_UNKNOWN_CA": _DISTRUST,
        "SSLV3_ALERT_BAD_CERTIFICATE": _DISTRUST,
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISTRUST,
        "WRONG_VERSION_NUMBER": "the client does not speak TLS",
        "HTTP_REQUEST": "the client does not speak TLS",
        "UNSUPPORTED_PROTOCOL": "the client speaks no TLS from 1.2 on",
    }
)


def in_words(error: ssl.SSLError) -> str:
    """Return what failed, in words where it is known what OpenSSL means by it."""
    return f"TLS failed: {_IN_WORDS.get(error.reason or '', error.reason or str(error))}"


class Tunnel:
    """TLS over a channel, as the server of it. Begin with `begin`; then as a Channel. Its errors are OSErrors too.

    The handshake, which signs with a key that may be slow, is worked out through `offload`.
    """

    __slots__ = ("_channel", "_come", "_offload", "_tls", "_to_go")

    def __init__(self, channel: Channel, context: ssl.SSLContext, offload: Offload = run_here) -> None:
        self._channel = channel
        self._offload = offload
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
                to_the_end(self._offload, self._tls.do_handshake)
            except ssl.SSLWantReadError:
                self._flush()
                self._fetch_some(deadline)
            except ssl.SSLError:
                self._flush()  # TLS tells the peer why
                raise
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

    def send(self, octets: bytes | memoryview) -> None:
        """As `Channel.send`."""
        deadline = time.monotonic() + send_time(len(octets))
        view = memoryview(octets)
        for at in range(0, len(octets), _WRITE_SIZE):
            if at:
                sleep(0)  # others run meanwhile, however fast the peer reads
            self._tls.write(view[at : at + _WRITE_SIZE])
            self._flush(deadline)

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
        else:
            raise TimeoutError("no TLS handshake in time")

    def _flush(self, deadline: float | None = None) -> None:
        if self._to_go.pending:
            self._channel.send(self._to_go.read(), deadline)
