"""Discretion: what of a client's line may be told, to whoever looks on. The masking of passwords, all of it.

A verb says itself what of its argument is secret. Two things no verb of the protocol can say: that a client sends a
login this protocol does not have, and that it goes on with a password as a line of its own although its login was not
taken that way. A server that answers AUTH with anything but 334 has not asked for more (RFC 4954, section 4), yet there
are clients that do not look.
"""

import re
from collections.abc import Callable, Mapping

from mysmtp.protocol import command, smtp_auth
from mysmtp.protocol.dialect import Verb

_HIDDEN = b"****"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def _whole(argument: bytes) -> bytes:
    return _HIDDEN if argument else b""


# Logins of other protocols, which a client may send all the same.
_LOGINS: Mapping[str, Callable[[bytes], bytes]] = {"AUTH": smtp_auth.mask, "PASS": _whole, "APOP": _whole}


def _may_be_answer(line: bytes, *, whole: bool) -> bool:
    """Tell whether a line may answer AUTH: base64, and no word in capitals as commands are; the end may be missing."""
    if not _BASE64.fullmatch(line) or (whole and len(line) % 4):
        return False
    return not line.isupper() or not line.isalpha() or len(line) > 8


def _is_anything(line: bytes, *, whole: bool) -> bool:
    return bool(line)


class Discretion:
    """Tells the lines of one session as they may be told. All pass `tell`, in their order; `preview` changes nothing.

    `wary` tells of a line that is no command whether it may be a secret; None while no login came to nothing.
    """

    __slots__ = ("_hides", "_verbs", "wary")

    def __init__(self, verbs: Mapping[str, Verb]) -> None:
        self._verbs = verbs
        self._hides = False  # whether the line told last may hold a secret
        self.wary: Callable[..., bool] | None = None

    def tell(self, octets: bytes) -> tuple[bytes, bool]:
        """Return a line as it may be told, and whether it may hold a secret."""
        told = self._tell(octets)
        self._hides = told[1]
        return told

    def more(self, octets: bytes) -> bytes:
        """Return what may be told of more octets of the line told last, which was too long: its end, of a secret."""
        return octets[len(octets.rstrip(b"\r\n")) :] if self._hides else octets

    def _tell(self, octets: bytes) -> tuple[bytes, bool]:
        line = octets.rstrip(b"\r\n\0")
        end = octets[len(line) :]
        verb, rest = command.take_apart(line.replace(b"\t", b" "))
        rule = self._verbs.get(verb)
        mask = rule.mask if rule is not None else _LOGINS.get(verb)
        if mask is not None:
            self.wary = _may_be_answer if verb == "AUTH" else None if rest else _is_anything
            shown = _whole(rest) if b"\t" in line else mask(rest)
            return line[: len(line) - len(rest)] + shown + end, True
        if rule is not None:
            self.wary = None
        elif self.wary is not None and self.wary(line.strip(b" \t"), whole=b"\n" in end):
            return _HIDDEN + end, True
        return octets, False

    def preview(self, octets: bytes) -> tuple[bytes, bool]:
        """Return what `tell` will of these lines, the last of which is perhaps not complete."""
        wary = self.wary
        told = [self._tell(line) for line in _LINE.findall(octets)]
        self.wary = wary
        return b"".join([line for line, _ in told]), any(masked for _, masked in told)
