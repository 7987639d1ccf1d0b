"""The mbox format, the kind called mboxrd (RFC 4155 and the manual page mbox(5)): any number of mails in one file.

A mail begins with a From_ line, ``From alice@example.com Wed Mar 12 09:15:02 2025`` (UTC), and ends with an empty line.
A line of it that looks like one, quoted or not, has one ``>`` more. Streams: no more than one mail is in memory.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from typing import BinaryIO

NULL = "MAILER-DAEMON"  # what stands for the null sender
_PIECE = 64 << 10  # octets of a line that are read at once
_STEP = 1 << 20  # octets that are written at once, and the rest of their last line
_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb">+From ")
_LONGEST_FROM = 1000  # octets of a From_ line; what is longer is none, and looking for a date in it would take long
_FROM = re.compile(rb"From [^\n]*\d{1,2}:\d{2}[^\n]*\d{4}\b[^\n]*\n?\Z")
_DATED = re.compile(rb"From +(.*\S) +((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b[^\r\n]*)")
_UNDATED = re.compile(rb"From +(\S+)")
_ZONE_BEFORE_YEAR = re.compile(r" ([+-]\d{4}|[A-Z]{3,4}) (\d{4})$")
_UNPRINTABLE = re.compile(rb"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail of an mbox: what its From_ line says (None: nothing to go by), and where that line begins in the file.

    `body` is None when it is larger than allowed. `end` is where what was read of the file ends.
    """

    sender: str | None
    arrived: datetime | None
    body: bytes | None
    start: int
    end: int


def is_mbox(beginning: bytes) -> bool:
    """Tell whether a file that begins so is an mbox."""
    return beginning.startswith(b"From ")


def from_line(sender: str, arrived: datetime) -> bytes:
    """Return a From_ line."""
    octets = sender.encode("utf-8", "surrogateescape")
    plain = _UNPRINTABLE.sub(lambda found: found[0] if found[0] == b" " else b"?", octets).strip()
    moment = arrived.astimezone(UTC)
    return b"From %b %b\n" % (plain or NULL.encode(), moment.ctime().encode())


def entry_of(sender: str, arrived: datetime, body: bytes) -> Iterator[bytes]:
    """Give a mail as it stands in an mbox, in pieces: its lines end with LF, the last one too."""
    yield from_line(sender, arrived)
    at = 0
    while at < len(body):
        end = body.find(b"\n", at + _STEP) + 1 or len(body)
        yield _QUOTE.sub(rb">\1", body[at:end].replace(b"\r\n", b"\n"))
        at = end
    yield b"\n" if not body or body.endswith(b"\n") else b"\n\n"


def read_from_line(line: bytes) -> tuple[str | None, datetime | None]:
    """Return sender and moment of a From_ line, None for what it does not tell."""
    line = line[:_LONGEST_FROM]
    found = _DATED.match(line) or _UNDATED.match(line)
    word = found[1].decode("utf-8", "surrogateescape") if found else ""
    date = found[2].decode("ascii", "replace").strip() if found and found.re is _DATED else ""
    if word == NULL:
        return "", _moment(date)
    if "@" not in word or word.endswith("@xxx"):  # Gmail's exports have a number at xxx
        return None, _moment(date)
    return word, _moment(date)


def _moment(date: str) -> datetime | None:
    told = parsedate_tz(_ZONE_BEFORE_YEAR.sub(r" \2 \1", date))
    try:
        return datetime.fromtimestamp(mktime_tz(told), UTC) if told else None
    except (ValueError, OverflowError):
        return None


def read(stream: BinaryIO, largest: int) -> Iterator[Entry]:
    """Give the mails of an mbox, which begins with a From_ line."""
    reader = _Reader(largest)
    after_newline = True
    while piece := stream.readline(_PIECE):
        if after_newline and reader.begins(piece):
            if reader.under_way:
                yield reader.entry()
            reader.begin(piece)
        else:
            reader.add(piece, after_newline)
        after_newline = piece.endswith(b"\n")
    if reader.under_way:
        yield reader.entry()


class _Reader:
    """One mail while its lines come."""

    def __init__(self, largest: int) -> None:
        self.under_way = False
        self._largest = largest
        self._line = b""
        self._lines: list[bytes] = []
        self._size = 0
        self._start = self._at = 0
        self._empty_before = True

    def begins(self, piece: bytes) -> bool:
        """Tell whether a line is a From_ line: after an empty line only, and with a time and a year in it."""
        if not piece.startswith(b"From ") or not self._empty_before:
            return False
        return not self.under_way or (len(piece) <= _LONGEST_FROM and _FROM.match(piece) is not None)

    def begin(self, piece: bytes) -> None:
        self.under_way = True
        self._line, self._lines, self._size, self._start = piece, [], 0, self._at
        self._at += len(piece)
        self._empty_before = False

    def add(self, piece: bytes, after_newline: bool) -> None:
        self._at += len(piece)
        self._empty_before = after_newline and piece in (b"\n", b"\r\n")
        self._size += len(piece)
        if self._size <= self._largest + 2:  # the empty line at the end is not counted
            self._lines.append(piece[1:] if after_newline and _QUOTED.match(piece) else piece)
        else:
            self._lines = []

    def entry(self) -> Entry:
        if self._empty_before and self._lines:
            self._size -= len(self._lines.pop())
        sender, arrived = read_from_line(self._line)
        body = b"".join(self._lines) if self._size <= self._largest else None
        return Entry(sender, arrived, body, self._start, self._at)
