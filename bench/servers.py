"""The servers that are measured, each a process of its own: started, looked at, and stopped in the end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from bench.faults import BenchFailed
from bench.profiling import Profiler

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PROGRAMS = ("reference", "echo", "load", "crowd", "ask")
START_TIME, STOP_TIME, REST_TIME = 120.0, 30.0, 15.0  # seconds
_TICK = os.sysconf("SC_CLK_TCK")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its process and its ports (`web` is 0 where it has no pages)."""

    pid: int
    port: int
    web: int = 0

    def cpu_seconds(self) -> float:
        """Return the user and system time it has used, all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def rested_cpu(self) -> float:
        """Wait until it does nothing more, REST_TIME at most; return the seconds used till then.

        So what a server does behind its replies is counted too, and what it still owes is no part of the next phase.
        """
        deadline, used = time.monotonic() + REST_TIME, -1.0
        while time.monotonic() < deadline:
            before, used = used, self.cpu_seconds()
            if used - before <= 1 / _TICK:
                break
            time.sleep(0.15)
        return used

    def resident(self) -> int:
        """Return the octets of memory it holds (RSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * _KIB


@dataclass(frozen=True, slots=True)
class Servers:
    """Starts servers of each kind. `binaries` holds the compiled programs; what servers print goes to `logs`."""

    binaries: Path
    logs: Path
    profiler: Profiler | None = None

    def ours(self, mailbox: Path, *options: str, by: str = "my_smtp") -> AbstractContextManager[Server]:
        """Run mysmtp on a folder; quiet, and without an index of words, unless the options say otherwise.

        `by` is the protocol of the port returned.
        """
        port, web = free_ports(2)
        ports = ["--port", str(port)] if by == "my_smtp" else ["--port", "0", "--smtp-port", str(port)]
        command = [sys.executable, "app.py", *ports, "--web-port", str(web), "--mailbox", str(mailbox)]
        quiet = [] if "--log-level" in options else ["--log-level", "warning"]
        unsearched = [] if "--search" in options else ["--search", "off"]
        return self._run([*command, *quiet, *unsearched, *options], port, web)

    def reference(self, mailbox: Path) -> AbstractContextManager[Server]:
        """Run the design that mysmtp replaces."""
        (port,) = free_ports(1)
        return self._run([str(self.binaries / "reference"), str(port), str(mailbox)], port)

    def aiosmtpd(self, maildir: Path, *, sync: bool) -> AbstractContextManager[Server]:
        """Run aiosmtpd with its Maildir handler."""
        (port,) = free_ports(1)
        how = [] if sync else ["no-sync"]
        return self._run([sys.executable, "-m", "bench.aiosmtpd_peer", str(port), str(maildir), *how], port)

    def echo(self, kind: str) -> AbstractContextManager[Server]:
        """Run the program that answers and stores nothing."""
        (port,) = free_ports(1)
        return self._run([str(self.binaries / "echo"), str(port), kind], port)

    @contextmanager
    def _run(self, command: list[str], port: int, web: int = 0) -> Iterator[Server]:
        log = self.logs / f"{port}.log"
        try:
            with self._process(command, log, profiled=web > 0) as process:
                _await_port(process, port)
                yield Server(process.pid, port, web)
            if web and b"Traceback" in log.read_bytes():
                raise BenchFailed("the server told of an error")
        except BenchFailed as fault:
            fault.add_note(log.read_text(errors="replace")[-2000:])
            raise
        finally:
            log.unlink()

    @contextmanager
    def _process(self, command: list[str], log: Path, profiled: bool) -> Iterator[subprocess.Popen[bytes]]:
        with (
            log.open("wb") as output,
            subprocess.Popen(command, cwd=ROOT, env=plain_environment(), stdout=output, stderr=output) as process,
            self.profiler.watching(process.pid) if self.profiler and profiled else nullcontext(),
        ):
            try:
                yield process
            finally:
                fault = _stop(process)
        if fault:
            raise BenchFailed(fault)


def build(folder: Path) -> None:
    """Compile the programs with the machine's C compiler."""
    for name in PROGRAMS:
        subprocess.run(["cc", "-O2", "-pthread", "-o", str(folder / name), str(HERE / f"{name}.c")], check=True)


def plain_environment() -> dict[str, str]:
    """Return the environment without this project's variables, but for ports that nobody is to be in the way of."""
    others = {key: value for key, value in os.environ.items() if not key.startswith("MYSMTP_")}
    return {**others, "MYSMTP_SMTP_PORT": "0", "MYSMTP_POP3_PORT": "0"}


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIME
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.002)
    raise BenchFailed(f"{process.args!r} did not start")


def _stop(process: subprocess.Popen[bytes]) -> str:
    """End a server, politely if it lets us; return what was wrong with its end."""
    if process.poll() is not None:
        return f"{process.args!r} ended by itself, code {process.returncode}"
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIME)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"{process.args!r} did not stop within {STOP_TIME:.0f} s"
    return ""
