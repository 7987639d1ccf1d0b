"""How much of the mail rate is kept when something else happens: a crowd that idles, browsers, a console that tells."""

import resource
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.clients import browsing, crowding, watching
from bench.faults import Skipped
from bench.mails import fill
from bench.rows import Row, Table
from bench.scale import Scale
from bench.trial import Bench, Beside, Load, Run, alone, median, run_ours

COLUMNS = (
    "mail rate kept",
    *("without: mails/s", "p50 / p99 ms", "CPU µs a mail"),
    *("with: mails/s", "p50 / p99 ms", "CPU µs a mail"),
    "beside",
)
WATCHERS = 20  # pages that are told of sessions, half of the list and half of one session each
BROWSERS, SHOWN = 4, 100  # browsers; mails of the mailbox they reload
_SHOWN_BOX = "shown@bench.example"
_LOAD = Load(100)


def table(scale: Scale) -> Table:
    """Return the rows of what is kept; all with 100 connections, durable."""
    return Table(
        "kept",
        "Mail rate kept",
        COLUMNS,
        (
            Row("crowd", f"{scale.idle:,} idle connections", ">= 0.95", _with_crowd),
            Row("browsers", f"{BROWSERS} browsers reload a mailbox of {SHOWN} mails", ">= 0.8", _with_browsers),
            Row(
                "recorded",
                "sessions are recorded, no page open, against `--sessions-kept 0`",
                ">= 0.95",
                _with_recorder,
            ),
            Row("watched", f"{WATCHERS} pages of sessions are open and live, against none", ">= 0.85", _with_watchers),
            Row("search-kept", "the words of all mail are indexed meanwhile, the default", ">= 0.95", _with_search),
            Row("log-info", "`--log-level info`, the default, against `warning`", "", _with_console),
        ),
    )


def options_for_crowd(scale: Scale) -> list[str]:
    """Return what our server must be told to hold that many idle clients. Raises Skipped where it cannot."""
    needed = (scale.idle + 1500) * 4 // 3
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < needed:
        raise Skipped(f"`ulimit -Hn` is under {needed:,}")
    return ["--max-connections", str(scale.idle + 1200), "--idle-timeout", "3600"]


def _with_crowd(bench: Bench) -> list[str]:
    options = options_for_crowd(bench.scale)
    return _keep(bench, options, options, lambda server: crowding(bench.servers.binaries, server, bench.scale.idle))


def _with_browsers(bench: Bench) -> list[str]:
    page = f"/mailbox/{_SHOWN_BOX}"
    return _keep(
        bench, (), (), lambda server: browsing(server, page, BROWSERS), lambda folder: fill(folder, _SHOWN_BOX, SHOWN)
    )


def _with_recorder(bench: Bench) -> list[str]:
    return _keep(bench, ("--sessions-kept", "0"), (), alone)


def _with_watchers(bench: Bench) -> list[str]:
    return _keep(bench, (), (), lambda server: watching(server, WATCHERS))


def _with_search(bench: Bench) -> list[str]:
    return _keep(bench, ("--search", "off"), ("--search", "on"), alone)


def _with_console(bench: Bench) -> list[str]:
    return _keep(bench, ("--log-level", "warning"), ("--log-level", "info"), alone)


def _keep(
    bench: Bench,
    without: Sequence[str],
    with_: Sequence[str],
    beside: Beside,
    before: Callable[[Path], object] = lambda folder: None,
) -> list[str]:
    pairs: list[tuple[tuple[Run, str], tuple[Run, str]]] = []
    for number in range(bench.scale.pairs):
        if number % 2:  # each comes first as often as the other: a machine that slows down favours neither
            second = run_ours(bench, _LOAD, with_, beside, before)
            pairs.append((run_ours(bench, _LOAD, without, alone, before), second))
        else:
            first = run_ours(bench, _LOAD, without, alone, before)
            pairs.append((first, run_ours(bench, _LOAD, with_, beside, before)))
    kept = statistics.median(b.rate / a.rate for (a, _), (b, _) in pairs)
    alone_, beside_ = median([a for (a, _), _ in pairs]), median([b for _, (b, _) in pairs])
    return [f"**{kept:.2f}**", *alone_.cells(), *beside_.cells(), pairs[-1][1][1]]
