"""The proof that a rewritten mailbox file has all that was to stay, record by record, and that nothing else differs.

Blocks; reads both open files in steps.
"""

import hashlib
import os
from collections.abc import Iterator
from itertools import zip_longest

from mysmtp.store.record import Row, Status
from mysmtp.store.rows import NUMBER, first_line, is_deleted, is_frame, octets_by_steps, scan_by_steps


def prove(old: int, size: int, new: int) -> Iterator[int]:
    """Compare the first octets of an open file, `size` of them, with what they became; give the octets read meanwhile.

    Raises OSError where anything is different.
    """
    before, after = _Kept(old, size), _Kept(new, os.fstat(new).st_size)
    for here, there in zip_longest(before.rows(), after.rows()):
        if here is None or there is None or not _same(old, here, new, there):
            at = here.start if here else size
            raise OSError(f"what was rewritten is not what was there, from octet {at} on")
        yield there.end - there.start
    if (before.last_id, before.strays.digest()) != (after.last_id, after.strays.digest()):
        raise OSError("what was rewritten has lost an id, or stray text")


class _Kept:
    """The records of a file that a rewrite keeps, with all that lies between them as a digest."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._at = 0
        self.last_id = 0
        self.strays = hashlib.sha256()

    def rows(self) -> Iterator[Row]:
        """Give them in order, and have digested, by the end, what lies between them."""
        for rows, _ in scan_by_steps(self._descriptor, self._size):
            for row in rows:
                self.last_id = row.id or self.last_id
                self._between(row.start)
                self._at = row.end
                if not is_deleted(self._descriptor, row) and not is_frame(self._descriptor, row):
                    self.strays.update(b"\0%d" % row.id)
                    yield row
        self._between(self._size)

    def _between(self, upto: int) -> None:
        if upto > self._at + 1 or upto == self._size:  # one octet before a marker is a blank line
            for octets in octets_by_steps(self._descriptor, self._at, upto):
                self.strays.update(b"".join(octets.split()))


def _same(old: int, here: Row, new: int, there: Row) -> bool:
    """Tell whether a record of the new file is the one of the old file, but for a mail's number on its first line."""
    if here[0] != there[0] or here[3:7] != there[3:7]:
        return False
    skipped = [0, 0]
    if here.status is Status.MAIL:
        heads = [first_line(old, here), first_line(new, there)]
        if len({NUMBER.sub(b"", head, count=1).replace(b" ", b"") for head in heads}) > 1:
            return False
        skipped = [len(head) for head in heads]
    if here.end - here.start - skipped[0] != there.end - there.start - skipped[1]:
        return False
    before = octets_by_steps(old, here.start + skipped[0], here.end)
    after = octets_by_steps(new, there.start + skipped[1], there.end)
    return all(one == other for one, other in zip(before, after, strict=True))
