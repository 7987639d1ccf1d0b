"""The journal: where a mail is durable first. One append and one sync for a batch, whatever mailboxes it is for.

Files in `.journal/`, written to their full length once and then round and round: a sync of octets that are already
part of a file needs no change of the file system's own records. A file is written again only after `checkpoint` has
said that every mail in it is durable in its mailbox file. Blocks. `append` and the rest may run in two threads at once.
"""

import errno
import itertools
import logging
import os
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mysmtp.store import milestones
from mysmtp.store.disk import Disk, open_file, put, read_exactly, same_file
from mysmtp.store.large import Streamed
from mysmtp.store.milestones import Marks, Milestones
from mysmtp.store.segment import HEAD_SIZE, Batch, Entry, current, head_of, pack, payload_of, serial_after, unpack

log = logging.getLogger(__name__)

FOLDER = ".journal"
_FIRST_SIZE, _SIZE = 4 << 20, 32 << 20  # octets of the first file, and of those that a load asks for later
_MOST = 512 << 20  # octets of files in use; more only when the mailbox files cannot be written
_SPARE = 4  # files that must find room on the disk for one to be made before it is needed
_ZEROS = bytes(1 << 20)


@dataclass(slots=True, eq=False)
class _File:
    """One file of the journal, and the last batch that was written into it."""

    name: str
    descriptor: int
    size: int
    last: int = 0


class Journal:
    """The journal of one mailbox folder, whose open descriptor is given. Raises OSError when it cannot be had."""

    def __init__(self, folder: int, disk: Disk) -> None:
        self._disk = disk
        self._parent = folder
        self._folder = -1  # made with the first mail: a folder that is only read stays as it was
        with suppress(FileNotFoundError):
            self._folder = _open_folder(folder)
        self._milestones = Milestones(disk)
        self._files: deque[_File] = deque(self._open_all())
        found = list(self._read_all())
        self.marks = Marks() if self._folder < 0 else self._milestones.read(self._folder)
        self.recovered: Sequence[Batch] = current(found, self.marks.synced)  # for whoever opened it
        self._serial = max((batch.serial for batch in found), default=0)
        self.number = max([self.marks.synced, *(batch.number for batch in found)])
        self._free: deque[_File] = deque()
        self._current: _File | None = None
        self._at = 0
        self._broken = False
        self.lost = False  # the folder of the journal was taken away: nothing in it would be found again
        self._names = itertools.count(max((int(file.name) for file in self._files), default=0) + 1)

    @property
    def used(self) -> int:
        """Octets of files that are not free to be written again."""
        return sum(file.size for file in list(self._files)) - sum(file.size for file in list(self._free))

    def troubles(self) -> Sequence[str]:
        """Return a line when no mail can be taken now."""
        return (
            ["the disk did not take the last mails; the next ones find out whether it does again"]
            if self._broken
            else []
        )

    def append(self, entries: Sequence[Entry]) -> int:
        """Make these durable together; return their batch's number. Raises OSError: then none of them counts.

        After a failure nothing more is put into the same file, for what it holds is not known; the next file begins
        with an empty batch that takes the failed one's number, so that its mails are not found after a restart.
        """
        self._make_folder()
        if self._broken:
            self._begin_file(0)
            self._write(())
            self._broken = False
        return self._write(entries)

    def prepare(self) -> None:
        """Have a file ready for when the current one is full, so that no batch has to wait for it."""
        if self._current is None or self._free or self._at <= self._current.size // 2:
            return
        with suppress(OSError):  # told when it is needed
            space = os.fstatvfs(self._folder)
            if space.f_bavail * space.f_frsize > _SPARE * _SIZE:  # the last room is for mail
                self._free.append(self._make(_SIZE, 0))

    def mark(self, written: int) -> None:
        """Note that the mailbox files have all batches up to this number, though perhaps not on the disk yet."""
        self.marks = Marks(written, self.marks.synced, same_boot=True)
        self._write_marks()

    def checkpoint(self, synced: int) -> None:
        """Note that the mailbox files have them on the disk: files of the journal become free. Raises OSError."""
        before, self.marks = self.marks, Marks(max(synced, self.marks.written), synced, same_boot=True)
        try:
            self._write_marks()
            self._milestones.sync()
        except OSError:
            self.marks = before  # nobody may rely on what the disk may not have
            raise
        for file in list(self._files):
            if file is not self._current and file.last <= synced and file not in self._free:
                self._free.append(file)

    def since_checkpoint(self) -> Sequence[Batch]:
        """Return the batches after the last checkpoint, read anew."""
        return current(self._read_all(), self.marks.synced)

    def close(self, remove: bool) -> None:
        """Let go of the files; `remove` them when all that they hold is durable elsewhere."""
        self.lost = True  # nothing may be put into numbers that are other files by now
        if self._folder < 0:
            return
        names = [file.name for file in self._files] + [milestones.FILE]
        for file in self._files:
            with suppress(OSError):
                os.close(file.descriptor)
        self._milestones.close()
        if remove:
            with suppress(OSError):
                for name in names:
                    os.unlink(name, dir_fd=self._folder)
                os.rmdir(FOLDER, dir_fd=self._parent)
        with suppress(OSError):
            os.close(self._folder)
        self._folder = -1
        self._files.clear()
        self._free.clear()
        self._current = None

    def _write(self, entries: Sequence[Entry]) -> int:
        payload = payload_of(entries)
        size = HEAD_SIZE + sum(map(len, payload))
        if self._current is None or self._at + size > self._current.size:
            self._begin_file(size)
        file = self._current
        assert file is not None
        try:
            self._put(file.descriptor, payload, size)
            self._disk.sync(file.descriptor)
        except BaseException:
            self._broken = True
            file.last = self.number + 1
            with suppress(OSError):  # the system may have it whole, and would show it to the next process
                put(self._disk, file.descriptor, bytes(HEAD_SIZE), self._at)
            raise
        if os.fstat(file.descriptor).st_nlink == 0 or not same_file(self._parent, FOLDER, self._folder):
            self.lost = True
            raise FileNotFoundError(errno.ENOENT, "the journal was taken away")
        self._at += size
        self.number += 1
        file.last = self.number
        return self.number

    def _put(self, descriptor: int, payload: Sequence[bytes | Streamed], size: int) -> None:
        """Write a batch, from its pieces, at the place that is next. Raises OSError."""
        small = [piece for piece in payload if isinstance(piece, bytes)]
        if len(small) == len(payload):
            put(self._disk, descriptor, pack(self._serial, self.number + 1, small), self._at)
            return

        def written() -> Iterator[bytes]:
            at = self._at + HEAD_SIZE
            for piece in payload:
                for octets in (piece,) if isinstance(piece, bytes) else piece.pieces():
                    put(self._disk, descriptor, octets, at)
                    at += len(octets)
                    yield octets

        head = head_of(self._serial, self.number + 1, size - HEAD_SIZE, written())
        put(self._disk, descriptor, head, self._at)

    def _make_folder(self) -> None:
        """Make what the first mail needs. Raises OSError."""
        if self._milestones.is_open:
            return
        if self._folder < 0:
            with suppress(FileExistsError):
                os.mkdir(FOLDER, 0o777, dir_fd=self._parent)
            self._disk.sync_folder(self._parent)
            self._folder = _open_folder(self._parent)
        self._milestones.open(self._folder)

    def _write_marks(self) -> None:
        self._make_folder()
        self._milestones.write(self.marks)

    def _begin_file(self, size: int) -> None:
        """Go on with a free file or a new one, marked as in use first, so that `checkpoint` leaves it alone."""
        for _ in range(len(self._free)):
            file = self._free[0]
            if file.size >= size + HEAD_SIZE:
                file.last = self.number + 1
                self._free.popleft()
                break
            self._free.rotate(-1)
        else:
            if self.used > _MOST:
                raise OSError(errno.ENOSPC, "the mailbox files are too far behind the journal")
            file = self._make_for(size + HEAD_SIZE)
        self._serial = serial_after(self._serial, secrets.randbits(32))
        self._current, self._at = file, 0

    def _make_for(self, needed: int) -> _File:
        """Make a file of the usual size, or a small one when the disk has no room for that. Raises OSError."""
        usual, small = (max(needed, each) for each in (_SIZE if self._files else _FIRST_SIZE, _FIRST_SIZE))
        try:
            return self._make(usual, self.number + 1)
        except OSError as fault:
            if fault.errno not in (errno.ENOSPC, errno.EDQUOT) or small == usual:
                raise
        return self._make(small, self.number + 1)

    def _make(self, size: int, last: int) -> _File:
        """Make a file and write it to its full length, so that later writes only overwrite. Raises OSError."""
        name = str(next(self._names))
        descriptor = open_file(self._folder, name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            for at in range(0, size, len(_ZEROS)):
                put(self._disk, descriptor, _ZEROS[: size - at], at)
            self._disk.sync(descriptor)
            self._disk.sync_folder(self._folder)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                os.unlink(name, dir_fd=self._folder)
            raise
        file = _File(name, descriptor, size, last)
        self._files.append(file)
        return file

    def _open_all(self) -> Iterator[_File]:
        """Open what an earlier run left; anything that is no plain file is passed over."""
        if self._folder < 0:
            return
        for name in sorted(os.listdir(self._folder)):  # noqa: PTH208  there is no Path of a descriptor
            if not (name.isascii() and name.isdigit()):
                continue
            try:
                descriptor = open_file(self._folder, name, os.O_RDWR)
            except OSError as fault:
                log.warning("the journal's file %s cannot be read: %s", name, fault)
                continue
            yield _File(name, descriptor, os.fstat(descriptor).st_size)

    def _read_all(self) -> Iterator[Batch]:
        for file in list(self._files):
            for batch in unpack(read_exactly(file.descriptor, file.size, 0)):
                file.last = max(file.last, batch.number)
                yield batch


def _open_folder(parent: int) -> int:
    return os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
