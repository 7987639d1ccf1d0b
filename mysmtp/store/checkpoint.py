"""A checkpoint: the mailbox files that were written are brought to the disk, and only then may the journal forget.

Blocks. A file that the disk fails to take is not trusted: what the journal holds of it since the last checkpoint is
written over itself and synced again, and until that succeeds the file takes no more mail.
"""

import logging
import os
from collections import deque
from collections.abc import Collection, Iterable

from mysmtp.store.disk import Disk, open_file
from mysmtp.store.folder import Folder
from mysmtp.store.journal import Journal
from mysmtp.store.recovery import by_mailbox, recover
from mysmtp.store.tray import Tray
from mysmtp.text import visible

log = logging.getLogger(__name__)

_ONE_BY_ONE = 16  # dirty files up to which each is synced alone; beyond, the file system with all its files


class Checkpoint:
    """What was written since the last checkpoint, and the checkpoint itself."""

    def __init__(self, folder: Folder, journal: Journal, disk: Disk) -> None:
        self._touched: deque[Tray] = deque()  # put in by whoever writes, taken out here
        self.unsure: set[Tray] = set()
        self.written = journal.marks.synced
        self._folder = folder
        self._journal = journal
        self._disk = disk

    @property
    def due(self) -> bool:
        """Whether anything was written that the disk may not have."""
        return bool(self._touched or self.unsure) or self.written > self._journal.marks.synced

    def touch(self, tray: Tray) -> None:
        """Note that a tray's file was written."""
        self._touched.append(tray)

    def run(self) -> Collection[Tray]:
        """Sync what is dirty; on success the journal is told. The caller holds the mailboxes that are unsure.

        Returns the trays whose files are on the disk now.
        """
        number = self.written
        trays = {self._touched.popleft() for _ in range(len(self._touched))}
        try:
            self._verify()
            self._sync(trays)
            if trays:
                self._disk.sync_folder(self._folder.descriptor)
            if not self.unsure:
                self._journal.checkpoint(number)
        except OSError as fault:
            self._touched.extend(trays)
            log.error("the mailbox files cannot be brought to the disk, the journal keeps their mails: %s", fault)
            return ()
        return trays

    def _sync(self, trays: Iterable[Tray]) -> None:
        """Sync these files; those that the disk fails to take become unsure."""
        trays = [tray for tray in trays if tray not in self.unsure]
        if len(trays) > _ONE_BY_ONE and self._disk.sync_all is not None:
            try:
                self._disk.sync_all(self._folder.descriptor)
                return
            except OSError as fault:
                log.error("the file system could not be synced, each file is tried alone: %s", fault)
        for tray in trays:
            try:
                self._sync_file(tray)
            except FileNotFoundError:
                continue  # someone removed it: their right
            except OSError as fault:
                self.doubt(tray, fault)

    def _verify(self) -> None:
        """Write what the journal has of each unsure file over itself, and see whether the disk takes it now."""
        mails = by_mailbox(self._journal.since_checkpoint()) if self.unsure else {}
        for tray in list(self.unsure):
            try:
                recover(tray, self._disk, mails.get(tray.name, ()), over=True)
                self._sync_file(tray)
            except FileNotFoundError:
                pass
            except OSError as fault:
                tray.fault = fault
                continue
            self.unsure.discard(tray)
            tray.unsure, tray.fault = False, None
            log.warning("%s is whole on the disk and takes mail again", visible(tray.mailbox.file))

    def doubt(self, tray: Tray, fault: Exception) -> None:
        """Take a file for one that the disk may not have as it was written."""
        self.unsure.add(tray)
        tray.unsure, tray.fault = True, fault
        log.error("%s takes no more mail until it is verified: %s", visible(tray.mailbox.file), fault)

    def _sync_file(self, tray: Tray) -> None:
        descriptor = open_file(self._folder.descriptor, tray.mailbox.file, os.O_RDWR)
        try:
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)
