"""Notices that a client has gone while it is told something, before anything is sent to it.

A connection that its peer has closed can be read, and reads as its end. A page that somebody has left would otherwise
hold its place until the next piece, and the one after it, cannot be sent.
"""

import socket
from collections.abc import Callable
from typing import Any

import gevent

WHEN_GONE = "mysmtp.when_gone"  # in the environment of a request: call it with what is to be called
_READ = 1  # an event of libev


class Leaving:
    """Watches one connection of gevent's, from `watch` to `close`."""

    def __init__(self, sock: Any) -> None:
        self._socket = sock
        self._watcher: Any = None

    def watch(self, then: Callable[[], None]) -> None:
        """Have `then` called in the hub once the peer has closed its side."""
        self._watcher = gevent.get_hub().loop.io(self._socket.fileno(), _READ)
        self._watcher.start(self._look, then)

    def _look(self, then: Callable[[], None]) -> None:
        try:
            more = self._socket._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)  # that of gevent's would wait
        except BlockingIOError:
            return
        except OSError:
            more = b""
        self._watcher.stop()  # what else comes is the next request
        if not more:
            then()

    def close(self) -> None:
        """Watch no more."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
