"""The mails of all mailboxes as one list is shown: rows that name their mailbox, and the places its pages are keyed by.

Pure: takes what the store returned and a clock, returns frozen views.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from mysmtp.address import mailbox_name
from mysmtp.message import Gathered, MailSummary, Rank
from mysmtp.web.glimpse import Look
from mysmtp.web.presenting import Clock, plain
from mysmtp.web.presenting_lists import Day, Row, heading_of, row_of
from mysmtp.web.urls import pack, unpack


@dataclass(frozen=True, slots=True)
class AcrossPage:
    """A part of the list. `newer` and `older` are keys (see `rank_of`), None where there is nothing."""

    days: tuple[Day, ...]
    words: str
    newer: str | None
    older: str | None


def page_across(gathered: Gathered, clock: Clock, look: Look) -> AcrossPage:
    """Return what was gathered as a page. `look` tells what is shown of each mail."""
    mails, above, total = gathered.mails, gathered.above, gathered.total
    if not mails:
        return AcrossPage((), "", None, None)
    oldest = total - above - len(mails) + 1
    newer = key_of(mails[0][0]) if above > 0 else None
    older = key_of(mails[-1][0]) if oldest > 1 else None
    return AcrossPage(
        days_across(mails, clock, look), f"{total - above:,} to {max(1, oldest):,} of {total:,}", newer, older
    )


def days_across(mails: Sequence[tuple[Rank, MailSummary]], clock: Clock, look: Look) -> tuple[Day, ...]:
    """Return mails of several mailboxes under the headings of their days, in the order given."""
    days = groupby(mails, key=lambda each: heading_of(each[1], clock))
    return tuple(Day(heading, tuple(_row(rank, mail, clock, look) for rank, mail in some)) for heading, some in days)


def _row(rank: Rank, mail: MailSummary, clock: Clock, look: Look) -> Row:
    return replace(row_of(mail, clock, look(rank.mailbox, mail)), mailbox=rank.mailbox, box=plain(rank.mailbox))


def key_of(rank: Rank) -> str:
    """Return a place in the list as text for an address."""
    return f"{rank.moment}.{rank.id}.{pack(rank.mailbox)}"


def rank_of(key: str) -> Rank | None:
    """Return the place in the list that a key of `key_of` means, None if it is no key."""
    match = re.fullmatch(r"(-?[0-9]{1,18})\.([0-9]{1,18})\.(.+)", key, re.ASCII | re.DOTALL)
    return Rank(int(match[1]), mailbox_name(unpack(match[3])), int(match[2])) if match else None
