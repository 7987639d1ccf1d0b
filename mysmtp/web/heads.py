"""The head of a request, as RFC 9112 has it where gevent is lenient: line ends, field names, the target, and one way
only to say how long a request is (sections 2.2, 3.2, 5.1, 6.3). Knows no server and no page.
"""

import re
from typing import Any

LONGEST_HEAD = 32 * 1024
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ABSOLUTE = re.compile(r"(?i:http)://([^/?#]+)([/?][^#]*)?")


def read_head(stream: Any) -> bytes:
    """Return the header section of a request, its empty line too.

    Raises ValueError if it is too long, a line does not end in CR LF, a field is folded or has a bad name.
    """
    lines: list[bytes] = []
    size = 0
    while True:
        line: bytes = stream.readline(LONGEST_HEAD)
        size += len(line)
        if size > LONGEST_HEAD or len(lines) > 100:
            raise ValueError("the header section is too long")
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise ValueError("a header line does not end in CR LF")
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)
        name, colon, _ = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise ValueError("a header field has no proper name")


def split_target(target: str) -> tuple[str | None, str]:
    """Return the authority that a request's target names itself, None if it leaves that to Host, and its path.

    Raises ValueError for what is neither a path, nor ``*``, nor an http address (RFC 9112 section 3.2). Its octets come
    as Latin-1. All should be ASCII; UTF-8 is what people type who know no better, and anything else no page reads.
    """
    try:
        target.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise ValueError("the target is not UTF-8") from None
    if target.startswith("/") or target == "*":
        return None, target
    match = _ABSOLUTE.fullmatch(target)
    if not match:
        raise ValueError("the target is neither a path nor an address of this scheme")
    path = match[2] or "/"
    return match[1], path if path.startswith("/") else f"/{path}"


def check_framing(lengths: list[str] | None, encodings: list[str] | None) -> None:
    """Raise ValueError unless a request says at most once, and in one way, how long it is."""
    if encodings and (lengths or len(encodings) > 1 or encodings[0].strip().lower() != "chunked"):
        raise ValueError("Transfer-Encoding, and not just chunked")
    if lengths and (len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,18}", lengths[0].strip(" \t"), re.ASCII)):
        raise ValueError("Content-Length, and not one number")
