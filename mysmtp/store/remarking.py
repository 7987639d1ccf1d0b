"""Deleting mails, and undoing it: the marker of each record is overwritten in place, and the file synced once.

Nothing is overwritten but a marker that was seen to lie there just before; what fails halfway is put back. Blocks; the
caller holds the mailbox.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from mysmtp.errors import StoreFailed
from mysmtp.store.disk import Disk, read_exactly
from mysmtp.store.frame import claimed_id
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.record import Record, Status
from mysmtp.store.textformat import GONE, START

_FIRST_LINE = 1000  # octets that hold any START line of ours


def remark(mailbox: Mailbox, disk: Disk, mail_ids: Sequence[int], status: Status) -> Sequence[int]:
    """Give mails the marker of GONE, or of MAIL again, with one sync; return those that got it.

    Raises NoSuchMailbox, StoreFailed.
    """
    with mailbox.opened(os.O_RDWR) as descriptor:
        if mailbox.index.limit is not None:
            raise StoreFailed from OSError("an earlier write could not be undone")
        records = _to_remark(mailbox, descriptor, mail_ids, status)
        if records:
            mailbox.remarked += 1
            _overwrite(mailbox, disk, descriptor, records, status)
        return [record.id for record in records]


def _to_remark(mailbox: Mailbox, descriptor: int, mail_ids: Sequence[int], status: Status) -> list[Record]:
    """Return the records that can take the marker, each checked to lie where the index says."""
    was, marker = (Status.MAIL, START) if status is Status.GONE else (Status.GONE, GONE)
    for again in (True, False):
        found = [mailbox.index.find(mail_id) for mail_id in dict.fromkeys(mail_ids)]
        records = [each for each in found if each and each.status is was and each.summary]
        if all(_begins_with(descriptor, record, marker) for record in records):
            return records
        if again:
            mailbox.index.forget()
            mailbox.look(descriptor)
    raise StoreFailed from OSError("the file changes all the time")


def _begins_with(descriptor: int, record: Record, marker: bytes) -> bool:
    """Tell whether a record lies in the file with this marker and an id that can be its own."""
    first = read_exactly(descriptor, min(_FIRST_LINE, record.end - record.start), record.start).split(b"\n", 1)[0]
    return first.startswith(marker) and claimed_id(first) <= record.id


def _overwrite(mailbox: Mailbox, disk: Disk, descriptor: int, records: list[Record], status: Status) -> None:
    marker, was = (GONE, START) if status is Status.GONE else (START, GONE)
    try:
        for record in records:
            _put(disk, descriptor, marker, record.start)
        disk.sync(descriptor)
        mailbox.index.remarked([replace(record, status=status) for record in records], descriptor)
    except OSError:
        mailbox.index.forget()
        for record in records:
            with suppress(OSError):
                _put(disk, descriptor, was, record.start)
        raise


def _put(disk: Disk, descriptor: int, marker: bytes, offset: int) -> None:
    if disk.overwrite(descriptor, marker, offset) != len(marker):
        raise OSError("a marker was written in part")
