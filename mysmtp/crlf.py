"""A mail in lines that end with CR LF, as POP3 sends every mail (RFC 1939 section 11). Pure."""

from collections.abc import Iterable, Iterator


def in_crlf_lines(body: bytes) -> bytes:
    """Return a mail with CR LF for each LF that stands alone, and for a last line end that is missing.

    A mail whose lines end with CR LF is returned as it is.
    """
    if body.count(b"\n") != body.count(b"\r\n"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return body if not body or body.endswith(b"\n") else body + b"\r\n"


def crlf_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give what `in_crlf_lines` makes of all pieces together, piece by piece."""
    held, last = b"", b"\n"
    for piece in pieces:
        octets = held + piece
        held = b"\r" if octets.endswith(b"\r") else b""
        last = octets[-1:] or last
        yield octets[: len(octets) - len(held)].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield held if last == b"\n" else held + b"\r\n"


def size_in_crlf_lines(body: bytes) -> int:
    """Return the octets of `in_crlf_lines`."""
    alone = body.count(b"\n") - body.count(b"\r\n")
    return len(body) + alone + (2 if body and not body.endswith(b"\n") else 0)


def top_of(mail: bytes, lines: int) -> bytes:
    """Return the header of a mail in CR LF lines, the empty line after it, and so many lines more.

    A mail without an empty line, as My_SMTP may bring, is all header: it is returned whole.
    """
    if mail.startswith(b"\r\n"):
        end = 2
    else:
        end = mail.find(b"\r\n\r\n") + 4
        if end < 4 or lines >= mail.count(b"\n"):
            return mail
    for _ in range(lines):
        end = mail.find(b"\n", end) + 1
        if not end:
            return mail
    return mail[:end]
