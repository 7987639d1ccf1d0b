"""Addresses are syntax; a mailbox is where mail rests. Only `mailbox_name` turns one into the other.

Follows docs/protocol.md (Addresses in MAIL and RCPT), a small part of RFC 5321 section 4.1.2.
"""

import string
from dataclasses import dataclass

from mysmtp.errors import InvalidAddress, InvalidSyntax

_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it was given, parted at its last `@`; the null sender has neither part."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}" if self.domain else ""


NULL = Address("", "")


def parse_path(word: str) -> Address:
    """Return the address in `word`, bare or in one pair of angle brackets; `<>` is NULL.

    Raises InvalidSyntax for brackets that do not pair or more than an address, InvalidAddress for a missing `@`.
    """
    inner = word[1:-1] if word.startswith("<") and word.endswith(">") and len(word) > 1 else word
    if inner != word and not inner:
        return NULL
    if not inner or "<" in inner or ">" in inner:
        raise InvalidSyntax("an address stands bare or in one pair of angle brackets")
    if " " in inner:
        raise InvalidSyntax("one address, without spaces, names or parameters")
    local_part, at, domain = inner.rpartition("@")
    if not at:
        raise InvalidAddress
    if not local_part or not domain:
        raise InvalidAddress("text is needed on both sides of the @")
    return Address(local_part, domain)


def same_domain(one: str, other: str) -> bool:
    """Tell whether two domains are one: they are compared without ASCII case (RFC 5321 section 2.4)."""
    return one.translate(_TO_LOWER) == other.translate(_TO_LOWER)


def mailbox_name(word: str) -> str:
    """Return the name of the mailbox where mail for `word` rests: mailboxes are compared without ASCII case."""
    return word.translate(_TO_LOWER)
