"""Transfer encodings that are not written as they should be, undone as far as they can be, step by step (`steps`).

What comes of them is what the standard library makes of the same octets, without its copies of all of them.
"""

import binascii
import re

from mysmtp.mime import steps

MOST_LINES = 1 << 20  # of uuencode: each takes a microsecond
_OTHERS = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_PADS = re.compile(rb"={3,}")
_BEGIN = re.compile(rb"(?:\A|(?<=[\r\n]))begin [0-7]+ [^\r\n]*(?:\r\n?|\n|\Z)")
_LINE = re.compile(rb"([^\r\n]{0,1000})(?:\r\n?|\n|\Z)")  # no line of uuencode is longer
_BLANK = b" \t\r\n\f"


def from_base64(octets: bytes) -> bytes:
    """Return octets with base64 undone: what is none is passed over, and all behind padding that ends it.

    A lone character at the end, which is too little for an octet, is passed over as well.
    """
    found, held = bytearray(), b""
    for at in range(0, len(octets), steps.STEP):
        plain, ended = _up_to_padding(held, octets[at : at + steps.STEP].translate(None, _OTHERS))
        whole = len(plain) if ended else len(plain) - len(plain) % 4
        held = plain[whole:]
        found += _undone(plain[:whole])
        if ended:
            return bytes(found)
    return bytes(found + _undone(held.partition(b"=")[0]))


def _up_to_padding(held: bytes, more: bytes) -> tuple[bytes, bool]:
    """Return base64 without signs of padding up to where such signs end it, and whether they do.

    They do so where they make a group of four whole; elsewhere they are passed over.
    """
    if b"=" not in held and b"=" not in more:
        return held + more, False
    words = _PADS.sub(b"==", held + more).split(b"=")
    size = 0
    for place, word in enumerate(words[:-1]):
        size += len(word)
        if size % 4 == 3 or (size % 4 == 2 and words[place + 1] == b"" and place + 2 < len(words)):
            return b"".join(words[: place + 1]), True
    tail = b"=" if size % 4 == 2 and len(words) > 1 and words[-1] == b"" else b""
    return b"".join(words) + tail, False


def _undone(plain: bytes) -> bytes:
    """Return characters of base64 alone undone."""
    spare = len(plain) % 4
    if spare == 1:
        plain, spare = plain[:-1], 0
    return binascii.a2b_base64(plain + b"=" * (-spare % 4))


def from_uuencode(octets: bytes) -> bytes | None:
    """Return octets with uuencode undone; None if nothing begins it, a line cannot be read, or there are too many."""
    begin = _BEGIN.search(octets)
    if not begin or octets.count(b"\n", begin.end()) > MOST_LINES:
        return None
    found, at = bytearray(), begin.end()
    while at < len(octets):
        match = _LINE.match(octets, at)
        if match is None:
            return None
        line, at = match[1], match.end()
        if line.strip(_BLANK) == b"end":
            return bytes(found)
        if not line:
            return None
        try:
            found += _line(line)
        except binascii.Error:
            return None
    return bytes(found)


def _line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:  # some programs add to the end of a line
        return binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3])
