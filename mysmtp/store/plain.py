"""The short way through records that lie in the file just as this project writes them.

Pure. Whatever is odd about a record, its first octet of difference ends the short way, and `scan` goes on the long one;
both read the same records (tests/store/test_plain.py). For where time went: docs/performance.md.
"""

import re
import zlib
from datetime import UTC, datetime, timedelta
from functools import partial

from mysmtp.store.record import KNOWN, OWN, Row, Status
from mysmtp.store.textformat import CORE, END, GONE, START

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HEAD = re.compile(
    rb"\n?(%b|%b) id=(\d{1,18}) at=([0-9T:.-]{26}Z) size=(\d{1,18}) eol=(lf|crlf)( open=1)?\n" % (START, GONE)
    + rb"From: ([^\r\n]+\nDate: [^\r\n]+)\n"
)
_LAST = re.compile(rb"%b crc32=([0-9a-f]{8})(?: [^\n]*)?\n" % END)
_BEFORE_CORE = len(END) - len(CORE)
_EOLS = {b"lf": b"\n", b"crlf": b"\r\n"}
_LF = 0x0A
_DATE = b"\nDate: "
_FLAGS = {START: Status.MAIL | KNOWN | OWN, GONE: Status.GONE | KNOWN | OWN}
_row = partial(tuple.__new__, Row)  # what Row() does, without what that costs


def read_rows(octets: bytearray, at: int, base: int, last_id: int, rows: list[Row]) -> tuple[int, int]:
    """Add the records from `at` on to `rows`, up to the first that is not plain or not whole; `at` begins a line.

    `base` is the place of the first of these octets in the file. Return where it ends, and the last id.
    """
    while head := _HEAD.match(octets, at):
        marker, told_id, moment, size, eol, is_open, headers = head.groups()
        mail_id, lines_at = int(told_id), head.end()
        last_at = octets.find(CORE, lines_at) - _BEFORE_CORE
        last = _LAST.match(octets, last_at) if last_at >= lines_at else None
        if not last or mail_id <= last_id or octets[last_at - 1] != _LF:
            break
        body = octets[lines_at:last_at]
        if eol == b"crlf":
            body = body.replace(b"\n", b"\r\n")
        if is_open:
            body = body.removesuffix(_EOLS[eol])
        if len(body) != int(size) or zlib.crc32(body) != int(last[1], 16):
            break
        try:
            arrived = (datetime.fromisoformat(moment.decode()) - _EPOCH) // _MICROSECOND
        except ValueError:
            break
        start, at = head.start(1), last.end()
        rows.append(
            _row(
                (
                    mail_id,
                    base + start,
                    base + at,
                    _FLAGS[marker],
                    len(body),
                    arrived,
                    headers.replace(_DATE, b"\n"),
                    "",
                )
            )
        )
        last_id = mail_id
    return at, last_id
