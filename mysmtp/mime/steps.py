"""Work on the octets of a large part, step by step: one call for all of them would stop every other thread.

Whatever is no larger than a step is done in one, so that all of this is for large parts only.
"""

import binascii
import codecs
import re
import sys
from collections.abc import Iterator
from io import IncrementalNewlineDecoder

STEP = 256 << 10  # octets, or characters
_WITH_MARK = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(octets: bytes, codec: str, errors: str = "strict") -> str:
    """Return octets as text, as `bytes.decode` does, with U+FFFD for each lone surrogate. Raises UnicodeError."""
    if len(octets) <= STEP:
        return _clean(octets.decode(codec, errors))
    if codec == "utf-7":  # its decoder begins anew with each step where one run of base64 is open
        return "".join(_clean(octets[start:end].decode(codec, errors)) for start, end in _lines(octets))
    if codec in _WITH_MARK and not octets.startswith(_WITH_MARK[codec]):
        codec += "-le" if sys.byteorder == "little" else "-be"  # as `bytes.decode` takes them without a mark
    decoder = codecs.getincrementaldecoder(codec)(errors)
    pieces = [_clean(decoder.decode(octets[at : at + STEP])) for at in range(0, len(octets), STEP)]
    return "".join([*pieces, _clean(decoder.decode(b"", True))])


def _clean(text: str) -> str:
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def with_lf(text: str) -> str:
    """Return text with ``\\n`` for each CR LF and CR."""
    if "\r" not in text:
        return text
    if len(text) <= STEP:
        return text.replace("\r\n", "\n").replace("\r", "\n")
    decoder = IncrementalNewlineDecoder(None, translate=True)
    pieces = [decoder.decode(text[at : at + STEP]) for at in range(0, len(text), STEP)]
    return "".join([*pieces, decoder.decode("", final=True)])


def from_quoted_printable(octets: bytes) -> bytes:
    """Return octets with quoted-printable undone, as `binascii.a2b_qp` does."""
    return b"".join(binascii.a2b_qp(octets[start:end]) for start, end in _lines(octets))


def from_base64(octets: bytes) -> bytes | None:
    """Return octets with base64 undone; None where they are anything but base64 in lines, well padded."""
    pieces, held, padded = [], b"", False
    for at in range(0, len(octets), STEP):
        held += octets[at : at + STEP].translate(None, b"\r\n")
        whole = len(held) - len(held) % 4
        if padded and held:
            return None
        padded = held[:whole].endswith(b"=")
        try:
            pieces.append(binascii.a2b_base64(held[:whole], strict_mode=True))
        except binascii.Error:
            return None
        held = held[whole:]
    return None if held else b"".join(pieces)


def search(pattern: re.Pattern[bytes], octets: bytes, at: int, end: int, longest: int) -> re.Match[bytes] | None:
    """Return the first match between two places of a pattern that matches no more than so many octets."""
    while at < end:
        if found := pattern.search(octets, at, min(end, at + STEP + longest)):
            return found
        at += STEP
    return None


def all_match(pattern: re.Pattern[bytes], octets: bytes) -> bool:
    """Tell whether a pattern that says something of each octet alone matches all of them."""
    return all(pattern.fullmatch(octets, at, at + STEP) for at in range(0, len(octets), STEP))


def _lines(octets: bytes) -> Iterator[tuple[int, int]]:
    """Give octets in steps that end at a line's end; one line is one step, however long."""
    start = 0
    while start < len(octets):
        end = start + STEP
        if end < len(octets):
            end = octets.rfind(b"\n", start, end) + 1 or octets.find(b"\n", end) + 1 or len(octets)
        yield start, min(end, len(octets))
        start = end
