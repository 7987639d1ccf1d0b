"""A mailbox file without its deleted mails: what stays, what is put in, and the proof that nothing else is different.

Follows docs/protocol.md, Deleting. Blocks; reads one open file and writes another. Knows no locks, no journal and no
names. Works in steps, generators that give the octets done since the last one, so that nobody is held up for long.

A run of deleted mails goes without a trace where sound mails stand on both sides of it. At the end of the file, and
beside damage or stray text, an empty frame with the run's highest id takes its place: it keeps the id, and it is as
good a wall as the deleted record was, so what is damaged is read, and stays, as it did before.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from itertools import zip_longest

from mysmtp.store.disk import Disk, read_exactly, write_all
from mysmtp.store.frame import claimed_id
from mysmtp.store.record import KNOWN, OWN, Row, Status
from mysmtp.store.scan import Scanner
from mysmtp.store.textformat import END, GONE, START

_STEP = 1 << 20  # octets read at once
_LINE = 8 << 10  # octets of a START line that are looked at; no program that writes these files takes more
_ID = re.compile(rb" id=\d{1,18}(?=[ \r\n]|$)")
_FRAME = re.compile(rb"===GONE__EMAIL===(?: id=\d{1,18})? size=0\r?\n===END_EMAIL===\s*\Z")
_INK = re.compile(rb"[^ \t\r\n]")


class Changed(OSError):
    """The file is no longer as it was when this began."""


def frame(mail_id: int) -> bytes:
    """Return the empty frame that keeps an id which is gone."""
    return b"%b id=%d size=0\n%b\n\n" % (GONE, mail_id, END)


class Rewrite:
    """One file, open and `size` octets long, and what it becomes.

    `gone` counts the octets of deleted mails, once surveyed.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self.gone = 0

    def survey(self) -> Iterator[int]:
        """Find out what could be freed."""
        for rows, octets in _scan(self._descriptor, self._size):
            self.gone += sum(row.end - row.start for row in rows if _is_deleted(self._descriptor, row))
            yield octets

    def copy(self, disk: Disk, target: int) -> Iterator[int]:
        """Write what the file becomes. Raises OSError."""
        plan = _Plan(self._descriptor, self._size)
        for rows, octets in _scan(self._descriptor, self._size):
            for row in rows:
                plan.take(row)
            plan.write(disk, target)
            yield octets
        plan.end()
        plan.write(disk, target)
        yield 0

    def check(self, target: int) -> Iterator[int]:
        """Read both files, compare all that stays, record by record. Raises OSError where anything is different."""
        size = os.fstat(target).st_size
        old, new = _Kept(self._descriptor, self._size), _Kept(target, size)
        for here, there in zip_longest(old.rows(), new.rows()):
            if here is None or there is None or not _same(self._descriptor, here, target, there):
                raise OSError(f"what was rewritten is not what was there, from octet {here.start if here else size} on")
            yield there.end - there.start
        if (old.last_id, old.strays.digest()) != (new.last_id, new.strays.digest()):
            raise OSError("what was rewritten has lost an id, or stray text")


class _Plan:
    """What to write, decided record by record: octets of the old file as (start, end), and octets that are put in."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._pieces: list[tuple[int, int] | bytes] = []
        self._from = 0  # octets before this are in the pieces, or dropped
        self._upto = 0  # octets before this were looked at
        self._run = 0  # the highest id of the deleted mails just passed, 0 outside of a run
        self._sound = True  # whether what was last kept reads the same whatever follows it

    def take(self, row: Row) -> None:
        """Decide on the next record."""
        deleted = _is_deleted(self._descriptor, row) or _is_frame(self._descriptor, row)
        ink = (deleted or self._run > 0) and _has_ink(self._descriptor, self._upto, row.start)
        if deleted:
            self._pass(row, ink)
        else:
            self._keep(row, ink)

    def end(self) -> None:
        """Decide on what follows the last record."""
        self._wall(self._run > 0)
        self._flush(self._size)

    def write(self, disk: Disk, target: int) -> None:
        """Write what is decided. Raises OSError."""
        if not self._run:
            self._flush(self._upto)
        pieces, self._pieces = self._pieces, []
        for piece in pieces:
            if isinstance(piece, bytes):
                write_all(disk, target, piece)
                continue
            for octets in _octets(self._descriptor, *piece):
                write_all(disk, target, octets)

    def _pass(self, row: Row, ink: bool) -> None:
        if ink:
            self._wall(self._run > 0)
            self._sound = False
        if not self._run:  # blank lines inside a run go with it
            self._flush(row.start)
        self._from = self._upto = self._after(row)
        self._run = row.id

    def _keep(self, row: Row, ink: bool) -> None:
        head = self._head_of(row)
        self._wall(self._run > 0 and (ink or not self._sound or not head))
        self._sound = bool(head)
        self._upto = row.end
        if head and claimed_id(head) != row.id:
            self._number(row, head)

    def _wall(self, needed: bool) -> None:
        """End a run, with a frame in its place where that is needed."""
        if needed:
            self._pieces.append(frame(self._run))
        self._run = 0

    def _flush(self, upto: int) -> None:
        if upto > self._from:
            self._pieces.append((self._from, upto))
            self._from = upto

    def _number(self, row: Row, head: bytes) -> None:
        """Put the id that a mail has on its START line."""
        found = _ID.search(head)
        start, end = found.span() if found else (0, 0)
        at = row.start + len(START)
        self._flush(at + start)
        parted = head[end : end + 1] in (b"", b" ", b"\r", b"\n")
        self._pieces.append(b" id=%d" % row.id + (b"" if parted else b" "))
        self._from = at + end

    def _head_of(self, row: Row) -> bytes:
        """Return what follows a mail's marker on its line; nothing for what must keep each of its octets."""
        if row.status is not Status.MAIL:
            return b""
        line = _first_line(self._descriptor, row)
        if not line.endswith(b"\n"):
            return b""
        return line[len(START) :] if _is_plain(self._descriptor, row) else b""

    def _after(self, row: Row) -> int:
        """Return the place after a record and the blank line that belongs to it."""
        following = read_exactly(self._descriptor, 2, row.end)
        blank = 1 if following.startswith(b"\n") else 2 if following == b"\r\n" else 0
        return min(row.end + blank, self._size)


class _Kept:
    """The records of a file that a rewrite keeps, with all that lies between them as a digest."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._at = 0
        self.last_id = 0
        self.strays = hashlib.sha256()

    def rows(self) -> Iterator[Row]:
        """Give them in order."""
        for rows, _ in _scan(self._descriptor, self._size):
            for row in rows:
                self.last_id = row.id or self.last_id
                self._between(row.start)
                self._at = row.end
                if not _is_deleted(self._descriptor, row) and not _is_frame(self._descriptor, row):
                    self.strays.update(b"\0%d" % row.id)
                    yield row
        self._between(self._size)

    def _between(self, upto: int) -> None:
        if upto > self._at + 1 or upto == self._size:  # one octet before a marker is a blank line
            for octets in _octets(self._descriptor, self._at, upto):
                self.strays.update(b"".join(octets.split()))


def _scan(descriptor: int, size: int) -> Iterator[tuple[list[Row], int]]:
    """Give the records of a file in order, some at a time, with the octets read for them. Raises OSError."""
    scanner, offset = Scanner(), 0
    while offset < size:
        chunk = os.pread(descriptor, min(_STEP, size - offset), offset)
        if not chunk:
            raise Changed("it was cut off meanwhile")
        offset += len(chunk)
        yield scanner.feed(chunk), len(chunk)
    yield scanner.end(), 0


def _octets(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """Give the octets from `start` up to, not with, `end`. Raises OSError."""
    while start < end:
        octets = os.pread(descriptor, min(_STEP, end - start), start)
        if not octets:
            raise Changed("it was cut off meanwhile")
        yield octets
        start += len(octets)


def _is_deleted(descriptor: int, row: Row) -> bool:
    """Tell whether a record is a deleted mail, whole: one that could come back."""
    return row.status is Status.GONE and bool(row.flags & KNOWN) and _is_plain(descriptor, row)


def _is_plain(descriptor: int, row: Row) -> bool:
    """Tell whether a whole record ends where it does by itself, and not by what follows it.

    Not so where attributes are left on the END line only, stripped from the first line by hand: these few keep their
    octets, for a number on their first line would change how they are read.
    """
    if row.flags & OWN:
        return True
    last = read_exactly(descriptor, min(len(END) + 2, row.end - row.start), max(row.start, row.end - len(END) - 2))
    return last.rstrip(b"\r\n").endswith(END)


def _is_frame(descriptor: int, row: Row) -> bool:
    """Tell whether a record is an empty frame that keeps an id, with an END line of its own.

    One without is open to what follows it, and a deleted record that is damaged is no frame: both stay as they are.
    """
    if row.status is not Status.GONE or row.flags & KNOWN or row.end - row.start > _LINE:
        return False
    return _FRAME.match(read_exactly(descriptor, row.end - row.start, row.start)) is not None


def _has_ink(descriptor: int, start: int, end: int) -> bool:
    return any(_INK.search(octets) for octets in _octets(descriptor, start, end))


def _first_line(descriptor: int, row: Row) -> bytes:
    size = row.end - row.start
    for enough in (128, _LINE):
        line, newline, _ = read_exactly(descriptor, min(enough, size), row.start).partition(b"\n")
        if newline:
            return line + newline
    return line


def _same(old: int, here: Row, new: int, there: Row) -> bool:
    """Tell whether a record of the new file is the one of the old file, but for a mail's number on its first line."""
    if here[0] != there[0] or here[3:7] != there[3:7]:
        return False
    skipped = [0, 0]
    if here.status is Status.MAIL:
        heads = [_first_line(old, here), _first_line(new, there)]
        if len({_ID.sub(b"", head, count=1).replace(b" ", b"") for head in heads}) > 1:
            return False
        skipped = [len(head) for head in heads]
    if here.end - here.start - skipped[0] != there.end - there.start - skipped[1]:
        return False
    pieces = zip(_octets(old, here.start + skipped[0], here.end), _octets(new, there.start + skipped[1], there.end),
                 strict=True)  # fmt: skip
    return all(one == other for one, other in pieces)
