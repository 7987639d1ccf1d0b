"""Text outside of records: passed over, unless it looks like a record whose marker line is torn.

Pure; `Scanner` tells where records begin and end.
"""

import re

from mysmtp.store.textformat import END, GONE, START
from mysmtp.store.window import Window

_BLANK_LINES = re.compile(rb"(?:[ \t\r]*\n)*")
_INK = re.compile(rb"[^ \t\r\n]")
_TORN = (b"===S", b"===E", b"===G")


class Stray:
    """What lies between two records. Blank lines are nothing; `start` is where text began, None where there is none.

    Nothing before `rest` is waited for, outside of records.
    """

    def __init__(self, rest: int) -> None:
        self.start: int | None = None
        self.rest = rest
        self._head = b""

    @property
    def resume(self) -> int:
        """Where a later look can start."""
        return self.rest if self.start is None else self.start

    def leave(self, rest: int) -> None:
        """A record, or something like one, ends at `rest`."""
        self.start, self.rest = None, rest

    def note(self, window: Window, until: int) -> None:
        """Notice text before `until`, a place in the file."""
        octets, base = window.octets, window.base
        at = until - base
        if self.start is not None and self.start >= until:
            self.start = None  # what seemed text was a marker that had not come whole
        if self.start is None:
            blank = _BLANK_LINES.match(octets, self.rest - base, at)
            self.rest = base + blank.end() if blank else self.rest
            if _INK.search(octets, self.rest - base, at):
                self.start = self.rest
                self._head = b""
        if self.start is not None and self.start >= base and len(self._head) < len(START):
            self._head = bytes(octets[self.start - base : min(self.start - base + len(START), at)])

    def is_torn(self) -> bool:
        """Tell whether it begins with what was a marker, or may become one."""
        line = self._head.split(b"\n", 1)[0]
        return line.startswith((*_TORN, b"\0")) or any(marker.startswith(line) for marker in (START, END, GONE))
