"""The console: one event one line, and a reader that is slow costs lines, never time."""

import io
import logging
import threading
import time
from datetime import datetime
from types import SimpleNamespace

import pytest

from mysmtp.console import Console, HubReporter, OneLine
from tests.durability.ledger import until


class Stuck(io.StringIO):
    """A terminal that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.written_to = threading.Event()
        self.let_go = threading.Event()

    def write(self, text: str) -> int:
        self.written_to.set()
        self.let_go.wait(20)
        return super().write(text)


def _flush(console: Console, stream: io.StringIO, last: str) -> None:
    """Flush, which ends once all is written or a second has passed; return when the last line is there."""
    began = time.monotonic()
    console.flush()
    assert stream.getvalue().endswith(f"{last}\n") or time.monotonic() - began >= 1
    until(lambda: stream.getvalue().endswith(f"{last}\n"), "all is written")


def _record(text: str, *, failed: bool = False) -> logging.LogRecord:
    error = None
    if failed:
        try:
            raise ValueError("bad\nthing")
        except ValueError as caught:
            error = (ValueError, caught, caught.__traceback__)
    return logging.LogRecord("mysmtp", logging.ERROR, __file__, 1, text, (), error)


def test_an_exception_stays_on_its_line_with_its_cause_and_its_place() -> None:
    line = OneLine().format(_record("it failed\nhard", failed=True))
    assert "\n" not in line
    assert "it failed\\x0ahard cause=ValueError('bad\\nthing') at=test_console.py:" in line


def test_a_stuck_terminal_costs_lines_and_says_so() -> None:
    stream = Stuck()
    console = Console(stream)
    console.setFormatter(logging.Formatter("%(message)s"))
    console.emit(_record("0"))
    assert stream.written_to.wait(20)
    for number in range(1, 10_020):
        console.emit(_record(str(number)))
    stream.let_go.set()
    _flush(console, stream, "9999")
    console.emit(_record("afterwards"))
    _flush(console, stream, "afterwards")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "0"
    assert lines[-2].endswith("log lines were lost here: the console did not take them in time")
    assert lines[-1] == "afterwards"


class Counting(io.StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


def test_a_crowd_of_lines_is_written_together_and_in_order() -> None:
    stream = Counting()
    console = Console(stream)
    console.setFormatter(logging.Formatter("%(message)s"))
    for number in range(5000):
        console.emit(_record(str(number)))
    _flush(console, stream, "4999")
    assert stream.getvalue().splitlines() == [str(number) for number in range(5000)]
    assert stream.writes < 500


def test_a_line_begins_with_its_moment_in_local_time() -> None:
    formatter = OneLine()
    for moment in (1_700_000_000.25, 1_700_000_000.5, 1_700_000_001.0, 1_700_000_000.75):
        record = _record("text")
        record.created, record.msecs = moment, moment % 1 * 1000
        clock = datetime.fromtimestamp(moment).strftime("%H:%M:%S.%f")[:-3]
        assert formatter.format(record) == f"{clock} error   text"


def test_what_an_error_was_raised_from_is_told_too() -> None:
    try:
        try:
            raise OSError(40, "Too many levels of symbolic links")
        except OSError as cause:
            raise ValueError from cause
    except ValueError as caught:
        record = logging.LogRecord(
            "mysmtp", 40, __file__, 1, "it failed", (), (ValueError, caught, caught.__traceback__)
        )
    line = OneLine().format(record)
    assert "cause=ValueError() from OSError(40, 'Too many levels of symbolic links')" in line


def test_the_hub_reports_one_line_a_second(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    report = HubReporter()
    for moment, lines in ((50.0, 1), (50.9, 1), (51.0, 2)):
        monkeypatch.setattr("mysmtp.console.time", SimpleNamespace(monotonic=lambda now=moment: now))
        for _ in range(100):
            report("an accept", OSError, OSError(24, "Too many open files"), None)
        assert len(caplog.records) == lines
