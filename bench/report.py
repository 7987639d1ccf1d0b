"""What a run prints, in the markdown of docs/performance.md: the machine, then each table; and how it gets in there."""

import datetime
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from bench.rows import Row, Table
from bench.scale import Scale
from bench.servers import ROOT

PAGE = ROOT / "docs" / "performance.md"


def machine(folder: Path, scale: Scale) -> str:
    """Return where and when this is measured, in one line."""
    parts = [
        f"{os.cpu_count()} cores ({_processor()}), shared with the load",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}, gevent {version('gevent')}",
        f"{_file_system(folder)}",
        f"medians of {scale.pairs}, {scale.seconds:g} s each",
        f"commit {_commit()}",
        f"{datetime.date.today():%-d %B %Y}",
    ]
    return "; ".join(parts) + "."


def head(table: Table) -> str:
    """Return the head of a table."""
    columns = ["work", "goal", *table.columns]
    return f"{_line(columns)}\n{_line(['---'] * len(columns))}"


def line(table: Table, row: Row, cells: Iterable[str]) -> str:
    """Return one row; of a row that was left out, `cells` is one that says why."""
    filled = [row.name, row.goal or "report", *cells]
    return _line(filled + [""] * (2 + len(table.columns) - len(filled)))


def put_in(page: str, key: str, text: str) -> str:
    """Return the page with what stands between the two marks of a key replaced."""
    marked = re.compile(rf"(<!-- figures: {key} -->\n).*?(<!-- end of figures -->)", re.DOTALL)
    replaced, times = marked.subn(lambda match: f"{match[1]}{text}\n{match[2]}", page)
    if times != 1:
        raise ValueError(f"the page has no place for the figures of {key}")
    return replaced


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _file_system(folder: Path) -> str:
    """Return the type of the file system a folder is on; a tmpfs is no disk, and is said to be none."""
    best, kind = "", "unknown file system"
    for mount in Path("/proc/mounts").read_text().splitlines():
        _, point, found, *_ = mount.split()
        if folder.resolve().is_relative_to(point) and len(point) >= len(best):
            best, kind = point, found
    return f"{kind}: NO DISK, syncs cost nothing" if kind in ("tmpfs", "ramfs") else kind


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(("git", *words), cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--", "mysmtp", "bench") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed
