"""The HTTP side of the process: gevent's WSGI server with deadlines, a cap, and no patience for ambiguous requests.

Knows nothing of mail or pages. Which requests are refused stands in `heads`, who waits for whom in `governor`.
"""

import io
import logging
import socket
import time
from typing import Any, cast

import gevent
from flask import Flask
from gevent import Timeout
from gevent.pool import Pool
from gevent.pywsgi import Input, WSGIHandler, WSGIServer, headers_factory
from werkzeug.datastructures import EnvironHeaders

from mysmtp.text import clipped, visible
from mysmtp.web.governor import Crowded
from mysmtp.web.guard import HEADERS, largest_body
from mysmtp.web.heads import check_framing, read_head, split_target
from mysmtp.web.health import PATHS
from mysmtp.web.leaving import WHEN_GONE, Leaving
from mysmtp.web.sharing import ARRIVED
from mysmtp.web.site import EXTENSION, Site

log = logging.getLogger(__name__)

CONNECTIONS = 512
HEADER_DEADLINE = 10.0
BODY_DEADLINE = 10.0
IDLE = 15.0
STALLED = 60.0
REFUSED_AFTER = 1.0  # so that whoever asks again at once costs little
_PLAIN_HEADERS = "".join(f"{name}: {value}\r\n" for name, value in HEADERS).encode("ascii")
_REFUSED = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n" + _PLAIN_HEADERS + b"\r\n"
_CROWDED = b"Mail comes in, and enough pages wait already. Nothing was changed. Try again in a while.\n"


class Handler(WSGIHandler):  # type: ignore[misc]
    """One connection: requests are read whole, within deadlines, before the application sees them."""

    def __init__(self, sock: Any, address: Any, server: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(STALLED)  # for a client that stops reading; reading has shorter deadlines of its own
        super().__init__(sock, address, server)
        self.wsgi_input: Any = None
        self.path: str = "/"
        self._deadline: Timeout | None = None
        self._authority: str | None = None
        self._leaving = Leaving(sock)

    def handle(self) -> None:
        try:
            super().handle()
        except Timeout:
            log.debug("connection closed: a request did not come in time")
        except OSError as fault:  # it went while it was told what was wrong with its request
            log.debug("connection lost: %s", fault.strerror or fault)
        finally:
            self._stop_clock()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.close()
            self._deadline = None

    def read_requestline(self) -> str:
        with Timeout(IDLE, False):
            self.rfile.peek(1)
            self._deadline = Timeout.start_new(HEADER_DEADLINE)
            return cast(str, super().read_requestline())
        return ""

    def read_request(self, raw_requestline: str) -> bool:
        try:
            if len(raw_requestline.split()) != 3 or not raw_requestline.endswith("\r\n"):
                raise ValueError("the request line is not as it must be")
            taken = bool(super().read_request(raw_requestline))
            if self.request_version == "HTTP/1.1" and self.headers.get("host") is None:
                raise ValueError("no Host")  # RFC 9112 section 3.2
            self._authority, self.path = split_target(str(self.path))
            return taken
        finally:
            self._stop_clock()

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        if self._authority is not None:  # whatever the Host field says (RFC 9112 section 3.2.2)
            environ["HTTP_HOST"] = self._authority
        environ[WHEN_GONE] = self._leaving.watch
        return environ

    def handle_one_request(self) -> Any:
        result = super().handle_one_request()
        return ("414", _REFUSED % b"414 URI Too Long") if isinstance(result, tuple) and result[0] == "414" else result

    def MessageClass(self, *_: Any) -> Any:  # noqa: N802 - gevent's name
        """Read the header fields, refusing those that two readers could understand differently."""
        headers = headers_factory(io.BytesIO(read_head(self.rfile)))
        check_framing(headers.get_all("content-length"), headers.get_all("transfer-encoding"))
        if len(headers.get_all("host", [])) > 1:
            raise ValueError("more than one Host")
        return headers

    def handle_one_response(self) -> None:
        try:
            with Timeout(BODY_DEADLINE):
                self._take_body()
        except OSError as fault:  # a chunked body that is none
            self.close_connection = True
            self.socket.sendall(self._handle_client_error(fault)[1])
            return
        try:
            super().handle_one_response()
        finally:
            self._leaving.close()
        if self.close_connection:
            self._linger()

    def run_application(self) -> None:
        if self.environ["PATH_INFO"] in PATHS:  # who watches over the server is told at once
            super().run_application()
            return
        self.environ[ARRIVED] = time.monotonic()
        try:
            with self.server.governor.turn():
                super().run_application()
        except Crowded:
            self._refuse_for_now()

    def _refuse_for_now(self) -> None:
        self.close_connection = True
        gevent.sleep(REFUSED_AFTER)
        plain = [("Content-Type", "text/plain"), ("Content-Length", str(len(_CROWDED))), ("Retry-After", "2")]
        self.start_response("503 Service Unavailable", [*plain, ("Connection", "close"), *HEADERS])
        self.write(_CROWDED)

    def _take_body(self) -> None:
        """Read the request's body at once. Of one that is too large nothing is kept, and the connection is closed."""
        stream, length = self.wsgi_input, self.content_length or 0
        largest = largest_body(self.environ["PATH_INFO"], EnvironHeaders(self.environ))
        taken = b"" if length > largest else stream.read(largest + 1)
        if max(length, len(taken)) > largest:
            self.close_connection = True
            taken, length = b"", max(length, largest + 1)
            self.wsgi_input = Input(self.rfile, 0)
        else:
            length = len(taken)
        self.environ["wsgi.input"] = io.BytesIO(taken)
        self.environ["CONTENT_LENGTH"] = str(length)
        self.environ.pop("HTTP_TRANSFER_ENCODING", None)

    def _linger(self) -> None:
        """Read on for a moment, so that closing does not take the answer away from a client that is still sending."""
        deadline = time.monotonic() + 1
        try:
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(1)
            while time.monotonic() < deadline and self.socket.recv(64 * 1024):
                pass
        except OSError:
            pass

    def _handle_client_error(self, ex: BaseException) -> tuple[str, bytes]:
        log.debug("request refused: %s", visible(clipped(str(ex), 200)))
        return "400", _REFUSED % b"400 Bad Request"

    def _log_error(self, t: Any, v: Any, tb: Any) -> None:
        if issubclass(t, Exception):
            log.error("a response failed", exc_info=(t, v, tb))

    def log_request(self) -> None:
        if log.isEnabledFor(logging.DEBUG):
            line = visible(clipped(str(self.requestline or ""), 300))
            log.debug("%s %s, %s octets", line, self.code, self.response_length)


class WebServer(WSGIServer):  # type: ignore[misc]
    """A WSGI server whose connections pay for the CPU they use; its end is told to those who would wait for it."""

    def __init__(self, listener: Any, app: Flask, connections: int) -> None:
        self._site: Site = app.extensions[EXTENSION]
        self.governor = self._site.governor
        pool = Pool(connections, greenlet_class=self.governor.greenlet)
        super().__init__(listener, app, spawn=pool, handler_class=Handler, log=None, error_log=log)

    def stop(self, timeout: float | None = None) -> None:
        self.governor.open()
        self._site.live.close()
        super().stop(timeout)


def serve_web(app: Flask, listener: socket.socket | tuple[str, int], *, connections: int = CONNECTIONS) -> WebServer:
    """Return a server of `app` (made by `create_app`) on a listening socket or (host, port); `start()` starts it.

    `stop(timeout)` ends it: pages that listen are let go at once, other requests have `timeout` seconds. At most
    `connections` are held at a time; more wait in the listen queue.
    """
    return WebServer(listener, app, connections)
