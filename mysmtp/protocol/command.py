"""A command line taken apart: is it text, is it meant for us, which verb, what follows. Knows no dialect's verbs."""

import re

from mysmtp.errors import InvalidSyntax
from mysmtp.wire import HIDDEN

_HTTP_METHODS = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI"}
)
_OF_LF = "a line ends with CR LF, not with LF alone"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def take_apart(line: bytes) -> tuple[str, bytes]:
    """Return the first word in upper case, and all that follows it and one space."""
    word, _, rest = line.lstrip(b" ").partition(b" ")
    return word.upper().decode("utf-8", "replace"), rest


def as_text(line: bytes) -> str:
    """Return a command line, or a part of it, as text. Raises InvalidSyntax if it is not UTF-8 or has a control."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise InvalidSyntax("a command is UTF-8") from None
    if not text.isprintable() and _CONTROL.search(text):  # the first test is the faster one, and refuses too much
        raise InvalidSyntax(_OF_LF if text.endswith("\n") else "a command holds no control characters")
    return text


def hidden(argument: bytes) -> bytes:
    """Return what is told of an argument that is a secret."""
    return HIDDEN if argument else b""


def is_http(octets: bytes) -> bool:
    """Tell a browser or a proxy that took this port for a web server: nothing it says is for us."""
    return next(iter(octets.split(maxsplit=1)), b"") in _HTTP_METHODS
