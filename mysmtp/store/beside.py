"""A file beside the mailbox files, under a hidden name, until it takes the place of one of them. Blocks."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mysmtp.contracts import Offload
from mysmtp.offload import to_the_end
from mysmtp.store.disk import open_file
from mysmtp.store.spool import PREFIX

_PREFIX = ".compact-"


@contextmanager
def beside(folder: int, was: os.stat_result, offload: Offload) -> Iterator[tuple[str, int]]:
    """Make an empty file that belongs to whom `was` does; remove it if it still has its hidden name at the end.

    Gives the name and a descriptor. Raises OSError.
    """
    name = _PREFIX + secrets.token_hex(8)
    descriptor = to_the_end(offload, lambda: open_file(folder, name, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    try:
        to_the_end(offload, lambda: _own(descriptor, was))
        yield name, descriptor
    finally:
        to_the_end(offload, lambda: _remove(folder, name, descriptor))


def _own(descriptor: int, was: os.stat_result) -> None:
    """Let a new file belong to whom the old one does, where this user may, and be readable for the same."""
    with suppress(PermissionError):
        os.fchown(descriptor, was.st_uid, was.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(was.st_mode))


def _remove(folder: int, name: str, descriptor: int) -> None:
    os.close(descriptor)
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


def sweep(folder: int) -> None:
    """Remove what a process that was killed has left."""
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        for name in os.listdir(here):  # noqa: PTH208  there is no Path of a descriptor
            if name.startswith((_PREFIX, PREFIX)):
                with suppress(OSError):
                    os.unlink(name, dir_fd=folder)
    finally:
        os.close(here)
