"""A message given as lines up to a lone dot: finds its end, takes off the dots put before lines, minds the limit.

Works on whole pieces, not line by line, so that a message of a million short lines costs no more than any other. Any
cut of the octets into pieces gives the same message (docs/protocol.md, DATA; RFC 5321 section 4.5.2).
"""

_LONGEST_END = b"\n.\r\n"


class DottedContent:
    """Collects one message. `feed` until it returns what follows the message; then `body` holds the message.

    Lines end with LF; a lone dot, with LF or CR LF after it, ends the message. Past `limit` octets `body` is None.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = -1  # the LF that stands for the line start before the first line is not counted
        self._held = b"\n"

    def feed(self, data: bytes) -> bytes | None:
        """Take more octets; return None while the message goes on, else the octets after its end."""
        buffer = self._held + data
        ends = [at for at in (buffer.find(b"\n.\n"), buffer.find(b"\n.\r\n")) if at >= 0]
        if ends:
            end = min(ends)
            self._take(buffer[: end + 1])
            return buffer[buffer.index(b"\n", end + 1) + 1 :]
        held = _length_of_possible_end(buffer)
        self._take(buffer[: len(buffer) - held])
        self._held = buffer[len(buffer) - held :]
        return None

    @property
    def body(self) -> bytes | None:
        """The message, None if it was too large and thrown away."""
        return None if self._size > self._limit else b"".join(self._pieces)[1:]

    def _take(self, piece: bytes) -> None:
        plain = piece.replace(b"\n.", b"\n")  # no piece ends between an LF and the dot after it
        self._size += len(plain)
        if self._size > self._limit:
            self._pieces.clear()
        else:
            self._pieces.append(plain)


def _length_of_possible_end(buffer: bytes) -> int:
    """Return how many of the last octets could be the beginning of an end."""
    return next((n for n in (3, 2, 1) if buffer.endswith(_LONGEST_END[:n])), 0)
