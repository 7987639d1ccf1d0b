"""Mails a second by SMTP, ours and aiosmtpd's in turn."""

import statistics
from importlib.util import find_spec

from bench.faults import Skipped
from bench.rows import Row, Table
from bench.trial import Bench, Load, median, run_aiosmtpd, run_ours

COLUMNS = (
    "rate, ours ÷ aiosmtpd",
    *("ours: mails/s", "p50 / p99 ms", "CPU µs a mail"),
    *("aiosmtpd: mails/s", "p50 / p99 ms", "CPU µs a mail"),
    "CPU, ours ÷ aiosmtpd",
)
ONE, GROUP = Load(100, "smtp"), Load(100, "smtp-group")


def table() -> Table:
    """Return the rows of SMTP."""
    return Table(
        "smtp",
        "Mail rate by SMTP",
        COLUMNS,
        (
            _row("smtp-100", "durable, 100 connections; aiosmtpd without its syncs", ">= 20", ONE, sync=False),
            _row("smtp-synced-100", "durable, 100 connections; aiosmtpd as it comes", "", ONE, sync=True),
            _row("smtp-group-100", "the same, MAIL, RCPT and DATA in one send", "", GROUP, sync=True),
        ),
    )


def _row(key: str, name: str, goal: str, load: Load, *, sync: bool) -> Row:
    return Row(key, name, goal, lambda bench: compare(bench, load, sync=sync))


def compare(bench: Bench, load: Load, *, sync: bool) -> list[str]:
    """Measure ours and aiosmtpd in turn. Raises Skipped where that is not installed."""
    if find_spec("aiosmtpd") is None:
        raise Skipped("aiosmtpd is not installed: .venv/bin/pip install aiosmtpd")
    pairs = [(run_ours(bench, load)[0], run_aiosmtpd(bench, load, sync=sync)) for _ in range(bench.scale.pairs)]
    ours, theirs = (median(runs) for runs in zip(*pairs, strict=True))
    rate, cpu = (
        statistics.median(figures)
        for figures in zip(*((a.rate / b.rate, a.cpu / b.cpu) for a, b in pairs), strict=True)
    )
    return [f"**{rate:.1f}**", *ours.cells(), *theirs.cells(), f"{cpu:.3f}"]
