"""Mails a second, ours and the reference's in turn, and how much of the machine's limit that is."""

import statistics

from bench.rows import Row, Table
from bench.trial import Bench, Load, median, run_echo, run_ours, run_reference

COLUMNS = (
    "rate, ours ÷ reference",
    *("ours: mails/s", "p50 / p99 ms", "CPU µs a mail"),
    *("reference: mails/s", "p50 / p99 ms", "CPU µs a mail"),
    "CPU, ours ÷ reference",
    "nothing stored: mails/s",
)


def table() -> Table:
    """Return the rows of mail rates."""
    return Table(
        "rates",
        "Mail rate",
        COLUMNS,
        (
            _row("durable-10", "durable, 10 connections", ">= 0.5", Load(10)),
            _row("durable-100", "durable, 100 connections", ">= 1.0, CPU <= 1.1", Load(100)),
            _row("durable-1000", "durable, 1,000 connections", ">= 1.2", Load(1000)),
            _row("pipelined-1", "durable, 100 connections, 1 mail a send", ">= 2", Load(100, "1")),
            _row("pipelined-10", "durable, 100 connections, 10 mails a send", ">= 5", Load(100, "10")),
            _row("os-100", "`--durability os`, 100 connections", ">= 1.0", Load(100), "--durability", "os"),
            _row("segments-100", "durable, 100 connections, segments", "", Load(100, "segments")),
        ),
    )


def _row(key: str, name: str, goal: str, load: Load, *options: str) -> Row:
    return Row(key, name, goal, lambda bench: compare(bench, load, options))


def compare(bench: Bench, load: Load, options: tuple[str, ...]) -> list[str]:
    """Measure ours, the reference and the echo in turn. The reference hears segments always, as its client speaks."""
    trios = [
        (
            run_ours(bench, load, options)[0],
            run_reference(bench, Load(load.connections, "segments")),
            run_echo(bench, load),
        )
        for _ in range(bench.scale.pairs)
    ]
    ours, reference, echo = (median(runs) for runs in zip(*trios, strict=True))
    rate = statistics.median(a.rate / b.rate for a, b, _ in trios)
    cpu = statistics.median(a.cpu / b.cpu for a, b, _ in trios)
    return [f"**{rate:.2f}**", *ours.cells(), *reference.cells(), f"{cpu:.2f}", f"{echo.rate:,.0f}"]
