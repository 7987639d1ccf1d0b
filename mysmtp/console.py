"""The console of the server: log records to standard error, one event one line, from a thread of its own.

A terminal that does not take what is written to it (a stopped pager, Ctrl-S) must not stop mail, so the writing is done
by a native thread behind a bounded queue; what does not fit is counted and told. Nothing but `logging` comes in here.
"""

import logging
import sys
import time
from _queue import SimpleQueue  # the native one: gevent replaces queue.SimpleQueue
from datetime import datetime
from typing import TextIO

from gevent import monkey

from mysmtp.text import visible

log = logging.getLogger(__name__)

_start_native_thread = monkey.get_original("_thread", "start_new_thread")
_native_sleep = monkey.get_original("time", "sleep")
_QUEUE_LIMIT = 10_000


class OneLine(logging.Formatter):
    """`14:03:22.418 info   HELO received from example.com session=57`; an exception is put on the same line.

    A line of the wire stands alone, `C: RCPT TO: bob@example.com\\n`, so that it pastes into a test.
    """

    def format(self, record: logging.LogRecord) -> str:
        if record.name == "mysmtp.wire":
            return record.getMessage()
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        text = visible(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            text += f" cause={_causes(record.exc_info[1])} at={_frames(record.exc_info[1])}"
        return f"{moment} {record.levelname.lower():<7} {text}"


def _causes(error: BaseException) -> str:
    """Return an error and what it was raised from, the deepest last."""
    chain = visible(repr(error))
    while error.__cause__ is not None:
        error = error.__cause__
        chain += f" from {visible(repr(error))}"
    return chain


def _frames(error: BaseException) -> str:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return "<-".join(reversed(frames[-8:]))


class Console(logging.Handler):
    """Hands formatted lines to the writing thread; never waits. `flush` waits until all is written, 1 s at most."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._written = 0
        self._put = 0
        self._lost = 0
        _start_native_thread(self._write, ())

    def emit(self, record: logging.LogRecord) -> None:
        if self._put - self._written >= _QUEUE_LIMIT:
            self._lost += 1
            return
        if self._lost:
            self._push(f"{self._lost} log lines were lost here: the console did not take them in time")
            self._lost = 0
        self._push(self.format(record))

    def _push(self, line: str) -> None:
        self._put += 1
        self._lines.put(line)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                pass  # the console is gone; mail goes on
            self._written += 1

    def flush(self) -> None:
        deadline = time.monotonic() + 1
        while self._written < self._put and time.monotonic() < deadline:
            _native_sleep(0.001)


def open_console(level: str, stream: TextIO | None = None) -> Console:
    """Send the log of mysmtp, and warnings of everybody else, to the console; return it for `flush` at the end."""
    handler = Console(stream or sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("mysmtp").setLevel(level.upper())
    logging.getLogger("mysmtp.wire").setLevel(logging.INFO)
    return handler


class HubReporter:
    """Takes over what gevent's hub would print by itself: as one log line, and not more than one a second.

    A hub that writes to a terminal waits for it, and everybody with it; out of descriptors, it reports each accept.
    """

    def __init__(self) -> None:
        self._next = 0.0
        self._unsaid = 0

    def __call__(self, context: object, kind: type[BaseException], error: BaseException, trace: object) -> None:
        """Log one error that a greenlet or a watcher ended with."""
        if time.monotonic() < self._next:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} like it were not told)" if self._unsaid else ""
        self._next, self._unsaid = time.monotonic() + 1, 0
        log.error("%s ended with an error%s", type(context).__name__, more, exc_info=(kind, error, error.__traceback__))
