"""What the disk could do: one append and one fdatasync a batch, nothing else."""

import os
import statistics
import time
from pathlib import Path

from bench.rows import Row, Table
from bench.scale import MAIL_SIZE
from bench.trial import Bench

COLUMNS = ("syncs/s", "p50 / p99 ms", "mails/s, if each batch is full")
BATCH = 64 * 1024  # octets


def table() -> Table:
    """Return the rows of the disk."""
    return Table(
        "disk",
        "What the disk could do",
        COLUMNS,
        (
            Row("sync-preallocated", "64 KiB written and synced, file preallocated", "", lambda b: _sync(b, True)),
            Row("sync-growing", "64 KiB appended and synced, file grows", "", lambda b: _sync(b, False)),
        ),
    )


def _sync(bench: Bench, preallocated: bool) -> list[str]:
    runs = []
    for _ in range(bench.scale.pairs):
        with bench.new_folder() as folder:
            runs.append(sorted(_times(folder / "journal", bench.scale.seconds, preallocated)))
    rate = statistics.median(len(times) / sum(times) for times in runs)
    p50 = statistics.median(times[len(times) // 2] for times in runs)
    p99 = statistics.median(times[len(times) * 99 // 100] for times in runs)
    return [f"{rate:,.0f}", f"{p50 * 1000:.2f} / {p99 * 1000:.2f}", f"{rate * BATCH / MAIL_SIZE:,.0f}"]


def _times(path: Path, seconds: float, preallocated: bool) -> list[float]:
    """Return the seconds of each write with its sync; a preallocated file begins anew when it is full."""
    batch, room, times, offset = os.urandom(BATCH), 1024 * BATCH, [], 0
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        if preallocated:
            _write_over(fd, room)
        began = at = time.perf_counter()
        while at - began < seconds:
            os.pwrite(fd, batch, offset % room if preallocated else offset)
            os.fdatasync(fd)
            before, at = at, time.perf_counter()
            times.append(at - before)
            offset += BATCH
    finally:
        os.close(fd)
    return times


def _write_over(fd: int, room: int) -> None:
    """Give the file its blocks, written, so that a later write changes no metadata."""
    for offset in range(0, room, BATCH):
        os.pwrite(fd, bytes(BATCH), offset)
    os.fsync(fd)
