"""A SQLite database that may be lost: what is in it can be made again, or be done without.

It is opened when it is needed and held to the tables it should have. Once it is no good it is put aside under another
name, a person is told so once, and the next one begins empty. Blocks, and takes no locks. Knows no mail.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

log = logging.getLogger(__name__)

IN_MEMORY = Path(":memory:")  # what SQLite takes for a database without a file
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
FAULTS = (sqlite3.Error, OSError, ValueError, OverflowError)  # what is wrong with a database may raise any of these
# One process holds the folder, so it may hold the database: nothing is shared through a file that others can cut.
_PRAGMAS = ("locking_mode = EXCLUSIVE", "mmap_size = 0", "journal_mode = WAL", "cell_size_check = ON",
            "trusted_schema = OFF")  # fmt: skip
# What says that the disk or its owner has no room for it now; anything else says that the database is no good.
_LATER = frozenset(
    (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY,
     sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_INTERRUPT)
)  # fmt: skip


class Closable(Protocol):
    """What works with an open database."""

    def close(self) -> None:
        """Let go of it."""


T = TypeVar("T", bound=Closable)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database of ours holds: its tables by name, as they are made, and the version of what is in them."""

    tables: Mapping[str, str]
    version: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """How a person is told of a database: `what` it is, what it cannot do `now`, and that it was `lost`."""

    what: str
    now: str
    lost: str


class Losable(Generic[T]):
    """One database, of one place at a time. `opener` makes what works with it, and may raise FAULTS."""

    def __init__(self, words: Words, aside: str, opener: Callable[[Path], T]) -> None:
        self.opened: T | None = None
        self.place: object = None
        self._words = words
        self._aside = aside
        self._opener = opener
        self._path: Path | None = None
        self._warned = False

    def follow(self, place: object) -> bool:
        """Leave it when it belongs to another place than this; tell whether it did.

        It is not closed: another thread may be reading.
        """
        if place == self.place:
            return False
        self.opened, self.place = None, place
        return True

    def open(self, path: Path) -> T:
        """Return what works with it, opened if it is not; one that is no good makes room for another. Raises FAULTS."""
        if self.opened is None:
            self._path = path
            try:
                self.opened = self._opener(path)
            except (sqlite3.Error, ValueError) as fault:
                if is_passing(fault):
                    raise
                self._put_aside(fault)
                self.opened = self._opener(path)
        return self.opened

    def suffer(self, fault: Exception) -> None:
        """Tell of a fault, once, and put the database aside unless the cause lies elsewhere."""
        if is_passing(fault):
            self._warn(f"{self._words.now}: {fault}")
            return
        self.opened = None
        self._put_aside(fault)

    def is_well(self) -> None:
        """Take note that it works: what goes wrong from now on is told again."""
        self._warned = False

    def close(self) -> None:
        """Let go of it; it is opened again when it is needed."""
        opened, self.opened = self.opened, None
        with suppress(*FAULTS):
            if opened is not None:
                opened.close()

    def _put_aside(self, fault: Exception) -> None:
        self._warn(f"{self._words.lost}: {fault}")
        if self._path is not None and self._path != IN_MEMORY:
            with suppress(OSError):
                self._path.replace(self._path.with_name(self._aside))
            remove(self._path)

    def _warn(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("%s %s", self._words.what, what)


def connect(path: Path, schema: Schema, *pragmas: str) -> sqlite3.Connection:
    """Open a database, or make it. Raises sqlite3.Error, and ValueError for one of somebody else."""
    database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (*_PRAGMAS, *pragmas):
            database.execute(f"PRAGMA {pragma}").fetchall()
        _hold_to(database, schema)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or nothing. Raises sqlite3.Error."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def is_passing(fault: Exception) -> bool:
    """Tell whether the fault says nothing of what is in a database."""
    if isinstance(fault, sqlite3.Error):
        return getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _LATER
    return isinstance(fault, OSError)


def remove(path: Path) -> None:
    """Remove a closed database and what lies beside it, as far as that can be done."""
    for ending in ("", *BESIDE):
        with suppress(OSError):
            path.with_name(path.name + ending).unlink()


def _hold_to(database: sqlite3.Connection, schema: Schema) -> None:
    """Make the tables of an empty database; raise ValueError for one with others."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    there = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    if not there and not version:
        with transaction(database):
            for sql in schema.tables.values():
                database.execute(sql)
            database.execute(f"PRAGMA user_version = {schema.version}")
        return
    virtual = tuple(f"{name}_" for name, sql in schema.tables.items() if sql.startswith("CREATE VIRTUAL"))
    ours = {name: sql for name, sql in there.items() if not name.startswith(virtual)}
    if version != schema.version or ours != schema.tables:
        raise ValueError(f"its version is {version}, not {schema.version}, or it holds something else")
