"""Small servers for the client to talk to: like the original C program, of this project's kind, by script."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

from mysmtp.client.connection import Connection, connect


class Server:
    """Listens on a free port, serves each connection in a thread, and keeps what each `recv` gave."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._peers: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._peers):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _start(self, work: Callable[..., None], *given: object) -> None:
        self._threads.append(threading.Thread(target=work, args=given))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer = self._listener.accept()[0]
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._peers.append(peer)
                self._start(self._serve_quietly, peer)

    def _serve_quietly(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.serve(peer)
            peer.shutdown(socket.SHUT_RDWR)

    def serve(self, peer: socket.socket) -> None:
        raise NotImplementedError

    def recv(self, peer: socket.socket) -> bytes:
        octets = peer.recv(4095)
        if octets:
            self.received.append(octets)
        return octets

    def connect(self) -> Connection:
        return connect("127.0.0.1", self.port)


class Scripted(Server):
    """Does with each connection what `script` says: it gets a `hear` and a `say`."""

    def __init__(self, script: Callable[[Callable[[], bytes], Callable[[bytes], None]], None]) -> None:
        super().__init__()
        self._script = script

    def serve(self, peer: socket.socket) -> None:
        self._script(lambda: self.recv(peer), peer.sendall)


class Original(Server):
    """One recv, one command; no reply ends with a newline; one recipient; the domain is all that follows HELO."""

    def __init__(self, full_after: int = 100, nul: bool = False) -> None:
        super().__init__()
        self.mails: list[tuple[str, str, str]] = []
        self._full_after = full_after
        self._end = b"\0" if nul else b""

    def serve(self, peer: socket.socket) -> None:
        state, domain, sender, recipient = 0, "", "", ""
        while octets := self.recv(peer):
            command = octets.partition(b"\0")[0].decode()
            reply = "400 Unknown command"
            if command.startswith("HELO "):
                state, domain, reply = 1, command[5:], "200 OK"
            elif command.startswith("MAIL FROM: "):
                sender = command[11:]
                matches = sender.rpartition("@")[2] == domain
                reply = "200 OK" if matches and state >= 1 else "400 Sender domain does not match HELO domain"
                state = 2 if reply == "200 OK" else state
            elif command.startswith("RCPT TO: "):
                recipient, reply = command[9:], "200 OK" if state >= 2 else "403 Send MAIL FROM first"
                state = 3 if state >= 2 else state
            elif command.startswith("DATA\n"):
                reply = self._store(state, sender, recipient, command[5:])
                state = 0
            elif command.startswith(("LIST ", "GET_MAIL ")):
                reply = self._tell(command.split())
            elif command == "QUIT":
                peer.sendall(b"200 Goodbye" + self._end)
                return
            peer.sendall(reply.encode() + self._end)

    def _store(self, state: int, sender: str, recipient: str, body: str) -> str:
        if state < 3:
            return "403 Send RCPT TO first"
        if len(self.mails) >= self._full_after:
            return "500 Failed to store message"
        self.mails.append((sender, recipient, body))
        return "200 Message stored successfully"

    def _tell(self, words: list[str]) -> str:
        mine = [mail for mail in self.mails if mail[1] == words[1]]
        if not mine:
            return "401 Requested email does not exist"
        if words[0] == "LIST":
            return "200 OK\n" + "".join(f"{n}: Email from {mail[0]} (12-03-2025)\n" for n, mail in enumerate(mine, 1))
        number = int(words[2])
        if number > len(mine):
            return "401 Email not found"
        return f"200 OK\nFrom: {mine[number - 1][0]}\nDate: 12-03-2025\n{mine[number - 1][2]}"


class Lines(Server):
    """Says 200 to everything, takes messages up to the dot. `replies` says otherwise for single verbs.

    `replies` may hold the whole reply to a first word, its line ends and body included; None closes instead.
    """

    def __init__(self, **replies: bytes | None) -> None:
        super().__init__()
        self.mails: list[bytes] = []
        self.commands: list[bytes] = []
        self.replies = replies

    def serve(self, peer: socket.socket) -> None:
        reader = peer.makefile("rb")
        for line in reader:
            self.commands.append(line)
            verb = line.upper().decode(errors="replace").replace(":", " ").split(" ")[0].strip()
            reply = self.replies.get(verb, self._default(verb))
            if reply is None:
                return
            peer.sendall(reply)
            if verb == "QUIT":
                return
            if verb == "DATA" and line.strip().upper() == b"DATA" and reply.startswith(b"200"):
                if not (mail := self._message(reader.readline)):
                    return
                self.mails.append(mail)
                stored = self.replies.get("DOT", b"200 Message stored successfully\n")
                if stored is None:
                    return
                peer.sendall(stored)

    def _default(self, verb: str) -> bytes:
        known = {"DATA": b"200 Enter message\n", "LIST": b"200 OK\n.\n", "QUIT": b"200 Goodbye\n"}
        if verb in ("HELO", "MAIL", "RCPT"):
            return b"200 OK\n"
        return known.get(verb, b"400 Unknown command\n")

    def _message(self, readline: Callable[[], bytes]) -> bytes:
        """Return the octets of a message, its dots as they came, the closing one too; nothing if it never ended."""
        lines = []
        while line := readline():
            lines.append(line)
            if line == b".\n":
                return b"".join(lines)
        return b""


VECTORS = (
    b"\x1b[2J", b"\x1b]0;pwned\x07", b"\x1b]52;c;ZXZpbA==\x07", b"\x1b[21t", b'\x1bP$q"p\x1b\\', b"\x1bc",
    b"\xc2\x9b31m", b"\x9b31m", b"\x1b_APC", b"ab\rcd", b"a\x08b", b"a\x7fb", b"\x0e", b"\x00", b"\xe2\x80\xae",
)  # fmt: skip
EVIL = b" ".join(VECTORS)


def steers(text: bytes, ends: bytes = b"\n\t") -> list[int]:
    """Return the code points in `text` that could steer a terminal; octets of `ends` are allowed."""
    decoded = text.decode("utf-8", "surrogateescape")
    return [
        ord(char)
        for char in decoded
        if (ord(char) < 0x20 and ord(char) not in ends) or 0x7F <= ord(char) < 0xA0 or 0xDC80 <= ord(char) < 0xDD00
        or char == "\u202e"
    ]  # fmt: skip
