"""The folder of the mailbox files: held open and locked for one process, and searched by mailbox name.

Knows names and descriptors, nothing of records. Everything is opened relative to the folder, never by path.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from mysmtp.errors import StartFailed, StoreFailed
from mysmtp.store import names
from mysmtp.store.descriptors import Descriptors
from mysmtp.store.disk import open_file
from mysmtp.text import visible

log = logging.getLogger(__name__)

_LOCK = ".lock"
_SETTLED = 1.0  # seconds after which a folder's time tells of every later change


class Folder:
    """An open, locked mailbox folder; made if it is not there. Raises StartFailed with one line for the user."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._absolute = path.absolute()  # stays true when the process changes its own folder
        self._warned: set[str] = set()
        self._listed: tuple[int, int] | None = None
        self._found: tuple[tuple[str, str], ...] = ()  # what `files` gives, and when the folder was like that
        self._found_at: tuple[int, int] | None = None
        self._others: dict[str, str] = {}  # file names that are not lower-case, by their lower-case form
        try:
            path.mkdir(parents=True, exist_ok=True)
            self.descriptor, self._lock = _open(path)
        except BlockingIOError:
            raise StartFailed(f"{path} is in use by another mysmtp: stop that one, or choose another folder") from None
        except OSError as fault:
            raise StartFailed(f"{path} cannot be used for mailboxes: {fault.strerror or fault}") from fault
        self.open_files = Descriptors(self.descriptor)

    def close(self) -> None:
        """Let go of the lock and the folder."""
        self.open_files.clear()
        for descriptor in (self._lock, self.descriptor):
            with suppress(OSError):
                os.close(descriptor)
        self._lock = self.descriptor = -1

    def replaced(self) -> bool:
        """Tell whether another folder stands where this one did. Raises StoreFailed when there is none."""
        try:
            return not os.path.samestat(self._absolute.stat(), os.fstat(self.descriptor))
        except OSError as fault:
            raise StoreFailed from fault

    def follow(self) -> None:
        """Go on with the folder that was put in this one's place, under the same descriptors. Raises StoreFailed."""
        try:
            descriptor, lock = _open(self._absolute)
        except OSError as fault:
            raise StoreFailed from fault
        for old, new in ((self.descriptor, descriptor), (self._lock, lock)):
            os.dup2(new, old, inheritable=False)
            os.close(new)
        self.open_files.clear()
        self._listed = None
        log.warning("the mailbox folder was replaced; going on with the new one")

    def file_of(self, mailbox: str) -> str:
        """Return the file that serves a mailbox, or would when made. Raises ValueError for what can be no mailbox."""
        own, plain = names.file_name(mailbox), names.plain_name(mailbox)
        wanted = [plain, own] if plain else [own]
        for name in wanted:
            if self.exists(name):
                return name
        others = self._other_cases()
        return next((others[name] for name in wanted if name in others), own)

    def files(self) -> Iterator[tuple[str, str]]:
        """Give each mailbox file once: its name, and the mailbox it stands for (an abbreviated one as it stands).

        Raises StoreFailed. What was found counts until the folder changes, which its time surely tells after a moment.
        """
        try:
            now = self._now()
            if now != self._found_at:
                self._found = tuple(self._find(sorted(self._list())))
                self._found_at = now if time.time() - now[1] / 1e9 > _SETTLED else None
        except OSError as fault:
            raise StoreFailed from fault
        yield from self._found

    def _find(self, files: Iterable[str]) -> Iterator[tuple[str, str]]:
        for file in files:
            mailbox = names.mailbox_of(file)
            if mailbox is None or not self._readable_name(file):
                continue
            if self.file_of(mailbox) == file:
                yield file, mailbox
            else:
                self.warn(file, "stands beside another file of the same mailbox and is not served")

    def warn(self, file: str, what: str) -> None:
        """Say once that something is wrong with a file."""
        line = f"{visible(file)} {what}"
        if line not in self._warned:
            self._warned.add(line)
            log.warning("%s", line)

    def make(self, file: str) -> int:
        """Open a mailbox file, made if it is not there, to read it and add to it. Raises OSError.

        The folder need not be listed again for a file of this process: each new mailbox would cost a look at all.
        """
        known = self._listed == self._now() and names.lower(file) == file
        descriptor = open_file(self.descriptor, file, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        if known:
            self._listed = self._now()
        return descriptor

    def _readable_name(self, file: str) -> bool:
        try:
            file.encode()
        except UnicodeEncodeError:
            self.warn(file, "has a name that is not UTF-8 and is not served")
            return False
        return True

    def exists(self, name: str) -> bool:
        """Tell whether anything of this name is in the folder."""
        try:
            os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except ValueError:
            return False
        except OSError as fault:
            if fault.errno in (errno.ENOENT, errno.ENAMETOOLONG, errno.ENOTDIR):
                return False
            raise StoreFailed from fault
        return True

    def _other_cases(self) -> dict[str, str]:
        """Return the files whose names are not lower-case; looked up again when the folder has changed."""
        now = self._now()
        if now != self._listed:
            found = sorted(self._list(), reverse=True)  # the first by name stays
            self._others = {names.lower(file): file for file in found if names.lower(file) != file}
            self._listed = now
        return self._others

    def _list(self) -> list[str]:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.descriptor)
        try:  # a descriptor of its own: two who list by one would share its place in the list
            return os.listdir(descriptor)  # noqa: PTH208  there is no Path of a descriptor
        finally:
            os.close(descriptor)

    def _now(self) -> tuple[int, int]:
        status = os.fstat(self.descriptor)
        return status.st_ino, status.st_mtime_ns


def _open(path: Path) -> tuple[int, int]:
    """Open the folder and take its lock; return both descriptors. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "it cannot be written to")
        lock = open_file(descriptor, _LOCK, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock, 0)  # the address of a server that is gone
        except BaseException:
            os.close(lock)
            raise
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, lock
