"""Who has a mailbox folder: a server writes into the folder's lock file where it can be asked to change something.

The lock itself is the flock that `folder` takes; what stands in the file counts only while somebody has that.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mysmtp.store.disk import open_file, read_exactly

LOCK = ".lock"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has a folder, and the address of its pages, such as ``http://127.0.0.1:8025``."""

    pid: int
    address: str


def announce(folder: int, address: str) -> None:
    """Write down that this process serves an open folder, whose lock it has. Raises OSError."""
    descriptor = open_file(folder, LOCK, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {address}\n".encode(), 0)
    finally:
        os.close(descriptor)


def holder_of(path: Path) -> Holder | None:
    """Return who has announced itself in a folder, None where nobody has. Never raises."""
    with suppress(OSError, ValueError):
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            descriptor = open_file(folder, LOCK, os.O_RDONLY)
        finally:
            os.close(folder)
        try:
            pid, address = read_exactly(descriptor, _LONGEST, 0).decode("ascii").splitlines()[0].split(" ")
            return Holder(int(pid), address)
        except IndexError:
            return None
        finally:
            os.close(descriptor)
    return None
