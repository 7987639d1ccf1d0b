"""What was just done to mails, kept so that the next page can tell of it and offer to undo it.

Knows no route, no template and no store.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mysmtp.web.presenting import count_words

Kind = Literal["deleted", "restored", "seen", "new"]


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done: `mails` names the mailboxes it was done in, and the ids there.

    `missed` counts mails that were asked for but had nothing left to do it to. `undoes`: it took back another deed.
    """

    kind: Kind
    mails: tuple[tuple[str, tuple[int, ...]], ...]
    missed: int = 0
    undoes: bool = False

    @property
    def count(self) -> int:
        """How many mails it was done to."""
        return sum(len(ids) for _, ids in self.mails)

    @property
    def newest(self) -> tuple[str, int] | None:
        """The mail of the highest id it was done to, where all lie in one mailbox."""
        return (self.mails[0][0], max(self.mails[0][1])) if len(self.mails) == 1 else None


def deed_of(kind: Kind, mails: Mapping[str, Sequence[int]], missed: int = 0) -> Deed:
    """Return a deed; mailboxes in which nothing was done are left out."""
    return Deed(kind, tuple((name, tuple(ids)) for name, ids in mails.items() if ids), missed)


class Deeds:
    """The last deeds, by a token that goes into the address of the page that tells of them; the oldest are forgotten.

    Kept here, not in the address, so that no link from elsewhere can make the page tell of what was never done.
    """

    def __init__(self, kept: int = 500) -> None:
        self._kept = kept
        self._deeds: OrderedDict[str, Deed] = OrderedDict()

    def remember(self, deed: Deed) -> str:
        """Keep a deed; return its token."""
        token = secrets.token_urlsafe(8)
        self._deeds[token] = deed
        while len(self._deeds) > self._kept:
            self._deeds.popitem(last=False)
        return token

    def forget(self, token: str) -> None:
        """Tell of this deed no more: it was undone."""
        self._deeds.pop(token, None)

    def find(self, token: str) -> Deed | None:
        """Return the deed of this token."""
        return self._deeds.get(token)


def deed_words(deed: Deed) -> str:
    """Return a deed in words: ``Deleted mail 14``, ``Deleted 12 mails``, ``Mail 14 is back``."""
    if not deed.count:
        return {
            "deleted": "Nothing deleted: it was gone already",
            "restored": "Nothing put back: the space is reclaimed, or it was back already",
            "seen": "Nothing marked: read already",
            "new": "Nothing marked: new already",
        }[deed.kind]
    one = f"mail {deed.mails[0][1][0]}" if deed.count == 1 else ""
    many = count_words(deed.count, "mail")
    if deed.kind == "restored":
        words = f"{one.capitalize()} is back" if one else f"{many} are back"
        return words + (f", {deed.missed:,} could not be put back" if deed.missed else "")
    verb, end = {"deleted": ("Deleted", ""), "seen": ("Marked", " read"), "new": ("Marked", " new")}[deed.kind]
    return f"{verb} {one or many}{end}"
