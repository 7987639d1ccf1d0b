"""The clients, each a process of its own, driven by lines: a line in, a phase done, a line of figures out."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.faults import BenchFailed
from bench.servers import ROOT, Server


@dataclass(frozen=True, slots=True)
class Phase:
    """What `load` did in one phase: mails, seconds, p50 and p99 of one mail in µs."""

    mails: int
    seconds: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Answers:
    """What `ask` saw: p50 and p99 of one answer in µs; octets and lines of the last."""

    p50: float
    p99: float
    octets: int
    lines: int


class Client:
    """A client process; `say` gives it a line and returns its answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, line: str) -> str:
        """Give it a line, wait for its line. Raises BenchFailed when it ends instead, with what it said."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self.hear()

    def hear(self) -> str:
        """Wait for a line. Raises BenchFailed when the client ends instead, with what it said."""
        assert self._process.stdout
        assert self._process.stderr
        line = self._process.stdout.readline()
        if not line:
            raise BenchFailed(self._process.stderr.read().strip() or "a client ended without a word")
        return line.strip()

    def end(self) -> None:
        """Close its input and wait. Raises BenchFailed unless it ends content."""
        _, words = self._process.communicate(timeout=60)
        if self._process.returncode:
            raise BenchFailed(words.strip())


@contextmanager
def running(*command: str) -> Iterator[Client]:
    """Run a client program for the time of the block; it has said that it is ready."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            client = Client(process)
            if client.hear() != "ready":
                raise BenchFailed(f"{command[0]} did not become ready")
            yield client
            client.end()
        finally:
            process.kill()


def load_phase(client: Client, mails: int, seconds: float) -> Phase:
    """Let `load` begin mails until there were so many and the time is over."""
    done, took, p50, p99 = client.say(f"{mails} {seconds}").split()
    return Phase(int(done), float(took), float(p50), float(p99))


def ask_phase(client: Client, times: int) -> Answers:
    """Let `ask` ask so many times."""
    p50, p99, octets, lines = client.say(str(times)).split()
    return Answers(float(p50), float(p99), int(octets), int(lines))


class Companion:
    """What happens beside the mail; this one does nothing."""

    def begin(self) -> None:
        """Begin, with the measured phase."""

    def end(self) -> str:
        """End, with the measured phase; tell what was done."""
        return ""


class Browsers(Companion):
    """Reload a page from `begin` to `end`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def begin(self) -> None:
        self._client.say("go")

    def end(self) -> str:
        pages, seconds, p50 = self._client.say("stop").split()
        return f"{float(pages) / float(seconds):,.1f} pages/s, p50 {float(p50):.0f} ms"


@contextmanager
def crowding(binaries: Path, server: Server, connections: int) -> Iterator[Companion]:
    """Hold greeted connections that say nothing more; fails if the server lost or spoke to one."""
    with running(str(binaries / "crowd"), str(server.port), str(connections)):
        yield Companion()


@contextmanager
def browsing(server: Server, path: str, browsers: int) -> Iterator[Companion]:
    """Have so many browsers, which reload a page as fast as it comes."""
    with running(sys.executable, "-m", "bench.browsers", str(server.web), path, str(browsers)) as client:
        yield Browsers(client)


@contextmanager
def watching(server: Server, pages: int) -> Iterator[Companion]:
    """Have so many pages of sessions open, each of which fetches itself again when it is told of news."""
    with running(sys.executable, "-m", "bench.watchers", str(server.web), str(pages)) as client:
        yield Browsers(client)
