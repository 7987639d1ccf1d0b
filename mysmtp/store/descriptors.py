"""Descriptors of mailbox files, kept open for the next use; the least recently used ones are closed.

Blocks. Used from many threads at once without a lock: a descriptor is taken out for as long as it is used, by one step
that cannot be cut in two, so nobody else can use or close it meanwhile.
"""

import logging
import os
import resource
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mysmtp.store.disk import open_file

log = logging.getLogger(__name__)

MOST = 1024  # kept at once, where the limit of open files allows it
_SHARE = 8  # of all files this process may have open, these may be one part in so many


class Descriptors:
    """The open files of one folder, whose own descriptor is given."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = MOST if files == resource.RLIM_INFINITY else min(MOST, files // _SHARE)
        self._kept: OrderedDict[tuple[str, int], tuple[int, os.stat_result]] = OrderedDict()

    @contextmanager
    def borrowed(self, file: str, flags: int) -> Iterator[int]:
        """Give a descriptor of the file that has this name now. Raises OSError as `disk.open_file` does."""
        with self.seen(file, flags) as (descriptor, _):
            yield descriptor

    @contextmanager
    def seen(self, file: str, flags: int) -> Iterator[tuple[int, os.stat_result]]:
        """Give a descriptor of the file that has this name now, and its status. Raises OSError as `borrowed` does."""
        descriptor, status = self._take(file, flags) or self._open(file, flags)
        try:
            yield descriptor, status
        except BaseException:
            os.close(descriptor)
            raise
        try:
            self._keep(file, flags & ~(os.O_CREAT | os.O_EXCL), descriptor, status)
        except Exception as fault:  # noqa: BLE001  what was done with the file is done: it must not count as failed
            log.warning("a file could not be closed: %s", fault)

    def clear(self) -> None:
        """Close what is kept."""
        while self._drop_oldest():
            pass

    def _open(self, file: str, flags: int) -> tuple[int, os.stat_result]:
        descriptor = open_file(self._folder, file, flags)
        return descriptor, os.fstat(descriptor)

    def _take(self, file: str, flags: int) -> tuple[int, os.stat_result] | None:
        """Return a kept descriptor, unless the name stands for another file by now."""
        kept = self._kept.pop((file, flags), None)
        if kept is None:
            return None
        descriptor, opened = kept
        with suppress(OSError):
            there = os.stat(file, dir_fd=self._folder, follow_symlinks=False)
            if os.path.samestat(there, opened):
                return descriptor, there
        os.close(descriptor)
        return None

    def _keep(self, file: str, flags: int, descriptor: int, status: os.stat_result) -> None:
        before = self._kept.pop((file, flags), None)
        if before is not None:
            os.close(before[0])
        self._kept[file, flags] = descriptor, status
        if len(self._kept) > self._most:
            self._drop_oldest()

    def _drop_oldest(self) -> bool:
        try:
            _, (descriptor, _) = self._kept.popitem(last=False)
        except KeyError:
            return False
        os.close(descriptor)
        return True
