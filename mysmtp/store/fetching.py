"""Reading mails out of a mailbox file by their ids.

What lies where the index says is compared with what the index knows; when it is something else the whole file is looked
at, and read again. Blocks; the caller holds the mailbox.
"""

import os
import zlib
from collections.abc import Sequence
from dataclasses import replace

from mysmtp.errors import DamagedMail, NoSuchMail
from mysmtp.message import MailSummary, Place, StoredMail
from mysmtp.store.beginning import print_of, read_beginning
from mysmtp.store.disk import read_exactly
from mysmtp.store.frame import Frame, read_frame, read_trace
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.record import LISTED, Record, Status
from mysmtp.store.textformat import START


def read(mailbox: Mailbox, mail_id: int) -> StoredMail:
    """Return one mail. Raises NoSuchMailbox, NoSuchMail, DamagedMail, StoreFailed."""
    with mailbox.opened(os.O_RDONLY) as descriptor:
        return _stored(mailbox, descriptor, mail_id)[0]


def read_some(mailbox: Mailbox, mail_ids: Sequence[int], octets: int) -> list[tuple[StoredMail, int] | None]:
    """Return mails, each with the CRC-32 of its record, None for those that are gone or damaged.

    Ends early once bodies of so many octets were read; of one that is larger by itself only so much is read. Raises
    NoSuchMailbox, StoreFailed.
    """
    found: list[tuple[StoredMail, int] | None] = []
    room = octets
    with mailbox.opened(os.O_RDONLY) as descriptor:
        for mail_id in mail_ids:
            try:
                found.append(_begun(mailbox, descriptor, mail_id, octets))
            except (NoSuchMail, DamagedMail):
                found.append(None)
                continue
            room -= len(found[-1][0].body) if found[-1] else 0
            if room <= 0:
                break
    return found


def prints(mailbox: Mailbox, mail_ids: Sequence[int]) -> dict[int, int]:
    """Return the CRC-32 of the records of mails as they lie in the file. Raises NoSuchMailbox, StoreFailed."""
    with mailbox.opened(os.O_RDONLY) as descriptor:
        rows = (mailbox.index.row(mail_id) for mail_id in mail_ids)
        return {row.id: print_of(descriptor, row) for row in rows if row is not None and row.flags in LISTED}


def record(mailbox: Mailbox, mail_id: int) -> bytes:
    """Return a record as it lies in the file. Raises NoSuchMailbox, NoSuchMail, StoreFailed."""
    with mailbox.opened(os.O_RDONLY) as descriptor:
        return _fetch(mailbox, descriptor, mail_id)[1]


def _begun(mailbox: Mailbox, descriptor: int, mail_id: int, most: int) -> tuple[StoredMail, int]:
    """Return a mail, of a large one the first octets, with the CRC-32 of its record. Raises as `_stored` does."""
    row = mailbox.index.row(mail_id)
    frame = None
    if row is not None and row.size > most and row.flags in LISTED:
        frame = read_beginning(descriptor, row, most)
    if row is None or frame is None:
        mail, octets = _stored(mailbox, descriptor, mail_id)
        return mail, zlib.crc32(octets)
    summary = replace(frame.summary(mail_id), size=row.size)
    return _made(mailbox, frame, summary, mailbox.place(row.record())), print_of(descriptor, row)


def _stored(mailbox: Mailbox, descriptor: int, mail_id: int) -> tuple[StoredMail, bytes]:
    """Return a mail and its record. Raises NoSuchMail, DamagedMail, OSError."""
    found, octets, frame = _fetch(mailbox, descriptor, mail_id)
    if frame is None:
        raise DamagedMail(mailbox.name, mail_id)
    return _made(mailbox, frame, frame.summary(mail_id), mailbox.place(found)), octets


def _made(mailbox: Mailbox, frame: Frame, summary: MailSummary, place: Place) -> StoredMail:
    """Return a mail from what its record says."""
    envelope, trace = read_trace(frame) or (None, None)
    row = mailbox.index.row(summary.id)
    seen = row is not None and mailbox.seen.has(row)
    summary = replace(summary, date=summary.date or mailbox.undated(), seen=seen)
    return StoredMail(summary, frame.body, envelope, trace, frame.crc, place)


def _fetch(mailbox: Mailbox, descriptor: int, mail_id: int) -> tuple[Record, bytes, Frame | None]:
    """Read a record that is no deleted one; when it is not as indexed, look at the whole file and read it again.

    What it says is None where it is no mail.
    """
    for again in (True, False):
        found = mailbox.index.find(mail_id)
        if found is None or found.status is Status.GONE:
            raise NoSuchMail(mailbox.name, mail_id)
        if found.status is Status.UNFINISHED and mailbox.pending():
            raise NoSuchMail(mailbox.name, mail_id)
        octets = read_exactly(descriptor, found.end - found.start, found.start)
        frame = read_frame(octets) if found.status is Status.MAIL else None
        if frame is None or _is_as_indexed(found, octets, frame):
            return found, octets, frame
        if again:
            mailbox.index.forget()
            mailbox.look(descriptor)
    raise DamagedMail(mailbox.name, mail_id)


def _is_as_indexed(found: Record, octets: bytes, frame: Frame) -> bool:
    shown = replace(frame.summary(found.id), preview=b"")
    return octets.startswith(START) and not frame.fault and shown == found.summary
