"""A spool: the octets of a large mail on its way in, in a file without a name, so that they take no memory.

It lies in the mailbox folder, where there must be room for the mail anyway, and is gone when nobody has it any more.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress

from mysmtp.contracts import Offload
from mysmtp.errors import StoreFailed
from mysmtp.offload import to_the_end
from mysmtp.store.disk import open_file
from mysmtp.store.space import free_on

STEP = 256 << 10  # octets that are read at once
PREFIX = ".incoming-"  # of files that have a name for a moment


def nameless(folder: int) -> int:
    """Open a new file of a folder for reading and writing that nobody else can find. Blocks. Raises OSError."""
    with suppress(OSError, AttributeError):  # not every system, nor every file system, can do this
        return os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600, dir_fd=folder)
    name = PREFIX + secrets.token_hex(8)
    descriptor = open_file(folder, name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        os.unlink(name, dir_fd=folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class Spool:
    """A `contracts.Spool` over a file of its own in an open folder. `offload` runs what blocks but for `pieces`."""

    def __init__(self, folder: int, offload: Offload) -> None:
        self._descriptor = -1
        self._size = 0
        self._offload = offload
        try:
            self._descriptor = to_the_end(offload, lambda: nameless(folder))
        except OSError as fault:
            raise StoreFailed from fault

    def __len__(self) -> int:
        return self._size

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def add(self, octets: bytes | bytearray) -> None:
        try:
            to_the_end(self._offload, lambda: self._write(octets))
        except OSError as fault:
            raise StoreFailed from fault
        self._size += len(octets)

    def shorten(self, octets: int) -> None:
        self._size -= octets

    def pieces(self) -> Iterator[bytes]:
        yield from read_by_steps(self._descriptor, 0, self._size)  # and the spool stays while they are given

    def _write(self, octets: bytes | bytearray) -> None:
        if free_on(self._descriptor) < 2 * (self._size + len(octets)):  # the last room is for mails that do fit
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with memoryview(octets) as view:
            done = 0
            while done < len(view):
                done += os.pwrite(self._descriptor, view[done:], self._size + done)


def read_by_steps(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """Give the octets of a file from `start` up to, not with, `end`. Blocks. Raises OSError."""
    while start < end:
        piece = os.pread(descriptor, min(STEP, end - start), start)
        if not piece:
            raise OSError("a file ended before it should")
        yield piece
        start += len(piece)


def put_at(descriptor: int, octets: bytes, at: int) -> int:
    """Write octets at a place of a file; return how many. Raises OSError."""
    done = 0
    while done < len(octets):
        done += os.pwrite(descriptor, octets[done:], at + done)
    return done
