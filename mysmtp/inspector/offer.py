"""Where in a session TLS could begin: the client was told that it may, and had not yet."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from mysmtp.tape import TLS, Entry

_OFFERED = re.compile(rb"^(250[ -]STARTTLS|STLS)\r\n", re.MULTILINE)


class Offer(NamedTuple):
    """The entries in which TLS was offered first, and in which it began; None where that did not happen."""

    offered: int | None = None
    began: int | None = None

    def stood(self, number: int) -> bool:
        """Return whether TLS could have begun after the entry of this number."""
        return self.offered is not None and self.offered <= number and (self.began is None or number < self.began)


def offer_of(entries: Iterable[Entry]) -> Offer:
    """Return what was offered in a session."""
    offered = began = None
    for entry in entries:
        if offered is None and entry.verb in ("EHLO", "LHLO", "CAPA") and _OFFERED.search(entry.octets):
            offered = entry.number
        elif entry.kind == TLS:
            began = entry.number
    return Offer(offered, began)
