"""The beginning of a large mail, and what its record says of it, without having all of it in memory. Blocks."""

import zlib

from mysmtp.store.disk import read_exactly
from mysmtp.store.frame import Frame, checksum, previewed, read_preview
from mysmtp.store.record import OWN, Row, moment
from mysmtp.store.spool import read_by_steps

_LINE = 64 << 10  # octets at the end of a record that hold its END line, as a rule
_HEAD = 4096  # and before its body


def read_beginning(descriptor: int, row: Row, most: int) -> Frame | None:
    """Return what a record says, with the first octets of its body, `most` of them; None if another one lies there.

    Its checksum was found right when the file was looked at. Raises OSError.
    """
    size = min(row.end - row.start, _HEAD + previewed(most))
    body = read_preview(read_exactly(descriptor, size, row.start), row.text, bool(row.flags & OWN), row.size, most)
    if not body:
        return None
    sender, _, date = row.text.decode("utf-8", "surrogateescape").partition("\n")
    last = last_line(descriptor, row)
    crc = checksum(last) if row.flags & OWN else None
    return Frame("", row.id, sender, date, moment(row.arrived), body, crc, last)


def print_of(descriptor: int, row: Row) -> int:
    """Return the CRC-32 of a record as it lies in the file. Raises OSError."""
    crc = 0
    for piece in read_by_steps(descriptor, row.start, row.end):
        crc = zlib.crc32(piece, crc)
    return crc


def last_line(descriptor: int, row: Row) -> bytes:
    """Return the END line of a record. Raises OSError."""
    length = row.end - row.start
    size = min(_LINE, length)
    while True:
        octets = read_exactly(descriptor, size, row.end - size)
        at = octets.rfind(b"\n", 0, len(octets) - 1) + 1
        if at or size == length:
            return octets[at:]
        size = min(2 * size, length)
