"""A mailbox as it is shown: its mails under their days, which of them a page holds, and what is wrong with it.

Pure: takes what the store returned and a clock, returns frozen views. Pages are keyed by mail id, never numbered, since
numbers would shift as mail comes in.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from mysmtp.message import MailSummary, Place
from mysmtp.web.glimpse import Glimpse, glimpse_of
from mysmtp.web.presenting import (
    NOBODY,
    Clock,
    When,
    count_words,
    day_of,
    file_words,
    joined,
    plain,
    sender_words,
    size_words,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One mail in a list. Where `subject` is empty, `lacking` stands in its place; `seen` as of a MailSummary.

    `files` says how many are attached. `mailbox` and `box`, its label, are there in a list that goes across mailboxes.
    """

    id: int
    sender: str
    subject: str
    snippet: str
    size: str
    time: When | None
    lacking: str
    seen: bool
    files: str = ""
    mailbox: str = ""
    box: str = ""

    @property
    def bounce(self) -> bool:
        """Whether it is from the null sender, as what could not be delivered is (RFC 5321 section 4.5.5)."""
        return self.sender == NOBODY


@dataclass(frozen=True, slots=True)
class Day:
    """The mails of one day, newest first, under its heading."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list of mails. `newer` and `older` are keys (mails below this id); 0: the newest page, None: none."""

    mails: Sequence[MailSummary]
    words: str
    newer: int | None
    older: int | None


def page_of(mails: Sequence[MailSummary], before: int | None, length: int = PAGE) -> Page:
    """Return the mails (rising ids in, newest first out) below the id `before`, or the newest.

    If none is left below it, as after deleting the oldest, the oldest page is returned.
    """
    total = len(mails)
    end = total if before is None else bisect_left(mails, before, key=lambda mail: mail.id)
    end = end or min(length, total)
    start = max(0, end - length)
    above = min(total, end + length)
    newer = None if end == total else 0 if above == total else mails[above].id
    words = f"{end:,} to {start + 1:,} of {total:,}" if total else ""
    return Page(mails[start:end][::-1], words, newer, mails[start].id if start else None)


def row_of(mail: MailSummary, clock: Clock, seen: Glimpse) -> Row:
    """Return one mail as a row."""
    sender, size, time = sender_words(mail.sender), size_words(mail.size), clock.time(mail.arrived)
    return Row(mail.id, sender, seen.subject, seen.snippet, size, time, seen.lacking, mail.seen, file_words(seen.files))


def heading_of(mail: MailSummary, clock: Clock) -> str:
    """Return the heading a mail stands under; a date that means no day stands as it is in the file."""
    day = clock.local(mail.arrived).date() if mail.arrived else day_of(mail.date)
    return clock.heading(day) if day else plain(mail.date) or "No date"


def days_of(
    mails: Iterable[MailSummary], clock: Clock, look: Callable[[MailSummary], Glimpse] = glimpse_of
) -> tuple[Day, ...]:
    """Return mails under the headings of their days, in the order given. `look` tells what is shown of each."""
    grouped = groupby(mails, key=lambda mail: heading_of(mail, clock))
    return tuple(Day(heading, tuple(row_of(mail, clock, look(mail)) for mail in group)) for heading, group in grouped)


def facts_of(mails: int, unseen: int, size: int) -> str:
    """Return what stands beside the name of a mailbox: how many mails, how many of them new, octets of their bodies."""
    return f"{count_words(mails, 'mail')}, {new_words(unseen)}{size_words(size)}"


def new_words(unseen: int) -> str:
    """Return how many mails are new, as a piece of a list of facts."""
    return f"{unseen:,} new, " if unseen else ""


def troubles_about(label: str, troubles: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the troubles that name the mailbox of this label, and the others; both as they came."""
    named = re.compile(rf"(?<!\S){re.escape(label)}[.,:;]?(?!\S)")
    own = tuple(line for line in troubles if named.search(line))
    return own, tuple(line for line in troubles if line not in own)


def damage_words(damage: Sequence[Place], folder: str) -> str:
    """Return the sentence about records that cannot be shown, empty if there are none."""
    if not damage:
        return ""
    shown = [f"{place.start:,} to {place.end:,}" for place in damage[:5]]
    if len(damage) > len(shown):
        shown.append(f"{len(damage) - len(shown):,} more")
    verb, whose = ("is", "Its") if len(damage) == 1 else ("are", "Their")
    records = count_words(len(damage), "record")
    return (
        f"{records} of this file {verb} damaged and not shown (bytes {joined(shown)}). "
        f"{whose} bytes are kept in {plain(folder).rstrip('/')}/.damaged/."
    )
