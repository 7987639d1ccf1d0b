"""The hidden folder `.index` of the databases that are kept beside the mailbox files. Blocks."""

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

from mysmtp.store.folder import Folder

FOLDER = ".index"
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
# What says that the disk or its owner has no room for it now; anything else says that the database is no good.
_LATER = frozenset(
    (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY,
     sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_INTERRUPT)
)  # fmt: skip


def is_safe(folder: Folder, database: str, make: bool) -> bool:
    """Tell whether a database is there, or can be made (`make` makes the folder for it).

    Raises OSError for what is a link or no file: a planted one is not followed.
    """
    path = path_of(folder)
    if make:
        with suppress(FileExistsError):
            os.mkdir(FOLDER, 0o700, dir_fd=folder.descriptor)
    try:
        inside = os.stat(FOLDER, dir_fd=folder.descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(inside.st_mode) or not os.path.samestat(inside, os.lstat(path)):
        raise OSError(f"{FOLDER} is no folder")
    there = False
    for name in (database, *(database + ending for ending in BESIDE)):
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(os.lstat(path / name).st_mode):
                raise OSError(f"{name} is no plain file")
            there = there or name == database
    return there or make


def path_of(folder: Folder) -> Path:
    """Return the path of the hidden folder."""
    return folder.path.absolute() / FOLDER


def put_aside(folder: Folder, database: str, aside: str) -> None:
    """Give a database that is no good another name, and remove what lies beside it, as far as that can be done."""
    path = path_of(folder)
    with suppress(OSError):
        (path / database).replace(path / aside)
    for ending in BESIDE:
        with suppress(OSError):
            (path / (database + ending)).unlink()


def identity(folder: Folder) -> tuple[int, int]:
    """Return which folder it is: another one may be put in its place."""
    status = os.fstat(folder.descriptor)
    return status.st_dev, status.st_ino


def is_passing(fault: Exception) -> bool:
    """Tell whether the fault says nothing of what is in a database."""
    if isinstance(fault, sqlite3.Error):
        return getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _LATER
    return isinstance(fault, OSError)
