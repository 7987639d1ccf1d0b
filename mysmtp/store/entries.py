"""How what is known of a mailbox file lies in a catalogue: one row, pages of packed records, what is odd in words.

Blocks only to read the mailbox file. Whatever comes back from a catalogue is checked against sums that were made when
it was written: a database that was cut, mixed up or scribbled on yields ValueError, never a wrong mail.
"""

import json
import os
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mysmtp.store.columns import PAGE
from mysmtp.store.disk import signature
from mysmtp.store.index import Index
from mysmtp.store.known import Kept, Known, Recalled, crc_of
from mysmtp.store.record import Row

BoxRow = tuple[Any, ...]  # the values of table mailbox, in its order
COLUMNS = 15
SHIFT = 32  # a page's key: its mailbox's number, then 32 bits for its own


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written for one mailbox, after what was odd has been taken out if `was_odd`."""

    box: int
    row: BoxRow
    pages: Sequence[tuple[int, bytes]]
    odd: str
    was_odd: bool
    kept: Kept


def entry_of(index: Index, box: int, file: bytes, kept: Kept, descriptor: int) -> Entry:
    """Return what is new since `kept`; `descriptor` is the open mailbox file, -1 without. Raises OSError."""
    known, columns, now = index.known, index.known.columns, index.signature
    assert now is not None
    count = -(-len(columns) // PAGE)
    grown = range(kept.rows // PAGE, count) if kept.rows < len(columns) else ()
    numbers = sorted(kept.stale.union(grown))
    pages = [(number, columns.pack(number)) for number in numbers]
    sums = kept.sums[:count] + [0] * (count - len(kept.sums))
    for number, octets in pages:
        sums[number] = zlib.crc32(octets)
    odd = _odd_words(known)
    checked = kept.checked if kept.checked_to == known.resume else _checked(index, kept, descriptor)
    values = (
        box, file, str(now[0]), str(now[1]), now[2], now[3], known.resume, known.last_id, known.tail, checked,
        columns.mails, columns.octets, len(columns), _sum_of(sums, odd),
    )  # fmt: skip
    told = (checked, known.resume) if checked is not None else (0, 0)
    keeping = Kept(kept.place, box, now, len(columns), set(), sums, bool(odd), *told)
    keyed = [(box << SHIFT | number, octets) for number, octets in pages]
    return Entry(box, (*values, _check_of(values)), keyed, odd, kept.odd, keeping)


def recalled_from(row: BoxRow, pages: Sequence[bytes], odd: str, place: object) -> Recalled:
    """Return what was known of a mailbox file. Raises ValueError where anything is not as it was written."""
    *values, check = row
    if check != _check_of(tuple(values)):
        raise ValueError("a row is not as it was written")
    box, _, device, inode, size, changed, resume, last_id, tail, checked, mails, octets, rows, total = values
    sums = [zlib.crc32(page) for page in pages]
    if total != _sum_of(sums, odd):
        raise ValueError("pages are not as they were written")
    known = Known(resume=resume, last_id=last_id, tail=tail)
    told = json.loads(odd) if odd else {"notes": [], "strays": [], "open_end": []}
    known.columns.unpack(pages, rows, dict(told["notes"]))
    known.strays = [_row_from(each) for each in told["strays"]]
    known.open_end = [_row_from(each) for each in told["open_end"]]
    if (known.columns.mails, known.columns.octets) != (mails, octets):
        raise ValueError("totals do not agree")
    now = (int(device), int(inode), size, changed)
    upto = (checked, resume) if checked is not None else (0, 0)
    return Recalled(now, known, checked, Kept(place, box, now, rows, set(), sums, bool(odd), *upto))


def _checked(index: Index, kept: Kept, descriptor: int) -> int | None:
    """Go on with the CRC-32 of a file's settled octets; None when it is not the file that is indexed."""
    if descriptor < 0:
        return None
    checked = crc_of(descriptor, kept.checked_to, index.known.resume, kept.checked)
    return checked if signature(os.fstat(descriptor)) == index.signature else None


def _odd_words(known: Known) -> str:
    """Return what few records have and pages do not hold: notes, and records without an id or not settled."""
    notes = known.columns.notes()
    if not (notes or known.strays or known.open_end):
        return ""
    told = {"strays": known.strays, "open_end": known.open_end}
    rows = {name: [[*row[:6], row.text.decode("latin-1"), row.note] for row in some] for name, some in told.items()}
    return json.dumps({"notes": list(notes.items()), **rows})


def _row_from(told: Sequence[Any]) -> Row:
    return Row._make((*told[:6], told[6].encode("latin-1"), told[7]))


def _sum_of(sums: Sequence[int], odd: str) -> int:
    return zlib.crc32(odd.encode(), zlib.crc32(array("Q", sums).tobytes()))


def _check_of(values: tuple[Any, ...]) -> int:
    return zlib.crc32(repr(values).encode())
