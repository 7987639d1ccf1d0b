"""Make any text safe to show on one line of a terminal, a log or a page: what does not print becomes visible.

Nothing a peer sends may steer a terminal: control characters of ASCII and C1, bidirectional overrides, line
separators and octets that are not UTF-8 come out as escapes such as `\\x1b`.
"""

import unicodedata

# Controls, formats (bidi overrides, zero width), lone surrogates, private and unassigned, line separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # needed inside emoji and several scripts, harmless alone


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # an octet that was not UTF-8 (surrogateescape)
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str, keep: str = "") -> str:
    """Return `text` with every character that does not print written as an escape; those in `keep` stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in keep or char in _JOINERS or unicodedata.category(char) not in _HIDDEN else _escape(char)
        for char in text
    )


def decode(octets: bytes) -> str:
    """Return octets as text that remembers those that are not UTF-8 (surrogateescape); `visible` shows them."""
    return octets.decode("utf-8", "surrogateescape")


def shown(octets: bytes, keep: str = "") -> str:
    """Return octets as text safe to show on a terminal, in a log or on a page."""
    return visible(decode(octets), keep)


def clipped(text: str, limit: int = 1000) -> str:
    """Return `text`, cut after `limit` characters with a mark that says so."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
