"""A tray for each mailbox: mails that are durable in the journal and not yet in the mailbox's file.

`waiting` is filled where mails are acknowledged and emptied where files are written, by two threads that share no
lock: each touches its own end only. Whatever blocks expects its caller to hold the mailbox.
"""

import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from mysmtp.errors import StoreFailed
from mysmtp.message import MailSummary, StoredMail
from mysmtp.store.disk import Disk, open_file, signature
from mysmtp.store.frame import read_frame, read_trace
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.names import cut_name
from mysmtp.store.write import Encoded, write_records


@dataclass(slots=True)  # not frozen: one is made for each mail, and nobody changes it
class Waiting:
    """One copy of a mail: the batch it became durable in, the id its mailbox was promised to give it."""

    number: int
    promised: int
    mail: Encoded


class Tray:
    """What waits to be written to one mailbox, and whether that file can be trusted with more."""

    def __init__(self, mailbox: Mailbox, name: str) -> None:
        self.mailbox = mailbox
        self.name = name
        self.waiting: deque[Waiting] = deque()
        self.fault: Exception | None = None  # why the file could not be written, or be brought to the disk
        self.unsure = False  # the disk failed to take the file: it takes no more until what it holds is verified
        self.empty = False  # the file was made for a mail that has not come yet
        self.doubtful = False  # the file may have what waits: a write has begun, and not come to all its ends
        self.full_name = cut_name(name)
        self._promised = 0  # the highest id promised
        self._open = 0  # promises of mails that are on their way into the journal

    @property
    def known(self) -> bool:
        """Whether ids can be promised without reading the file: nobody else has changed it."""
        if self.waiting:
            return True
        try:
            status = os.stat(self.mailbox.file, dir_fd=self.mailbox.folder.descriptor, follow_symlinks=False)
        except OSError:
            return False
        return signature(status) == self.mailbox.index.signature

    def forget(self) -> None:
        """Know nothing of the file: another folder stands in the place of ours."""
        self.fault, self.unsure = None, False
        self.mailbox.index.forget()

    def check(self) -> None:
        """Raise StoreFailed when this mailbox takes no mail now."""
        if self.fault is not None:
            raise StoreFailed from self.fault

    def promise(self) -> int:
        """Return the id the next mail will have, unless someone else writes to the file before it does.

        Every promise is followed by `lay` or `take_back`.
        """
        highest = self.mailbox.index.last_id
        self._promised = (max(self._promised, highest) if self._open or self.waiting else highest) + 1
        self._open += 1
        return self._promised

    def lay(self, number: int, promised: int, mail: Encoded) -> None:
        """Let a mail wait that became durable with this batch."""
        self.waiting.append(Waiting(number, promised, mail))
        self._open -= 1

    def take_back(self, promised: int) -> None:
        """Note that this promise came to nothing."""
        self._promised = min(self._promised, promised - 1)
        self._open -= 1

    def prepare(self) -> None:
        """Look at the file, made if it is not there: what cannot be written is found out before anything is promised.

        Raises StoreFailed.
        """
        folder, file = self.mailbox.folder.descriptor, self.mailbox.file
        try:
            try:
                descriptor = open_file(folder, file, os.O_RDWR | os.O_APPEND)
            except FileNotFoundError:
                descriptor = self.mailbox.folder.make(file)
                self.empty = True
            try:
                self.mailbox.look(descriptor)
            finally:
                os.close(descriptor)
        except OSError as fault:
            raise StoreFailed from fault

    def write(self, disk: Disk) -> int | None:
        """Write what waits to the file; return the octets of the bodies, None when nothing did.

        Raises OSError, StoreFailed: it then waits on.
        """
        batch = list(self.waiting)
        if not batch:
            self._unmake()
            self._trust()
            return None
        self.doubtful = True
        try:
            write_records(self.mailbox, disk, [each.mail for each in batch], self.full_name)
        except Exception as fault:
            self.fault = fault
            raise
        self.empty = False
        for _ in batch:
            self.waiting.popleft()
        self._trust()
        return sum(each.mail.size for each in batch)

    def _trust(self) -> None:
        if not self.unsure:
            self.fault = None

    def summaries(self) -> Sequence[MailSummary]:
        """Return what waits: when it cannot be written now it is read from here."""
        return [each.mail.summary(each.promised) for each in tuple(self.waiting)]

    def read(self, mail_id: int) -> StoredMail | None:
        """Return a mail that waits under this id."""
        octets = self.record(mail_id)
        if octets is None:
            return None
        frame = read_frame(octets)
        envelope, trace = read_trace(frame) or (None, None)
        return StoredMail(frame.summary(mail_id), frame.body, envelope, trace, frame.crc)

    def record(self, mail_id: int) -> bytes | None:
        """Return the record of a mail that waits under this id."""
        found = (bytes(each.mail.record(mail_id)) for each in tuple(self.waiting) if each.promised == mail_id)
        return next((octets[:-1] for octets in found), None)

    def _unmake(self) -> None:
        """Take away the empty file that was made for a mail which was then refused, or has not come yet."""
        if not self.empty:
            return
        self.empty = False
        folder, file = self.mailbox.folder.descriptor, self.mailbox.file
        with suppress(OSError):
            if os.stat(file, dir_fd=folder, follow_symlinks=False).st_size == 0:
                os.unlink(file, dir_fd=folder)
                self.mailbox.index.forget()
