"""One trial: a server on an empty folder under one load, warmed up, measured, stopped, its mails counted."""

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import astuple, dataclass
from pathlib import Path

from bench.clients import Companion, load_phase, running
from bench.mails import count, count_in_maildir
from bench.scale import MAIL_SIZE, Scale
from bench.servers import Server, Servers

Beside = Callable[[Server], AbstractContextManager[Companion]]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a row is measured with: servers, sizes, and the folder that trials make theirs in."""

    servers: Servers
    scale: Scale
    folder: Path

    @contextmanager
    def new_folder(self) -> Iterator[Path]:
        """Give an empty folder for the time of the block. What others left to be written is on the disk by then."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            os.sync()
            yield Path(name)


@dataclass(frozen=True, slots=True)
class Load:
    """What the clients do: connections, and the kind that `load.c` tells of."""

    connections: int
    kind: str = "lines"

    @property
    def protocol(self) -> str:
        """What they speak."""
        return "smtp" if self.kind.startswith("smtp") else "my_smtp"


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured: mails a second, p50 and p99 of one mail in µs, µs of the server's CPU a mail."""

    rate: float
    p50: float
    p99: float
    cpu: float

    def cells(self) -> list[str]:
        """Return it as three cells of a table."""
        return [f"{self.rate:,.0f}", f"{self.p50 / 1000:.1f} / {self.p99 / 1000:.1f}", f"{self.cpu:.0f}"]


def alone(_: Server) -> AbstractContextManager[Companion]:
    """Nothing happens beside the mail."""
    return nullcontext(Companion())


def measure(bench: Bench, server: Server, load: Load, beside: Beside = alone) -> tuple[Run, int, str]:
    """Measure a server that runs; return the run, the mails it has acknowledged in all, and what was done beside."""
    scale = bench.scale
    words = [str(server.port), str(load.connections), str(MAIL_SIZE), str(scale.recipients), load.kind]
    with running(str(bench.servers.binaries / "load"), *words) as client:
        warm = load_phase(client, max(scale.warm_mails, 2 * load.connections), scale.warm_seconds)
        with beside(server) as companion:
            before = server.rested_cpu()
            companion.begin()
            phase = load_phase(client, 0, scale.seconds)
            told = companion.end()
            cpu = server.rested_cpu() - before
    run = Run(phase.mails / phase.seconds, phase.p50, phase.p99, cpu / phase.mails * 1e6)
    return run, warm.mails + phase.mails, told


def run_ours(
    bench: Bench,
    load: Load,
    options: Sequence[str] = (),
    beside: Beside = alone,
    before: Callable[[Path], object] = lambda folder: None,
) -> tuple[Run, str]:
    """Measure mysmtp on a new folder, in which `before` may lay mails; return the run and what was done beside."""
    with bench.new_folder() as folder:
        before(folder)
        with bench.servers.ours(folder, *options, by=load.protocol) as server:
            run, mails, told = measure(bench, server, load, beside)
        count(folder, mails, bench.scale.recipients)
    return run, told


def run_reference(bench: Bench, load: Load) -> Run:
    """Measure the reference on a new folder."""
    with bench.new_folder() as folder:
        with bench.servers.reference(folder) as server:
            run, mails, _ = measure(bench, server, load)
        count(folder, mails, bench.scale.recipients)
    return run


def run_aiosmtpd(bench: Bench, load: Load, *, sync: bool) -> Run:
    """Measure aiosmtpd on a new Maildir."""
    with bench.new_folder() as folder:
        with bench.servers.aiosmtpd(folder / "maildir", sync=sync) as server:
            run, mails, _ = measure(bench, server, load)
        count_in_maildir(folder / "maildir", mails)
    return run


def run_echo(bench: Bench, load: Load) -> Run:
    """Measure the program that stores nothing."""
    with bench.servers.echo("segments" if load.kind == "segments" else "lines") as server:
        return measure(bench, server, load)[0]


def median(runs: Sequence[Run]) -> Run:
    """Return the medians, figure by figure."""
    return Run(*[statistics.median(column) for column in zip(*map(astuple, runs), strict=True)])
