"""One call for a file system with all its files: `syncfs`, which Python 3.11 has no name for.

The only place that reaches into the C library. Where there is no such call, `sync_file_system` is None.
"""

import ctypes
import os
import sys
from collections.abc import Callable

__all__ = ["sync_file_system"]


def _find() -> Callable[[int], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return None
    call.argtypes = [ctypes.c_int]

    def sync(descriptor: int) -> None:
        """Bring all that was written to the file system of an open file to the disk. Raises OSError."""
        if call(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return sync


sync_file_system = _find()
