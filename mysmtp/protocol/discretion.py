"""Discretion: what of a client's line may be told, to whoever looks on. The masking of passwords, all of it.

A verb says itself what of its argument is secret. What no verb of the protocol can say: that a client sends a login
this protocol does not have; that it takes a port of mail for one of the web, or ends a line with CR alone; and that it
goes on with a password as a line of its own although its login was not taken that way. A server that answers AUTH with
anything but 334 has not asked for more (RFC 4954, section 4), yet there are clients that do not look. So whatever is no
command is not told after a login, up to the next command: one word too few is shown rather than one password.
"""

import re
from collections.abc import Callable, Mapping

from mysmtp.protocol import command, smtp_auth
from mysmtp.protocol.dialect import Verb
from mysmtp.wire import HIDDEN

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_CR_ALONE = re.compile(rb"(?<=\r)(?!\n|\Z)")
_ASKING = frozenset({"AUTH", "AUTHENTICATE"})  # what is secret comes on lines of its own
_FIELD = re.compile(rb"([!-9;-~]+:[ \t]*)(.*)", re.DOTALL)  # of a head, as the web has it (RFC 9110, section 5)
_OPEN_FIELDS = frozenset({b"host", b"user-agent", b"accept", b"content-type", b"content-length", b"connection"})


# Logins of other protocols, which a client may send all the same: of SMTP, POP3, and IMAP, where a tag comes first.
_LOGINS: Mapping[str, Callable[[bytes], bytes]] = {
    "AUTH": smtp_auth.mask, "PASS": command.hidden, "APOP": command.hidden,
    "LOGIN": command.hidden, "AUTHENTICATE": smtp_auth.mask,
}  # fmt: skip
_TAGGED = frozenset({"LOGIN", "AUTHENTICATE"})


class Discretion:
    """Tells the lines of one session as they may be told. All pass `tell`, in their order; `preview` changes nothing.

    It is `wary` while a line that is no command may be a secret.
    """

    __slots__ = ("_hides", "_verbs", "_web", "wary")

    def __init__(self, verbs: Mapping[str, Verb]) -> None:
        self._verbs = verbs
        self._hides = False  # whether the line told last may hold a secret
        self._web = b""  # what comes now is of a request of the web: `head` or `content`
        self.wary = False

    def tell(self, octets: bytes) -> tuple[bytes, bool]:
        """Return a line as it may be told, and whether it may hold a secret."""
        told = self._tell_parts(octets) if b"\r" in octets[:-2] else self._tell(octets)
        self._hides = told[1]
        return told

    def more(self, octets: bytes) -> bytes:
        """Return what may be told of more octets of the line told last, which was too long: its end, of a secret."""
        return octets[len(octets.rstrip(b"\r\n")) :] if self._hides else octets

    def preview(self, octets: bytes) -> tuple[bytes, bool]:
        """Return what `tell` will of these lines, the last of which is perhaps not complete."""
        before = self._hides, self._web, self.wary
        told = [self.tell(line) for line in _LINE.findall(octets)]
        self._hides, self._web, self.wary = before
        return b"".join([line for line, _ in told]), any(masked for _, masked in told)

    def _tell_parts(self, octets: bytes) -> tuple[bytes, bool]:
        """Tell a line in which a CR stands alone, part by part: whoever ends lines so has each of them be a command."""
        told = [self._tell(part) for part in _CR_ALONE.split(octets)]
        return b"".join([part for part, _ in told]), any(masked for _, masked in told)

    def _tell(self, octets: bytes) -> tuple[bytes, bool]:
        line = octets.rstrip(b"\r\n\0")
        end = octets[len(line) :]
        if self._web:
            return self._tell_web(line, end)
        verb, rest = command.take_apart(line.replace(b"\t", b" "))
        rule = self._verbs.get(verb)
        mask = rule.mask if rule is not None else _LOGINS.get(verb)
        if rule is None and mask is None:
            tagged, argument = command.take_apart(rest)
            if tagged in _TAGGED:
                verb, rest, mask = tagged, argument, _LOGINS[tagged]
        if mask is not None:
            self.wary = verb in _ASKING or rule is None or not rest
            shown = command.hidden(rest) if b"\t" in line else mask(rest)
            return line[: len(line) - len(rest)] + shown + end, True
        if rule is not None:
            self.wary = False
        elif self.wary and line.strip(b" \t"):
            return HIDDEN + end, True
        elif command.is_http(octets):
            self._web = b"head"
        return octets, False

    def _tell_web(self, line: bytes, end: bytes) -> tuple[bytes, bool]:
        """Tell a line of a request of the web: the fields that nobody logs in with. What they hold is its content."""
        if not line:
            self._web = b"content"
            return end, False
        field = _FIELD.fullmatch(line)
        if self._web == b"content" or field is None:
            return HIDDEN + end, True
        name = field[1].partition(b":")[0].lower()
        return (line + end, False) if name in _OPEN_FIELDS else (field[1] + command.hidden(field[2]) + end, True)
