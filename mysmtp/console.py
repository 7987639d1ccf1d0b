"""The console of the server: log records to standard error, one event one line, from a thread of its own.

A terminal that does not take what is written to it (a stopped pager, Ctrl-S) must not stop mail, so the writing is done
by a native thread behind a bounded queue; what does not fit is counted and told. A line that comes alone is written at
once; in a crowd, lines are written together, for each time that thread wakes it takes the interpreter from the hub.
Nothing but `logging` comes in here.
"""

import logging
import os
import sys
import time
from _queue import SimpleQueue  # the native one: gevent replaces queue.SimpleQueue
from typing import TYPE_CHECKING, TextIO

from gevent import monkey

from mysmtp.text import visible

if TYPE_CHECKING:
    from _thread import LockType

log = logging.getLogger(__name__)

_native_lock = monkey.get_original("_thread", "allocate_lock")
_start_native_thread = monkey.get_original("_thread", "start_new_thread")
_native_sleep = monkey.get_original("time", "sleep")
_QUEUE_LIMIT = 10_000  # lines
_BATCH = 2000  # lines written together at most
_GATHERING = 0.02  # seconds after a write in which lines gather for the next


class OneLine(logging.Formatter):
    """`14:03:22.418 info   HELO received from example.com session=57`; an exception is put on the same line.

    A line of the wire stands alone, `C: RCPT TO: bob@example.com\\n`, so that it pastes into a test.
    """

    def __init__(self) -> None:
        super().__init__()
        self._second = (0, "")  # the last second that was told, and how it is written

    def format(self, record: logging.LogRecord) -> str:
        if record.name == "mysmtp.wire":
            return record.getMessage()
        text = visible(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            text += f" cause={_causes(record.exc_info[1])} at={_frames(record.exc_info[1])}"
        clock = self._clock(int(record.created))
        return f"{clock}.{int(record.msecs):03} {record.levelname.lower():<7} {text}"

    def _clock(self, second: int) -> str:
        told, clock = self._second
        if second != told:
            clock = time.strftime("%H:%M:%S", time.localtime(second))
            self._second = (second, clock)
        return clock


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
        self._lines: SimpleQueue[str | LockType] = SimpleQueue()
        self._in_hand = 0  # lines taken from the queue and not written yet
        self._lost = 0
        _start_native_thread(self._write_on, ())

    def createLock(self) -> None:  # noqa: N802  logging's name
        """No lock is needed: the queue is safe in every thread, and a count that is one too low does no harm."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._lines.qsize() + self._in_hand >= _QUEUE_LIMIT:
            self._lost += 1
            return
        if self._lost:
            self._lines.put(f"{self._lost} log lines were lost here: the console did not take them in time")
            self._lost = 0
        self._lines.put(self.format(record))

    def _write_on(self) -> None:
        while True:
            batch = [self._lines.get()]
            while len(batch) < _BATCH and not self._lines.empty():
                batch.append(self._lines.get())
            self._in_hand = len(batch)
            self._write("".join([f"{line}\n" for line in batch if isinstance(line, str)]))
            self._in_hand = 0
            waits = [each for each in batch if not isinstance(each, str)]
            for each in waits:
                each.release()
            if not waits and len(batch) < _BATCH:
                _native_sleep(_GATHERING)

    def _write(self, lines: str) -> None:
        try:
            self._stream.write(lines)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # the console is gone; mail goes on

    def flush(self) -> None:
        written = _native_lock()
        written.acquire()
        self._lines.put(written)
        written.acquire(timeout=1)


def open_console(level: str, stream: TextIO | None = None) -> Console:
    """Send the log of mysmtp, and warnings of everybody else, to the console; return it for `flush` at the end."""
    _leave_out_of_records_what_no_line_shows()
    handler = Console(stream or sys.stderr or open(os.devnull, "w"))  # noqa: SIM115  it is never closed
    handler.setFormatter(OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("mysmtp").setLevel(level.upper())
    logging.getLogger("mysmtp.wire").setLevel(logging.INFO)
    return handler


def hold_standard_descriptors() -> None:
    """Have something stand at 0, 1 and 2, so that no mailbox file gets the number of a stream that was closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _leave_out_of_records_what_no_line_shows() -> None:
    """Spare logging the search for callers, threads and processes (Python's Logging HOWTO, Optimization)."""
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


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
