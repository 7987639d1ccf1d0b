"""The running process: `python app.py` on free ports, its output kept, its hub watched.

In tests the imports of app.py are done beforehand (see `nursery`); any other program is started as a user starts it.
gevent's monitor thread is on; a report of a blocked hub with our frames on its stack fails the test that caused it.
"""

import contextlib
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.nursery import Forked, nursery

ROOT = Path(__file__).resolve().parent.parent
START_TIME = 30.0
REPLY_TIME = 30.0
APP = ("app.py",)
# Seconds after which a hub counts as blocked; on a machine with other work it also waits for a core, or for the
# interpreter in a thread that has none. What is known to take that long where it may hold nobody is watched closely.
_SHARED = "PYTEST_XDIST_WORKER" in os.environ or os.getloadavg()[0] > (os.cpu_count() or 1)
BLOCKED = "2" if _SHARED else "0.1"
CLOSELY = MappingProxyType({"GEVENT_MAX_BLOCKING_TIME": "0.5" if _SHARED else "0.1"})


class PostOfficeProcess:
    """One server process over one mailbox folder; `start` returns when it has printed its endpoints."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        program: tuple[str, ...] = APP,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.mailbox = folder / "mailbox"
        self.log = folder / "server.log"
        self._options = options
        self._program = program
        self._environment = environment
        self.my_smtp = ("127.0.0.1", 0)
        self.web = ("127.0.0.1", 0)
        self.doors: Mapping[str, tuple[str, int]] = {}
        self.greeting = ""

    def start(self) -> "PostOfficeProcess":
        self.launch()
        self._read_greeting()
        return self

    def launch(self) -> None:
        """Start the program and return at once, before it is known to serve."""
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MYSMTP_")},
            "GEVENT_MONITOR_THREAD_ENABLE": "true",
            "GEVENT_MAX_BLOCKING_TIME": BLOCKED,
            "PYTHONUNBUFFERED": "1",
            "MYSMTP_SMTP_PORT": "0",
            "MYSMTP_POP3_PORT": "0",
            **self._environment,
        }
        ports = [] if "--web-port" in self._options else ["--port", "0", "--web-port", "0"]
        arguments = [*ports, "--mailbox", str(self.mailbox), *self._options]
        self._stderr = self.log.open("ab")
        self.popen: Forked | subprocess.Popen[bytes]
        if self._program == APP and "PYTEST_VERSION" in os.environ:
            self.popen = nursery().start(arguments, environment, self._stderr.fileno())
        else:
            command = [sys.executable, *self._program, *arguments]
            self.popen = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=self._stderr
            )
        with contextlib.suppress(PermissionError):  # so that a busy machine is not taken for a blocked hub
            os.setpriority(os.PRIO_PROCESS, self.popen.pid, -10)

    def _read_greeting(self) -> None:
        assert self.popen.stdout is not None
        deadline = time.monotonic() + START_TIME
        with selectors.DefaultSelector() as selector:
            selector.register(self.popen.stdout, selectors.EVENT_READ)
            while "Ctrl-C" not in self.greeting:
                assert selector.select(deadline - time.monotonic()), f"no greeting\n{self.log.read_text()}"
                piece = os.read(self.popen.stdout.fileno(), 65536).decode()
                assert piece, f"ended at start\n{self.greeting}\n{self.log.read_text()}"
                self.greeting += piece
        found = re.findall(r"(\w+)://127\.0\.0\.1:(\d+)", self.greeting)
        self.doors = {name: ("127.0.0.1", int(port)) for name, port in found}
        self.my_smtp = self.doors["my_smtp"]
        self.web = self.doors["http"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web[1]}"

    def connect(self, door: str = "my_smtp") -> "Peer":
        return Peer(self.doors[door])

    def send(self, *recipients: str, body: bytes = b"Hello\n", sender: str = "alice@example.com") -> None:
        """Send one mail the plain way and check that it was stored."""
        with self.connect() as peer:
            peer.ask(
                f"HELO {sender.rpartition('@')[2]}", f"MAIL FROM: {sender}", *[f"RCPT TO: {r}" for r in recipients]
            )
            peer.say(b"DATA\n")
            peer.line()
            peer.say((b"\n" + body).replace(b"\n.", b"\n..")[1:] + b".\n")
            assert peer.line() == b"200 Message stored successfully\n"

    def file(self, mailbox: str) -> Path:
        return self.mailbox / f"{mailbox}.txt"

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.popen.send_signal(number)

    def freeze(self) -> None:
        """Stop the process; return when it stands still, which is after the signal was sent."""
        self.signal(signal.SIGSTOP)
        deadline = time.monotonic() + REPLY_TIME
        while self._state() != "T":
            assert time.monotonic() < deadline, "it does not stand still"
            time.sleep(0.001)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def _state(self) -> str:
        return Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def wait(self, seconds: float = 30) -> int:
        return self.popen.wait(seconds)

    def stop(self) -> None:
        """End the process and fail if it ever blocked its hub in code of ours."""
        if self.popen.poll() is None:
            self.signal()
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self._stderr.close()
        if self.popen.stdout is not None:
            self.popen.stdout.close()
        assert not self.blocked_reports(), self.blocked_reports()[0]

    def blocked_reports(self) -> list[str]:
        """Return the monitor thread's reports of a blocked hub that have a frame of ours on their stack."""
        text = self.log.read_text(errors="replace")
        reports = re.split(r"(?m)^=+ *$", text)
        return [report for report in reports if "appears to be blocked" in report and _ours(report)]


def _ours(report: str) -> bool:
    """Tell whether the code that blocked is ours: on the blocked stack, not in the list of all greenlets after it.

    The main greenlet only starts and ends the server, when nobody waits for an answer.
    """
    blocked = report.partition("Blocked Stack")[2].partition("Info:")[0] or report
    return "in serve_main" not in blocked and re.search(r'File ".*/mysmtp/\w+', blocked) is not None


class Peer:
    """A bare socket with deadlines: what a student with `nc` has."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=REPLY_TIME)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def say(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def line(self) -> bytes:
        return self._file.readline()

    def recv(self) -> bytes:
        """Return what one recv returns: how the original client reads a reply."""
        return self.socket.recv(65536)

    def body(self) -> bytes:
        """Return the lines up to the closing dot, as they stand on the wire."""
        lines = []
        while (line := self.line()) not in (b".\n", b""):
            lines.append(line)
        return b"".join(lines)

    def large_body(self) -> bytes:
        """Return the same of an answer that nothing follows, however many lines it has."""
        pieces = [self._file.read1()]
        while not b"".join(pieces[-3:]).endswith(b"\n.\n"):
            pieces.append(self._file.read1())
            assert pieces[-1], "the answer has no end"
        return b"".join(pieces)[: -len(b".\n")]

    def ask(self, *commands: str) -> None:
        """Send commands one by one; each must be answered 200."""
        for command in commands:
            self.say(command.encode() + b"\n")
            reply = self.line()
            assert reply.startswith(b"200 "), (command, reply)

    def rest(self) -> bytes:
        """Return everything up to the server's close."""
        return self._file.read()
