"""The mailboxes as they are shown: in the table of all, by their newest mail, and in the side, by name.

Pure: takes what the store returned and a clock, returns frozen views. The table's pages are keyed by a place in it,
rank and name, never numbered, since mailboxes move up as mail comes in.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mysmtp.message import BoxCount, MailboxSummary, MailSummary
from mysmtp.web.glimpse import Glimpse, Look, glimpse_of
from mysmtp.web.presenting import Clock, When, day_of, plain, size_words
from mysmtp.web.presenting_lists import facts_of
from mysmtp.web.urls import pack, unpack

BoxRank = tuple[int, int, int]  # less comes first: the moment of the newest mail or else its day, whether it has any
BoxKey = tuple[BoxRank, str]  # a place in the table of mailboxes: rank and name

TABLE = 100
SIDE = 40
LONG = 16  # characters of the part before the @ that may be cut at their end only
TAIL = 6  # characters of a longer one that stand before the @ where it is cut in its middle


@dataclass(frozen=True, slots=True)
class SideRow:
    """One mailbox in the side. `head` and `tail` together are its label, parted where it may be cut."""

    name: str
    label: str
    head: str
    tail: str
    unseen: int


@dataclass(frozen=True, slots=True)
class BoxRow:
    """One mailbox in the table, with its newest mail."""

    name: str
    label: str
    mails: int
    size: str
    subject: str
    when: When | None
    lacking: str
    unseen: int


@dataclass(frozen=True, slots=True)
class BoxPage:
    """A part of the table of mailboxes. `newer` and `older` are keys (see `place_of`); "": the top, None: none."""

    boxes: tuple[BoxRow, ...]
    words: str
    newer: str | None
    older: str | None


def side_row(box: BoxCount | MailboxSummary) -> SideRow:
    """Return one mailbox as a row of the side."""
    label = plain(box.name)
    local = label.rpartition("@")[0] or label
    split = len(local) - TAIL if len(local) > LONG else len(label)
    return SideRow(box.name, label, label[:split], label[split:], box.unseen)


def box_row(box: MailboxSummary, clock: Clock, look: Look) -> BoxRow:
    """Return one mailbox as a row of the table. `look` tells what is shown of its newest mail."""
    newest = box.newest
    seen = look(box.name, newest) if newest else Glimpse("", "")
    when = clock.when(newest.arrived, newest.date) if newest else None
    size = size_words(box.size)
    return BoxRow(box.name, plain(box.name), box.mails, size, seen.subject, when, seen.lacking, box.unseen)


def plainly(mails: Iterable[tuple[str, MailSummary]]) -> Look:
    """Tell of mails what their first octets tell."""
    return lambda _, mail: glimpse_of(mail)


def table_of(
    boxes: Sequence[MailboxSummary],
    clock: Clock,
    below: BoxKey | None = None,
    length: int = TABLE,
    looking: Callable[[Iterable[tuple[str, MailSummary]]], Look] = plainly,
) -> BoxPage:
    """Return the mailboxes (by name in) below a place, or the top of the table.

    Those with the newest mail come first, then those that know only a day, then the empty; equals by name. If nothing
    is left below the place, the last page is returned. `looking` is asked for the newest mails that are shown.
    """
    ranked = sorted(((_rank(box), box.name, box) for box in boxes), key=lambda each: each[:2])
    start = 0 if below is None else bisect_right(ranked, below, key=lambda each: each[:2])
    total = len(ranked)
    start = min(start, max(0, total - length)) if start >= total else start
    end = min(total, start + length)
    above = max(0, start - length)
    newer = None if not start else key_of(ranked[above - 1][:2]) if above else ""
    words = f"{start + 1:,} to {end:,} of {total:,}" if total else ""
    shown = [box for _, _, box in ranked[start:end]]
    look = looking((box.name, box.newest) for box in shown if box.newest)
    rows = tuple(box_row(box, clock, look) for box in shown)
    return BoxPage(rows, words, newer, key_of(ranked[end - 1][:2]) if end < total else None)


def _rank(box: MailboxSummary) -> BoxRank:
    newest = box.newest
    if newest is None:
        return (0, 0, 0)
    if newest.arrived is not None:
        return (-round(newest.arrived.timestamp() * 1_000_000), 0, -1)
    day = day_of(newest.date)
    return (0, -day.toordinal() if day else 0, -1)


def key_of(place: BoxKey) -> str:
    """Return a place of the table as text for an address."""
    (moment, day, filled), name = place
    return f"{-moment}.{-day}.{-filled}.{pack(name)}"


def place_of(key: str) -> BoxKey | None:
    """Return the place of the table that a key of `key_of` means, None if it is no key."""
    match = re.fullmatch(r"(-?[0-9]{1,18})\.([0-9]{1,7})\.([01])\.(.+)", key, re.ASCII | re.DOTALL)
    return ((-int(match[1]), -int(match[2]), -int(match[3])), unpack(match[4])) if match else None


def side_of(boxes: Sequence[BoxCount | MailboxSummary], current: str, length: int = SIDE) -> tuple[SideRow, ...]:
    """Return the mailboxes (by name in) for the side; the current one is always among the first of them."""
    place = bisect_left(boxes, current, key=lambda box: box.name)
    start = max(0, min(place - length // 4, len(boxes) - length))
    return tuple(map(side_row, boxes[start : start + length]))


def named(boxes: Sequence[MailboxSummary], text: str) -> Sequence[MailboxSummary]:
    """Return the mailboxes that have this text in their names, in either case; all for no text."""
    wanted = text.casefold()
    return [box for box in boxes if wanted in box.name.casefold()] if wanted else boxes


def totals_of(boxes: Sequence[MailboxSummary]) -> str:
    """Return what stands beside the heading of all mailboxes."""
    mails, size = sum(box.mails for box in boxes), sum(box.size for box in boxes)
    unseen = sum(box.unseen for box in boxes)
    return f"{len(boxes):,}, with {facts_of(mails, unseen, size)}"
