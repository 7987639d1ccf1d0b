"""One write of new records to the end of one mailbox file: all of them with one call, or the file is put back.

Blocks; the caller holds the mailbox. Knows nothing of journals and deliveries.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from mysmtp.message import MailSummary
from mysmtp.store.disk import Disk, read_exactly, signature, write_all
from mysmtp.store.large import Streamed
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.scan import Record, Status
from mysmtp.text import visible

log = logging.getLogger(__name__)

_FLAGS = os.O_RDWR | os.O_APPEND
_EDGE = 256  # last octets that are remembered of what was written


class Encoded(Protocol):
    """A mail as it will lie in a file, but for its id (`textformat.Draft` is one)."""

    @property
    def size(self) -> int:
        """Octets of its body."""

    @property
    def held(self) -> int:
        """Octets of it that are in memory while it waits, not in a file."""

    def record(self, mail_id: int, full_name: str = "") -> bytes | Streamed:
        """Return the record under this id."""

    def summary(self, mail_id: int) -> MailSummary:
        """Return what a list shows of it."""


def write_records(mailbox: Mailbox, disk: Disk, mails: Sequence[Encoded], full_name: str) -> Sequence[int]:
    """Write mails to the end of a mailbox's file, made if it is not there; return their ids.

    Nothing is synced. Raises OSError or StoreFailed, and the file is then as it was; when it cannot be put back, no
    more is written to it until it can.
    """
    try:
        with mailbox.folder.open_files.seen(mailbox.file, _FLAGS) as (descriptor, status):
            return _Write(mailbox, disk, full_name, descriptor).run(mails, status)
    except FileNotFoundError:
        mailbox.index.forget()
        with mailbox.folder.open_files.seen(mailbox.file, _FLAGS | os.O_CREAT | os.O_EXCL) as (descriptor, status):
            return _Write(mailbox, disk, full_name, descriptor, made=True).run(mails, status)


class _Write:
    """What is written to one mailbox: begun, then finished or undone."""

    def __init__(self, mailbox: Mailbox, disk: Disk, full_name: str, descriptor: int, made: bool = False) -> None:
        self._mailbox = mailbox
        self._disk = disk
        self._full_name = full_name
        self._descriptor = descriptor
        self._made = made
        self._old_size = 0
        self._size = 0  # octets of all records
        self._wrote = False
        self._records: list[Record] = []
        self._edge = b""

    def run(self, mails: Sequence[Encoded], status: os.stat_result) -> Sequence[int]:
        """Write them all or none to the file whose status is given. Raises OSError, StoreFailed."""
        try:
            self.begin(mails, status)
            return self.finish()
        except BaseException:
            self.undo()
            raise

    def begin(self, mails: Sequence[Encoded], status: os.stat_result) -> None:
        """Write every record. Raises OSError, StoreFailed."""
        index = self._mailbox.index
        self._repair()
        if index.signature != signature(status):
            self._mailbox.look(self._descriptor)
        self._old_size = index.size
        pieces = self._encode(mails)
        self._size = sum(map(len, pieces))
        for piece in reversed(pieces):
            if len(self._edge) < _EDGE:
                self._edge = (piece if isinstance(piece, bytes) else piece.end(_EDGE))[-_EDGE:] + self._edge
        self._wrote = True
        for piece in pieces:
            if isinstance(piece, bytes):
                write_all(self._disk, self._descriptor, piece)
            else:
                write_all(self._disk, self._descriptor, piece.whole())

    def finish(self) -> Sequence[int]:
        """Make the records known; return their ids. Raises OSError when the file was taken away meanwhile."""
        index = self._mailbox.index
        status = os.fstat(self._descriptor)
        if status.st_nlink == 0:
            raise OSError(f"{self._mailbox.file!r} was taken away while it was written")
        if status.st_size != self._old_size + self._size:  # someone wrote too: the file says which ids these have
            end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
            return self._as_found(end - self._size - self._old_size)
        if index.settled:
            index.added(self._records, signature(status), self._edge)
        return [record.id for record in self._records]

    def undo(self) -> None:
        """Put the file back as it was; when that cannot be done, no more is written to it until it can."""
        index = self._mailbox.index
        try:
            if self._wrote:
                self._cut_back()
            if self._made and os.fstat(self._descriptor).st_size == 0:
                os.unlink(self._mailbox.file, dir_fd=self._mailbox.folder.descriptor)
                index.forget()
        except OSError as fault:
            index.limit = self._old_size
            index.signature = signature(os.fstat(self._descriptor))
            log.error("%s could not be put back: %s", visible(self._mailbox.file), fault.strerror or fault)

    def _repair(self) -> None:
        """Finish an undo that failed earlier, unless someone else has changed the file since. Raises OSError."""
        index = self._mailbox.index
        if index.limit is None:
            return
        if index.signature == signature(os.fstat(self._descriptor)):
            self._disk.truncate(self._descriptor, index.limit)
        index.limit = None
        index.forget()

    def _encode(self, mails: Sequence[Encoded]) -> Sequence[bytes | Streamed]:
        """Return the records, each that is large as a piece of its own."""
        index = self._mailbox.index
        lead = b"" if self._ends_line() else b"\n"
        pieces: list[bytes | Streamed] = [lead]
        offset, mail_id = self._old_size + len(lead), index.last_id
        for mail in mails:
            mail_id += 1
            octets = mail.record(mail_id, self._full_name)
            pieces.append(octets)
            end = offset + len(octets)  # the blank line after a record is no part of it
            self._records.append(Record(offset, end - 1, mail_id, Status.MAIL, mail.summary(mail_id)))
            offset = end
        return joined(pieces)

    def _ends_line(self) -> bool:
        size = self._old_size
        return size == 0 or self._mailbox.index.settled or read_exactly(self._descriptor, 1, size - 1) == b"\n"

    def _as_found(self, shift: int) -> Sequence[int]:
        index = self._mailbox.index
        index.forget()
        with suppress(OSError):  # the mails are safe; only their numbers may then be off
            self._mailbox.look(self._descriptor)
        given = {record.start: record.id for record in index.records()}
        return [given.get(record.start + shift, record.id) for record in self._records]

    def _cut_back(self) -> None:
        """Cut off what this write has added. Raises OSError; someone else's octets after it are left alone."""
        index = self._mailbox.index
        end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        size = os.fstat(self._descriptor).st_size
        if size == self._old_size:
            return
        if end != size or size > self._old_size + self._size:
            index.forget()
            log.error("%s: a failed write stays, others have written after it", visible(self._mailbox.file))
            return
        self._disk.truncate(self._descriptor, self._old_size)
        index.signature = signature(os.fstat(self._descriptor))


def joined(pieces: Iterable[bytes | Streamed]) -> Sequence[bytes | Streamed]:
    """Return pieces with what lies between large records as one."""
    found: list[bytes | Streamed] = []
    small: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            small.append(piece)
        else:
            found += (b"".join(small), piece)
            small = []
    return [*found, b"".join(small)]
