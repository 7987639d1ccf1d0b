"""A maildrop (RFC 1939): the mails of a mailbox as they were when a client logged in, numbered from 1 on.

Numbers, sizes and unique ids, and what is marked as deleted. Knows the store, and no words of the protocol. All is made
as it is asked for, some mails at a time, and each time the store is asked others go on: a mailbox may be large.
"""

import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from mysmtp.contracts import MessageStore, Spooling, Surveyed
from mysmtp.crlf import in_crlf_lines, size_in_crlf_lines
from mysmtp.errors import DamagedMail, NoSuchMail, NoSuchMailbox
from mysmtp.message import MailSummary
from mysmtp.protocol.reply import LARGE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MANY = 256  # mails that are measured one by one before the store is asked for more


class Maildrop:
    """The mails of `mailbox`, as they are now. Raises StoreFailed.

    A mailbox that does not exist is an empty maildrop, as it is for a mail program that looks before the first mail
    came: in a sandbox every address is good, and a mailbox begins with its first mail. No file is made for it.
    """

    def __init__(self, store: MessageStore, mailbox: str) -> None:
        self.mailbox = mailbox
        self._store = store
        self._mails: Sequence[MailSummary] = ()
        self._sizes: array[int] | None = None  # of all mails, once all were asked for
        self._marked: dict[int, MailSummary] = {}
        try:
            self._mails = store.list(mailbox)
        except NoSuchMailbox:
            return

    def __len__(self) -> int:
        """Return how many mails are there and not marked."""
        return len(self._mails) - len(self._marked)

    @property
    def octets(self) -> int:
        """The octets of the mails that are not marked, as RETR sends them."""
        sizes = self._all_sizes()
        return sum(sizes) - sum(sizes[number - 1] for number in self._marked)

    def scan_listings(self) -> bytes:
        """Return a line for each mail that is not marked: its number and its size (RFC 1939 section 5)."""
        marked, sizes = frozenset(self._marked), self._all_sizes()

        def lines() -> bytes:
            return b"".join(b"%d %d\r\n" % pair for pair in enumerate(sizes, 1) if pair[0] not in marked)

        return self._mails.away(lines) if isinstance(self._mails, Surveyed) else lines()

    def size(self, number: int) -> int:
        """Return the octets of a mail as RETR sends it. Raises NoSuchMail."""
        mail = self._find(number)
        return self._sizes[number - 1] if self._sizes else self._size(mail)

    def unique_ids(self) -> Iterator[tuple[int, str]]:
        """Give number and unique id of each mail that is not marked."""
        marked = self._marked
        for number, (mail_id, arrived, size) in enumerate(_stamps(self._mails), 1):
            if number not in marked:
                known = arrived is not None
                yield number, f"{mail_id}.{arrived:x}.{size:x}" if known else self._unique_id(self._mails[number - 1])

    def unique_id(self, number: int) -> str:
        """Return the unique id of a mail. Raises NoSuchMail."""
        return self._unique_id(self._find(number))

    def read(self, number: int) -> bytes:
        """Return a mail in CR LF lines. Raises NoSuchMail, DamagedMail, StoreFailed."""
        return in_crlf_lines(self._body(self._find(number)))

    def pour(
        self, number: int, through: Callable[[Iterator[bytes]], Iterator[bytes]], head: Callable[[MailSummary], bytes]
    ) -> memoryview | None:
        """Return a large mail as `contracts.Spooling.pour` does, None for one that is to be read.

        Raises NoSuchMail, StoreFailed.
        """
        mail = self._find(number)
        if mail.size < LARGE or not isinstance(self._store, Spooling):
            return None
        try:
            found = self._store.pour(self.mailbox, mail.id, through, head)
        except NoSuchMailbox:
            raise NoSuchMail(self.mailbox, mail.id) from None
        return found[1] if found and _identity(found[0]) == _identity(mail) else None

    def mark(self, number: int) -> None:
        """Mark a mail as deleted. Raises NoSuchMail, also where it is marked."""
        self._marked[number] = self._find(number)

    def unmark(self) -> None:
        """Take back every mark."""
        self._marked.clear()

    def remove_marked(self) -> Sequence[int]:
        """Delete what is marked, unless it was gone already or is another mail now; return the ids. Raises StoreFailed.

        Another mail may have its id where somebody removed the mailbox's file and it was begun anew.
        """
        marked = {mail.id: _identity(mail) for mail in self._marked.values()}
        if not marked:
            return ()
        try:
            now = self._store.list(self.mailbox)
            here = [at for at, (mail_id, *_) in enumerate(_stamps(now)) if mail_id in marked]
            ids = [mail.id for mail in map(now.__getitem__, here) if marked[mail.id] == _identity(mail)]
            return self._store.delete(self.mailbox, ids) if ids else ()
        except NoSuchMailbox:
            return ()

    def _find(self, number: int) -> MailSummary:
        if not 0 < number <= len(self._mails) or number in self._marked:
            raise NoSuchMail(self.mailbox, number)
        return self._mails[number - 1]

    def _body(self, mail: MailSummary) -> bytes:
        try:
            stored = self._store.read(self.mailbox, mail.id)
        except NoSuchMailbox:
            raise NoSuchMail(self.mailbox, mail.id) from None
        if _identity(stored.summary) != _identity(mail):
            raise NoSuchMail(self.mailbox, mail.id)
        return stored.body

    def _all_sizes(self) -> "array[int]":
        """Return the octets of every mail, marked or not."""
        if self._sizes is None:
            sizes = array("q", self._mails.sizes_in_lines() if isinstance(self._mails, Surveyed) else ())
            while len(sizes) < len(self._mails):
                sizes.extend(map(self._size, self._mails[len(sizes) : len(sizes) + _MANY]))
            self._sizes = sizes
        return self._sizes

    def _size(self, mail: MailSummary) -> int:
        """Return the octets of a mail as RETR sends it; of one that is gone or damaged by now, those it was kept in."""
        if len(mail.preview) == mail.size:
            return size_in_crlf_lines(mail.preview)
        try:
            return size_in_crlf_lines(self._body(mail))
        except (NoSuchMail, DamagedMail):
            return mail.size

    def _unique_id(self, mail: MailSummary) -> str:
        """Return what no other mail of this mailbox has, had or will have: up to 70 printable octets (section 7).

        The id is never given again by the mailbox's file; the rest tells apart the mails of two files of one name.
        """
        if mail.arrived is not None:
            return f"{mail.id}.{(mail.arrived - _EPOCH) // _MICROSECOND:x}.{mail.size:x}"
        try:
            return f"{mail.id}.c{zlib.crc32(self._body(mail)):08x}.{mail.size:x}"
        except (NoSuchMail, DamagedMail):
            return f"{mail.id}.gone.{mail.size:x}"


def _identity(mail: MailSummary) -> tuple[object, ...]:
    """Return what makes it this mail; its date may be that of the file, which changes."""
    return mail.id, mail.arrived, mail.size, mail.sender


def _stamps(mails: Sequence[MailSummary]) -> Iterator[tuple[int, int | None, int]]:
    """Give id, moment of arrival in microseconds since 1970 and size of each mail."""
    if isinstance(mails, Surveyed):
        yield from mails.stamps()
        return
    for mail in mails:
        yield mail.id, None if mail.arrived is None else (mail.arrived - _EPOCH) // _MICROSECOND, mail.size
