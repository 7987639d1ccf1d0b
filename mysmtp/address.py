"""Addresses are syntax; a mailbox is where mail rests. Only `mailbox_name` turns one into the other.

`parse_path` follows docs/protocol.md (Addresses in MAIL and RCPT), `take_path` RFC 5321 section 4.1.2 and RFC 6531.
"""

import ipaddress
import re
import string
from dataclasses import dataclass

from mysmtp.errors import InvalidAddress, InvalidSyntax

# Told by what is not in them: to make a set that lists all of Unicode takes longer than many a module, at each start.
_ATOM = r'[^\0-\40"(),.:;<>@\[\\\]\177]+'
_DOTTED = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LABEL = r"[^\0-/:-@\[-^`{-\177](?:[^\0-,./:-@\[-^`{-\177]*[^\0-/:-@\[-^`{-\177])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL = r"\[[^\[\]\\ ]+\]"
_ROUTE = rf"@{_DOMAIN}(?:,@{_DOMAIN})*:"
_MAILBOX = rf"({_DOTTED}|{_QUOTED})@({_DOMAIN}|{_LITERAL})"
_BRACKETED = re.compile(rf"<(?:{_ROUTE})?{_MAILBOX}>(?: |$)")
_BARE = re.compile(rf"{_MAILBOX}(?: |$)")
_POSTMASTER = re.compile(r"<(postmaster)>(?: |$)", re.IGNORECASE)
_PLAIN = re.compile(_DOTTED)
_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it was given, parted at its last `@`; the null sender has neither part.

    Only `postmaster` may have no domain (RFC 5321 section 4.1.1.3).
    """

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}" if self.domain else self.local_part


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


def take_path(text: str) -> tuple[Address, str]:
    """Return the path that `text` begins with, and what follows it and one space; `<>` is NULL.

    A source route is passed over (RFC 5321 appendix C); quotes that a local part does not need are taken off, so that
    each mailbox has one name. A path without brackets is taken too. Raises InvalidAddress.
    """
    if text == "<>" or text.startswith("<> "):
        return NULL, text[3:]
    alone = _POSTMASTER.match(text)
    if alone:
        return Address(alone[1], ""), text[alone.end() :]
    found = _BRACKETED.match(text) or _BARE.match(text)
    if not found:
        raise InvalidAddress("write <local-part@domain>" if "@" in text else "an @ is missing")
    local_part, domain = found.groups()
    if domain.startswith("["):
        _check_literal(domain[1:-1])
    return Address(_unquoted(local_part), domain), text[found.end() :]


def _check_literal(literal: str) -> None:
    """Raise InvalidAddress unless this is an address of a network (RFC 5321 section 4.1.3)."""
    tag, _, rest = literal.partition(":")
    try:
        ipaddress.IPv6Address(rest) if tag.upper() == "IPV6" else ipaddress.IPv4Address(literal)
    except ValueError:
        raise InvalidAddress("between [ and ] stands an IPv4 address, or IPv6: and one") from None


def _unquoted(local_part: str) -> str:
    """Return a local part without quotes if it needs none, else with no more of them than it needs."""
    if not local_part.startswith('"'):
        return local_part
    plain = re.sub(r"\\(.)", r"\1", local_part[1:-1])
    if _PLAIN.fullmatch(plain):
        return plain
    return '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'


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
