"""The sweeps: short in the tests, long by `python -m tests.durability`. Each fails with an AssertionError."""

import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.durability.ledger import Fate, Ledger, snapshot
from tests.durability.load import Load, deliver
from tests.durability.strace import Strace, fault
from tests.process import START_TIME, PostOfficeProcess

GRACE = 12.0  # seconds that a stop may take
SETTLED = 1.6  # seconds after which a session has had its checkpoint
CALLS = ("pwrite64", "write", "fdatasync", "fsync", "openat", "unlinkat", "sendto")
_TO_A_FOLDER = 20
_WELL_UNDER_WAY = 100  # mails acknowledged, for a load that is ended later than at a moment chosen by chance alone
# Seconds that a start may take. In the long form kills are held to 2; what else the machine does says more in tests.
LIMIT = START_TIME if "PYTEST_VERSION" in os.environ else 8.0
QUIET = ("--log-level", "warning")
TRACED = {"GEVENT_MONITOR_THREAD_ENABLE": "false"}  # a tracer, or a judge on the same machine, stops the hub at times


@dataclass(slots=True)
class Figures:
    """What a sweep did. `limit`: seconds that a start may take; 2 on a machine that does nothing else."""

    limit: float = LIMIT
    kills: int = 0
    acknowledged: int = 0
    unknown: int = 0
    starts: list[float] = field(default_factory=list)
    sites: Counter[str] = field(default_factory=Counter)

    def add(self, ledger: Ledger) -> None:
        self.acknowledged += ledger.count(Fate.ACKNOWLEDGED)
        self.unknown += ledger.count(Fate.UNKNOWN)

    def __str__(self) -> str:
        sites = f"; sites: {', '.join(f'{name} {n}' for name, n in self.sites.items())}" if self.sites else ""
        return (
            f"{self.kills} kills, {self.acknowledged} mails acknowledged, {self.unknown} never answered; "
            f"0 lost, torn or doubled; slowest start {max(self.starts):.2f} s{sites}"
        )


def server(folder: Path, *options: str) -> PostOfficeProcess:
    return PostOfficeProcess(folder, *QUIET, *options, environment=TRACED)


def begin(folder: Path, figures: Figures) -> PostOfficeProcess:
    """Start a server on what a kill has left, in time."""
    process = server(folder)
    since = time.monotonic()
    process.start()
    figures.starts.append(time.monotonic() - since)
    assert figures.starts[-1] <= figures.limit, f"the start took {figures.starts[-1]:.2f} s"
    return process


def kill(process: PostOfficeProcess) -> None:
    process.popen.kill()
    process.wait()
    process.stop()


def random_kills(
    folder: Path, times: int, chance: random.Random, longest: float = 1.0, limit: float = LIMIT
) -> Figures:
    """Kill a server under load at random moments; judge after each kill. Twenty kills to a folder."""
    figures = Figures(limit)
    for done in range(0, times, _TO_A_FOLDER):
        place = folder / str(done)
        place.mkdir()
        _random_kills(place, min(_TO_A_FOLDER, times - done), chance, longest, figures)
    return figures


def _random_kills(folder: Path, times: int, chance: random.Random, longest: float, figures: Figures) -> None:
    """One time in three the next server is killed too, while it starts and replays, before one is let start.

    One load in five goes on until it is well under way, however slow the machine is.
    """
    ledger = Ledger()
    for number in range(times):
        process = begin(folder, figures)
        ledger.check(process)
        load = Load(process, ledger)
        with load:
            if number % 5 == 4:
                ledger.wait_for(Fate.ACKNOWLEDGED, _WELL_UNDER_WAY, 60)
            load.go_on_for(chance.uniform(0, longest))
            kill(process)
        if number % 3 == 0:
            _kill_at_start(folder, chance.uniform(0, 1.2 * figures.starts[-1]))
        figures.kills += 1
    process = begin(folder, figures)
    ledger.check(process)
    kill(check_idempotent(process, figures))
    figures.add(ledger)


def random_ends(folder: Path, times: int, chance: random.Random) -> Figures:
    """End a server under load by SIGTERM or SIGINT at random moments, the one before it while it starts.

    Every second load goes on until it is well under way, however slow the machine is.
    """
    ledger, figures = Ledger(), Figures()
    for number in range(times):
        early = server(folder)
        early.launch()
        time.sleep(chance.uniform(0, 1.2 * (figures.starts or [0.5])[-1]))
        early.signal(chance.choice([signal.SIGTERM, signal.SIGINT]))
        assert early.wait(GRACE) in (0, -signal.SIGTERM, -signal.SIGINT, 130, 1), early.log.read_text()
        early.stop()
        process = begin(folder, figures)
        ledger.check(process)
        with Load(process, ledger):
            ledger.wait_for(Fate.ACKNOWLEDGED, _WELL_UNDER_WAY if number % 2 else 1, 60)
            time.sleep(chance.uniform(0, 1))
            process.signal(chance.choice([signal.SIGTERM, signal.SIGINT]))
            assert process.wait(GRACE) == 0
        process.stop()
        assert not (process.mailbox / ".journal").exists(), "a clean stop has left its journal"
        ledger.check_files([process.mailbox])
        figures.kills += 1
    figures.add(ledger)
    return figures


def check_idempotent(process: PostOfficeProcess, figures: Figures) -> PostOfficeProcess:
    """Kill a server that has just replayed; the next one, which is returned, finds and changes nothing."""
    before = snapshot(process.mailbox)
    kill(process)
    again = begin(process.mailbox.parent, figures)
    assert snapshot(process.mailbox) == before, "a second start has changed the files"
    return again


def _kill_at_start(folder: Path, seconds: float) -> None:
    process = server(folder)
    process.launch()
    time.sleep(seconds)
    kill(process)


def session(process: PostOfficeProcess, ledger: Ledger) -> bool:
    """Deliver a few mails, read, wait for the checkpoint, stop; tell whether the server lived through it."""
    try:
        with process.connect() as peer:
            for mailboxes in (("a@x",), ("a@x", "b@x", f"n{len(ledger.sent)}@x"), ("b@x",)):
                assert deliver(peer, ledger, ledger.begin(*mailboxes))
            peer.ask("LIST a@x")
            peer.body()
            deliver(peer, ledger, ledger.begin("a@x", "c@x"))
        _until_quiet(process)
        process.signal()
        return process.wait(30) == 0
    except (OSError, AssertionError):
        process.wait(30)
        return False


def _until_quiet(process: PostOfficeProcess) -> None:
    """Return when the checkpoint is over or the process has ended."""
    deadline = time.monotonic() + SETTLED
    while process.popen.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def kill_at(
    process: PostOfficeProcess, call: str, number: int, ledger: Ledger, figures: Figures
) -> tuple[bool, PostOfficeProcess]:
    """Kill a server at the Nth call of this name of a session; tell whether it came to that.

    The next server is judged and returned.
    """
    with Strace(process, *fault(call, f"signal=SIGKILL:when={number}"), trace=call):
        lived = session(process, ledger)
    process.stop()
    after = begin(process.mailbox.parent, figures)
    ledger.check(after)
    if not lived:
        figures.kills += 1
        figures.sites[call] += 1
    return not lived, check_idempotent(after, figures) if number % 4 == 0 else after


def kill_at_each(folder: Path, sites: Iterable[tuple[str, int]]) -> Figures:
    """Kill at these calls of a session, each time a server that has replayed what the last one left."""
    ledger, figures = Ledger(), Figures()
    process = begin(folder, figures)
    for call, number in sites:
        killed, process = kill_at(process, call, number, ledger, figures)
        assert killed, f"no {call} number {number} in a session"
    kill(process)
    figures.add(ledger)
    return figures


def kill_everywhere(folder: Path, calls: Sequence[str] = CALLS) -> Figures:
    """Kill at the first, second, third ... call of each name until a session is too short for one."""
    ledger, figures = Ledger(), Figures()
    process = begin(folder, figures)
    for call in calls:
        for number in itertools.count(1):
            killed, process = kill_at(process, call, number, ledger, figures)
            if not killed:
                break
        assert number > 1, f"no {call} in a session"
    kill(process)
    figures.add(ledger)
    return figures
