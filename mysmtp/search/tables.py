"""The index of words in SQLite: mails by the moment they came, their sheets, and FTS5 over the words of them.

Blocks, and takes no locks: one at a time uses it. The order of keys is the order of mails, whichever was indexed first.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mysmtp.losable import connect, transaction
from mysmtp.search.keys import WIDTHS, key_of
from mysmtp.search.schema import ANY, SCHEMA, made_by, words_of
from mysmtp.search.sheet import Sheet, pack, unpack

_FEW = 200  # ids that are asked for one by one
_WORDS = 256  # with one beginning, that are asked for by name
_LAST_LETTER = "\U0010ffff"
_COLUMNS = "rowid, subject, sender, recipients, body, files, header, own"
_PUT = f"INSERT INTO words({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  our own names
_TAKE = f"INSERT INTO words(words, {_COLUMNS}) VALUES ('delete', ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
# The words of all mails, in their order: each place of a word is a row, so the next word is found without reading on.
_VOCABULARY = "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'instance')"
_NEXT_WORD = "SELECT term FROM temp.vocabulary WHERE term >= ? AND term < ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail to be indexed: the number of its mailbox, its id, its print, its texts."""

    box: int
    id: int
    print: int
    sheet: Sheet


class Totals(NamedTuple):
    """How many mails are indexed; of how many not all text, of how many perhaps not all attachments (`Sheet.cut`)."""

    mails: int
    cut: int
    files_cut: int


class Tables:
    """One database, made if it is not there.

    Every method may raise sqlite3.Error, and ValueError for a database of someone else or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._database = connect(path, SCHEMA, "synchronous = NORMAL", "cache_size = -8000", "temp_store = MEMORY")
        self._totals: Totals | None = None
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        with suppress(sqlite3.Error):
            self._database.close()

    def check(self) -> None:
        """Raise an error unless the database is whole, as far as SQLite can tell, and has words of every mail."""
        (told,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if told != "ok":
            raise sqlite3.DatabaseError(told)
        self._database.execute("INSERT INTO words(words) VALUES ('integrity-check')")
        found = self._database.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid", (f'"{ANY}"',))
        mails = self._database.execute("SELECT key FROM mail ORDER BY key")
        if found.fetchall() != mails.fetchall():
            raise sqlite3.DatabaseError("some mails have no words")

    def boxes(self) -> dict[str, tuple[int, str]]:
        """Return number and state of each mailbox, by name."""
        found = self._database.execute("SELECT name, number, state FROM box")
        return {_name(name): (number, state) for name, number, state in found}

    def add_box(self, name: str) -> int:
        """Return the number of a mailbox, which is given one if it has none."""
        octets = name.encode("utf-8", "surrogateescape")
        self._database.execute("INSERT OR IGNORE INTO box (name, state) VALUES (?, '')", (octets,))
        (number,) = self._database.execute("SELECT number FROM box WHERE name = ?", (octets,)).fetchone()
        return int(number)

    def prints(self, box: int, mail_ids: Sequence[int] | None = None) -> dict[int, int]:
        """Return the print of each mail of a mailbox that is indexed, by id; of some, or of all."""
        found = "SELECT id, print FROM mail WHERE box = ?"
        if mail_ids is None or len(mail_ids) > _FEW:
            return dict(self._database.execute(found, (box,)).fetchall())
        some = f"{found} AND id IN ({','.join('?' * len(mail_ids))})"
        return dict(self._database.execute(some, (box, *mail_ids)).fetchall())

    def key(self, box: int, mail_id: int) -> int | None:
        """Return the key of a mail, None where it is not indexed."""
        row = self._database.execute("SELECT key FROM mail WHERE box = ? AND id = ?", (box, mail_id)).fetchone()
        return int(row[0]) if row else None

    def totals(self) -> Totals:
        """Return how many mails are indexed, and of how many of them not all."""
        if self._totals is None:
            asked = "SELECT count(*), total(cut), total(files_cut) FROM mail"
            self._totals = Totals(*map(int, self._database.execute(asked).fetchone()))
        return self._totals

    def write(self, entries: Sequence[Entry], gone: Iterable[tuple[int, int]], states: Mapping[int, str]) -> None:
        """Index mails, forget others by mailbox and id, note in which states mailboxes are indexed; all or nothing."""
        self._totals = None
        with transaction(self._database):
            for box, mail_id in gone:
                self._forget(box, mail_id)
            for key, entry in self._keyed(entries):
                self._put(key, entry)
            for box, state in states.items():
                self._database.execute("UPDATE box SET state = ? WHERE number = ?", (state, box))

    def drop_box(self, box: int) -> None:
        """Forget that a mailbox has a number. Its mails must have been forgotten."""
        self._database.execute("DELETE FROM box WHERE number = ?", (box,))

    def select(self, statement: tuple[str, Sequence[object]]) -> list[tuple[int, int, int]]:
        """Return key, mailbox's number and id of the mails that a statement of `plan` asks for."""
        return self._database.execute(*statement).fetchall()

    def beginning_with(self, start: str) -> Sequence[str] | None:
        """Return the words of all mails that begin so, None where they are many.

        FTS5 puts together all places of all of them before it finds the first mail; asked for a few by name it goes
        from mail to mail.
        """
        found: list[str] = []
        at, end = start, start + _LAST_LETTER
        while row := self._database.execute(_NEXT_WORD, (at, end)).fetchone():
            if len(found) == _WORDS:
                return None
            found.append(row[0])
            at = f"{row[0]}\x01"
        return found

    def sheets(self, keys: Iterable[int]) -> dict[int, Sheet]:
        """Return the texts of mails, by key."""
        found = ((key, self._sheet(key)) for key in keys)
        return {key: sheet for key, sheet in found if sheet is not None}

    def _sheet(self, key: int) -> Sheet | None:
        row = self._database.execute("SELECT octets FROM sheet WHERE key = ?", (key,)).fetchone()
        return unpack(row[0]) if row else None

    def _prepare(self) -> None:
        self._database.execute("INSERT INTO made SELECT ? WHERE NOT EXISTS (SELECT * FROM made)", (made_by(),))
        if self._database.execute("SELECT by FROM made").fetchall() != [(made_by(),)]:
            raise ValueError("another version has made it")
        self._database.execute(_VOCABULARY)

    def _keyed(self, entries: Sequence[Entry]) -> list[tuple[int, Entry]]:
        """Take out what mails were before, and return each with its key, in the order that FTS5 takes fastest."""
        for entry in entries:
            self._forget(entry.box, entry.id)
        keyed: dict[int, Entry] = {}
        for entry in sorted(entries, key=lambda entry: entry.id):
            keyed[self._free_key(key_of(entry.sheet, entry.id), keyed)] = entry
        return sorted(keyed.items())

    def _free_key(self, first: int, taken: Mapping[int, Entry]) -> int:
        """Return a key for a mail of this moment: behind those that came with it, as close as there is room."""
        if first not in taken and not self._keys_from(first, first + 1):
            return first
        for width in WIDTHS:
            end = first + (1 << width)
            last = max((key for key in taken if first <= key < end), default=first)
            key = max(last, *self._keys_from(first, end), first) + 1
            if key < end:
                return key
        raise ValueError("there is no room for more mails of one time")

    def _keys_from(self, first: int, end: int) -> list[int]:
        found = "SELECT key FROM mail WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT 1"
        return [key for (key,) in self._database.execute(found, (first, end))]

    def _put(self, key: int, entry: Entry) -> None:
        sheet = entry.sheet
        self._database.execute(
            "INSERT INTO mail VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, entry.box, entry.id, entry.print, sheet.size, sheet.cut, sheet.files_cut),
        )
        self._database.execute("INSERT INTO sheet VALUES (?, ?)", (key, pack(sheet)))
        self._database.execute(_PUT, (key, *words_of(sheet, entry.box)))

    def _forget(self, box: int, mail_id: int) -> None:
        row = self._database.execute("SELECT key FROM mail WHERE box = ? AND id = ?", (box, mail_id)).fetchone()
        if row is None:
            return
        sheet = self._sheet(row[0])
        if sheet is None:
            raise ValueError("a mail has no sheet")
        self._database.execute(_TAKE, (row[0], *words_of(sheet, box)))
        self._database.execute("DELETE FROM mail WHERE key = ?", row)
        self._database.execute("DELETE FROM sheet WHERE key = ?", row)


def _name(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")
