"""What a person calls the protocols and their commands, and where their rules are written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP

LABELS: Mapping[str, str] = MappingProxyType({"my_smtp": "My_SMTP", "smtp": "SMTP", "lmtp": "LMTP", "pop3": "POP3"})

_OF_MY_SMTP = {
    "HELO": "HELO <domain>", "MAIL": "MAIL FROM: <email>", "RCPT": "RCPT TO: <email>", "DATA": "DATA",
    "LIST": "LIST <email>", "GET_MAIL": "GET_MAIL <email> <id>",
}  # fmt: skip
_OF_SMTP = {
    "EHLO": "EHLO <domain>", "HELO": "HELO <domain>", "LHLO": "LHLO <domain>", "MAIL": "MAIL FROM:<email>",
    "RCPT": "RCPT TO:<email>", "BDAT": "BDAT <octets> LAST", "VRFY": "VRFY <name>", "AUTH": "AUTH PLAIN",
}  # fmt: skip
_OF_POP3 = {
    "USER": "USER <mailbox>", "PASS": "PASS <password>", "RETR": "RETR <number>", "DELE": "DELE <number>",
    "TOP": "TOP <number> <lines>",
}  # fmt: skip
_USAGE = {"my_smtp": _OF_MY_SMTP, "smtp": _OF_SMTP, "lmtp": _OF_SMTP, "pop3": _OF_POP3}
_LONG = {"MAIL": "MAIL FROM", "RCPT": "RCPT TO"}


def label_of(protocol: str) -> str:
    """Return a protocol as a person writes it: `My_SMTP`."""
    return LABELS.get(protocol, protocol.upper())


def name_of(verb: str) -> str:
    """Return a verb as a person says it: `MAIL FROM`."""
    return _LONG.get(verb, verb)


def usage_of(protocol: str, verb: str) -> str:
    """Return how a command is written: `RCPT TO: <email>`."""
    return _USAGE.get(protocol, {}).get(verb, verb)


@dataclass(frozen=True)
class Known:
    """A protocol as it is looked at: its dialect, the very table that the server runs."""

    dialect: Dialect

    @cached_property
    def places(self) -> Mapping[str, tuple[str, ...]]:
        """The states by the digit they are drawn with."""
        found: dict[str, tuple[str, ...]] = {}
        for state, digit in self.dialect.digit.items():
            found[digit] = (*found.get(digit, ()), state)
        return MappingProxyType(found)

    def digit(self, state: str) -> int:
        """Return the lane of a state; an unknown one is where it all begins."""
        return int(self.dialect.digit.get(state, "0"))

    def taken_in(self, state: str, *, shut: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Return the verbs that this state takes, those that lead on first, but for those that are `shut`."""
        taken = [
            verb
            for verb, rule in self.dialect.verbs.items()
            if state in rule.moves and state not in rule.vain and verb not in shut
        ]
        return tuple(sorted(taken, key=lambda verb: self.dialect.verbs[verb].moves[state] == state))


def known(*dialects: Dialect) -> Mapping[str, Known]:
    """Return these dialects by their names; all there are if none is given."""
    return MappingProxyType({each.name: Known(each) for each in dialects or (MY_SMTP, SMTP, LMTP, POP3)})
