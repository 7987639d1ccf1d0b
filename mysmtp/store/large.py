"""A large mail encoded into a file without a name instead of memory: what `textformat.draft` is to any other.

Pure but for that file. Reads a body piece by piece, whatever its lines are like, and never has much of it in memory.
"""

import mmap
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mysmtp.message import MailSummary, Message, Spooled
from mysmtp.store.quoting import quoted
from mysmtp.store.spool import nameless, put_at, read_by_steps
from mysmtp.store.textformat import PREVIEW, START, Outline, escape, outline

_ROOM = 64  # octets before a record in its file, for its marker and its number
_ROOM_AFTER = 64 << 10  # and after it, for the full name of its mailbox


class Streamed:
    """One record under one number, in pieces that are read as they are asked for."""

    def __init__(self, draft: "LargeDraft", head: bytes, tail: bytes) -> None:
        self._draft = draft
        self._head = head
        self._tail = tail

    def __len__(self) -> int:
        return len(self._head) + self._draft.length + len(self._tail)

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Give the record, piece by piece. Blocks. Raises OSError."""
        yield self._head
        yield from read_by_steps(self._draft.descriptor, _ROOM, _ROOM + self._draft.length)
        yield self._tail

    def end(self, octets: int) -> bytes:
        """Return its last octets, so many at most."""
        length = self._draft.length
        start = max(0, length - octets)
        return (b"".join(read_by_steps(self._draft.descriptor, _ROOM + start, _ROOM + length)) + self._tail)[-octets:]

    def whole(self) -> memoryview:
        """Return the record as one piece that takes no memory, to be handed to the system and not to be looked at.

        (Where the disk fails, the system says so; a look would end the process.)
        """
        start, end = _ROOM - len(self._head), _ROOM + self._draft.length
        mapped = mmap.mmap(self._draft.descriptor, end + _ROOM_AFTER, flags=mmap.MAP_PRIVATE)  # what is put in is ours
        mapped[start:_ROOM] = self._head
        mapped[end : end + len(self._tail)] = self._tail
        return memoryview(mapped)[start : end + len(self._tail)]


@dataclass(slots=True)
class LargeDraft:
    """A large mail encoded but for what its mailbox adds (`textformat.Draft`); its file is gone when it is."""

    outline: Outline
    size: int
    preview: bytes
    descriptor: int = field(repr=False)
    length: int

    @property
    def held(self) -> int:
        """What tells of it is in memory; its lines are in the file."""
        return len(self.outline.first) + len(self.outline.last) + len(self.preview)

    def __del__(self) -> None:
        os.close(self.descriptor)

    def record(self, mail_id: int, full_name: str = "") -> Streamed:
        """Return the record, blank line after it and all; `full_name` only where the file's name is abbreviated."""
        to = b" to=" + escape(full_name) if full_name else b""
        return Streamed(self, b"%b id=%d" % (START, mail_id), to + b"\n\n")

    def summary(self, mail_id: int) -> MailSummary:
        """Return what a list shows of it, as if it had been read back."""
        told = self.outline
        return MailSummary(mail_id, told.sender, told.date, told.arrived, self.size, self.preview)


def large_draft(message: Message, body: Spooled, folder: int) -> LargeDraft:
    """Encode a mail whose body is spooled into a file in an open folder. Blocks. Raises OSError."""
    found = _Look(body.pieces())
    crlf = 0 < found.lfs == found.line_ends
    is_open = bool(body) and not found.ends_line
    how = (b" eol=crlf" if crlf else b" eol=lf") + (b" open=1" if is_open else b"")
    told = outline(message, len(body), how, found.crc)
    lines = quoted(_with_lf(body.pieces()) if crlf else body.pieces())
    descriptor = nameless(folder)
    try:
        at = _ROOM + put_at(descriptor, told.first, _ROOM)
        for piece in lines:
            at += put_at(descriptor, piece, at)
        at += put_at(descriptor, (b"\n" if is_open else b"") + told.last, at)
        os.ftruncate(descriptor, at + _ROOM_AFTER)
    except BaseException:
        os.close(descriptor)
        raise
    return LargeDraft(told, len(body), found.first[:PREVIEW], descriptor, at - _ROOM)


class _Look:
    """What must be known of all of a body before it can be encoded."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.crc = self.lfs = self.line_ends = 0
        self.first, last = b"", b""
        for piece in pieces:
            if len(self.first) < PREVIEW:
                self.first += piece[:PREVIEW]
            self.crc = zlib.crc32(piece, self.crc)
            self.lfs += piece.count(b"\n")
            self.line_ends += piece.count(b"\r\n") + (last == b"\r" and piece.startswith(b"\n"))
            last = piece[-1:]
        self.ends_line = last == b"\n"


def _with_lf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give octets with LF for each CR LF, however they are cut."""
    held = b""
    for piece in pieces:
        octets = held + piece
        held = b"\r" if octets.endswith(b"\r") else b""
        yield octets[: len(octets) - len(held)].replace(b"\r\n", b"\n")
    yield held
