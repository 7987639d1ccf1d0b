"""One record, from its START or GONE marker to its END line, back into a mail.

Pure, and strict with this project's records: size and checksum decide. Records of the original program, or written by
hand, are taken as they are. Where a record ends is not decided here but in `scan`.
"""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from mysmtp.message import Envelope, MailSummary, Parameters, Trace
from mysmtp.store.textformat import END, PREVIEW, START, attributes, unescape, unquote

LONGEST = 120  # octets of a START line's attributes
NOBODY = "<>"  # the sender of a mail that names none
_HEAD = re.compile(
    rb"===(?:START|GONE_)_EMAIL===([^\n]*)(?:\n|$)(?:From: ?([^\n]*)(?:\n|$))?(?:Date: ?([^\n]*)(?:\n|$))?"
)
_CRC = re.compile(rb"===END_EMAIL===(?:[^\n]*?) crc32=([0-9a-f]{8})(?=[ \r\n]|$)")
_SIZE = re.compile(rb" size=(\d{1,18})(?=[ \r\n]|$)")
_ID = re.compile(rb" id=(\d{1,18})(?=[ \r\n]|$)")
_OWN = re.compile(rb" (?:size|at|eol)=")
_REST = re.compile(rb"[^\n]*size=\d+ eol=(?:lf|crlf)(?: open=1)?\r?(?:\n|$)")
_OF_MAIL = ("body", "smtputf8", "ret", "envid", "auth")  # parameters of MAIL that are kept
_OF_RCPT = ("notify", "orcpt")  # and of RCPT
_EOLS = {b"lf": b"\n", b"crlf": b"\r\n"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a record says. `fault` is ``""`` for a whole record, else words for the log, and `body` is then empty.

    `id` is the one on its line (0: none). `sender` and `date` are ``""`` where the record has no such line. `crc` is
    None for records that are not this project's; `last` is the END line. `arrived` is in UTC.
    """

    fault: str
    id: int
    sender: str
    date: str
    arrived: datetime | None
    body: bytes
    crc: str | None
    last: bytes

    def summary(self, mail_id: int) -> MailSummary:
        """Return the mail as a list shows it."""
        sender = self.sender or NOBODY
        return MailSummary(mail_id, sender, self.date, self.arrived, len(self.body), self.body[:PREVIEW])


def claims(first: bytes, following: bytes) -> bool:
    """Tell whether a START line has attributes that only this project writes, even broken in two by a newline."""
    return _OWN.search(first) is not None or _REST.match(following[:LONGEST]) is not None


def claimed_size(first: bytes) -> int | None:
    """Return the size= of a START or GONE line; None for records of the original program."""
    found = _SIZE.search(first)
    return int(found[1]) if found else None


def claimed_id(first: bytes) -> int:
    """Return the id= of a START or GONE line, 0 without."""
    found = _ID.search(first)
    return int(found[1]) if found else 0


def checksum(last: bytes) -> str | None:
    """Return the crc32= of an END line, None without."""
    found = _CRC.match(last)
    return found[1].decode() if found else None


def body_start(octets: bytes | bytearray, start: int) -> int:
    """Return where the lines after the From and Date lines begin, in a record that begins at `start`."""
    found = _HEAD.match(octets, start)
    return found.end() if found else start


def has_headers(octets: bytes) -> bool:
    """Tell whether a record has both a From and a Date line."""
    found = _HEAD.match(octets)
    return found is not None and found[2] is not None and found[3] is not None


def read_frame(octets: bytes) -> Frame:
    """Read a whole record. Never raises: what is wrong with it is its `fault`."""
    head = _HEAD.match(octets)
    if head is None:
        return Frame("it does not begin with a marker", 0, "", "", None, b"", None, b"")
    first, sender, date = head.groups()
    last_at = octets.rfind(b"\n", 0, len(octets) - 1) + 1
    last = octets[last_at:]
    crc = checksum(last)
    size = claimed_size(first)
    if crc is not None and size is None and claims(first, octets[len(START) + len(first) + 1 :][:LONGEST]):
        return Frame("its START line is torn", 0, "", "", None, b"", None, last)
    if crc is not None and b"\0" in first:  # a power cut left a hole, and the next record's attributes behind it
        return Frame("its START line is torn", 0, "", "", None, b"", None, last)
    if crc is not None and size is not None:
        lines = octets[head.end() : last_at]
        fault, body = ("", b"") if sender is not None and date is not None else ("its From or Date line is gone", b"")
        if not fault:
            fault, body = _own_body(first, lines, size, crc)
    else:
        crc = None
        end = last_at if last.startswith(END) else octets.rfind(END)
        fault, body = ("", octets[head.end() : end]) if end >= head.end() else ("its END line is missing", b"")
    return Frame(fault, claimed_id(first), _text(sender), _text(date), _moment(first), body, crc, last)


def previewed(most: int) -> int:
    """Return how many octets of a body's lines hold its first `most`, whatever was quoted in them."""
    return 2 * most + 64


def read_preview(octets: bytes, headers: bytes, own: bool, size: int, most: int = PREVIEW) -> bytes:
    """Return the first octets, `most` of them, of a body of `size` octets.

    The record may be cut after `previewed(most)` octets of it. A record whose sender and date are not `headers`, two
    lines, is another one: nothing is returned.
    """
    head = _HEAD.match(octets)
    if head is None:
        return b""
    first, sender, date = head.groups()
    plainly = sender and date and sender + b"\n" + date == headers
    if not plainly and f"{_text(sender) or NOBODY}\n{_text(date)}".encode("utf-8", "surrogateescape") != headers:
        return b""
    lines = octets[head.end() : head.end() + previewed(most)]
    if own:
        lines = unquote(lines)
        if b"crlf" in first and dict(attributes(first)).get(b"eol") == b"crlf":
            lines = lines.replace(b"\n", b"\r\n")
    return lines[: min(size, most)]


def read_trace(frame: Frame) -> tuple[Envelope, Trace] | None:
    """Return the envelope of one of this project's records, and how it came in; None for any other."""
    if frame.crc is None:
        return None
    told = [(key.decode("ascii", "replace"), unescape(value)) for key, value in attributes(frame.last)]
    known = dict(reversed(told))
    paths, of_paths = _recipients(told)
    envelope = Envelope("" if frame.sender == "<>" else frame.sender, paths)
    trace = Trace(
        known.get("via", ""), _number(known.get("session", "")), known.get("peer", ""), known.get("helo", ""),
        known.get("shape", ""), known.get("tls", ""), known.get("user", ""),
        tuple((key, value) for key, value in told if key in _OF_MAIL),
        of_paths if any(of_paths) else (), _number(known.get("more", "")),
    )  # fmt: skip
    return envelope, trace


def _number(word: str) -> int:
    """Return the number that a word says, 0 for any other."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else 0


def _recipients(told: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[Parameters, ...]]:
    """Return the forward paths of an END line, and for each the parameters that stand behind it."""
    paths: list[str] = []
    parameters: list[Parameters] = []
    for key, value in told:
        if key == "rcpt":
            paths.append(value)
            parameters.append(())
        elif key in _OF_RCPT and parameters:
            parameters[-1] = (*parameters[-1], (key, value))
    return tuple(paths), tuple(parameters)


def full_name(last: bytes) -> str:
    """Return the mailbox's full name from an END line, ``""`` without."""
    return next((unescape(value) for key, value in attributes(last) if key == b"to"), "")


def _own_body(first: bytes, lines: bytes, size: int, crc: str) -> tuple[str, bytes]:
    told = dict(attributes(first))
    eol = _EOLS.get(told.get(b"eol", b"lf"))
    if eol is None:
        return "its eol= is unknown", b""
    body = unquote(lines)
    if eol == b"\r\n":
        body = body.replace(b"\n", eol)
    if told.get(b"open") == b"1":
        body = body.removesuffix(eol)
    if len(body) != size:
        return f"its size is {len(body)}, not {size}", b""
    if zlib.crc32(body) != int(crc, 16):
        return "its checksum is wrong", b""
    return "", body


def _text(value: bytes | None) -> str:
    return value.removesuffix(b"\r").decode("utf-8", "surrogateescape") if value else ""


def _moment(first: bytes) -> datetime | None:
    at = first.find(b" at=")
    if at < 0:
        return None
    try:
        moment = datetime.fromisoformat(first[at + 4 :].split(b" ", 1)[0].strip().decode("ascii"))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
