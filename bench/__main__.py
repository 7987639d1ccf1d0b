"""`make bench`: mails a second against the C design this replaces, in pairs A B A B, medians, every mail counted after.

Compiles `reference.c` and `load.c` with the machine's C compiler into a temporary folder; talks to loopback only. A run
in which a mail is missing or doubled afterwards ends the benchmark.
"""

import argparse
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SIZE, RECIPIENTS = 1000, 1000
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Work:
    """One row of the table: what is measured, our options, the load on us, the load on the reference, the goal."""

    name: str
    goal: str
    connections: int
    kind: str = "lines"
    options: tuple[str, ...] = ()
    mails: int = 20_000


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: mails a second, p50 and p99 of one mail in µs, µs of the server's CPU a mail."""

    rate: float
    p50: float
    p99: float
    cpu: float


WORK = (
    Work("durable, 10 connections", ">= 0.5", 10),
    Work("durable, 100 connections", ">= 1.0", 100),
    Work("durable, 1,000 connections", ">= 1.2", 1000),
    Work("durable, 100 connections, 1 mail a send", ">= 2", 100, "1"),
    Work("durable, 100 connections, 10 mails a send", ">= 5", 100, "10"),
    Work("durability os, 100 connections", ">= 1.0", 100, "lines", ("--durability", "os")),
    Work("durable, 100 connections, segments", "", 100, "segments", mails=4000),
)


def build(folder: Path) -> None:
    """Compile both programs."""
    for name in ("reference", "load"):
        command = ["cc", "-O2", "-pthread", "-o", str(folder / name), str(HERE / f"{name}.c")]
        subprocess.run(command, check=True)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("the server did not start")


@contextmanager
def serving(command: list[str], port: int) -> Iterator[int]:
    """Run a server for the time of the block; give its process id."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            await_port(port)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def cpu_seconds(pid: int) -> float:
    """Return the user and system time a process has used, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def count(folder: Path, mails: int) -> None:
    """End the benchmark unless each of these mails is stored exactly once."""
    numbers = Counter(
        int(number) for path in folder.glob("*.txt") for number in re.findall(rb"(?m)^mail (\d+)$", path.read_bytes())
    )
    if sorted(numbers) != list(range(mails)) or set(numbers.values()) != {1}:
        raise SystemExit(f"{mails} mails were acknowledged, {len(numbers)} are stored: {folder}")


def measure(binaries: Path, work: Work, command: Callable[[int, Path], list[str]], kind: str) -> Run:
    """Run one server under one load, warm it up first, count its mails afterwards."""
    with tempfile.TemporaryDirectory(dir=binaries) as name:
        folder, port = Path(name), free_port()
        load = [str(binaries / "load"), str(port), str(work.connections), str(work.mails), str(SIZE), str(RECIPIENTS)]
        with serving(command(port, folder), port) as pid:
            before = cpu_seconds(pid)
            done = subprocess.run([*load, kind], check=True, capture_output=True, text=True)
            cpu = cpu_seconds(pid) - before
        count(folder, work.mails)
    rate, p50, p99 = map(float, done.stdout.split())
    return Run(rate, p50, p99, cpu / work.mails * 1e6)


def median(runs: list[Run]) -> Run:
    """Return the medians, figure by figure."""
    columns = zip(*[(run.rate, run.p50, run.p99, run.cpu) for run in runs], strict=True)
    return Run(*[statistics.median(column) for column in columns])


def compare(binaries: Path, work: Work, pairs: int) -> str:
    """Measure one row in pairs; return it as a row of the table."""

    def ours(port: int, folder: Path) -> list[str]:
        app = [sys.executable, "app.py", "--port", str(port), "--web-port", "0", "--mailbox", str(folder)]
        return [*app, "--log-level", "warning", *work.options]

    def reference(port: int, folder: Path) -> list[str]:
        return [str(binaries / "reference"), str(port), str(folder)]

    runs = [
        (measure(binaries, work, ours, work.kind), measure(binaries, work, reference, "segments")) for _ in range(pairs)
    ]
    a, b = median([pair[0] for pair in runs]), median([pair[1] for pair in runs])
    ratio = statistics.median(one.rate / other.rate for one, other in runs)
    figures = [f"{x.rate:,.0f} | {x.p50 / 1000:.1f} / {x.p99 / 1000:.1f} | {x.cpu:.0f}" for x in (a, b)]
    return f"| {work.name} | {work.goal or 'report'} | **{ratio:.2f}** | {figures[0]} | {figures[1]} |"


def main() -> None:
    """Measure every row, or those whose name holds a word given."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("only", nargs="?", default="", help="measure rows whose name holds this")
    parser.add_argument("--pairs", type=int, default=3)
    chosen = parser.parse_args()
    print(
        "| work | goal | rate, ours ÷ reference | ours: mails/s | p50 / p99 ms | CPU µs a mail "
        "| reference: mails/s | p50 / p99 ms | CPU µs a mail |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        build(Path(name))
        for work in WORK:
            if chosen.only in work.name:
                print(compare(Path(name), work, chosen.pairs), flush=True)


if __name__ == "__main__":
    main()
