"""All mailboxes of a folder in short: looked at off the hub, many under one hold of their locks.

What was found about a file counts for as long as nobody changes the file, so that a page that shows thousands of
mailboxes costs a look at each file's size and time, and no more. While mail comes in files change all the time: who
wants no more than a count of new mails has it from what this process knows of what it wrote, and of what waits.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from mysmtp.contracts import Offload
from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.message import BoxCount, MailboxSummary
from mysmtp.offload import to_the_end
from mysmtp.store import names
from mysmtp.store.boxes import Boxes
from mysmtp.store.disk import Signature, signature
from mysmtp.store.folder import Folder
from mysmtp.store.holding import all_held, some
from mysmtp.store.mailbox import FRESH, Mailbox
from mysmtp.store.showing import summarize
from mysmtp.text import visible

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a mailbox was like when its file was like this."""

    mailbox: Mailbox
    signature: Signature
    version: int  # of the marks
    summary: MailboxSummary


class Overview:
    """The list of all mailboxes, of which `boxes` gives each; `write` has what waits for one written first."""

    def __init__(
        self,
        folder: Folder,
        offload: Offload,
        boxes: Boxes,
        write: Callable[[Mailbox], None],
    ) -> None:
        self.troubles: Sequence[str] = ()  # a line for each file that the last list had to leave out
        self.found: Sequence[Mailbox] = ()  # the mailboxes of the last list
        self._folder = folder
        self._offload = offload
        self._boxes = boxes
        self._write = write
        self._known: dict[str, _Known] = {}

    def look(self) -> Sequence[MailboxSummary]:
        """Return every mailbox, by name; those that cannot be read are left out. Raises StoreFailed."""
        found = self._each(self._whole)
        found.sort(key=lambda each: each[0].name)
        self.found = [mailbox for _, mailbox in found]
        return [summary for summary, _ in found]

    def counts(self) -> Sequence[BoxCount]:
        """Return name and new mails of every mailbox, by name, as `look` has them. Raises StoreFailed."""
        return sorted(count for count, _ in self._each(self._count))

    def _each(self, work: Callable[[Mailbox], T]) -> list[tuple[T, Mailbox]]:
        """Do something with every mailbox; return what came of it, without those that cannot be read."""
        files = to_the_end(self._offload, lambda: list(self._folder.files()))
        found: list[tuple[T, Mailbox]] = []
        troubles: list[str] = []
        for mailboxes in some([self._boxes.held(file, name) for file, name in files]):
            with all_held(mailboxes):
                to_the_end(self._offload, partial(self._some, mailboxes, work, found, troubles))
        self.troubles = troubles
        if len(self._known) > len(files):
            there = {file for file, _ in files}
            self._known = {file: known for file, known in self._known.items() if file in there}
        return found

    def _some(
        self,
        mailboxes: Sequence[Mailbox],
        work: Callable[[Mailbox], T],
        found: list[tuple[T, Mailbox]],
        troubles: list[str],
    ) -> None:
        for mailbox in mailboxes:
            try:
                found.append((work(mailbox), mailbox))
            except NoSuchMailbox:
                continue
            except StoreFailed as fault:
                why = visible(str(fault.__cause__))
                self._folder.warn(mailbox.file, f"cannot be read: {why}")
                troubles.append(f"{visible(mailbox.name)} is not shown, its file cannot be read: {why}")

    def _count(self, mailbox: Mailbox) -> BoxCount:
        index, tray = mailbox.index, self._boxes.tray_of(mailbox)
        odd = tray is not None and (tray.empty or tray.doubtful or tray.fault is not None)
        if odd or names.abbreviated(mailbox.file) or not index.settled or index.signature != self._now(mailbox):
            return BoxCount(mailbox.name, self._whole(mailbox).unseen)
        return BoxCount(mailbox.name, mailbox.seen.count_unseen(index) + (len(tray.waiting) if tray else 0))

    def _whole(self, mailbox: Mailbox) -> MailboxSummary:
        self._write(mailbox)
        return self._summary(mailbox)

    def _summary(self, mailbox: Mailbox) -> MailboxSummary:
        known = self._known.get(mailbox.file)
        same = known is not None and known.mailbox is mailbox and known.version == mailbox.seen.version
        if known is not None and same and known.signature == self._now(mailbox):
            return known.summary
        if names.abbreviated(mailbox.file):
            mailbox.name_fully()
        summary = summarize(mailbox)
        seen = mailbox.index.signature
        if seen is not None and time.time() - seen[3] / 1e9 > FRESH:  # what is unfinished now is damage in a moment
            self._known[mailbox.file] = _Known(mailbox, seen, mailbox.seen.version, summary)
        return summary

    def _now(self, mailbox: Mailbox) -> Signature | None:
        try:
            return signature(os.stat(mailbox.file, dir_fd=self._folder.descriptor, follow_symlinks=False))
        except OSError:
            return None
