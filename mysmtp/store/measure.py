"""How many octets mails have in lines that end with CR LF (`mysmtp.crlf`), counted in one sweep through their file.

Blocks. A record that lies in the file just as this project writes it is not taken apart for that; any other is.
"""

import re
from itertools import islice

from mysmtp.crlf import size_in_crlf_lines
from mysmtp.store.columns import Columns
from mysmtp.store.disk import read_exactly
from mysmtp.store.frame import read_frame
from mysmtp.store.record import KNOWN
from mysmtp.store.textformat import END

_STEP = 4 << 20  # octets that are read at once, but for a larger mail
_MANY = 4096  # records that are measured at once: others wait for the mailbox meanwhile
_HEAD = re.compile(
    rb"===(?:START|GONE_)_EMAIL===[^\n]* size=(\d{1,18}) eol=(lf|crlf)( open=1)?\nFrom: [^\n]*\nDate: [^\n]*\n"
)
_LAST = b"\n" + END


def measure(columns: Columns, descriptor: int) -> bool:
    """Measure some mails more of an open file, in their order; tell whether none is left. Raises OSError."""
    first = len(columns.in_lines)
    spans = list(islice(columns.spans(first, _STEP), _MANY))
    if not spans:
        return True
    base, end = spans[0][0], spans[-1][1]
    octets = read_exactly(descriptor, end - base, base)
    columns.in_lines.extend([_measured(octets, start - base, end - base, size) if flags & KNOWN else 0
                             for start, end, flags, size in spans])  # fmt: skip
    return len(columns.in_lines) == len(columns)


def _measured(octets: bytes, start: int, end: int, size: int) -> int:
    """Return the octets in lines of the mail of `size` octets whose record is `octets[start:end]`."""
    head = _HEAD.match(octets, start, end)
    last = octets.rfind(_LAST, head.end() - 1, end) if head else -1
    if head is None or last < 0 or int(head[1]) != size:
        frame = read_frame(octets[start:end])
        return size if frame.fault else size_in_crlf_lines(frame.body)
    is_open = head[3] is not None
    if head[2] == b"crlf":
        return size + 2 * is_open
    lines = head.end(), last + 1 - is_open  # of an open mail, the last LF is the file's
    return size + octets.count(b"\n", *lines) - octets.count(b"\r\n", *lines) + 2 * is_open
