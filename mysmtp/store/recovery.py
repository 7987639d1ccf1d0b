"""What the journal has and a mailbox file has not: found out after a crash, and after the disk failed to take a file.

Blocks; the caller holds the mailbox. Doing it twice changes nothing more. A mail is known again by all of its record
but the number, up to the checksum, among the records from the promised number on: so it is found under whatever number
it got, and also when it was deleted since. A mail whose record is gone from the file is written again, unless the
caller knows that it had been written: then someone took it away.
"""

import logging
import os
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from mysmtp.message import MailSummary
from mysmtp.store.disk import Disk, open_file, put, read_exactly, write_all
from mysmtp.store.frame import read_frame
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.scan import Record, Status
from mysmtp.store.segment import Batch
from mysmtp.store.textformat import END, START, escape
from mysmtp.store.tray import Tray, Waiting
from mysmtp.text import visible

log = logging.getLogger(__name__)

_UNNUMBERED = START + b" id=0 "
_CHECKSUM = END + b" crc32="
_NUMBER = re.compile(rb" *[^ ]* ")


@dataclass(frozen=True, slots=True)
class Journaled:
    """A mail as the journal has it: its record under the id 0."""

    octets: bytes

    @property
    def held(self) -> int:
        """All of it is in memory."""
        return len(self.octets)

    @property
    def size(self) -> int:
        """Octets of the record, which is near enough to those of the body."""
        return len(self.octets)

    def record(self, mail_id: int, full_name: str = "") -> bytes:
        """Return the record under this id; `full_name` only where the file's name is abbreviated."""
        to = b" to=" + escape(full_name) if full_name else b""
        return b"%b id=%d %b%b\n\n" % (START, mail_id, self.octets[len(_UNNUMBERED) : -2], to)

    def summary(self, mail_id: int) -> MailSummary:
        """Return what a list shows of it."""
        return read_frame(self.octets).summary(mail_id)


def by_mailbox(batches: Iterable[Batch]) -> Mapping[str, Sequence[Waiting]]:
    """Return the mails of these batches for each mailbox, in their order."""
    found: dict[str, list[Waiting]] = {}
    for batch in batches:
        for entry in batch.entries:
            mail = Journaled(bytes(entry.record))
            for mailbox, promised in entry.copies:
                found.setdefault(mailbox, []).append(Waiting(batch.number, promised, mail))
    return found


def recover(tray: Tray, disk: Disk, mails: Sequence[Waiting], over: bool = False) -> None:
    """Let wait in the tray what of these mails its file lacks. With `over`, what it has is written over itself.

    A record that was cut off in the middle of its write is completed. Raises OSError.
    """
    waiting = {(each.number, each.promised) for each in tray.waiting}
    mails = [each for each in mails if (each.number, each.promised) not in waiting]
    if not mails:
        return
    try:
        descriptor = open_file(tray.mailbox.folder.descriptor, tray.mailbox.file, os.O_RDWR)
    except FileNotFoundError:
        tray.mailbox.index.forget()
        tray.waiting.extendleft(reversed(mails))
        return
    try:
        tray.mailbox.index.forget()
        tray.mailbox.look(descriptor)
        _compare(tray, disk, descriptor, mails, over)
    finally:
        os.close(descriptor)


def take_out(tray: Tray) -> int:
    """Take out of a tray what its file has already, from the oldest on; return the octets. Raises OSError."""
    mails = tuple(tray.waiting)
    if not mails:
        return 0
    try:
        descriptor = open_file(tray.mailbox.folder.descriptor, tray.mailbox.file, os.O_RDONLY)
    except FileNotFoundError:
        return 0
    octets = 0
    try:
        tray.mailbox.look(descriptor)
        there = _there(tray.mailbox, descriptor, min(each.promised for each in mails))
        for each in mails:  # one write has them all or none, so the first that is missing has none behind it
            places = there.get(_essence(bytes(each.mail.record(0))))
            if not places:
                break
            places.popleft()
            octets += tray.waiting.popleft().mail.size
    finally:
        os.close(descriptor)
    return octets


def _compare(tray: Tray, disk: Disk, descriptor: int, mails: Sequence[Waiting], over: bool) -> None:
    there = _there(tray.mailbox, descriptor, min(each.promised for each in mails))
    missing: list[Waiting] = []
    for each in mails:
        places = there.get(_essence(bytes(each.mail.record(0))))
        if not places:
            missing.append(each)
            continue
        record = places.popleft()
        if over:
            put(disk, descriptor, read_exactly(descriptor, record.end - record.start, record.start), record.start)
        _complete(tray, disk, descriptor, each, record)
    torn = next((each for each in tray.mailbox.index.damaged() if each.status is Status.UNFINISHED), None)
    if missing and torn and _complete(tray, disk, descriptor, missing[0], torn):
        del missing[0]
    if missing:
        log.warning("%s: %d mails are written again from the journal", visible(tray.mailbox.file), len(missing))
    tray.waiting.extendleft(reversed(missing))


def _there(mailbox: Mailbox, descriptor: int, first: int) -> dict[bytes, deque[Record]]:
    """Return where the whole records lie from the id `first` on, by their essence: one at a time is in memory."""
    found: dict[bytes, deque[Record]] = {}
    for mail_id in range(first, mailbox.index.last_id + 1):
        record = mailbox.index.find(mail_id)
        if record is not None and record.status in (Status.MAIL, Status.GONE):
            octets = read_exactly(descriptor, record.end - record.start, record.start)
            found.setdefault(_essence(octets), deque()).append(record)
    return found


def _essence(record: bytes) -> bytes:
    """Return a digest of a record without its marker and number, up to its checksum: what follows it may be torn."""
    number = _NUMBER.match(record, len(START))
    start = number.end() if number else len(record)
    end = record.rfind(_CHECKSUM, start)
    view, told = memoryview(record), end + len(_CHECKSUM)
    if end < 0:
        end = told = start
    digest = sha256(view[start:end])
    digest.update(view[told : told + 8])
    return digest.digest()


def _complete(tray: Tray, disk: Disk, descriptor: int, mail: Waiting, record: Record) -> bool:
    """Write the rest of a record that the end of the file cuts off; tell whether it was so."""
    left = os.fstat(descriptor).st_size - record.start
    whole = bytes(mail.mail.record(record.id or mail.promised, tray.full_name))
    if left >= len(whole):
        return False
    there = read_exactly(descriptor, left, record.start)
    if not whole.startswith(there):
        return False
    os.lseek(descriptor, 0, os.SEEK_END)
    write_all(disk, descriptor, whole[len(there) :])
    tray.mailbox.index.forget()
    return True
