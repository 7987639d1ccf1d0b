"""What a session could not do at a place, though its protocol's table has it there: what came before decided that.

TLS where it was not offered, or has begun; a second login; mail without a login that this server asks for; DATA for a
mail that only BDAT may bring.
"""

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mysmtp.entry import CLIENT, SERVER, TLS, Entry
from mysmtp.inspector.case import verb_of
from mysmtp.inspector.protocols import Known
from mysmtp.protocol.reply import DONE

_OFFERED = re.compile(rb"^(250[ -]STARTTLS|STLS)\r\n", re.MULTILINE)
_BINARY = re.compile(rb" BODY=BINARYMIME *(?: |\r?\n)", re.IGNORECASE)
_LOGIN_FIRST, _LOGGED_IN = b"530 ", b"235 "


class Shutter:
    """Reads a session as it goes on. `now`: the verbs that would be refused after what was taken last.

    `tls` tells whether TLS was ever offered. With `login_first` mail is known to be taken of nobody else; otherwise
    that is learnt from the first refusal that says so.
    """

    def __init__(self, known: Known, *, login_first: bool = False) -> None:
        self.tls = False
        self.now: frozenset[str] = frozenset()
        self._upgrades = frozenset(verb for verb, rule in known.dialect.verbs.items() if rule.upgrades)
        self._login_first = login_first
        self._user = self._secured = False
        self._binary = False
        self._mails: deque[bool] = deque()  # whether each MAIL that is to be answered is binary
        self._decide()

    def take(self, entry: Entry) -> None:
        """Go on by an entry."""
        if entry.kind == CLIENT:
            if verb_of(entry) == "MAIL":
                self._mails.append(_BINARY.search(entry.octets) is not None)
        elif entry.kind == TLS:
            self._secured, self._user = True, False  # what was said before it counts no more
            self._decide()
        elif entry.kind == SERVER and entry.verb in _DECIDE:
            _DECIDE[entry.verb](self, entry)
            self._decide()

    def _offer(self, entry: Entry) -> None:
        self.tls = self.tls or _OFFERED.search(entry.octets) is not None

    def _log_in(self, entry: Entry) -> None:
        self._user = self._user or entry.octets.startswith(_LOGGED_IN)

    def _mail(self, entry: Entry) -> None:
        self._login_first = self._login_first or entry.octets.startswith(_LOGIN_FIRST)
        binary = self._mails.popleft() if self._mails else False
        if entry.mark == DONE:
            self._binary = binary

    def _decide(self) -> None:
        shut = frozenset[str]() if self.tls and not self._secured else self._upgrades
        if self._user:
            shut |= {"AUTH"}
        elif self._login_first:
            shut |= {"MAIL"}
        self.now = shut | {"DATA"} if self._binary else shut


_DECIDE = {
    "EHLO": Shutter._offer, "LHLO": Shutter._offer, "CAPA": Shutter._offer, "AUTH": Shutter._log_in,
    "MAIL": Shutter._mail,
}  # fmt: skip


class Shut(NamedTuple):
    """What was shut when: the entries from which on it was so, and the verbs. `tls`: whether TLS was ever offered."""

    since: Sequence[int]
    verbs: Sequence[frozenset[str]]
    tls: bool

    def at(self, number: int) -> frozenset[str]:
        """Return the verbs that would have been refused after the entry of this number."""
        return self.verbs[max(0, bisect_right(self.since, number) - 1)]


def needs_login(entries: Iterable[Entry]) -> bool:
    """Return whether a session was told that mail is taken only of who is logged in."""
    return any(entry.verb == "MAIL" and entry.octets.startswith(_LOGIN_FIRST) for entry in entries)


def shut_of(entries: Sequence[Entry], known: Known) -> Shut:
    """Return what was shut in a session. That mail needs a login was so from its beginning, whenever it was told."""
    shutter = Shutter(known, login_first=needs_login(entries))
    since, verbs = [0], [shutter.now]
    for entry in entries:
        shutter.take(entry)
        if shutter.now != verbs[-1]:
            since.append(entry.number)
            verbs.append(shutter.now)
    return Shut(since, verbs, shutter.tls)
