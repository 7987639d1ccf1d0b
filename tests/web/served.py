"""An application over real sockets in this process: gevent runs in a thread of its own, so nothing is patched."""

import socket
import threading
from collections.abc import Callable

import gevent
from flask import Flask
from gevent.event import Event

from mysmtp.web import serve_web


class Served:
    """An application served in a thread with a hub of its own."""

    def __init__(self, app: Flask) -> None:
        self.port = 0
        self._work: Callable[[], object] = lambda: None
        self._app = app
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    def call(self, work: Callable[[], object]) -> None:
        """Do something in the server's thread and wait for it."""
        done = threading.Event()

        def then_tell() -> None:
            work()
            done.set()

        self._work = then_tell
        self._wake.send()
        assert done.wait(30)

    def _run(self) -> None:
        self.server = serve_web(self._app, ("127.0.0.1", 0), connections=20)
        self.server.start()
        self.port = self.server.server_port
        ended = Event()
        self._end: Callable[[], object] = ended.set
        self._wake = gevent.get_hub().loop.async_()
        self._wake.start(lambda: gevent.spawn(self._work))
        self._ready.set()
        ended.wait()
        self.server.stop(timeout=1)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def ask(self, *pieces: bytes) -> bytes:
        """Send, say that no more comes, and return everything up to the server's close."""
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def stop(self) -> None:
        self.call(self._end)
        self._thread.join(10)
        assert not self._thread.is_alive()
