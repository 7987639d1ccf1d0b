"""Disks that fail on demand, for the tests of the store: the seam is `mysmtp.store.disk.Disk`."""

import os
from collections.abc import Callable
from typing import Any

from mysmtp.store.disk import Disk, rename


class Faults:
    """A disk that fails on demand: `plan` maps a call's name to the files (by the start of their name) and how.

    `calls` remembers each call and the file it was for. `once` calls fail a single time.
    """

    def __init__(self) -> None:
        self.plan: dict[str, tuple[str, int]] = {}
        self.once = False
        self.calls: list[tuple[str, str]] = []
        self.disk = Disk(
            write=self._wrap("write", os.write),
            overwrite=self._wrap("overwrite", os.pwrite),
            sync=self._wrap("sync", os.fdatasync),
            sync_folder=self._wrap("sync_folder", os.fsync),
            sync_all=self._wrap("sync_all", os.fsync),
            truncate=self._wrap("truncate", os.ftruncate),
            rename=self._wrap("rename", rename),
        )

    def count(self, call: str, file: str) -> int:
        """How often a call was made for files whose name begins so."""
        return sum(each == call and name.startswith(file) for each, name in self.calls)

    def _wrap(self, name: str, call: Callable[..., int | None]) -> Callable[..., Any]:
        def wrapped(descriptor: int, *rest: object) -> int:
            file = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115, PTH119
            self.calls.append((name, file))
            if name in self.plan and file.startswith(self.plan[name][0]):
                number = self.plan[name][1]
                if self.once:
                    del self.plan[name]
                raise OSError(number, os.strerror(number))
            return call(descriptor, *rest) or 0

        return wrapped
