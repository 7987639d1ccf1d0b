"""Encoded words (RFC 2047) in header fields, broken ones too. Linear in the length of the text; never raises.

Octets of a field are text first: ASCII, or UTF-8 (RFC 6532), or whatever `charset.decode` makes of them. Words that
stand side by side in one charset are joined before they are decoded, since many programs cut a character in two.
"""

import binascii
import quopri
import re
from dataclasses import dataclass

from mysmtp.mime.charset import decode
from mysmtp.text import visible

# A question mark too many before the end is a common fault; spaces inside a word (section 2 forbids them) are too.
_WORD = re.compile(r"=\?([^?\s=]{1,75})\?([bBqQ])\?([^?]*\??)\?=")
_FOLD = re.compile(rb"(?:\r\n|\r|\n)(?=[ \t])")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


@dataclass(frozen=True, slots=True)
class Words:
    """A decoded text, safe to show on one line, and why it may differ from what was meant (``""``: it does not)."""

    text: str
    problem: str = ""


def unfolded(raw: bytes) -> bytes:
    """Return the value of a field on one line (RFC 5322 section 2.2.3), without white space around it."""
    return _FOLD.sub(b"", raw).strip(b" \t\r\n")


def text_of(octets: bytes) -> Words:
    """Return the octets of a header field as text, encoded words left as they are; nothing is escaped yet."""
    if octets.isascii():
        return Words(octets.decode("ascii"))
    found = decode(octets, None)
    return Words(found.text, "" if found.charset == "utf-8" else "octets beyond ASCII that are not UTF-8 (RFC 6532)")


def decode_words(text: str) -> Words:
    """Return `text` with its encoded words decoded and what does not print made visible."""
    if "=?" not in text:
        return Words(visible(text))
    pieces: list[str] = []
    problems: list[str] = []
    pending: tuple[str, bytes] | None = None
    at = 0
    for found in _WORD.finditer(text):
        between = text[at : found.start()]
        at = found.end()
        charset, octets = found[1].lower(), _octets_of(found[2], found[3])
        if pending and not between.strip(" \t\r\n"):  # section 6.2: white space between words is not shown
            if pending[0] == charset and octets is not None:
                pending = charset, pending[1] + octets
                continue
            between = ""
        _settle(pending, pieces, problems)
        pieces.append(between)
        pending = None if octets is None else (charset, octets)
        if octets is None:
            pieces.append(found[0])
            problems.append("an encoded word that is not base64 is left as it is")
    _settle(pending, pieces, problems)
    pieces.append(text[at:])
    return Words(visible("".join(pieces)), problems[0] if problems else "")


def _settle(pending: tuple[str, bytes] | None, pieces: list[str], problems: list[str]) -> None:
    if pending is None:
        return
    found = decode(pending[1], pending[0])
    pieces.append(found.text)
    if found.problem:
        problems.append(f"an encoded word: {found.problem}")


def _octets_of(encoding: str, encoded: str) -> bytes | None:
    """Return what an encoded word encodes, None where it cannot be."""
    octets = encoded.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return quopri.decodestring(octets, header=True)
    stripped = _NOT_BASE64.sub(b"", octets)
    try:
        return binascii.a2b_base64(stripped + b"=" * (-len(stripped) % 4))
    except binascii.Error:  # one letter too many: it cannot carry an octet
        return binascii.a2b_base64(stripped[:-1]) if len(stripped) > 1 else None
