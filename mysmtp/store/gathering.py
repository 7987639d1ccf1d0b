"""The mails of all mailboxes as one list, newest first: off the hub, some at a time, never all of them.

Each mailbox knows the order of its own mails (`store.moments`); here they are merged. Only the mailboxes whose newest
mail can be on the page are asked for more than that.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from mysmtp.contracts import Offload
from mysmtp.message import Gathered, MailSummary, Rank
from mysmtp.offload import to_the_end
from mysmtp.store import showing
from mysmtp.store.holding import all_held, with_each
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.moments import Standing

T = TypeVar("T")

_Ranks = Callable[[Mailbox], Iterator[Rank]]
_First = Callable[[Mailbox], Rank | None]


class Gathering:
    """Merges mailboxes, all of which were looked at just now."""

    def __init__(self, mailboxes: Sequence[Mailbox], offload: Offload) -> None:
        self._mailboxes = mailboxes
        self._offload = offload

    def page(self, count: int, below: Rank | None, above: Rank | None, total: int) -> Gathered:
        """Return `count` mails below a rank, or the nearest above one; where that are fewer, or without, the newest.

        `total` is how many there are in all.
        """
        ranks: list[Rank] = []
        if above is not None:
            ranks = self._merged(count, partial(_above, rank=above), partial(_first_above, rank=above), up=True)[::-1]
        if len(ranks) < count:
            below = below if above is None else None
            ranks = self._merged(count, partial(_below, rank=below), partial(_first_below, rank=below), up=False)
        made = self._made(ranks)
        newest = not ranks or (above is None and below is None)
        before = 0 if newest else sum(self._each(self._mailboxes, lambda mailbox: _count(mailbox, ranks[0])))
        return Gathered(tuple((rank, made[rank]) for rank in ranks if rank in made), max(0, before - 1), total)

    def _merged(self, count: int, ranks: _Ranks, first: _First, up: bool) -> list[Rank]:
        """Return the first ranks of all mailboxes; `first` tells the first of one, on a shorter way."""
        firsts = zip(self._each(self._mailboxes, first), self._mailboxes, strict=True)
        there = [(rank, mailbox) for rank, mailbox in firsts if rank is not None]
        chosen = (heapq.nsmallest if up else heapq.nlargest)(count, there, key=lambda each: each[0])
        mailboxes = [mailbox for _, mailbox in chosen]

        def merge() -> list[Rank]:
            return list(islice(heapq.merge(*map(ranks, mailboxes), reverse=not up), count))

        with all_held(mailboxes):
            return to_the_end(self._offload, merge)

    def _made(self, ranks: Sequence[Rank]) -> dict[Rank, MailSummary]:
        """Return the mails of these ranks, without those that were removed meanwhile."""
        wanted: dict[str, dict[int, Rank]] = {}
        for rank in ranks:
            wanted.setdefault(rank.mailbox, {})[rank.id] = rank
        there = [mailbox for mailbox in self._mailboxes if mailbox.name in wanted]
        some = self._each(there, lambda mailbox: showing.some(mailbox, tuple(wanted[mailbox.name])))
        made = zip(there, some, strict=True)
        return {wanted[mailbox.name][mail_id]: mail for mailbox, mails in made for mail_id, mail in mails.items()}

    def _each(self, mailboxes: Iterable[Mailbox], work: Callable[[Mailbox], T]) -> list[T]:
        """Do something with each mailbox; return what came of it, in their order."""
        done = with_each(mailboxes, self._offload, work)
        return [done[mailbox.file] for mailbox in mailboxes]


def _newest(mailbox: Mailbox) -> Rank | None:
    found = mailbox.moments.newest(mailbox.index, mailbox.remarked)
    return Rank(found[0], mailbox.name, int(found[1])) if found else None


def _first_below(mailbox: Mailbox, rank: Rank | None) -> Rank | None:
    newest = _newest(mailbox)
    if newest is None or rank is None or newest < rank:
        return newest
    return next(_below(mailbox, rank), None)


def _first_above(mailbox: Mailbox, rank: Rank) -> Rank | None:
    newest = _newest(mailbox)
    return None if newest is None or newest <= rank else next(_above(mailbox, rank), None)


def _below(mailbox: Mailbox, rank: Rank | None) -> Iterator[Rank]:
    found = mailbox.moments.below(mailbox.index, _standing(mailbox, rank) if rank else None)
    return (Rank(moment, mailbox.name, int(mail_id)) for moment, mail_id in found)


def _above(mailbox: Mailbox, rank: Rank) -> Iterator[Rank]:
    found = mailbox.moments.above(mailbox.index, _standing(mailbox, rank, after=True))
    return (Rank(moment, mailbox.name, int(mail_id)) for moment, mail_id in found)


def _count(mailbox: Mailbox, rank: Rank) -> int:
    newest = _newest(mailbox)
    return (
        0 if newest is None or newest < rank else mailbox.moments.count_above(mailbox.index, _standing(mailbox, rank))
    )


def _standing(mailbox: Mailbox, rank: Rank, after: bool = False) -> Standing:
    """Return where a rank stands among the mails of a mailbox; `after`: just above it."""
    if mailbox.name == rank.mailbox:
        return rank.moment, rank.id + after
    return rank.moment, math.inf if mailbox.name < rank.mailbox else -math.inf
