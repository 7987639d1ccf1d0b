"""What has come into a mailbox and gone from it, for those who keep something of every mail beside the store.

Blocks; the caller holds the mailbox where one is given. What is compared is memory: no mail is read for it.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mysmtp.errors import MailFault, NoSuchMailbox
from mysmtp.message import Changes
from mysmtp.store import names
from mysmtp.store.disk import Signature, signature
from mysmtp.store.folder import Folder
from mysmtp.store.known import Known
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.record import LISTED

_SETTLED = 1.0  # seconds after which a folder's time tells of every later change
_IS_LISTED = bytes(flags in LISTED for flags in range(256))


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a mailbox was followed: of this very index its first rows, as they were marked, and its open end."""

    known: Known
    flags: bytes
    open_end: frozenset[int]


@dataclass(slots=True)
class _Watched:
    """A mailbox, and how its file looked last, with the state that was made of that: most look the same next time."""

    mailbox: Mailbox
    signature: Signature = (0, 0, 0, 0)
    remarked: int = -1
    state: str = ""

    def state_now(self, status: os.stat_result) -> str:
        """Return the state of the mailbox, whose file looks like that now."""
        now, remarked = signature(status), self.mailbox.remarked
        if now != self.signature or remarked != self.remarked:
            self.signature, self.remarked = now, remarked  # first: what is marked meanwhile shows the next time
            self.state = state_of(self.mailbox, now)
        return self.state


class Watch:
    """Tells what each mailbox file of a folder looks like, at the cost of a look at each. `held` gives its Mailbox."""

    def __init__(self, folder: Folder, held: Callable[[str, str], Mailbox]) -> None:
        self._folder = folder
        self._held = held
        self._watched: list[_Watched] = []
        self._listed: tuple[int, int] | None = None

    def states(self) -> dict[str, str]:
        """Return a state for each mailbox that has a file. Raises StoreFailed, OSError."""
        found: dict[str, str] = {}
        folder = self._folder.descriptor
        for each in self._list():
            mailbox = each.mailbox
            try:
                status = os.stat(mailbox.file, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                continue
            found[mailbox.name] = each.state_now(status)
        return found

    def _list(self) -> list[_Watched]:
        status = os.fstat(self._folder.descriptor)
        now = status.st_ino, status.st_mtime_ns
        if now != self._listed:
            self._watched = [_Watched(self._named(file, name)) for file, name in self._folder.files()]
            self._listed = now if time.time() - status.st_mtime > _SETTLED else None
        return self._watched

    def _named(self, file: str, name: str) -> Mailbox:
        mailbox = self._held(file, name)
        if names.abbreviated(file):
            with suppress(MailFault):
                mailbox.name_fully()
        return mailbox


def state_of(mailbox: Mailbox, seen: Signature) -> str:
    """Return what shows whether a file was changed, even where its system's clock is too coarse for what we did."""
    return ".".join(map(str, seen)) + (f"~{mailbox.remarked}" if mailbox.remarked else "")


def changes_of(mailbox: Mailbox, since: object) -> Changes:
    """Return what has come and gone since a mark, or all. Raises NoSuchMailbox, StoreFailed."""
    mailbox.scan(lambda _: None)
    index = mailbox.index
    known, now = index.known, index.signature
    if now is None:
        raise NoSuchMailbox(mailbox.name)
    flags, open_end = bytes(known.columns.flags), frozenset(row.id for row in index.open_mails())
    mark, state = Mark(known, flags, open_end), state_of(mailbox, now)
    if not isinstance(since, Mark) or since.known is not known:
        return Changes(mark, state, [*map(known.columns.id_at, known.columns.listed()), *sorted(open_end)], (), True)
    first = len(since.flags)
    fresh = [first + at for at, listed in enumerate(flags[first:].translate(_IS_LISTED)) if listed]
    gone: list[int] = []
    if not flags.startswith(since.flags):
        was, now_listed = since.flags.translate(_IS_LISTED), flags[:first].translate(_IS_LISTED)
        fresh = [at for at in range(first) if now_listed[at] > was[at]] + fresh
        gone = [at for at in range(first) if now_listed[at] < was[at]]
    came = [*map(known.columns.id_at, fresh), *sorted(open_end)]
    left = [*map(known.columns.id_at, gone), *sorted(since.open_end.difference(came))]
    return Changes(mark, state, came, left, False)
