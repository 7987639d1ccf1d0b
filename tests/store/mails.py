"""What the tests of the store share: mails to store, files written by hand, and ways to look at what came of them."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from mysmtp.message import Body, Envelope, Message, Trace
from mysmtp.store.record import Record, Row
from mysmtp.store.scan import Scanner
from mysmtp.store.textfile import TextFileStore

BOB = "bob@example.com"

# docs/protocol.md, The mailbox file: the record that the page shows.
SPEC_BODY = b"Hello Bob,\nThis is a test email.\n"
SPEC_RECORD = b"""===START_EMAIL=== id=1 at=2025-03-12T09:15:02.123456Z size=33 eol=lf
From: alice@example.com
Date: 12-03-2025
Hello Bob,
This is a test email.
===END_EMAIL=== crc32=b0aba0c9 via=my_smtp

"""

# What the original program writes: the first mail's last line has its newline, the second one's has not.
ORIGINAL = b"""===START_EMAIL===
From: alice@example.com
Date: 12-03-2025
Hello Bob,
===END_EMAIL===

===START_EMAIL===
From: charlie@example.com
Date: 13-03-2025
no newline at the end===END_EMAIL===

"""


def mail(
    body: Body = SPEC_BODY, sender: str = "alice@example.com", paths: Sequence[str] = (), via: str = "my_smtp"
) -> Message:
    """A mail of the spec's moment."""
    moment = datetime(2025, 3, 12, 9, 15, 2, 123456, tzinfo=UTC)
    return Message(Envelope(sender, tuple(paths)), body, moment, Trace(via=via))


def filed(store: TextFileStore, mailboxes: Sequence[str], message: Message) -> Sequence[int]:
    """Store a mail and have it written to its files at once, where others find it."""
    ids = store.append(mailboxes, message)
    store.flush()
    return ids


def scan(octets: bytes, cuts: Sequence[int] = ()) -> tuple[list[Record], list[Record]]:
    """Scan octets in pieces; return what is settled, and what the end of the file makes of the rest."""
    scanner = Scanner()
    settled: list[Row] = []
    edges = [0, *sorted(cuts), len(octets)]
    for start, end in pairwise(edges):
        settled += scanner.feed(octets[start:end])
    return [row.record() for row in settled], [row.record() for row in scanner.end()]


def put(path: Path, octets: bytes, age: float = 3600) -> None:
    """Make a file as someone else would, last changed `age` seconds ago."""
    path.write_bytes(octets)
    backdate(path, age)


def backdate(path: Path, age: float) -> None:
    """Make a file look as if it was last changed `age` seconds ago."""
    moment = datetime.now(UTC).timestamp() - age
    os.utime(path, (moment, moment))
