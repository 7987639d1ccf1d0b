"""The tables of the catalogue: a row for each mailbox file, pages of its records, what is odd about it.

Blocks. Every method may raise `losable.FAULTS`; `catalogue` is where those end.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mysmtp.losable import Schema, connect, transaction
from mysmtp.store.entries import COLUMNS, SHIFT, Entry, entry_of, recalled_from
from mysmtp.store.folder import Folder
from mysmtp.store.known import Kept, Recalled
from mysmtp.store.mailbox import Mailbox

_SCHEMA = Schema(
    {
        "mailbox": "CREATE TABLE mailbox (box INTEGER PRIMARY KEY, file BLOB NOT NULL UNIQUE, device TEXT, inode TEXT,"
        " size INTEGER, changed INTEGER, resume INTEGER, last_id INTEGER, tail BLOB, checked INTEGER,"
        " mails INTEGER, octets INTEGER, records INTEGER, sums INTEGER, row_sum INTEGER)",
        "page": "CREATE TABLE page (key INTEGER PRIMARY KEY, records BLOB NOT NULL)",
        "odd": "CREATE TABLE odd (box INTEGER PRIMARY KEY, records TEXT NOT NULL)",
    },
    1 if sys.byteorder == "little" else 1 << 16 | 1,  # pages hold numbers as this machine does
)
_REPLACE = f"REPLACE INTO mailbox VALUES ({', '.join('?' * COLUMNS)})"  # noqa: S608  question marks only


class Pages:
    """One open database. `place` names it: what was kept in another counts for nothing."""

    def __init__(self, path: Path, folder: Folder) -> None:
        self.place = object()
        self._database = connect(path, _SCHEMA, "synchronous = OFF")
        try:
            self._next = 1 + self._prune(folder)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def clear(self) -> None:
        """Forget everything."""
        for table in _SCHEMA.tables:
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608  our own names
        self.place = object()

    def load(self, file: str) -> Recalled | None:
        """Return what was known of a mailbox file, None where nothing is."""
        database = self._database
        row = database.execute("SELECT * FROM mailbox WHERE file = ?", (os.fsencode(file),)).fetchone()
        if row is None:
            return None
        first = row[0] << SHIFT
        found = "SELECT records FROM page WHERE key >= ? AND key < ? ORDER BY key"
        pages = [octets for (octets,) in database.execute(found, (first, first + (1 << SHIFT)))]
        odd = database.execute("SELECT records FROM odd WHERE box = ?", (row[0],)).fetchone()
        return recalled_from(row, pages, odd[0] if odd else "", self.place)

    def save(self, mailboxes: Sequence[Mailbox]) -> None:
        """Take in what is new of these mailboxes; all or nothing."""
        with transaction(self._database):
            entries = [self._entry(each) for each in mailboxes]
            self._put(entries)
        for mailbox, entry in zip(mailboxes, entries, strict=True):
            mailbox.index.kept = entry.kept

    def _entry(self, mailbox: Mailbox) -> Entry:
        kept, file = mailbox.index.kept, os.fsencode(mailbox.file)
        if kept.place is not self.place:
            row = self._database.execute("SELECT box FROM mailbox WHERE file = ?", (file,)).fetchone()
            kept = Kept(self.place, row[0] if row else self._next, checked=kept.checked, checked_to=kept.checked_to)
            self._next += 0 if row else 1
            if row:
                self._drop(row[0])
        if kept.checked_to == mailbox.index.known.resume:
            return entry_of(mailbox.index, kept.box, file, kept, -1)
        try:
            with mailbox.folder.open_files.borrowed(mailbox.file, os.O_RDONLY) as descriptor:
                return entry_of(mailbox.index, kept.box, file, kept, descriptor)
        except OSError:  # the file is gone, or cannot be read: what was known of it may still be true later
            return entry_of(mailbox.index, kept.box, file, kept, -1)

    def _put(self, entries: Sequence[Entry]) -> None:
        database = self._database
        for each in entries:
            if each.was_odd and not each.odd:
                database.execute("DELETE FROM odd WHERE box = ?", (each.box,))
        database.executemany(_REPLACE, [each.row for each in entries])
        database.executemany("REPLACE INTO page VALUES (?, ?)", (page for each in entries for page in each.pages))
        database.executemany("REPLACE INTO odd VALUES (?, ?)", ((each.box, each.odd) for each in entries if each.odd))

    def _prune(self, folder: Folder) -> int:
        """Forget mailboxes whose files are gone; return the highest number of one."""
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder.descriptor)
        try:
            files = set(map(os.fsencode, os.listdir(here)))  # noqa: PTH208  there is no Path of a descriptor
        finally:
            os.close(here)
        boxes: list[tuple[int, bytes]] = self._database.execute("SELECT box, file FROM mailbox").fetchall()
        for box in [box for box, file in boxes if file not in files]:
            self._drop(box)
            self._database.execute("DELETE FROM mailbox WHERE box = ?", (box,))
        return max((box for box, _ in boxes), default=0)

    def _drop(self, box: int) -> None:
        self._database.execute("DELETE FROM page WHERE key >= ? AND key < ?", (box << SHIFT, (box + 1) << SHIFT))
        self._database.execute("DELETE FROM odd WHERE box = ?", (box,))
