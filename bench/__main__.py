"""`make bench`, `python -m bench [ROW ...]`: measure rows and print them as tables. See docs/performance.md."""

import argparse
import dataclasses
import resource
import signal
import sys
import tempfile
from pathlib import Path

from bench import disk, idle, kept, rates, reading, report, searching, smtp, starting, viewing
from bench.faults import BenchFailed, Skipped
from bench.profiling import Profiler, open_profiler
from bench.rows import Row, Table
from bench.scale import FULL, QUICK, Scale
from bench.servers import ROOT, Servers, build
from bench.trial import Bench


def all_tables(scale: Scale) -> tuple[Table, ...]:
    """Return every table there is."""
    return (
        rates.table(), smtp.table(), kept.table(scale), idle.table(scale), reading.table(scale),
        starting.table(scale), searching.table(scale), viewing.table(scale), disk.table(),
    )  # fmt: skip


def chosen(tables: tuple[Table, ...], words: list[str]) -> list[tuple[Table, list[Row]]]:
    """Return the rows whose key is one of the words; a word that is no key chooses by key and name. No words: all."""
    keys = {row.key for table in tables for row in table.rows}

    def wanted(row: Row) -> bool:
        return not words or any(
            word == row.key if word in keys else word.lower() in f"{row.key} {row.name}".lower() for word in words
        )

    found = [(table, [row for row in table.rows if wanted(row)]) for table in tables]
    return [(table, rows) for table, rows in found if rows]


def measure_row(bench: Bench, row: Row) -> list[str]:
    """Return the cells of a row, or one that says why it is left out."""
    try:
        return row.measure(bench)
    except Skipped as reason:
        return [f"skipped: {reason}"]


def measure_all(bench: Bench, selected: list[tuple[Table, list[Row]]]) -> dict[str, str]:
    """Measure, print each row at once, return each table by its key; the first entry is the machine."""
    done = {"machine": report.machine(bench.folder, bench.scale)}
    print(done["machine"], flush=True)
    for table, rows in selected:
        lines = [report.head(table)]
        print(f"\n### {table.title}\n\n{lines[0]}", flush=True)
        for row in rows:
            lines.append(report.line(table, row, measure_row(bench, row)))
            print(lines[-1], flush=True)
        done[table.key] = "\n".join(lines)
    return done


def write_page(figures: dict[str, str]) -> None:
    """Put every table into docs/performance.md."""
    page = report.PAGE.read_text()
    for key, text in figures.items():
        page = report.put_in(page, key, text)
    report.PAGE.write_text(page)


def run(arguments: argparse.Namespace, scale: Scale, folder: Path) -> None:
    """Measure what was chosen, in a folder that is removed afterwards."""
    words: list[str] = arguments.rows
    profiler: Profiler | None = None
    if words[:1] == ["profile"]:
        words, profiler = words[1:], open_profiler(folder)
        scale = dataclasses.replace(scale, pairs=1)
    selected = chosen(all_tables(scale), words)
    if not selected:
        raise BenchFailed("no such row; --list shows all")
    build(folder)
    figures = measure_all(Bench(Servers(folder, folder, profiler), scale, folder), selected)
    if profiler:
        print(f"\n{profiler.report()}")
    elif arguments.quick:
        print("\nA smoke run: it shows that the rows work; its figures say nothing.")
    elif arguments.write:
        write_page(figures)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, in pairs, and print tables.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="a key of --list or a part of a name; none: all."
                        " `profile ROW` samples our server by py-spy meanwhile")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="show all rows")
    parser.add_argument("--quick", action="store_true", help="a smoke run: one pair, few mails, about a minute")
    parser.add_argument("--pairs", type=int, help=f"measure each row so often; {FULL.pairs} if not given")
    parser.add_argument("--seconds", type=float, help=f"length of a measured phase; {FULL.seconds:g} if not given")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build", help="on the disk to measure; build/ if not given"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()
    if arguments.write and (arguments.rows or arguments.quick):
        parser.error("--write goes with all rows and a full run only")
    return arguments


def main() -> int:
    """Do what the command line says; return the exit code."""
    arguments = parse()
    scale = QUICK if arguments.quick else FULL
    given = {key: getattr(arguments, key) for key in ("pairs", "seconds") if getattr(arguments, key) is not None}
    scale = dataclasses.replace(scale, **given)
    if arguments.list:
        for table in all_tables(scale):
            print("\n".join(f"{row.key:<18} {row.name}" for row in table.rows))
        return 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for the clients and servers, which inherit it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folders go then too
    arguments.folder.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="bench-") as name:
            run(arguments, scale, Path(name))
    except BenchFailed as fault:
        print(f"bench: {fault}", *getattr(fault, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
