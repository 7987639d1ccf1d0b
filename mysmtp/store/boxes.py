"""The mailboxes of a folder in this process, and their trays: one of each for a file, whatever names lead to it.

Asks the folder which file serves a name, and reads none. Takes no locks: what is made twice at once is kept once.
"""

from collections.abc import Sequence

from mysmtp.errors import NoSuchMailbox
from mysmtp.message import MailSummary
from mysmtp.store import names
from mysmtp.store.catalogue import Catalogue
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.markbook import Markbook
from mysmtp.store.tray import Tray


class Boxes:
    """The mailboxes of one folder, made when they are asked for. `trays` are by file."""

    def __init__(self, folder: Folder) -> None:
        self.catalogue = Catalogue(folder)
        self.markbook = Markbook(folder)
        self.trays: dict[str, Tray] = {}
        self._folder = folder
        self._mailboxes: dict[str, Mailbox] = {}

    @property
    def all(self) -> Sequence[Mailbox]:
        """Every mailbox that was asked for."""
        return tuple(self._mailboxes.values())

    def find(self, name: str) -> Mailbox:
        """Return the mailbox of a name, if it has a file or mails that wait. Raises NoSuchMailbox, StoreFailed."""
        try:
            file = self._folder.file_of(name)
        except ValueError:
            raise NoSuchMailbox(name) from None
        tray = self.trays.get(file)
        if not self._folder.exists(file) and not (tray and tray.waiting):
            if tray is None:
                self._mailboxes.pop(file, None)
            raise NoSuchMailbox(name)
        return self.held(file, name)

    def held(self, file: str, name: str) -> Mailbox:
        """Return the mailbox of a file, made if it was not asked for yet."""
        there = self._mailboxes.get(file)
        if there is None:
            made = Mailbox(self._folder, file, names.lower(name), self.catalogue.load, self.markbook.load)
            there = self._mailboxes.setdefault(file, made)
        return there

    def tray(self, name: str) -> Tray:
        """Return the tray of a mailbox. Raises StoreFailed, ValueError for what can be no mailbox."""
        file = self._folder.file_of(name)
        mailbox = self.held(file, name)
        tray = self.trays.get(file)
        if tray is None:
            tray = self.trays[file] = Tray(mailbox, names.lower(name))
        return tray

    def tray_of(self, mailbox: Mailbox) -> Tray | None:
        """Return the tray of a mailbox, if it has one."""
        return self.trays.get(mailbox.file)

    def unwritten(self, mailbox: Mailbox) -> Sequence[MailSummary]:
        """Return what waits to be written to a mailbox."""
        tray = self.trays.get(mailbox.file)
        return tray.summaries() if tray else ()

    def forget(self) -> None:
        """Know nothing of the files: another folder stands in the place of ours."""
        for tray in self.trays.values():
            tray.forget()
        for mailbox in self.all:
            mailbox.forget_marks()

    def close(self) -> None:
        """Let go of what is kept beside the files."""
        self.catalogue.close()
        self.markbook.close()
