"""Compaction: a mailbox file is rewritten without its deleted mails, beside itself, and put in its place.

Follows docs/protocol.md, Deleting. The file is copied and compared without holding the mailbox, in steps; the mailbox
is held only to look that nothing has changed meanwhile and to rename. Whatever fails before that leaves the file as it
is. After a crash either file may be there, both right: what is in the journal by then is in neither, see `_attempt`.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from mysmtp.contracts import Offload
from mysmtp.message import Compaction, Outcome
from mysmtp.offload import to_the_end
from mysmtp.store import damage
from mysmtp.store.beside import beside, sweep
from mysmtp.store.disk import Disk, open_file, read_exactly, signature, write_all
from mysmtp.store.folder import Folder
from mysmtp.store.index import Index
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.rewrite import Rewrite
from mysmtp.store.ripeness import Clock, Ripeness, worth
from mysmtp.store.tray import Tray
from mysmtp.text import visible

log = logging.getLogger(__name__)

T = TypeVar("T")

_STEP = 1 << 20  # octets done under one turn of a thread


@dataclass(frozen=True, slots=True)
class Behind:
    """What compaction asks of the part of a store that writes files behind a journal.

    `tray` gives a mailbox's tray and `write` empties it, with the mailbox held; `number` is the last batch in the
    journal; `settle` brings the batches up to a number to the disk, for the journal to forget, and tells whether it
    could; `doubt` lets a mailbox take no mail until its file is verified.
    """

    tray: Callable[[Mailbox], Tray | None]
    write: Callable[[Tray], None]
    number: Callable[[], int]
    settle: Callable[[int], bool]
    doubt: Callable[[Mailbox, OSError], None]


class _Not(Exception):
    """Why a file is not rewritten."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome: Outcome = outcome


@dataclass(slots=True)
class _Job:
    """A file that may be rewritten, open; its status when this began, and the last batch that may be in it."""

    mailbox: Mailbox
    descriptor: int
    was: os.stat_result
    number: int
    taken: int = 0  # octets, when all of them were taken over

    def rewrite(self) -> Rewrite:
        return Rewrite(self.descriptor, self.was.st_size)


class Compactor:
    """Rewrites the files of one folder, one at a time. `offload` runs what blocks."""

    def __init__(self, folder: Folder, disk: Disk, offload: Offload, behind: Behind, clock: Clock) -> None:
        self._folder = folder
        self._disk = disk
        self._offload = offload
        self._behind = behind
        self.ripeness = Ripeness(clock)
        self._busy = threading.Lock()
        self._closing = False
        sweep(folder.descriptor)

    def close(self) -> None:
        """Leave what is under way; return when nothing is."""
        self._closing = True
        with self._busy:
            return

    def compact(self, mailbox: Mailbox, politely: bool = False) -> Compaction:
        """Rewrite a mailbox's file without its deleted mails; `politely` only when it is worth the work."""
        with self._busy:
            try:
                with self._job(mailbox) as job:
                    return Compaction(mailbox.name, "done", self._unless_changed(job, politely))
            except _Not as why:
                return Compaction(mailbox.name, why.outcome, reason=str(why))
            except FileNotFoundError:
                return Compaction(mailbox.name, "nothing", reason="its file was removed")
            except OSError as fault:
                log.error("%s could not be compacted: %s", visible(mailbox.file), fault)
                return Compaction(mailbox.name, "failed", reason=fault.strerror or str(fault))

    @contextmanager
    def _job(self, mailbox: Mailbox) -> Iterator[_Job]:
        """Open a mailbox's file, with all written to it that waits."""
        job = self._hold(mailbox, lambda: self._begin(mailbox))
        try:
            yield job
        finally:
            to_the_end(self._offload, lambda: os.close(job.descriptor))  # the last one of a large file frees its octets

    def _begin(self, mailbox: Mailbox) -> _Job:
        if tray := self._behind.tray(mailbox):
            self._behind.write(tray)
        descriptor = open_file(self._folder.descriptor, mailbox.file, os.O_RDONLY)
        was = os.fstat(descriptor)
        return _Job(mailbox, descriptor, was, self._behind.number(), was.st_size)

    def _unless_changed(self, job: _Job, politely: bool) -> int:
        try:
            return self._attempt(job, politely)
        except OSError as fault:
            if signature(os.fstat(job.descriptor)) == signature(job.was):
                raise
            raise _Not("later", "it was changed meanwhile") from fault

    def _attempt(self, job: _Job, politely: bool) -> int:
        """Do it all; return the octets freed. Raises _Not, OSError.

        A mail that is deleted and in the journal must not be found missing after a crash, for it would be written
        again. All mails in the file are of batches up to `job.number`: the journal has to have forgotten these, for
        good, before the file is renamed. A mail that comes later changes the file, and nothing is renamed then.
        """
        why = self._why_not(job)
        if why and politely:
            raise _Not("later", why)
        survey = job.rewrite()
        self._go_through(survey.survey())
        if not survey.gone:
            raise _Not("nothing", "it has no deleted mails")
        if politely and not worth(survey.gone, job.was.st_size):
            raise _Not("nothing", "too little would be freed")
        if why:
            raise _Not("later", why)
        if not self._behind.settle(job.number):
            raise _Not("later", "mails are on their way to the disk")
        with beside(self._folder.descriptor, job.was, self._offload) as (name, descriptor):
            self._make(job, descriptor)
            index = Index()
            to_the_end(self._offload, lambda: index.look(descriptor))
            self._hold(job.mailbox, lambda: self._replace(job, name, descriptor, index))
            freed = job.was.st_size - index.size
        log.info("%s: %d octets of deleted mails are freed", visible(job.mailbox.file), freed)
        return freed

    def _why_not(self, job: _Job) -> str:
        tray = self._behind.tray(job.mailbox)
        if tray is not None and tray.fault is not None:
            return "it takes no mail until its file can be written"
        if tray is not None and tray.waiting:
            return "mail for it is on its way to the disk"
        if job.mailbox.index.limit is not None:
            return "what a failed write left in its file must be taken away first"
        if job.was.st_nlink > 1:
            return "its file has a second name (a hard link)"
        return self.ripeness.too_early(job.mailbox.file, job.was)

    def _make(self, job: _Job, descriptor: int) -> None:
        """Write, sync and check the new file. Raises OSError, _Not."""
        self._go_through(job.rewrite().copy(self._disk, descriptor))
        os.utime(descriptor, ns=(job.was.st_atime_ns, job.was.st_mtime_ns))  # mails without a date have the file's
        to_the_end(self._offload, lambda: self._disk.sync(descriptor))
        self._go_through(job.rewrite().check(descriptor))

    def _replace(self, job: _Job, name: str, descriptor: int, index: Index) -> None:
        """Put the new file in the place of the old one, unless anything has changed. Raises OSError, _Not."""
        folder, mailbox, was = self._folder.descriptor, job.mailbox, signature(job.was)
        there = signature(os.stat(mailbox.file, dir_fd=folder, follow_symlinks=False))
        if there != was or signature(os.fstat(job.descriptor)) != was or mailbox.index.limit is not None:
            raise _Not("later", "it was changed meanwhile")
        tray = self._behind.tray(mailbox)
        if tray is not None and (tray.waiting or tray.fault is not None):
            raise _Not("later", "mail has come in meanwhile")
        self._disk.rename(folder, name, mailbox.file)
        if mailbox.index.signature == was:
            places = zip(mailbox.index.damaged(), index.damaged(), strict=False)
            damage.moved(folder, mailbox.file, {old.start: new.start for old, new in places})
        mailbox.index = index
        try:
            self._take_over(job, descriptor)
            self._disk.sync_folder(folder)
            self._take_over(job, descriptor)
        except OSError as fault:
            self._behind.doubt(mailbox, fault)
            raise

    def _take_over(self, job: _Job, descriptor: int) -> None:
        """Save what someone else has written to the end of the old file at the very moment of the rename."""
        size = os.fstat(job.descriptor).st_size
        if size <= job.taken:
            return
        octets = read_exactly(job.descriptor, size - job.taken, job.taken)
        end = os.lseek(descriptor, 0, os.SEEK_END)
        lead = b"" if end == 0 or read_exactly(descriptor, 1, end - 1) == b"\n" else b"\n"
        write_all(self._disk, descriptor, lead + octets)
        self._disk.sync(descriptor)
        job.taken = size
        log.warning("%s: %d octets that came in meanwhile were taken over", visible(job.mailbox.file), len(octets))

    def _go_through(self, steps: Iterator[int]) -> None:
        """Take steps, some at a time, until there are no more. Raises _Not when the store closes meanwhile."""

        def some() -> bool:
            done = 0
            while done < _STEP:
                octets = next(steps, None)
                if octets is None:
                    return False
                done += octets
            return True

        while to_the_end(self._offload, some):
            if self._closing:
                raise _Not("later", "the server stops")

    def _hold(self, mailbox: Mailbox, work: Callable[[], T]) -> T:
        with mailbox.lock:
            return to_the_end(self._offload, work)
