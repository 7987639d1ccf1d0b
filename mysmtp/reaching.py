"""The running server as a command finds and asks it: over the HTTP of its pages, whose address its folder tells."""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from mysmtp.store.holder import holder_of

USUAL = "http://127.0.0.1:8025"
_PATIENCE = 30.0  # seconds for an answer, and without a sign of life of a stream
_TRIES = 5  # of a server that says it is busy
_LONGEST = 64 * 1024 * 1024  # octets of an answer


class NoPages(Exception):
    """The server's pages cannot be asked; `str(fault)` says why. Not yet safe to show."""


class Gone(Exception):
    """The server has nothing at this address."""


def pages_of(address: str | None, folder: Path) -> "Pages":
    """Return the pages at an address, else those of the server that has the folder, else at the usual address.

    Raises NoPages where that is no address of pages.
    """
    holder = None if address else holder_of(folder)
    return Pages(address or (holder.address if holder else USUAL))


class Pages:
    """The pages of one server. Every method raises NoPages."""

    def __init__(self, address: str) -> None:
        try:
            where = urlsplit(address if "://" in address else f"http://{address}")
            port = where.port or 80
        except ValueError as fault:
            raise NoPages(f"{address} is no address of pages, such as {USUAL}") from fault
        if where.scheme != "http" or not where.hostname or where.path.strip("/"):
            raise NoPages(f"{address} is no address of pages, such as {USUAL}")
        self.address = f"http://{where.netloc}"
        self._host, self._port, self._authority = where.hostname, port, where.netloc
        self._kept: HTTPConnection | None = None

    def ask(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Return what an address answers, as JSON. Raises Gone as well."""
        target = f"{path}?{urlencode(query)}" if query else path
        for again in range(_TRIES):
            response, octets = self._answer(target)
            if response.status != 503 or again + 1 == _TRIES:
                break
            time.sleep(1.0)
        if response.status == 404:
            raise Gone(path)
        if response.status != 200:
            raise NoPages(f"the server at {self.address} answers {response.status} {response.reason}")
        try:
            return json.loads(octets)
        except (ValueError, RecursionError) as fault:
            raise NoPages(f"what is at {self.address} is no server of this kind") from fault

    def _answer(self, target: str) -> tuple[HTTPResponse, bytes]:
        """Ask over the connection that is there, or a new one where the server has let that go."""
        if self._kept is not None:
            with suppress(OSError, HTTPException):
                return self._request(self._kept, target)
            self.close()
        self._kept = HTTPConnection(self._host, self._port, timeout=_PATIENCE)
        try:
            return self._request(self._kept, target)
        except (OSError, HTTPException) as fault:
            self.close()
            raise self._no_answer(fault) from fault

    def _request(self, connection: HTTPConnection, target: str) -> tuple[HTTPResponse, bytes]:
        connection.request("GET", target, headers={"Host": self._authority})
        response = connection.getresponse()
        return response, response.read(_LONGEST)

    def listen(self) -> "Listening":
        """Begin to listen for news of sessions."""
        connection = HTTPConnection(self._host, self._port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/live?session=0", headers={"Host": self._authority})
            response = connection.getresponse()
        except (OSError, HTTPException) as fault:
            connection.close()
            raise self._no_answer(fault) from fault
        if response.status != 200:
            connection.close()
            raise NoPages(f"the server at {self.address} answers {response.status} {response.reason}")
        return Listening(connection, response, self._no_answer)

    def _no_answer(self, fault: Exception) -> NoPages:
        why = (fault.strerror if isinstance(fault, OSError) else None) or str(fault) or type(fault).__name__
        return NoPages(f"the server at {self.address} does not answer: {why.lower()}")

    def close(self) -> None:
        """Hang up."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


class Listening:
    """News of sessions, heard in a thread: those that come while somebody is busy with the last ones count as one."""

    def __init__(
        self, connection: HTTPConnection, stream: HTTPResponse, no_answer: Callable[[Exception], NoPages]
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._no_answer = no_answer
        self._news = threading.Event()
        self._fault: NoPages | None = None
        self._news.set()  # of what was before it listened
        threading.Thread(target=self._hear, daemon=True).start()

    def wait(self) -> None:
        """Wait for news; there are some at the beginning. Raises NoPages when the server ends, or is not there."""
        self._news.wait()
        self._news.clear()
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        """Listen no more."""
        with suppress(OSError, AttributeError):  # the thread may have closed it, or never had it
            self._connection.sock.shutdown(socket.SHUT_RDWR)

    def _hear(self) -> None:
        fault: Exception = EOFError("it has ended")
        try:
            while line := self._stream.readline(_LONGEST):
                if line.startswith(b"event: session"):
                    self._news.set()
        except (OSError, HTTPException, ValueError) as wrong:
            fault = wrong
        self._fault = self._no_answer(fault)
        self._connection.close()
        self._news.set()
