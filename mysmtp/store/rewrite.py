"""A mailbox file without its deleted mails: what stays, and what is put in.

Follows docs/protocol.md, Deleting. That nothing else is different is proved in `proof`. Blocks; reads one open file and
writes another. Knows no locks, no journal and no names. Works in steps, generators that give the octets done since the
last one, so that nobody is held up for long.

A run of deleted mails goes without a trace where sound mails stand on both sides of it. At the end of the file, and
beside damage or stray text, an empty frame with the run's highest id takes its place: it keeps the id, and it is as
good a wall as the deleted record was, so what is damaged is read, and stays, as it did before.
"""

from collections.abc import Iterator

from mysmtp.store.disk import Disk, read_exactly, write_all
from mysmtp.store.frame import claimed_id
from mysmtp.store.proof import prove
from mysmtp.store.record import Row, Status
from mysmtp.store.rows import (
    NUMBER,
    first_line,
    has_ink,
    is_deleted,
    is_frame,
    is_plain,
    octets_by_steps,
    scan_by_steps,
)
from mysmtp.store.textformat import END, GONE, START


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
        for rows, octets in scan_by_steps(self._descriptor, self._size):
            self.gone += sum(row.end - row.start for row in rows if is_deleted(self._descriptor, row))
            yield octets

    def copy(self, disk: Disk, target: int) -> Iterator[int]:
        """Write what the file becomes. Raises OSError."""
        plan = _Plan(self._descriptor, self._size)
        for rows, octets in scan_by_steps(self._descriptor, self._size):
            for row in rows:
                plan.take(row)
            plan.write(disk, target)
            yield octets
        plan.end()
        plan.write(disk, target)
        yield 0

    def check(self, target: int) -> Iterator[int]:
        """Read both files, compare all that stays, record by record. Raises OSError where anything is different."""
        yield from prove(self._descriptor, self._size, target)


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
        deleted = is_deleted(self._descriptor, row) or is_frame(self._descriptor, row)
        ink = (deleted or self._run > 0) and has_ink(self._descriptor, self._upto, row.start)
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
            for octets in octets_by_steps(self._descriptor, *piece):
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
        found = NUMBER.search(head)
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
        line = first_line(self._descriptor, row)
        if not line.endswith(b"\n"):
            return b""
        return line[len(START) :] if is_plain(self._descriptor, row) else b""

    def _after(self, row: Row) -> int:
        """Return the place after a record and the blank line that belongs to it."""
        following = read_exactly(self._descriptor, 2, row.end)
        blank = 1 if following.startswith(b"\n") else 2 if following == b"\r\n" else 0
        return min(row.end + blank, self._size)
