"""How much room the disk has."""

import os
import sys
import time

from mysmtp.store.folder import Folder

_PLENTY = 1 << 30  # octets that are not gone in a moment
_MOMENT = 0.2  # seconds


class Space:
    """The room on the disk of a mailbox folder, as it was a moment ago: it is asked for with each mail."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._free = 0
        self._looked = 0.0

    def free(self) -> int:
        """Return the octets there is room for; where the disk does not say, as many as anybody may want."""
        now = time.monotonic()
        if self._free < _PLENTY or now - self._looked > _MOMENT:
            try:
                self._free = free_on(self._folder.descriptor)
            except OSError:
                self._free = sys.maxsize
            self._looked = now
        return self._free


def free_on(descriptor: int) -> int:
    """Return the octets that its file system has room for. Raises OSError."""
    found = os.fstatvfs(descriptor)
    return found.f_bavail * found.f_frsize
