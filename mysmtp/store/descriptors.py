"""Descriptors of mailbox files, kept open for the next use; the least recently used ones are closed.

Blocks. Used from many threads at once without a lock: a descriptor is taken out for as long as it is used, by one step
that cannot be cut in two, so nobody else can use or close it meanwhile.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mysmtp.store.disk import open_file

MOST = 256  # kept at once


class Descriptors:
    """The open files of one folder, whose own descriptor is given."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._kept: OrderedDict[tuple[str, int], int] = OrderedDict()

    @contextmanager
    def borrowed(self, file: str, flags: int) -> Iterator[int]:
        """Give a descriptor of the file that has this name now. Raises OSError as `disk.open_file` does."""
        descriptor = self._take(file, flags)
        if descriptor is None:
            descriptor = open_file(self._folder, file, flags)
        try:
            yield descriptor
        except BaseException:
            os.close(descriptor)
            raise
        self._keep(file, flags & ~(os.O_CREAT | os.O_EXCL), descriptor)

    def clear(self) -> None:
        """Close what is kept."""
        while self._drop_oldest():
            pass

    def _take(self, file: str, flags: int) -> int | None:
        """Return a kept descriptor, unless the name stands for another file by now."""
        descriptor = self._kept.pop((file, flags), None)
        if descriptor is None:
            return None
        with suppress(OSError):
            there = os.stat(file, dir_fd=self._folder, follow_symlinks=False)
            if os.path.samestat(there, os.fstat(descriptor)):
                return descriptor
        os.close(descriptor)
        return None

    def _keep(self, file: str, flags: int, descriptor: int) -> None:
        before = self._kept.pop((file, flags), None)
        if before is not None:
            os.close(before)
        self._kept[file, flags] = descriptor
        if len(self._kept) > MOST:
            self._drop_oldest()

    def _drop_oldest(self) -> bool:
        try:
            _, descriptor = self._kept.popitem(last=False)
        except KeyError:
            return False
        os.close(descriptor)
        return True
