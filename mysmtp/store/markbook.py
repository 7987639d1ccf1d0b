"""The markbook: what the mailbox files cannot hold, kept in SQLite beside them (`mailbox/.index/marks.db`).

Not derived, so no rebuild of the catalogue touches it. Losing it loses no mail: all mails are new again. Everything
blocks; one thread at a time writes, others may load meanwhile. No method raises for what is wrong with the database.
"""

import logging
import os
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import suppress

from mysmtp.store.folder import Folder
from mysmtp.store.hidden import identity, is_passing, is_safe, path_of, put_aside
from mysmtp.store.seen import PAGE_OCTETS, Seen

log = logging.getLogger(__name__)

DATABASE = "marks.db"
_ASIDE = "marks.damaged"
_VERSION = 1 if sys.byteorder == "little" else 1 << 16 | 1  # pages hold numbers as this machine does
_TABLE = "CREATE TABLE seen (file BLOB, page INTEGER, prints BLOB NOT NULL, PRIMARY KEY (file, page)) WITHOUT ROWID"
_FAULTS = (sqlite3.Error, OSError, ValueError, TypeError, OverflowError)


class Markbook:
    """The marks of one folder's mailboxes; the database is made at the first `save`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._of = identity(folder)
        self._database: sqlite3.Connection | None = None
        self._warned = False
        try:
            self._open(make=False)
        except _FAULTS as fault:
            self._suffer(fault)

    def load(self, file: str) -> Mapping[int, bytes]:
        """Return the pages of marks of a mailbox file."""
        try:
            database = self._current(make=False)
            if database is None:
                return {}
            found = database.execute("SELECT page, prints FROM seen WHERE file = ?", (os.fsencode(file),)).fetchall()
            return {int(page): bytes(prints) for page, prints in found if len(prints) == PAGE_OCTETS}
        except _FAULTS as fault:
            self._suffer(fault)
            return {}

    def save(self, file: str, seen: Seen) -> None:
        """Write the pages that were changed; what cannot be written now waits for the next time."""
        key = os.fsencode(file)
        numbers = tuple(seen.stale)
        pages = [(key, number, seen.page(number)) for number in numbers]
        try:
            database = self._current(make=True)
            assert database is not None
            database.execute("BEGIN IMMEDIATE")
            try:
                database.executemany("REPLACE INTO seen VALUES (?, ?, ?)", [page for page in pages if page[2]])
                gone = [page[:2] for page in pages if not page[2]]
                database.executemany("DELETE FROM seen WHERE file = ? AND page = ?", gone)
                database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise
        except _FAULTS as fault:
            self._suffer(fault)
            return
        seen.stale.difference_update(numbers)
        self._warned = False

    def close(self) -> None:
        """Let go of the database."""
        with suppress(*_FAULTS):
            if self._database is not None:
                self._database.close()
        self._database = None

    def _current(self, make: bool) -> sqlite3.Connection | None:
        """Return the database of the folder as it is now. Raises what `_suffer` handles."""
        if self._of != identity(self._folder):
            self._database, self._of = None, identity(self._folder)  # not closed: another thread may be reading
            self._open(make=False)
        if self._database is None and make:
            self._open(make=True)
        return self._database

    def _open(self, make: bool) -> None:
        """Open the database; one that is not ours is put aside. Raises what `_suffer` handles."""
        if not is_safe(self._folder, DATABASE, make):
            return
        path = path_of(self._folder) / DATABASE
        for again in (True, False):
            database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                _prepare(database)
                _prune(database, self._folder)
                self._database = database
                return
            except (sqlite3.Error, ValueError) as fault:
                database.close()
                if not again or is_passing(fault):
                    raise
                self._put_aside(fault)

    def _suffer(self, fault: Exception) -> None:
        """Go on without: say so once, and put the database aside unless the cause lies elsewhere."""
        if is_passing(fault):
            self._warn(f"cannot be kept now: {fault}")
            return
        self._database = None
        self._put_aside(fault)

    def _put_aside(self, fault: Exception) -> None:
        self._warn(f"are lost, and kept anew from now on: {fault}")
        put_aside(self._folder, DATABASE, _ASIDE)

    def _warn(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("the marks of seen mails %s", what)


def _prepare(database: sqlite3.Connection) -> None:
    """Set up a connection and the table. Raises sqlite3.Error, and ValueError for a database of someone else."""
    for pragma in ("locking_mode = EXCLUSIVE", "mmap_size = 0", "journal_mode = WAL", "synchronous = NORMAL",
                   "cell_size_check = ON", "trusted_schema = OFF"):  # fmt: skip
        database.execute(f"PRAGMA {pragma}").fetchall()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    there = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    if not there and not version:
        database.execute("BEGIN IMMEDIATE")
        database.execute(_TABLE)
        database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("COMMIT")
    elif version != _VERSION or there != {"seen": _TABLE}:
        raise ValueError(f"its version is {version}, not {_VERSION}, or these are no marks")


def _prune(database: sqlite3.Connection, folder: Folder) -> None:
    """Forget the marks of mailboxes whose files are gone. Raises sqlite3.Error."""
    for (file,) in database.execute("SELECT DISTINCT file FROM seen").fetchall():
        if not folder.exists(os.fsdecode(file)):
            database.execute("DELETE FROM seen WHERE file = ?", (file,))
