"""All mailboxes of a folder in short: looked at off the hub, many under one hold of their locks.

What was found about a file counts for as long as nobody changes the file, so that a page that shows thousands of
mailboxes costs a look at each file's size and time, and no more.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from mysmtp.contracts import Offload
from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.message import MailboxSummary
from mysmtp.offload import to_the_end
from mysmtp.store import names
from mysmtp.store.disk import Signature, signature
from mysmtp.store.folder import Folder
from mysmtp.store.holding import all_held, some
from mysmtp.store.mailbox import FRESH, Mailbox
from mysmtp.store.showing import summarize
from mysmtp.text import visible


@dataclass(frozen=True, slots=True)
class _Known:
    """What a mailbox was like when its file was like this."""

    mailbox: Mailbox
    signature: Signature
    version: int  # of the marks
    summary: MailboxSummary


class Overview:
    """The list of all mailboxes. `held` gives the Mailbox of a file; `write` has what waits for it written first."""

    def __init__(
        self,
        folder: Folder,
        offload: Offload,
        held: Callable[[str, str], Mailbox],
        write: Callable[[Mailbox], None],
    ) -> None:
        self.troubles: Sequence[str] = ()  # a line for each file that the last list had to leave out
        self.found: Sequence[Mailbox] = ()  # the mailboxes of the last list
        self._folder = folder
        self._offload = offload
        self._held = held
        self._write = write
        self._known: dict[str, _Known] = {}

    def look(self) -> Sequence[MailboxSummary]:
        """Return every mailbox, by name; those that cannot be read are left out. Raises StoreFailed."""
        files = to_the_end(self._offload, lambda: list(self._folder.files()))
        found: list[tuple[MailboxSummary, Mailbox]] = []
        troubles: list[str] = []
        for mailboxes in some([self._held(file, name) for file, name in files]):
            with all_held(mailboxes):
                to_the_end(self._offload, partial(self._summarize, mailboxes, found, troubles))
        self.troubles = troubles
        if len(self._known) > len(files):
            there = {file for file, _ in files}
            self._known = {file: known for file, known in self._known.items() if file in there}
        found.sort(key=lambda each: each[0].name)
        self.found = [mailbox for _, mailbox in found]
        return [summary for summary, _ in found]

    def _summarize(
        self, mailboxes: Sequence[Mailbox], found: list[tuple[MailboxSummary, Mailbox]], troubles: list[str]
    ) -> None:
        for mailbox in mailboxes:
            try:
                self._write(mailbox)
                found.append((self._summary(mailbox), mailbox))
            except NoSuchMailbox:
                continue
            except StoreFailed as fault:
                why = visible(str(fault.__cause__))
                self._folder.warn(mailbox.file, f"cannot be read: {why}")
                troubles.append(f"{visible(mailbox.name)} is not shown, its file cannot be read: {why}")

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
