r"""The wire format: octets as one line of text, `RCPT TO: bob@example.com\n`, and back again, octet for octet.

One format for all that shows what crossed: the console's and the client's `--wire`, the transcripts that can be taken
along, and whatever plays them again. Pure.
"""

import re

from mysmtp.text import decode, visible

HIDDEN = b"****"  # stands where a secret was
TLS_BEGINS = "# TLS begins: "
OF_SESSION = "# Here follows session "
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_OCTETS = {"n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\"}
ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|[nrt\\])")


def spelled(octets: bytes) -> str:
    r"""Return octets as one line of text: line ends as `\n` and `\r`, each octet of what does not print as `\x1b`."""
    text = decode(octets)
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(_NAMES.get(char) or _spelled(char) for char in text)


def _spelled(char: str) -> str:
    """Return a character as it is if it prints, else its octets: two ways to write one line would not go back."""
    if visible(char) == char:
        return char
    return "".join(f"\\x{octet:02x}" for octet in char.encode("utf-8", "surrogateescape"))


def left_out(count: int) -> str:
    """Return the remark that stands where so many octets of a conversation are not told."""
    return f"# {count} octets are left out here"


def of_session(session: int) -> str:
    """Return the remark that stands where lines of another session follow."""
    return f"{OF_SESSION}{session}"


def tls_begins(agreed: str) -> str:
    """Return the remark that stands where TLS begins; `agreed` names version and cipher."""
    return f"{TLS_BEGINS}{visible(agreed)}".rstrip()


def unspelled(text: str) -> bytes:
    """Return the octets that `spelled` made `text` of. Raises ValueError when it was not made that way."""
    octets, at = b"", 0
    for match in ESCAPE.finditer(text):
        octets += _plain(text[at : match.start()])
        name = match[1]
        octets += _OCTETS.get(name) or bytes([int(name[1:], 16)])
        at = match.end()
    return octets + _plain(text[at:])


def _plain(text: str) -> bytes:
    if "\\" in text:
        raise ValueError(f"what follows the backslash in {text!r} is no escape of the wire format")
    return text.encode("utf-8", "surrogateescape")


def lines_of(octets: bytes) -> list[bytes]:
    """Return octets cut after each LF (and nowhere else: a lone CR ends no line here)."""
    pieces = [piece + b"\n" for piece in octets.split(b"\n")]
    pieces[-1] = pieces[-1][:-1]
    return [piece for piece in pieces if piece]
