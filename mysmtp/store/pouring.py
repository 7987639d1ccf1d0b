"""A large mail on its way out, piece by piece: from its record into a file without a name, changed as it goes.

So that who reads slowly, or not at all, costs no memory. Blocks; the caller holds the mailbox. Only records that lie
there just as this project writes them are read so; any other is to be read as a whole.
"""

import errno
import mmap
import os
import re
import resource
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from mysmtp.message import MailSummary, StoredMail
from mysmtp.store import fetching
from mysmtp.store.beginning import last_line
from mysmtp.store.disk import read_exactly
from mysmtp.store.frame import checksum
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.quoting import unquoted
from mysmtp.store.record import KNOWN, OWN, Row, Status
from mysmtp.store.spool import nameless, put_at, read_by_steps

Through = Callable[[Iterator[bytes]], Iterator[bytes]]
Head = Callable[[MailSummary], bytes]

_ROOM = 8 << 10  # octets for what is put before all others once these have gone through
_MOST = 200  # mails that may be on their way out at once: each has a descriptor
_FEW = 8  # of these in memory, where the disk has no room: mail can be fetched from a full disk, to be deleted there
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_HEAD = re.compile(rb"===START_EMAIL===[^\n]* size=(\d{1,18}) eol=(lf|crlf)( open=1)?\nFrom: [^\n]*\nDate: [^\n]*\n")
_HEADS = 16 << 10  # octets that hold any head


class Pouring:
    """Counts what is on its way out."""

    def __init__(self) -> None:
        self._under_way = {False: 0, True: 0}  # on the disk, in memory
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = _MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // 8)  # the others are for mailboxes

    def pour(
        self, mailbox: Mailbox, mail_id: int, through: Through, head: Head
    ) -> tuple[MailSummary, memoryview] | None:
        """Return a mail as `through` changes it, behind what `head` then returns, as one piece that takes no memory.

        None where its record is to be read as a whole. Raises NoSuchMailbox, StoreFailed.
        """
        with mailbox.opened(os.O_RDONLY) as descriptor:
            row = mailbox.index.row(mail_id)
            if row is None or row.flags != int(Status.MAIL) | KNOWN | OWN:
                return None
            if sum(self._under_way.values()) >= self._most:
                raise OSError(errno.EMFILE, "too many large mails are being read")
            pour = partial(self._pour, descriptor, row, through, head)
            try:
                try:
                    return pour(nameless(mailbox.folder.descriptor))
                except OSError as fault:
                    if fault.errno not in _NO_ROOM or self._under_way[True] >= _FEW:
                        raise
                    return pour(os.memfd_create("mail"), in_memory=True)
            except ValueError:  # it does not lie there as it should: found out, and told, by whoever reads all of it
                return None

    def fetch(
        self, mailbox: Mailbox, mail_id: int, least: int, through: Through, head: Head
    ) -> StoredMail | memoryview:
        """Return a mail as `pour` does where it is known to have so many octets at least, else all of it.

        Raises NoSuchMailbox, NoSuchMail, DamagedMail, StoreFailed.
        """
        row = mailbox.index.row(mail_id)
        found = self.pour(mailbox, mail_id, through, head) if row is not None and row.size >= least else None
        return found[1] if found else fetching.read(mailbox, mail_id)

    def _pour(
        self, descriptor: int, row: Row, through: Through, head: Head, file: int, in_memory: bool = False
    ) -> tuple[MailSummary, memoryview]:
        """Pour a mail into a file, which is closed. Raises OSError, ValueError."""
        try:
            end = _ROOM
            for piece in through(body_pieces(descriptor, row)):
                end += put_at(file, piece, end)
            summary = row.summary()
            assert summary is not None
            first = head(summary)
            start = _ROOM - put_at(file, first, _ROOM - len(first))
            mapped = mmap.mmap(file, end, prot=mmap.PROT_READ)
        finally:
            os.close(file)
        self._under_way[in_memory] += 1
        weakref.finalize(mapped, self._is_out, in_memory)
        return summary, memoryview(mapped)[start:]

    def _is_out(self, in_memory: bool) -> None:
        self._under_way[in_memory] -= 1


def body_pieces(descriptor: int, row: Row) -> Iterator[bytes]:
    """Give the body of a mail, piece by piece; raise ValueError where, in the end, it is not what its record says."""
    head = _HEAD.match(read_exactly(descriptor, min(_HEADS, row.end - row.start), row.start))
    last = last_line(descriptor, row)
    told = checksum(last)
    if head is None or told is None or int(head[1]) != row.size:
        raise ValueError("not as this project writes it")
    eol = b"\r\n" if head[2] == b"crlf" else b"\n"
    lines = unquoted(read_by_steps(descriptor, row.start + head.end(), row.end - len(last)))
    if eol != b"\n":
        lines = (piece.replace(b"\n", eol) for piece in lines)
    crc = size = 0
    for piece in _without_end(lines, len(eol)) if head[3] else lines:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        yield piece
    if (size, f"{crc:08x}") != (row.size, told):
        raise ValueError("its size or checksum is wrong")


def _without_end(pieces: Iterable[bytes], octets: int) -> Iterator[bytes]:
    """Give all but the last octets."""
    held = b""
    for piece in pieces:
        held += piece
        yield held[:-octets]
        held = held[-octets:]
