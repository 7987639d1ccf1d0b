"""What follows the keyword of a POP3 command (RFC 1939 section 3), read: a mailbox, a password, message numbers. Pure.

Each function returns what a command is to be done with. Raises InvalidSyntax, which says what the command takes.
"""

from mysmtp.address import mailbox_name
from mysmtp.errors import InvalidSyntax
from mysmtp.protocol import command


def nothing(argument: str) -> None:
    """Take nothing."""
    if argument:
        raise InvalidSyntax("this command stands alone")


def user_name(argument: str) -> str:
    """Return the mailbox meant: a local part in quotes may have spaces, and what has no @ is a name too."""
    if not argument:
        raise InvalidSyntax("USER takes a mailbox")
    return mailbox_name(argument)


def password(octets: bytes) -> str:
    """Return a password, which may have spaces and is UTF-8 (RFC 1939 section 7, RFC 6856 section 2.2)."""
    return command.as_text(octets)


def anything(argument: str) -> str:
    """Take it as it is."""
    return argument


def _numbers(argument: str, least: int, most: int, words: str) -> list[int]:
    given = argument.split()
    if not least <= len(given) <= most or not all(word.isascii() and word.isdigit() for word in given):
        raise InvalidSyntax(words)
    return [int(word) for word in given]


def message(argument: str) -> int:
    """Return the number of a message."""
    return _numbers(argument, 1, 1, "one message number is needed")[0]


def message_or_all(argument: str) -> int | None:
    """Return the number of a message, None where all are meant."""
    return next(iter(_numbers(argument, 0, 1, "a message number, or nothing")), None)


def message_and_lines(argument: str) -> tuple[int, int]:
    """Return the number of a message, and of lines of its body."""
    number, lines = _numbers(argument, 2, 2, "TOP takes a message number and a number of lines")
    return number, lines
