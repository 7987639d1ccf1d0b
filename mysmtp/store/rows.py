"""The records of an open mailbox file, looked at where they lie: what they are to those who rewrite it.

Blocks. Reads in steps, so that nobody is held up for long, and never more than a step into memory.
"""

import os
import re
from collections.abc import Iterator

from mysmtp.store.disk import read_exactly
from mysmtp.store.record import KNOWN, OWN, Row, Status
from mysmtp.store.scan import Scanner
from mysmtp.store.textformat import END

_STEP = 1 << 20  # octets read at once
_LINE = 8 << 10  # octets of a START line that are looked at; no program that writes these files takes more
NUMBER = re.compile(rb" id=\d{1,18}(?=[ \r\n]|$)")  # a mail's, on its START line
_FRAME = re.compile(rb"===GONE__EMAIL===(?: id=\d{1,18})? size=0\r?\n===END_EMAIL===\s*\Z")
_INK = re.compile(rb"[^ \t\r\n]")


class Changed(OSError):
    """The file is no longer as it was when this began."""


def scan_by_steps(descriptor: int, size: int) -> Iterator[tuple[list[Row], int]]:
    """Give the records of a file in order, some at a time, with the octets read for them. Raises OSError."""
    scanner, offset = Scanner(), 0
    while offset < size:
        chunk = os.pread(descriptor, min(_STEP, size - offset), offset)
        if not chunk:
            raise Changed("it was cut off meanwhile")
        offset += len(chunk)
        yield scanner.feed(chunk), len(chunk)
    yield scanner.end(), 0


def octets_by_steps(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """Give the octets from `start` up to, not with, `end`. Raises OSError."""
    while start < end:
        octets = os.pread(descriptor, min(_STEP, end - start), start)
        if not octets:
            raise Changed("it was cut off meanwhile")
        yield octets
        start += len(octets)


def is_deleted(descriptor: int, row: Row) -> bool:
    """Tell whether a record is a deleted mail, whole: one that could come back."""
    return row.status is Status.GONE and bool(row.flags & KNOWN) and is_plain(descriptor, row)


def is_plain(descriptor: int, row: Row) -> bool:
    """Tell whether a whole record ends where it does by itself, and not by what follows it.

    Not so where attributes are left on the END line only, stripped from the first line by hand: these few keep their
    octets, for a number on their first line would change how they are read.
    """
    if row.flags & OWN:
        return True
    last = read_exactly(descriptor, min(len(END) + 2, row.end - row.start), max(row.start, row.end - len(END) - 2))
    return last.rstrip(b"\r\n").endswith(END)


def is_frame(descriptor: int, row: Row) -> bool:
    """Tell whether a record is an empty frame that keeps an id, with an END line of its own.

    One without is open to what follows it, and a deleted record that is damaged is no frame: both stay as they are.
    """
    if row.status is not Status.GONE or row.flags & KNOWN or row.end - row.start > _LINE:
        return False
    return _FRAME.match(read_exactly(descriptor, row.end - row.start, row.start)) is not None


def has_ink(descriptor: int, start: int, end: int) -> bool:
    """Tell whether anything but white space lies there."""
    return any(_INK.search(octets) for octets in octets_by_steps(descriptor, start, end))


def first_line(descriptor: int, row: Row) -> bytes:
    """Return the first line of a record, or the octets of it that are looked at."""
    size = row.end - row.start
    for enough in (128, _LINE):
        line, newline, _ = read_exactly(descriptor, min(enough, size), row.start).partition(b"\n")
        if newline:
            return line + newline
    return line
