"""What a record of a mailbox file is: its place, its status, and what a list shows of it.

Pure, and without octets: a `Row` is the compact form that scanning yields and columns keep, a `Record` the one to use.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from mysmtp.message import MailSummary

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
NO_MOMENT = -(1 << 63)

STATUS = 0b0011  # the bits of a Row's flags that hold its Status
KNOWN = 0b0100  # there is a mail to show, or one that can come back
OWN = 0b1000  # it has this project's checksum, which was right


class Status(IntEnum):
    """What a record is: a mail, a deleted one, a damaged one, or the unfinished last one of a file."""

    MAIL = 0
    GONE = 1
    DAMAGED = 2
    UNFINISHED = 3


LISTED = (int(Status.MAIL) | KNOWN, int(Status.MAIL) | KNOWN | OWN)  # the flags of what a list shows


@dataclass(frozen=True, slots=True)
class Record:
    """One record: octets from `start` up to, not with, `end` of its file.

    `id` is 0 for stray text that has none. `summary` is there for mails, and for deleted ones that can come back; its
    preview is empty where it comes from an index, which keeps no bodies. `note` says, for the log, what is wrong.
    """

    start: int
    end: int
    id: int
    status: Status
    summary: MailSummary | None = None
    note: str = ""


class Row(NamedTuple):
    """A record in compact form.

    `arrived` counts microseconds since 1970 (UTC), NO_MOMENT where no moment is known; `text` is sender, LF, date as
    they stand in the file.
    """

    id: int
    start: int
    end: int
    flags: int
    size: int
    arrived: int
    text: bytes
    note: str = ""

    @property
    def status(self) -> Status:
        """What it is."""
        return Status(self.flags & STATUS)

    def summary(self, preview: bytes = b"", seen: bool = False) -> MailSummary | None:
        """Return the mail as a list shows it, None where there is nothing to show."""
        if not self.flags & KNOWN:
            return None
        sender, _, date = self.text.decode("utf-8", "surrogateescape").partition("\n")
        return MailSummary(self.id, sender, date, moment(self.arrived), self.size, preview, seen)

    def record(self) -> Record:
        """Return the record in the form to use."""
        return Record(self.start, self.end, self.id, self.status, self.summary(), self.note)


def row_of(record: Record, own: bool) -> Row:
    """Return the compact form of a record."""
    mail = record.summary
    if mail is None:
        return Row(record.id, record.start, record.end, record.status, 0, NO_MOMENT, b"", record.note)
    text = f"{mail.sender}\n{mail.date}".encode("utf-8", "surrogateescape")
    flags = record.status | KNOWN | (OWN if own else 0)
    return Row(record.id, record.start, record.end, flags, mail.size, microseconds(mail.arrived), text, record.note)


def microseconds(arrived: datetime | None) -> int:
    """Return an aware moment as a Row keeps it."""
    return NO_MOMENT if arrived is None else (arrived - _EPOCH) // _MICROSECOND


def moment(arrived: int) -> datetime | None:
    """Return the moment that a Row keeps, in UTC."""
    return None if arrived == NO_MOMENT else _EPOCH + timedelta(microseconds=arrived)
