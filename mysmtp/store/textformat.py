"""Records to bytes: the markers of a mailbox file, the attributes on their lines, and how a mail is written.

Pure: bytes in, bytes out. Follows docs/protocol.md, The mailbox file. Knows no files; `frame` and `scan` read.
"""

import re
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from mysmtp.message import MailSummary, Message, Parameters

START = b"===START_EMAIL==="
END = b"===END_EMAIL==="
GONE = b"===GONE__EMAIL==="
CORE = b"_EMAIL==="  # what all three share: one fast search finds every candidate
MOST_NAMED = 16 << 10  # octets of the recipients that one record names
_FEW = 8  # recipients that are named whatever their length
_STEP = 64 << 10
PREVIEW = 200  # octets of a body that an index keeps

_MARKED = re.compile(rb"^(>*===(?:START_EMAIL|END_EMAIL|GONE__EMAIL)===)", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*===(?:START_EMAIL|END_EMAIL|GONE__EMAIL)===)", re.MULTILINE)
_UNSAFE = re.compile(rb"[\x00-\x20\x7f%=]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_ATTRIBUTE = re.compile(rb" ([^ =\r\n]+)=([^ \r\n]*)")


def quote(lines: bytes) -> bytes:
    """Put one more `>` before each line that looks like a marker, quoted or not."""
    if b"=" not in lines or CORE not in lines:  # one octet is looked for twenty times as fast as several
        return lines
    return _by_steps(_MARKED, rb">\1", lines)


def unquote(lines: bytes) -> bytes:
    """Take back what `quote` put."""
    return _by_steps(_QUOTED, rb"\1", lines) if CORE in lines else lines


def _by_steps(pattern: re.Pattern[bytes], change: bytes, lines: bytes) -> bytes:
    """Substitute in steps that end at a line's end: one long substitution would hold every thread up."""
    pieces, start = [], 0
    while start < len(lines):
        end = lines.find(b"\n", start + _STEP) + 1 or len(lines)
        pieces.append(pattern.sub(change, lines[start:end]))
        start = end
    return b"".join(pieces)


def escape(text: str) -> bytes:
    """Return an attribute's value as it stands in the file: no space, `=`, `%` or control octet is left in it."""
    if text.isprintable() and " " not in text and "%" not in text and "=" not in text:  # as nearly all are
        return text.encode()
    return _UNSAFE.sub(_in_hex, _octets(text))


def _in_hex(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]


def unescape(value: bytes) -> str:
    """Return the text of an attribute's value; octets that are not UTF-8 stand as lone surrogates."""
    if b"%" in value:
        value = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), value)
    return value.decode("utf-8", "surrogateescape")


def attributes(line: bytes) -> list[tuple[bytes, bytes]]:
    """Return keys and (still escaped) values of what follows a marker on its line; keys may repeat."""
    return _ATTRIBUTE.findall(line)


def local_date(moment: datetime) -> str:
    """Return the day of an aware moment in this machine's time zone, dd-mm-yyyy."""
    return _day_of_minute(int(moment.timestamp() // 60), time.tzname)


@lru_cache(maxsize=4)
def _day_of_minute(minute: int, _zone: tuple[str, str]) -> str:
    """Return the local day of a minute since 1970: no zone of this century changes its day within one."""
    here = datetime.fromtimestamp(minute * 60, UTC).astimezone()
    return f"{here.day:02}-{here.month:02}-{here.year:04}"


@dataclass(slots=True)  # not frozen, which would cost a microsecond for each mail; nobody changes one
class Draft:
    """A mail encoded but for what its mailbox adds: make one for each mail, call `record` for each copy."""

    sender: str
    date: str
    arrived: datetime
    size: int
    preview: bytes
    _middle: bytes
    _last: bytes

    @property
    def held(self) -> int:
        """All of it is in memory."""
        return len(self._middle) + len(self._last)

    def record(self, mail_id: int, full_name: str = "") -> bytes:
        """Return the record, blank line after it and all; `full_name` only where the file's name is abbreviated."""
        to = b" to=" + escape(full_name) if full_name else b""
        return b"%b id=%d%b%b%b\n\n" % (START, mail_id, self._middle, self._last, to)

    def summary(self, mail_id: int) -> MailSummary:
        """Return what a list shows of it, as if it had been read back."""
        return MailSummary(mail_id, self.sender, self.date, self.arrived, self.size, self.preview)


@dataclass(slots=True)
class Outline:
    """What a record tells of a mail: what a list shows, all that stands before its lines, and its END line."""

    sender: str
    date: str
    arrived: datetime
    first: bytes
    last: bytes


def draft(message: Message) -> Draft:
    """Encode a mail that is in memory."""
    body = message.body
    assert isinstance(body, bytes)
    lines, how = _lines(body)
    told = outline(message, len(body), how, zlib.crc32(body))
    return Draft(told.sender, told.date, told.arrived, len(body), body[:PREVIEW], told.first + lines, told.last)


def outline(message: Message, size: int, how: bytes, crc: int) -> Outline:
    """Return what a record tells of a mail. Its START line stays short; all that has no bound stands on the END line.

    `how` are the attributes that tell how to get the body back from its lines.
    """
    moment = message.arrived if message.arrived.tzinfo is UTC else message.arrived.astimezone(UTC)
    path = message.envelope.reverse_path
    plain = path.isprintable() and path != ""
    sender = path.encode() if plain else _sender(path)
    date = local_date(moment)
    at = moment.isoformat(timespec="microseconds")[: -len("+00:00")]
    first = b" at=%bZ size=%d%b\nFrom: %b\nDate: %b\n" % (at.encode(), size, how, sender, date.encode())
    last = b"%b crc32=%08x%b" % (END, crc, _known(message))
    return Outline(path if plain else sender.decode("utf-8", "surrogateescape"), date, moment, first, last)


def _sender(path: str) -> bytes:
    """Return a sender as it stands on the From line: anything but what would end the line."""
    if path.isprintable():
        return path.encode() or b"<>"
    return _CONTROL.sub(_in_hex, _octets(path))


def _octets(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no octet
        return text.encode("utf-8", "replace")


def _lines(body: bytes) -> tuple[bytes, bytes]:
    """Return a body as lines of the file, and the attributes that tell how to get it back."""
    crlf = b"\r" in body and 0 < body.count(b"\n") == body.count(b"\r\n")
    how = b" eol=crlf" if crlf else b" eol=lf"
    lines = body.replace(b"\r\n", b"\n") if crlf else body
    if lines and not lines.endswith(b"\n"):
        lines += b"\n"
        how += b" open=1"
    return quote(lines), how


def _known(message: Message) -> bytes:
    trace = message.trace
    known = [_origin(trace.via, trace.peer, trace.session, trace.helo)]
    if trace.shape:
        known.append(b" shape=" + escape(trace.shape))
    if trace.tls or trace.user or trace.parameters:
        known += _parameters((("tls", trace.tls), ("user", trace.user), *trace.parameters))
    paths = [b" rcpt=" + escape(path) for path in message.envelope.forward_paths]
    if trace.rcpt_parameters:  # each stands behind its recipient
        of_paths = (b"".join(_parameters(each)) for each in trace.rcpt_parameters)
        paths = [path + of_path for path, of_path in zip(paths, of_paths, strict=True)]
    return b"".join(known + (paths if len(paths) < _FEW else _bounded(paths)))


def _bounded(paths: list[bytes]) -> list[bytes]:
    """Return those of many recipients that are named: every copy has them, so all copies would name them squared."""
    room, named = MOST_NAMED, 0
    while named < len(paths) and (room := room - len(paths[named])) >= 0:
        named += 1
    return paths if named == len(paths) else [*paths[:named], b" more=%d" % (len(paths) - named)]


@lru_cache(maxsize=1000)
def _origin(via: str, peer: str, session: int, helo: str) -> bytes:
    """Return what is known of a session: the same for all its mails."""
    told = (("via", via), ("peer", peer), ("session", str(session) if session else ""), ("helo", helo))
    return b"".join(_parameters(told))


def _parameters(parameters: Parameters) -> list[bytes]:
    return [b" %b=%b" % (key.encode("ascii"), escape(value)) for key, value in parameters if value]
