"""Plays the client's half of a script to a server, as the client waited for replies, and hears what is said to that."""

import base64
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from mysmtp.client.connection import NoConnection, reason
from mysmtp.inspector.script import Heard, Script, Send
from mysmtp.wire import HIDDEN, lines_of, spelled, tls_begins

_CONNECT_TIME = 10.0  # seconds
_BETWEEN = 0.02  # between two sends without a reply between them, so that they come as two
_BETWEEN_UNENDED = 0.06  # the same after one that ends no line: the original program's commands are parted so
_SETTLED = 0.2  # of silence after which a reply that differs is taken for complete
_SHORT = 1.0  # the same while it has fewer lines than the recorded one
_PIECE = 256 * 1024
_LOGIN = re.compile(rb" *(?:AUTH +(\S+)(?: +\*{4})?|PASS +\*{4})\s*", re.IGNORECASE)
_ANSWER = re.compile(rb"\*{4}\r?\n?")
_CANCEL = re.compile(rb"\*\r?\n")  # RFC 4954, section 4


@dataclass(frozen=True, slots=True)
class Told:
    """One line to show: `side` ``C``, ``S``, or ``#`` for a remark; `differs` from what was recorded."""

    side: str
    text: str
    differs: bool = False

    def __str__(self) -> str:
        return f"#{' ' if self.text else ''}{self.text}" if self.side == "#" else f"{self.side}: {self.text}"


@dataclass(frozen=True, slots=True)
class Login:
    """What is sent where a password was masked."""

    user: str = ""
    password: str = ""

    def plain(self) -> bytes:
        """Return the answer of AUTH PLAIN (RFC 4616)."""
        return base64.b64encode(f"\0{self.user}\0{self.password}".encode("utf-8", "surrogateescape"))


def compared(recorded: bytes, heard: bytes) -> Iterator[Told]:
    """Yield the lines that were heard, each that differs with a remark of what was recorded in its place."""
    before, now = lines_of(recorded), lines_of(heard)
    if recorded == heard:
        yield from (Told("S", spelled(line)) for line in now)
        return
    matcher = SequenceMatcher(None, before, now, autojunk=False)
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        for old, new in zip_longest(before[first:last], now[new_first:new_last]):
            if new is not None:
                yield Told("S", spelled(new), kind != "equal")
            if kind == "equal":
                continue
            if old is None:
                yield Told("#", "the recording has no such line", differs=True)
            else:
                yield Told("#", f"{'did not come' if new is None else 'recorded'}: S: {spelled(old)}", differs=True)


class Player:
    """One connection on which a script is played. `tell` is given each line as it crosses."""

    def __init__(
        self,
        where: tuple[str, int],
        login: Login,
        tell: Callable[[Told], None],
        *,
        recorded_pace: bool = False,
        patience: float = 10.0,
    ) -> None:
        self.lines = 0  # that the server said
        self.differing = 0  # that differ from the recorded ones, are missing, or are new
        self._login = login
        self._tell = tell
        self._recorded_pace = recorded_pace
        self._patience = patience
        self._unread = b""
        self._closed = False
        self._answers: list[bytes] = []  # what a login still has to answer
        try:
            self._socket: socket.socket = socket.create_connection(where, _CONNECT_TIME)
        except OSError as fault:
            hint = "; is the server running?" if isinstance(fault, ConnectionRefusedError) else ""
            raise NoConnection(f"no connection to {where[0]} port {where[1]}: {reason(fault)}{hint}") from fault
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def play(self, script: Script) -> None:
        """Play all of it, then hang up and hear what is still said. Raises NoConnection where TLS does not begin."""
        last: object = None
        try:
            for step in script.steps:
                if isinstance(step, Send):
                    self._wait(step, last)
                    self._send(step)
                elif isinstance(step, Heard):
                    self._compare(step)
                elif not self._closed:
                    self._secure()
                last = step
            self._end()
        finally:
            self._socket.close()

    def _wait(self, step: Send, last: object) -> None:
        seconds = step.gap if self._recorded_pace and step.gap is not None else 0.0
        if isinstance(last, Send):
            seconds = max(seconds, _BETWEEN if last.octets.endswith(b"\n") or step.alone else _BETWEEN_UNENDED)
        time.sleep(seconds)

    def _send(self, step: Send) -> None:
        octets = b""
        for line in lines_of(step.octets):
            self._tell(Told("C", spelled(line)))
            octets += self._filled(line, masked=step.masked)
        self._socket.settimeout(self._patience)
        with suppress(OSError):  # a server that has closed is found out when its reply is read
            self._socket.sendall(octets)

    def _filled(self, line: bytes, *, masked: bool) -> bytes:
        """Return a line with the secret in it that was masked, if there is one that belongs there.

        Other asterisks are sent as they are: the client said there what no login had asked for, or what nobody can make
        of a user and a password, and a password that nobody asked for would be told to whoever looks on.
        """
        if match := _LOGIN.fullmatch(line):
            self._answers = self._answers_of(match)
        elif _CANCEL.fullmatch(line):
            self._answers = []
        elif not (masked and _ANSWER.fullmatch(line)):
            return line
        before, asterisks, end = line.rpartition(HIDDEN)
        return before + self._answers.pop(0) + end if masked and asterisks and self._answers else line

    def _answers_of(self, match: re.Match[bytes]) -> list[bytes]:
        """Return the secrets of a command: one that it holds, then those that the server will ask for."""
        password = self._login.password.encode("utf-8", "surrogateescape")
        mechanism = (match[1] or b"").upper()
        if mechanism == b"PLAIN":
            return [self._login.plain()]
        if mechanism == b"LOGIN":
            user = self._login.user.encode("utf-8", "surrogateescape")
            return [base64.b64encode(user), base64.b64encode(password)]
        return [] if mechanism else [password]

    def _compare(self, step: Heard) -> None:
        heard = self._hear(step)
        self._show(step.against(heard), heard)

    def _show(self, recorded: bytes, heard: bytes) -> None:
        self.lines += len(lines_of(heard))
        for told in compared(recorded, heard):
            self.differing += told.differs and told.side == "#"
            self._tell(told)

    def _hear(self, step: Heard) -> bytes:
        """Return what the server says until it has said as much as was recorded, or something else and is silent."""
        octets, self._unread = self._unread, b""
        wanted, lines = len(step.octets), step.octets.count(b"\n")
        patience = max(self._patience, step.lasted * 2) if self._recorded_pace else self._patience
        while True:
            if len(octets) >= wanted and step.against(octets) == octets[:wanted]:
                self._unread = octets[wanted:]
                return octets[:wanted]
            if octets == step.against(octets)[: len(octets)]:
                quiet = patience
            else:
                quiet = min(patience, _SETTLED if octets.count(b"\n") >= lines else _SHORT)
            piece = self._receive(quiet)
            if not piece:
                return octets
            octets += piece

    def _receive(self, seconds: float) -> bytes:
        if self._closed:
            return b""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            piece = self._socket.recv(_PIECE)
        except TimeoutError:
            return b""
        except OSError:
            piece = b""
        self._closed = not piece
        return piece

    def _secure(self) -> None:
        """Shake hands. Nobody is trusted by it: what it is for is on this machine."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self._unread:
            raise NoConnection("the server said more where TLS was to begin; what follows cannot be played")
        self._socket.settimeout(self._patience)
        try:
            secured = context.wrap_socket(self._socket, server_hostname="localhost")
        except OSError as fault:
            raise NoConnection(f"TLS does not begin, and what follows cannot be played: {reason(fault)}") from fault
        self._socket = secured
        cipher = secured.cipher()
        self._tell(Told("#", tls_begins(f"{secured.version()} {cipher[0] if cipher else ''}")[2:]))

    def _end(self) -> None:
        """Say that no more comes, and hear what is still said."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)  # that of an SSLSocket would end reading as well
        octets = self._unread
        while piece := self._receive(min(self._patience, _SHORT)):
            octets += piece
        self._show(b"", octets)
