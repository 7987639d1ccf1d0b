"""The hidden folder `.index` of the databases that are kept beside the mailbox files. Blocks."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from mysmtp.losable import BESIDE, Closable, Losable, Words
from mysmtp.store.folder import Folder

T = TypeVar("T", bound=Closable)

FOLDER = ".index"


class Hidden(Generic[T]):
    """A database that may be lost, of the folder as it is now: another one may be put in its place."""

    def __init__(self, folder: Folder, name: str, aside: str, words: Words, opener: Callable[[Path], T]) -> None:
        self._folder = folder
        self._name = name
        self._losable = Losable(words, aside, opener)
        self.suffer, self.is_well, self.close = self._losable.suffer, self._losable.is_well, self._losable.close

    def at_hand(self) -> T | None:
        """Return what works with it if it is open, and of this folder."""
        return self._losable.opened if self._losable.place == identity(self._folder) else None

    def current(self, make: bool) -> T | None:
        """Return what works with it, None if it is not there and not to be made. Raises `losable.FAULTS`.

        What is not to be made is looked for once in each folder.
        """
        losable = self._losable
        is_new = losable.follow(identity(self._folder))
        if losable.opened is None and (make or is_new) and is_safe(self._folder, self._name, make):
            return losable.open(path_of(self._folder) / self._name)
        return losable.opened


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


def identity(folder: Folder) -> tuple[int, int]:
    """Return which folder it is: another one may be put in its place."""
    status = os.fstat(folder.descriptor)
    return status.st_dev, status.st_ino
