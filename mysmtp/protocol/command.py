"""A command line taken apart: is it text, is it meant for us, which verb, what follows. Knows no dialect's verbs."""

from mysmtp.errors import InvalidSyntax

_HTTP_METHODS = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI"}
)


def take_apart(line: bytes) -> tuple[str, bytes]:
    """Return the first word in upper case, and all that follows it and one space."""
    word, _, rest = line.lstrip(b" ").partition(b" ")
    return word.upper().decode("utf-8", "replace"), rest


def check_text(line: bytes) -> None:
    """Raise InvalidSyntax for a command line that is not UTF-8 or holds a control octet."""
    try:
        line.decode()
    except UnicodeDecodeError:
        raise InvalidSyntax("a command is UTF-8") from None
    if any(octet < 0x20 or octet == 0x7F for octet in line):
        raise InvalidSyntax("a command holds no control characters")


def is_http(octets: bytes) -> bool:
    """Tell a browser or a proxy that took this port for a web server: nothing it says is for us."""
    return next(iter(octets.split(maxsplit=1)), b"") in _HTTP_METHODS
