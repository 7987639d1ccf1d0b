"""The catalogue: what is known of the mailbox files, kept in SQLite so that a start need not read them all.

Derived, and never trusted over the files: whatever is wrong with it, it is put aside and made again from them. Nobody
waits for it to reach the disk; sums tell whether it is whole. Everything blocks and nothing takes locks: whoever saves
holds the mailboxes and does so in one thread at a time; loading may go on in others meanwhile.

What the files cannot hold is not here but in `markbook`, which no rebuild touches.
"""

from collections.abc import Iterable

from mysmtp.losable import FAULTS, Words
from mysmtp.store.folder import Folder
from mysmtp.store.hidden import Hidden
from mysmtp.store.known import Recalled
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.pages import Pages

DATABASE = "index.db"
_ASIDE = "index.damaged"
_WORDS = Words("the index", "cannot be used now", "is made again from the mailbox files")


class Catalogue:
    """The catalogue of one folder; made at the first `save`. No method raises for what is wrong with it."""

    def __init__(self, folder: Folder) -> None:
        self._hidden = Hidden(folder, DATABASE, _ASIDE, _WORDS, lambda path: Pages(path, folder))
        try:
            self._hidden.current(make=False)
        except FAULTS as fault:
            self._hidden.suffer(fault)

    def load(self, file: str) -> Recalled | None:
        """Return what was known of a mailbox file, None where nothing is."""
        try:
            pages = self._hidden.at_hand()
            return pages.load(file) if pages else None
        except (*FAULTS, TypeError) as fault:  # a scribbled value may be of any type
            self._hidden.suffer(fault)
            return None

    def save(self, mailboxes: Iterable[Mailbox]) -> None:
        """Take in what is new of these mailboxes since the last time; what cannot be written now waits."""
        try:
            pages = self._hidden.at_hand()
            if behind := [each for each in mailboxes if _is_behind(each, pages)]:
                pages = self._hidden.current(make=True)
                assert pages is not None
                pages.save(behind)
                self._hidden.is_well()
        except FAULTS as fault:
            self._hidden.suffer(fault)

    def clear(self) -> None:
        """Forget what can be read from the files."""
        try:
            if pages := self._hidden.current(make=True):
                pages.clear()
        except FAULTS as fault:
            self._hidden.suffer(fault)

    def close(self) -> None:
        """Let go of the database."""
        self._hidden.close()


def _is_behind(mailbox: Mailbox, pages: Pages | None) -> bool:
    """Tell whether there is something about a mailbox that these pages do not hold."""
    index = mailbox.index
    if index.signature is None or index.limit is not None:
        return False
    kept = index.kept
    return pages is None or kept.place is not pages.place or kept.signature != index.signature or bool(kept.stale)
