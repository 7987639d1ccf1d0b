"""What Tab offers: the verbs that this state takes, then names that came up. Pure; knows no line editor."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mysmtp.client.states import State, allowed_in

_TAKES_NAME = re.compile(r" *(mail +from *:|rcpt +to *:|list|get_mail) *(<?[^ ]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to go on: `text` replaces the last `replaces` characters before the cursor."""

    text: str
    replaces: int


def offers(typed: str, state: State, names: Sequence[str], domain: str = "") -> list[Offer]:
    """Return what may stand at the cursor after `typed`; for a sender only names of the greeted `domain`."""
    match = _TAKES_NAME.fullmatch(typed)
    if match and (match[1].endswith(":") or typed.rstrip(" ") != typed or match[2]):
        return _named(match[1], match[2], state, names, domain)
    start = " ".join(typed.upper().split()) + " " * (typed.rstrip(" ") != typed and not typed.isspace())
    openings = (verb.opening for verb in allowed_in(state))
    return [Offer(opening, len(typed)) for opening in openings if opening.startswith(start) and opening != start]


def _named(verb: str, begun: str, state: State, names: Sequence[str], domain: str) -> list[Offer]:
    known = " ".join(verb.upper().removesuffix(":").split())
    if known not in {each.name for each in allowed_in(state)}:
        return []
    suffix = f"@{domain}".lower() if known == "MAIL FROM" else ""
    part = begun.removeprefix("<").lower()
    return [Offer(name, len(part)) for name in names if name.lower().startswith(part) and name.lower().endswith(suffix)]
