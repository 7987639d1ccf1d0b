"""The lists as they are shown: the mailboxes, the mails of one under their days, and which of them a page holds.

Pure: takes what the store returned and a clock, returns frozen views. Pages are keyed by mail id, never numbered, since
numbers would shift as mail comes in.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from mysmtp.message import MailboxSummary, MailSummary, Place
from mysmtp.web.presenting import Clock, When, count_words, day_of, first_words, joined, plain, sender_words, size_words

PAGE = 50
TABLE = 500
SIDE = 40
TAIL = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One mail in a list. `subject` is empty for a mail without words."""

    id: int
    sender: str
    subject: str
    snippet: str
    size: str
    time: When | None


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


@dataclass(frozen=True, slots=True)
class BoxRow:
    """One mailbox in the table or the side. `head` and `tail` together are its label, parted where it may be cut."""

    name: str
    label: str
    head: str
    tail: str
    mails: int
    size: str
    subject: str
    when: When | None


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


def row_of(mail: MailSummary, clock: Clock) -> Row:
    """Return one mail as a row."""
    subject, snippet = first_words(mail.preview, mail.size > len(mail.preview))
    return Row(mail.id, sender_words(mail.sender), subject, snippet, size_words(mail.size), clock.time(mail.arrived))


def heading_of(mail: MailSummary, clock: Clock) -> str:
    """Return the heading a mail stands under; a date that means no day stands as it is in the file."""
    day = clock.local(mail.arrived).date() if mail.arrived else day_of(mail.date)
    return clock.heading(day) if day else plain(mail.date) or "No date"


def days_of(mails: Iterable[MailSummary], clock: Clock) -> tuple[Day, ...]:
    """Return mails under the headings of their days, in the order given."""
    grouped = groupby(mails, key=lambda mail: heading_of(mail, clock))
    return tuple(Day(heading, tuple(row_of(mail, clock) for mail in group)) for heading, group in grouped)


def box_row(box: MailboxSummary, clock: Clock) -> BoxRow:
    """Return one mailbox as a row."""
    label, newest = plain(box.name), box.newest
    subject = first_words(newest.preview, newest.size > len(newest.preview))[0] if newest else ""
    when = clock.when(newest.arrived, newest.date) if newest else None
    split = len(label) - TAIL if len(label) > 2 * TAIL else len(label)
    return BoxRow(box.name, label, label[:split], label[split:], box.mails, size_words(box.size), subject, when)


def table_of(boxes: Sequence[MailboxSummary], clock: Clock, length: int = TABLE) -> tuple[BoxRow, ...]:
    """Return the mailboxes, those with the newest mail first, then those that know only a day, then the empty."""
    by_name = sorted(boxes, key=lambda box: box.name)
    newest_first = sorted(by_name, key=_recency, reverse=True)
    return tuple(box_row(box, clock) for box in newest_first[:length])


def _recency(box: MailboxSummary) -> tuple[float, int, int]:
    newest = box.newest
    if newest is None:
        return (0, 0, 0)
    day = day_of(newest.date)
    return (newest.arrived.timestamp() if newest.arrived else 0, day.toordinal() if day else 0, 1)


def side_of(boxes: Sequence[MailboxSummary], current: str, clock: Clock, length: int = SIDE) -> tuple[BoxRow, ...]:
    """Return the mailboxes for the side, by name; the current one is always among them."""
    by_name = sorted(boxes, key=lambda box: box.name)
    place = next((index for index, box in enumerate(by_name) if box.name == current), 0)
    start = max(0, min(place - length // 2, len(by_name) - length))
    return tuple(box_row(box, clock) for box in by_name[start : start + length])


def facts_of(mails: Sequence[MailSummary]) -> str:
    """Return what stands beside the name of a mailbox."""
    return f"{count_words(len(mails), 'mail')}, {size_words(sum(mail.size for mail in mails))}"


def totals_of(boxes: Sequence[MailboxSummary]) -> str:
    """Return what stands beside the heading of all mailboxes."""
    mails, size = sum(box.mails for box in boxes), sum(box.size for box in boxes)
    return f"{len(boxes):,}, with {count_words(mails, 'mail')}, {size_words(size)}"


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
