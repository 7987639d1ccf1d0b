"""Tending: which mailbox files are rewritten without anybody asking for it, and when. Seldom, and one at a time.

A file comes into question when mails were deleted from it; those of earlier runs are found by reading the files once,
a little at each look. `look` is called about once a minute.
"""

import os
from collections.abc import Callable
from contextlib import suppress

from mysmtp.contracts import Offload
from mysmtp.offload import to_the_end
from mysmtp.store.compact import Compactor
from mysmtp.store.disk import open_file
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.textformat import GONE

_ENOUGH = 64 << 20  # octets read at one look for deletions of earlier runs
_PIECE = 1 << 20


class Tending:
    """The files of one folder that may be worth a rewrite. `held` gives the mailbox of a file and a name."""

    def __init__(
        self, folder: Folder, compactor: Compactor, offload: Offload, held: Callable[[str, str], Mailbox]
    ) -> None:
        self._folder = folder
        self._compactor = compactor
        self._offload = offload
        self._held = held
        self._unread: list[tuple[str, str]] | None = None  # files that may have deletions of an earlier run
        self._due: dict[str, str] = {}  # files from which mails were deleted, and their mailboxes

    def deleted(self, mailbox: Mailbox) -> None:
        """Note that mails of a mailbox were deleted just now."""
        self._compactor.ripeness.deleted(mailbox.file)
        self._due[mailbox.file] = mailbox.name

    def look(self) -> None:
        """Rewrite the first file that may be and is worth it. Raises StoreFailed."""
        if self._unread is None:
            self._unread = to_the_end(self._offload, lambda: list(self._folder.files()))
        to_the_end(self._offload, self._read_some)
        for file, name in to_the_end(self._offload, self._ripe):
            done = self._compactor.compact(self._held(file, name), politely=True)
            if done.outcome == "later":
                continue
            del self._due[file]
            if done.outcome == "failed":  # not again each minute
                self._compactor.ripeness.deleted(file)
                self._due[file] = name
            if done.outcome != "nothing":
                return

    def _ripe(self) -> list[tuple[str, str]]:
        """Return the files that are quiet, and whose deletions were not undone in time."""
        found = []
        for file, name in list(self._due.items()):
            try:
                now = os.stat(file, dir_fd=self._folder.descriptor, follow_symlinks=False)
            except OSError:
                self._due.pop(file, None)
                continue
            if not self._compactor.ripeness.too_early(file, now):
                found.append((file, name))
        return found

    def _read_some(self) -> None:
        read = 0
        while self._unread and read < _ENOUGH:
            file, name = self._unread.pop()
            with suppress(OSError):
                descriptor = open_file(self._folder.descriptor, file, os.O_RDONLY)
                try:
                    read += os.fstat(descriptor).st_size
                    if _has_deletions(descriptor):
                        self._due.setdefault(file, name)
                finally:
                    os.close(descriptor)


def _has_deletions(descriptor: int) -> bool:
    """Tell whether the marker of a deleted mail is anywhere in a file. Raises OSError."""
    at, before = 0, b""
    while piece := os.pread(descriptor, _PIECE, at):
        at, piece = at + len(piece), before + piece
        if GONE in piece:
            return True
        before = piece[1 - len(GONE) :]
    return False
