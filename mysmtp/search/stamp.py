"""A stamp beside a database that was closed as it should: its size and time then. Without it, or when they differ, the
process was killed, or somebody else has written to the database: it is to be checked before it is trusted. Blocks.
"""

import os
from contextlib import suppress
from pathlib import Path

_ENDING = ".closed"


def leave(path: Path) -> None:
    """Leave a stamp beside a database that was just closed, where that can be done."""
    with suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(_beside(path), flags, 0o600)
        try:
            os.write(descriptor, _like(path))
        finally:
            os.close(descriptor)


def take(path: Path) -> bool:
    """Take the stamp away; tell whether it was there and the database is as it was then, or is not there at all."""
    with suppress(OSError):
        descriptor = os.open(_beside(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            told = os.read(descriptor, 200)
        finally:
            os.close(descriptor)
            _beside(path).unlink()
        return told == _like(path) and not path.with_name(path.name + "-wal").exists()
    return not path.exists()


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _ENDING)


def _like(path: Path) -> bytes:
    status = path.stat()
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}".encode()
