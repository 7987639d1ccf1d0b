"""The catalogue: what is known of the mailbox files, kept in SQLite so that a start need not read them all.

Derived, and never trusted over the files: whatever is wrong with it, it is put aside and made again from them. Nobody
waits for it to reach the disk; sums tell whether it is whole. Everything blocks and nothing takes locks: whoever saves
holds the mailboxes and does so in one thread at a time; loading may go on in others meanwhile.

What the files cannot hold is not here but in `markbook`, which no rebuild touches.
"""

import logging
import os
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress

from mysmtp.store.entries import COLUMNS, SHIFT, Entry, entry_of, recalled_from
from mysmtp.store.folder import Folder
from mysmtp.store.hidden import identity, is_passing, is_safe, path_of, put_aside
from mysmtp.store.known import Kept, Recalled
from mysmtp.store.mailbox import Mailbox

log = logging.getLogger(__name__)

DATABASE = "index.db"
_ASIDE = "index.damaged"
_VERSION = 1 if sys.byteorder == "little" else 1 << 16 | 1  # pages hold numbers as this machine does
_DERIVED = {
    "mailbox": "CREATE TABLE mailbox (box INTEGER PRIMARY KEY, file BLOB NOT NULL UNIQUE, device TEXT, inode TEXT,"
    " size INTEGER, changed INTEGER, resume INTEGER, last_id INTEGER, tail BLOB, checked INTEGER,"
    " mails INTEGER, octets INTEGER, records INTEGER, sums INTEGER, row_sum INTEGER)",
    "page": "CREATE TABLE page (key INTEGER PRIMARY KEY, records BLOB NOT NULL)",
    "odd": "CREATE TABLE odd (box INTEGER PRIMARY KEY, records TEXT NOT NULL)",
}
_REPLACE = f"REPLACE INTO mailbox VALUES ({', '.join('?' * COLUMNS)})"  # noqa: S608  question marks only
_FAULTS = (sqlite3.Error, OSError, ValueError, OverflowError)


class Catalogue:
    """The catalogue of one folder; made at the first `save`. No method raises for what is wrong with it."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._path = path_of(folder)
        self._of = identity(self._folder)
        self._database: sqlite3.Connection | None = None
        self._place = object()  # names this very database: what was kept in another counts for nothing
        self._next = 1
        self._warned = False
        try:
            self._open(make=False)
        except _FAULTS as fault:
            self._suffer(fault)

    def load(self, file: str) -> Recalled | None:
        """Return what was known of a mailbox file, None where nothing is."""
        database = self._database
        if database is None or self._of != identity(self._folder):
            return None
        try:
            row = database.execute("SELECT * FROM mailbox WHERE file = ?", (os.fsencode(file),)).fetchone()
            if row is None:
                return None
            first = row[0] << SHIFT
            found = "SELECT records FROM page WHERE key >= ? AND key < ? ORDER BY key"
            pages = [octets for (octets,) in database.execute(found, (first, first + (1 << SHIFT)))]
            odd = database.execute("SELECT records FROM odd WHERE box = ?", (row[0],)).fetchone()
            return recalled_from(row, pages, odd[0] if odd else "", self._place)
        except (*_FAULTS, TypeError) as fault:  # a scribbled value may be of any type
            self._suffer(fault)
            return None

    def save(self, mailboxes: Iterable[Mailbox]) -> None:
        """Take in what is new of these mailboxes since the last time; what cannot be written now waits."""
        try:
            if self._of != identity(self._folder):
                self._leave()
            if behind := [each for each in mailboxes if self._is_behind(each)]:
                self._write(self._opened(), behind)
                self._warned = False
        except _FAULTS as fault:
            self._suffer(fault)

    def clear(self) -> None:
        """Forget what can be read from the files."""
        try:
            database = self._opened()
            for table in _DERIVED:
                database.execute(f"DELETE FROM {table}")  # noqa: S608  our own names
            self._place = object()
        except _FAULTS as fault:
            self._suffer(fault)

    def close(self) -> None:
        """Let go of the database."""
        with suppress(*_FAULTS):
            if self._database is not None:
                self._database.close()
        self._database = None

    def _is_behind(self, mailbox: Mailbox) -> bool:
        index = mailbox.index
        if index.signature is None or index.limit is not None:
            return False
        kept = index.kept
        return kept.place is not self._place or kept.signature != index.signature or bool(kept.stale)

    def _write(self, database: sqlite3.Connection, mailboxes: Sequence[Mailbox]) -> None:
        """Write with one transaction, all or nothing. Raises what `save` handles."""
        database.execute("BEGIN IMMEDIATE")
        try:
            entries = [self._entry(database, each) for each in mailboxes]
            _put(database, entries)
            database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise
        for mailbox, entry in zip(mailboxes, entries, strict=True):
            mailbox.index.kept = entry.kept

    def _entry(self, database: sqlite3.Connection, mailbox: Mailbox) -> Entry:
        kept, file = mailbox.index.kept, os.fsencode(mailbox.file)
        if kept.place is not self._place:
            row = database.execute("SELECT box FROM mailbox WHERE file = ?", (file,)).fetchone()
            kept = Kept(self._place, row[0] if row else self._next, checked=kept.checked, checked_to=kept.checked_to)
            self._next += 0 if row else 1
            if row:
                _drop(database, row[0])
        if kept.checked_to == mailbox.index.known.resume:
            return entry_of(mailbox.index, kept.box, file, kept, -1)
        try:
            with mailbox.folder.open_files.borrowed(mailbox.file, os.O_RDONLY) as descriptor:
                return entry_of(mailbox.index, kept.box, file, kept, descriptor)
        except OSError:  # the file is gone, or cannot be read: what was known of it may still be true later
            return entry_of(mailbox.index, kept.box, file, kept, -1)

    def _opened(self) -> sqlite3.Connection:
        """Return the database, made if it is not there. Raises what `save` handles."""
        if self._database is None:
            self._open(make=True)
        assert self._database is not None
        return self._database

    def _open(self, make: bool) -> None:
        """Open the database; one that is not ours is put aside. Raises what `save` handles."""
        if not is_safe(self._folder, DATABASE, make):
            return
        for again in (True, False):
            database = sqlite3.connect(self._path / DATABASE, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                _prepare(database)
                self._next = 1 + _prune(database, self._folder.descriptor)
                self._database, self._place = database, object()
                return
            except (sqlite3.Error, ValueError) as fault:
                database.close()
                if not again or is_passing(fault):
                    raise
                self._put_aside(fault)

    def _suffer(self, fault: Exception) -> None:
        """Go on without: say so once, and put the database aside unless the cause lies elsewhere."""
        if is_passing(fault):
            self._warn(f"cannot be used now: {fault}")
            return
        self._leave()
        self._put_aside(fault)

    def _put_aside(self, fault: Exception) -> None:
        self._warn(f"is made again from the mailbox files: {fault}")
        put_aside(self._folder, DATABASE, _ASIDE)

    def _warn(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("the index %s", what)

    def _leave(self) -> None:
        """Let go of the database without closing it: another thread may be reading."""
        self._database, self._place, self._of = None, object(), identity(self._folder)


def _prepare(database: sqlite3.Connection) -> None:
    """Set up a connection and the tables. Raises sqlite3.Error, and ValueError for a database of someone else.

    One process holds the folder, so it may hold the database: nothing is shared through a file that others can cut.
    """
    for pragma in ("locking_mode = EXCLUSIVE", "mmap_size = 0", "journal_mode = WAL", "synchronous = OFF",
                   "cell_size_check = ON", "trusted_schema = OFF"):  # fmt: skip
        database.execute(f"PRAGMA {pragma}").fetchall()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    there = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    if not there and not version:
        database.execute("BEGIN IMMEDIATE")
        for sql in _DERIVED.values():
            database.execute(sql)
        database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("COMMIT")
    elif version != _VERSION or there != _DERIVED:
        raise ValueError(f"its version is {version}, not {_VERSION}, or it is no index")


def _prune(database: sqlite3.Connection, folder: int) -> int:
    """Forget mailboxes whose files are gone; return the highest number of one. Raises sqlite3.Error, OSError."""
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        files = set(map(os.fsencode, os.listdir(here)))  # noqa: PTH208  there is no Path of a descriptor
    finally:
        os.close(here)
    boxes = database.execute("SELECT box, file FROM mailbox").fetchall()
    for box in [box for box, file in boxes if file not in files]:
        _drop(database, box)
        database.execute("DELETE FROM mailbox WHERE box = ?", (box,))
    return max((box for box, _ in boxes), default=0)


def _drop(database: sqlite3.Connection, box: int) -> None:
    database.execute("DELETE FROM page WHERE key >= ? AND key < ?", (box << SHIFT, (box + 1) << SHIFT))
    database.execute("DELETE FROM odd WHERE box = ?", (box,))


def _put(database: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    for each in entries:
        if each.was_odd and not each.odd:
            database.execute("DELETE FROM odd WHERE box = ?", (each.box,))
    database.executemany(_REPLACE, [each.row for each in entries])
    database.executemany("REPLACE INTO page VALUES (?, ?)", (page for each in entries for page in each.pages))
    database.executemany("REPLACE INTO odd VALUES (?, ?)", ((each.box, each.odd) for each in entries if each.odd))
