"""The dot rule, once (RFC 5321 section 4.5.2, RFC 1939 section 3): lines between two programs, ended by a lone dot.

Lines here end with LF; a CR before it is content.
"""

from collections.abc import Iterable, Iterator

END = b".\n"


def stuff(body: bytes) -> bytes:
    """Return `body` with one more dot before every line that begins with one, and a last LF if it lacks one.

    An empty body stays empty: it has no lines.
    """
    if body and not body.endswith(b"\n"):
        body += b"\n"
    if b"." not in body:  # one octet is looked for twenty times as fast as several
        return body
    if body.startswith(b"."):
        body = b"." + body
    return body.replace(b"\n.", b"\n..")


def ended(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give all pieces, and a last LF if they lack one."""
    last = b"\n"
    for piece in pieces:
        last = piece[-1:] or last
        yield piece
    if last != b"\n":
        yield b"\n"


def stuffed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give what `stuff` makes of all pieces together, which end with LF, piece by piece."""
    begins = True  # whether the next octet begins a line
    for piece in pieces:
        if piece:
            yield (b"." if begins and piece.startswith(b".") else b"") + piece.replace(b"\n.", b"\n..")
            begins = piece.endswith(b"\n")
