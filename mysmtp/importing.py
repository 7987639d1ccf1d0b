"""`mysmtp import`: mails out of files into the mailboxes of a folder, and what is told of it.

One mail after the other is read and some are stored together, so that a file may be larger than memory. What cannot be
read is said and passed over.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from mysmtp.address import mailbox_name
from mysmtp.client.terminal import FAILED, REFUSED
from mysmtp.exchange import FAILED as STORE_FAILED
from mysmtp.files import reading
from mysmtp.files.finding import Passed, Source, find
from mysmtp.files.reading import Found
from mysmtp.housekeeping import fail, say
from mysmtp.keeper import Keeper, keeper_of
from mysmtp.parcel import full
from mysmtp.text import visible

STDIN = Path("-")


class Stopped(Exception):
    """The store failed in the middle; `str(fault)` says how."""


@dataclass(slots=True)
class Tally:
    """What came of it so far."""

    mails: int = 0
    octets: int = 0
    skipped: int = 0
    mailboxes: set[str] = field(default_factory=set)


def run(folder: Path, paths: Sequence[Path], recipients: Sequence[str]) -> int:
    """Import the mails at some paths, `-` for standard input; say how many; return the exit code."""
    began = time.monotonic()
    tally = Tally()
    code = 0
    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with suppress(OSError):  # what is no folder then is said below
            folder.mkdir(parents=True, exist_ok=True)
        with (
            keeper_of(folder) as keeper,
            Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar,
        ):
            told = _Told(tally, lambda line: bar.console.print(line, markup=False, highlight=False, soft_wrap=True))
            sources = _sources(paths, told)
            task = bar.add_task("", total=sum(each.size for each in sources) or None)
            _store(keeper, _mails(paths, sources, recipients, lambda done: bar.update(task, completed=done)), told)
    except Stopped as fault:
        print(visible(f"mysmtp: {fault}"), file=sys.stderr)
        code = FAILED
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001  sorted there
        code = fail(fault)
        if not tally.mails:
            return code
    ended = say([result_words(tally, time.monotonic() - began)])
    return code or ended or (REFUSED if tally.skipped else 0)


def result_words(tally: Tally, seconds: float) -> str:
    """Return what was imported, in one sentence."""
    mails = "1 mail" if tally.mails == 1 else f"{tally.mails:,} mails"
    boxes = "1 mailbox" if len(tally.mailboxes) == 1 else f"{len(tally.mailboxes):,} mailboxes"
    words = f"imported {mails} into {boxes}, {tally.octets / 1e6:,.1f} MB, in {seconds:.1f} s"
    return words + (f"; {tally.skipped:,} skipped" if tally.skipped else "")


class _Told:
    """Counts, and says what was passed over."""

    def __init__(self, tally: Tally, line: Callable[[str], None]) -> None:
        self.tally = tally
        self._line = line

    def passed(self, what: str, why: str) -> None:
        self.tally.skipped += 1
        self._line(visible(f"mysmtp: skipped {what}: {why}"))

    def stored(self, found: Found) -> None:
        self.tally.mails += 1
        self.tally.octets += len(found.parcel.body)
        self.tally.mailboxes.update(map(mailbox_name, found.parcel.recipients))


def _sources(paths: Sequence[Path], told: _Told) -> Sequence[Source]:
    sources = []
    for path in paths:
        for each in find(path) if path != STDIN else ():
            if isinstance(each, Passed):
                told.passed(each.what, each.why)
            else:
                sources.append(each)
    return sources


def _mails(
    paths: Sequence[Path], sources: Sequence[Source], recipients: Sequence[str], advance: Callable[[int], None]
) -> Iterator[Found | Passed]:
    if STDIN in paths:
        with open(sys.stdin.fileno(), "rb", closefd=False) as stream:
            yield from reading.read_stream(stream, "standard input", recipients)
    before = 0
    for source in sources:
        for each in reading.read(source, recipients):
            if isinstance(each, Found):
                advance(before + each.end)
            yield each
        before += source.size


def _store(keeper: Keeper, mails: Iterator[Found | Passed], told: _Told) -> None:
    """Store mails, some at a time. Raises Stopped, and what a Keeper raises."""
    bundle: list[Found] = []
    for each in mails:
        if isinstance(each, Passed):
            told.passed(each.what, each.why)
            continue
        if full([found.parcel for found in [*bundle, each]]):
            _hand_over(keeper, bundle, told)
            bundle = []
        bundle.append(each)
    _hand_over(keeper, bundle, told)


def _hand_over(keeper: Keeper, bundle: Sequence[Found], told: _Told) -> None:
    if not bundle:
        return
    wrong = ""
    for found, why in zip(bundle, keeper.take_in([each.parcel for each in bundle]), strict=True):
        if not why:
            told.stored(found)
        elif why.startswith(STORE_FAILED):
            wrong = f"{why} ({found.what})"
        else:
            told.passed(found.what, why)
    if wrong:
        raise Stopped(wrong)
