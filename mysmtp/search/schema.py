"""What the index of words holds: its tables, and the words of a mail as FTS5 is given them.

FTS5 keeps no texts (`content=''`): what it is to forget must be given to it again, word for word, and comes from the
sheet.
"""

import sys
import unicodedata

from mysmtp.losable import Schema
from mysmtp.search.sheet import Sheet
from mysmtp.search.words import split

ANY = "\ue000all"  # words of our own, which no text holds: every mail has this one
ATTACHED = "\ue000file"
SCHEMA = Schema({
    "made": "CREATE TABLE made (by TEXT NOT NULL)",
    "box": "CREATE TABLE box (number INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, state TEXT NOT NULL)",
    "mail": "CREATE TABLE mail (key INTEGER PRIMARY KEY, box INTEGER NOT NULL, id INTEGER NOT NULL,"
    " print INTEGER NOT NULL, size INTEGER NOT NULL, cut INTEGER NOT NULL, files_cut INTEGER NOT NULL)",
    "mail_of_box": "CREATE UNIQUE INDEX mail_of_box ON mail (box, id)",
    "sheet": "CREATE TABLE sheet (key INTEGER PRIMARY KEY, octets BLOB NOT NULL)",
    "words": "CREATE VIRTUAL TABLE words USING fts5(subject, sender, recipients, body, files, header, own,"
    " content='', columnsize=0, tokenize='ascii')",
})  # fmt: skip


def made_by() -> str:
    """Return what an index depends on besides the mails: tables, what a sheet has, the words that this Python finds."""
    return f"5 {unicodedata.unidata_version} {sys.maxunicode}"


def own_word(box: int) -> str:
    """Return the word that every mail of a mailbox has."""
    return f"\ue000box{box}"


def words_of(sheet: Sheet, box: int) -> tuple[str, ...]:
    """Return the words of a mail as FTS5 is given them: parted by spaces, nothing else in them."""
    texts = (sheet.subject, sheet.sender, sheet.recipients, sheet.body, sheet.files, sheet.header)
    own = f"{ANY} {own_word(box)} {ATTACHED if sheet.attached != 0 else ''}"
    return (*(" ".join(split(text)) for text in texts), own)
