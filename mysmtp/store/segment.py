"""The octets of a journal: batches of entries, each batch with its number and a checksum. Pure.

A journal is a set of files of fixed length that are written round and round, so a batch is followed by zeros, or by
what is left of an older one: by whatever a client had sent then. `serial` counts every time a file is begun anew, in a
way that no client can foretell (`serial_after`), `number` every batch. Reading a file
stops at the first octets that are not the next batch of the same serial. Where two files hold a batch of the same
number, the greater serial counts: the other one's sync had failed, and its mails were refused.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mysmtp.store.large import Streamed

_MAGIC = b"mySJ"
_HEAD = struct.Struct("<4sIQQI")  # magic, checksum of all that follows it, serial, number, octets of the entries
_COUNT = struct.Struct("<I")
_COPY = struct.Struct("<QI")  # the id that was promised, octets of the mailbox's name
HEAD_SIZE = _HEAD.size


@dataclass(slots=True)  # not frozen: one is made for each mail, and nobody changes it
class Entry:
    """One mail: for each copy its mailbox and the id that was promised there; and the record, under the id 0."""

    copies: tuple[tuple[str, int], ...]
    record: bytes | Streamed


@dataclass(frozen=True, slots=True)
class Batch:
    """The mails that were made durable together."""

    serial: int
    number: int
    entries: tuple[Entry, ...]


def serial_after(serial: int, secret: int) -> int:
    """Return the serial of the next file: a greater one, of whose lower half nobody knows who has not been told.

    `secret` is a number of 32 bits. So nothing that was put into a file before can be taken for a batch of this round.
    """
    return (((serial >> 32) + 1) << 32) | secret


def payload_of(entries: Iterable[Entry]) -> Sequence[bytes | Streamed]:
    """Return the entries of a batch as pieces to be written one behind the other; the records are not copied."""
    pieces: list[bytes | Streamed] = []
    for entry in entries:
        pieces.append(_COUNT.pack(len(entry.copies)))
        for mailbox, promised in entry.copies:
            name = mailbox.encode("utf-8", "surrogateescape")
            pieces += (_COPY.pack(promised, len(name)), name)
        pieces += (_COUNT.pack(len(entry.record)), entry.record)
    return pieces


def pack(serial: int, number: int, payload: Sequence[bytes]) -> bytes:
    """Return a batch as it is written, from its pieces (`payload_of`). A batch may be large: it is copied once."""
    return b"".join((head_of(serial, number, sum(map(len, payload)), payload), *payload))


def head_of(serial: int, number: int, size: int, payload: Iterable[bytes]) -> bytes:
    """Return what stands before the payload of a batch, which is of `size` octets. Goes through all of it once."""
    rest = _HEAD.pack(_MAGIC, 0, serial, number, size)[8:]
    checksum = zlib.crc32(rest)
    for piece in payload:
        checksum = zlib.crc32(piece, checksum)
    return b"".join((_MAGIC, _COUNT.pack(checksum), rest))


def unpack(octets: bytes) -> Iterator[Batch]:
    """Give the batches of a journal file, in order, up to the first octets that are no further batch of it."""
    view, at, before = memoryview(octets), 0, None
    while (batch := _read(view, at)) is not None:
        found, at = batch
        if before and (found.serial, found.number) != (before.serial, before.number + 1):
            return
        yield found
        before = found


def current(batches: Iterable[Batch], after: int) -> Sequence[Batch]:
    """Return the batches that count, by number, without those up to `after`."""
    by_number: dict[int, Batch] = {}
    for batch in sorted(batches, key=lambda each: each.serial):
        if batch.number > after:
            by_number[batch.number] = batch
    return [by_number[number] for number in sorted(by_number)]


def _read(view: memoryview, at: int) -> tuple[Batch, int] | None:
    start = at + HEAD_SIZE
    if start > len(view):
        return None
    magic, checksum, serial, number, size = _HEAD.unpack_from(view, at)
    payload = view[start : start + size]
    if magic != _MAGIC or len(payload) != size or zlib.crc32(payload, zlib.crc32(view[at + 8 : start])) != checksum:
        return None
    try:
        return Batch(serial, number, tuple(_entries(bytes(payload)))), start + size
    except ValueError:
        return None


def _entries(payload: bytes) -> Iterator[Entry]:
    """Give the entries in a payload. Raises ValueError where it is no list of them."""
    at = 0

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        if at > len(payload):
            raise ValueError("an entry is cut off")
        return payload[at - size : at]

    def take_count() -> int:
        return int(_COUNT.unpack(take(_COUNT.size))[0])

    while at < len(payload):
        copies = []
        for _ in range(take_count()):
            promised, length = _COPY.unpack(take(_COPY.size))
            copies.append((take(length).decode("utf-8", "surrogateescape"), promised))
        yield Entry(tuple(copies), take(take_count()))
