"""What the file engine asks of the operating system, in one place: tests put faults here.

Blocks. Knows descriptors and octets, no mailboxes and no records.
"""

import fcntl
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mysmtp.store.syncfs import sync_file_system

Signature = tuple[int, int, int, int]  # device, inode, size, time of the last change in ns
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a planted link is not followed, a planted fifo blocks nobody


def to_the_platter(descriptor: int) -> None:
    """Return when what was written to a file is on the disk itself; macOS needs more than a sync for that."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(descriptor)


def rename(folder: int, old: str, new: str) -> None:
    """Give a file of an open folder another name; what has that name is replaced. Raises OSError."""
    os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)


@dataclass(frozen=True, slots=True)
class Disk:
    """The calls that change or save a file, each to be replaced by one that fails."""

    write: Callable[[int, bytes | memoryview], int] = os.write
    overwrite: Callable[[int, bytes | memoryview, int], int] = os.pwrite
    sync: Callable[[int], None] = to_the_platter
    sync_folder: Callable[[int], None] = os.fsync
    sync_all: Callable[[int], None] | None = sync_file_system
    truncate: Callable[[int, int], None] = os.ftruncate
    rename: Callable[[int, str, str], None] = rename


def no_sync(_descriptor: int) -> None:
    """Leave it to the operating system when octets reach the disk."""


def open_file(folder: int, name: str, flags: int) -> int:
    """Open a plain file of an open folder. Raises OSError, also for what is a link, a fifo or a folder."""
    descriptor = os.open(name, flags | _SAFELY, 0o666, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{name!r} is not a plain file")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def signature(status: os.stat_result) -> Signature:
    """Return what shows whether a file was changed by someone else."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def read_exactly(descriptor: int, size: int, offset: int) -> bytes:
    """Read up to `size` octets; fewer only where the file ends."""
    pieces = []
    while size > 0 and (piece := os.pread(descriptor, size, offset)):
        pieces.append(piece)
        size -= len(piece)
        offset += len(piece)
    return b"".join(pieces)


def write_all(disk: Disk, descriptor: int, octets: bytes | memoryview) -> None:
    """Write everything, in one call unless the system takes less. Raises OSError."""
    view = memoryview(octets)
    while view:
        written = disk.write(descriptor, view)
        if written <= 0:
            raise OSError("the disk takes nothing")
        view = view[written:]


def put(disk: Disk, descriptor: int, octets: bytes, offset: int) -> None:
    """Write everything at a place of its own, in one call unless the system takes less. Raises OSError."""
    view = memoryview(octets)
    while view:
        taken = disk.overwrite(descriptor, view, offset)
        if taken <= 0:
            raise OSError("the disk takes nothing")
        view, offset = view[taken:], offset + taken


def same_file(folder: int, name: str, descriptor: int) -> bool:
    """Tell whether `name` still is the file that `descriptor` has open."""
    with suppress(OSError):
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return os.path.samestat(there, os.fstat(descriptor))
    return False
