"""The octets of a file that are being looked at: a window that moves on, and knows where lines begin and end in it.

Pure. Places are those in the window; `base` is that of its first octet in the file.
"""

_LF = 0x0A


class Window:
    """Begins at `base`, the start of a line."""

    def __init__(self, base: int) -> None:
        self.octets = bytearray()
        self.base = base
        self.final = False  # no more octets come
        self._line_start = True  # whether it begins where a line does

    @property
    def end(self) -> int:
        """Where in the file it ends."""
        return self.base + len(self.octets)

    def cut(self, start: int, end: int) -> bytes:
        """Return the octets between two places of the file."""
        return bytes(self.octets[start - self.base : end - self.base])

    def begins_line(self, at: int) -> bool:
        """Tell whether a line begins here."""
        return self.octets[at - 1] == _LF if at else self._line_start

    def line_end(self, at: int) -> int:
        """Return the place after the line's newline, 0 when it has not come."""
        return self.octets.find(b"\n", at) + 1 or (len(self.octets) if self.final else 0)

    def ends_line(self, at: int) -> int:
        """Return the place after the line when nothing but its end follows, -1 if not, 0 to wait."""
        after = bytes(self.octets[at : at + 2])
        if after.startswith(b"\n"):
            return at + 1
        if after == b"\r\n":
            return at + 2
        if after in (b"", b"\r"):
            return len(self.octets) if self.final else 0
        return -1

    def let_go(self, keep: int) -> None:
        """Drop what lies before a place of the file."""
        drop = keep - self.base
        if drop > 0:
            self._line_start = self.octets[drop - 1] == _LF
            del self.octets[:drop]
            self.base = keep
