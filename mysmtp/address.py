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
    bracketed = word.startswith("<") and word.endswith(">") and len(word) > 1
    inner = word[1:-1] if bracketed else word
    local_part, _, domain = inner.rpartition("@")
    if local_part and domain and "<" not in inner and ">" not in inner and " " not in inner:
        return Address(local_part, domain)
    if bracketed and not inner:
        return NULL
    raise _fault_of(inner)


def _fault_of(inner: str) -> InvalidSyntax:
    """Tell what is wrong with what stands between the brackets."""
    if not inner or "<" in inner or ">" in inner:
        return InvalidSyntax("an address stands bare or in one pair of angle brackets")
    if " " in inner:
        return InvalidSyntax("one address, without spaces, names or parameters")
    return InvalidAddress("text is needed on both sides of the @") if "@" in inner else InvalidAddress()


def same_domain(one: str, other: str) -> bool:
    """Tell whether two domains are one: they are compared without ASCII case (RFC 5321 section 2.4)."""
    return one == other or mailbox_name(one) == mailbox_name(other)


def mailbox_name(word: str) -> str:
    """Return the name of the mailbox where mail for `word` rests: mailboxes are compared without ASCII case."""
    return word.lower() if word.isascii() else word.translate(_TO_LOWER)
