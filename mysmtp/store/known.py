"""What is known of a mailbox file, so that it can be kept beyond the process, and whether it is still true of a file.

Blocks only to read the file. Knows no catalogue and no mailbox.
"""

import os
import zlib
from dataclasses import dataclass, field

from mysmtp.store.columns import Columns
from mysmtp.store.disk import Signature
from mysmtp.store.record import Row

_CHUNK = 256 << 10


@dataclass(slots=True)
class Known:
    """What is known of one file, apart from its signature: all that an index needs to go on.

    `resume` is where the next look begins, `tail` the last octets before it, `last_id` the highest id before it;
    `strays` are settled records without an id, `open_end` those that more octets could still change.
    """

    columns: Columns = field(default_factory=Columns)
    strays: list[Row] = field(default_factory=list)
    open_end: list[Row] = field(default_factory=list)
    resume: int = 0
    last_id: int = 0
    tail: bytes = b""


@dataclass(slots=True)
class Kept:
    """What of an index lies in a catalogue: the first `rows` of it, but for the pages in `stale`.

    `sums` are the CRC-32 of its pages; `checked` is that of the file's octets before `checked_to`.
    """

    place: object = None  # the database; None: nowhere
    box: int = 0  # the mailbox's number there
    signature: Signature | None = None
    rows: int = 0
    stale: set[int] = field(default_factory=set)
    sums: list[int] = field(default_factory=list)
    odd: bool = False  # whether there is more than pages
    checked: int = 0
    checked_to: int = 0


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was known of a file that had this signature. `checked` is the CRC-32 of its octets before `resume`."""

    signature: Signature
    known: Known
    checked: int | None
    kept: Kept


def is_of(recalled: Recalled, descriptor: int, now: Signature) -> bool:
    """Tell whether what is recalled is true of an open file: it is as it was, or has only grown since."""
    was = recalled.signature
    if now == was:
        return True
    if recalled.checked is None or now[:2] != was[:2] or now[2] <= was[2]:
        return False
    return crc_of(descriptor, 0, recalled.known.resume, 0) == recalled.checked


def crc_of(descriptor: int, start: int, end: int, crc: int) -> int:
    """Go on from a CRC-32 with the octets from `start` up to, not with, `end`. Raises OSError."""
    while start < end and (chunk := os.pread(descriptor, min(_CHUNK, end - start), start)):
        crc = zlib.crc32(chunk, crc)
        start += len(chunk)
    return crc
