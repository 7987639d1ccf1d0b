"""The markbook: what the mailbox files cannot hold, kept in SQLite beside them (`mailbox/.index/marks.db`).

Not derived, so no rebuild of the catalogue touches it. Losing it loses no mail: all mails are new again. Everything
blocks; one thread at a time writes, others may load meanwhile. No method raises for what is wrong with the database.
"""

import os
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

from mysmtp.losable import FAULTS, Schema, Words, connect, transaction
from mysmtp.store.folder import Folder
from mysmtp.store.hidden import Hidden
from mysmtp.store.seen import PAGE_OCTETS, Seen

DATABASE = "marks.db"
_ASIDE = "marks.damaged"
_WORDS = Words("the marks of seen mails", "cannot be kept now", "are lost, and kept anew from now on")
_SCHEMA = Schema(
    {
        "seen": "CREATE TABLE seen (file BLOB, page INTEGER, prints BLOB NOT NULL, PRIMARY KEY (file, page))"
        " WITHOUT ROWID"
    },
    1 if sys.byteorder == "little" else 1 << 16 | 1,  # pages hold numbers as this machine does
)


class Markbook:
    """The marks of one folder's mailboxes; the database is made at the first `save`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._hidden = Hidden(folder, DATABASE, _ASIDE, _WORDS, self._opened)
        try:
            self._hidden.current(make=False)
        except FAULTS as fault:
            self._hidden.suffer(fault)

    def load(self, file: str) -> Mapping[int, bytes]:
        """Return the pages of marks of a mailbox file."""
        try:
            database = self._hidden.current(make=False)
            if database is None:
                return {}
            found = database.execute("SELECT page, prints FROM seen WHERE file = ?", (os.fsencode(file),)).fetchall()
            return {int(page): bytes(prints) for page, prints in found if len(prints) == PAGE_OCTETS}
        except (*FAULTS, TypeError) as fault:  # a scribbled value may be of any type
            self._hidden.suffer(fault)
            return {}

    def save(self, file: str, seen: Seen) -> None:
        """Write the pages that were changed; what cannot be written now waits for the next time."""
        key = os.fsencode(file)
        numbers = tuple(seen.stale)
        pages = [(key, number, seen.page(number)) for number in numbers]
        try:
            database = self._hidden.current(make=True)
            assert database is not None
            with transaction(database):
                database.executemany("REPLACE INTO seen VALUES (?, ?, ?)", [page for page in pages if page[2]])
                gone = [page[:2] for page in pages if not page[2]]
                database.executemany("DELETE FROM seen WHERE file = ? AND page = ?", gone)
        except FAULTS as fault:
            self._hidden.suffer(fault)
            return
        seen.stale.difference_update(numbers)
        self._hidden.is_well()

    def close(self) -> None:
        """Let go of the database."""
        self._hidden.close()

    def _opened(self, path: Path) -> sqlite3.Connection:
        database = connect(path, _SCHEMA, "synchronous = NORMAL")
        try:
            self._prune(database)
        except BaseException:
            database.close()
            raise
        return database

    def _prune(self, database: sqlite3.Connection) -> None:
        """Forget the marks of mailboxes whose files are gone. Raises sqlite3.Error."""
        for (file,) in database.execute("SELECT DISTINCT file FROM seen").fetchall():
            if not self._folder.exists(os.fsdecode(file)):
                database.execute("DELETE FROM seen WHERE file = ?", (file,))
