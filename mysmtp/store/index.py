"""What is known of one mailbox file: its records in order, and where the next look at a file that grew begins.

Knows no locks: whoever calls holds the mailbox. `look` blocks on the disk; everything else is memory.
"""

import os
from collections.abc import Iterator
from itertools import chain

from mysmtp.store.disk import Signature, read_exactly, signature
from mysmtp.store.scan import Record, Scanner, Status

_CHUNK = 1 << 20
_TAIL = 256  # octets before the settled end that must be the same for a grown file to be trusted


class Index:
    """The records of one file, as of the last `look`."""

    def __init__(self) -> None:
        self.signature: Signature | None = None
        self.limit: int | None = None  # octets beyond this are a write that failed and could not be undone
        self._settled: dict[int, Record] = {}
        self._unnumbered: list[Record] = []
        self._open_end: list[Record] = []
        self._resume = 0
        self._last_id = 0
        self._tail = b""

    @property
    def size(self) -> int:
        """Octets of the file that are indexed."""
        return self.signature[2] if self.signature else 0

    @property
    def last_id(self) -> int:
        """The highest id given so far."""
        return max((record.id for record in self._open_end), default=0) or self._last_id

    @property
    def settled(self) -> bool:
        """Whether an append leaves every record as it is."""
        return not self._open_end and self._resume == self.size

    def find(self, mail_id: int) -> Record | None:
        """Return the record of an id, whatever its status."""
        found = self._settled.get(mail_id)
        return found or next((record for record in self._open_end if record.id == mail_id), None)

    def records(self) -> Iterator[Record]:
        """Give the records that have an id, by rising id."""
        return chain(self._settled.values(), (record for record in self._open_end if record.id))

    def damaged(self) -> Iterator[Record]:
        """Give what is damaged or unfinished, with or without an id, by place in the file."""
        wrong = (Status.DAMAGED, Status.UNFINISHED)
        records = chain(self._settled.values(), self._unnumbered, self._open_end)
        return iter(sorted((record for record in records if record.status in wrong), key=lambda each: each.start))

    def forget(self) -> None:
        """Trust nothing: the next look reads the whole file."""
        self.signature = None
        self._settled, self._unnumbered, self._open_end = {}, [], []
        self._resume = self._last_id = 0
        self._tail = b""

    def look(self, descriptor: int) -> list[Record]:
        """Follow what happened to the file; return the records that are new. Raises OSError."""
        now = signature(os.fstat(descriptor))
        if now == self.signature:
            return []
        if self.limit is not None and self.signature is not None:
            self.limit = None  # someone else has changed the file: what it holds is the truth again
            self.forget()
        if not self._grown(descriptor, now):
            self.forget()
        scanner = Scanner(self._resume, self._last_id)
        found: list[Record] = []
        end = now[2] if self.limit is None else min(now[2], self.limit)
        offset = self._resume
        while offset < end and (chunk := os.pread(descriptor, min(_CHUNK, end - offset), offset)):
            found += scanner.feed(chunk)
            offset += len(chunk)
        self._settle(found)
        self._resume, self._last_id = scanner.resume, scanner.last_id
        self._tail = self._read_tail(descriptor)
        self._open_end = scanner.end()
        self.signature = now
        return found + self._open_end

    def added(self, records: list[Record], now: Signature, tail: bytes) -> None:
        """Take in what this process has just written at the end of a settled file that now ends in `tail`."""
        self._settle(records)
        self._last_id = records[-1].id
        self._resume = now[2]
        self._tail = (self._tail + tail)[-_TAIL:]
        self.signature = now

    def remarked(self, records: list[Record], descriptor: int) -> None:
        """Take in that this process has overwritten the markers of these records. Raises OSError."""
        if any(record.id not in self._settled for record in records):
            self.forget()
            return
        self._settled.update((record.id, record) for record in records)
        self.signature = signature(os.fstat(descriptor))
        self._tail = self._read_tail(descriptor)

    def _settle(self, records: list[Record]) -> None:
        self._settled.update((record.id, record) for record in records if record.id)
        self._unnumbered += [record for record in records if not record.id]

    def _grown(self, descriptor: int, now: Signature) -> bool:
        """Tell whether the file is the one that is indexed, with more at its end."""
        was = self.signature
        return was is not None and now[:2] == was[:2] and now[2] > was[2] and self._tail == self._read_tail(descriptor)

    def _read_tail(self, descriptor: int) -> bytes:
        start = max(0, self._resume - _TAIL)
        return read_exactly(descriptor, self._resume - start, start)
