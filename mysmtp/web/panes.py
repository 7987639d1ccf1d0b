"""The list beside the mail, for readers who want both at once: whether, how wide, and what the list shows.

What was chosen is a cookie, so that it needs no JavaScript. Narrow screens show one after the other all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from mysmtp.message import MailboxSummary, MailSummary
from mysmtp.web import presenting_boxes as table
from mysmtp.web import presenting_lists as lists
from mysmtp.web.site import site

COOKIE = "split"
OFF = "off"
USUAL = "40"
WIDTHS = tuple(str(percent) for percent in range(25, 70, 5))  # of the room beside the mailboxes, in hundredths

Side = tuple[tuple[table.BoxRow, ...], int, int]  # mailboxes, how many there are, how many new mails in all of them


@dataclass(frozen=True, slots=True)
class Panes:
    """What stands beside a mail: the mailboxes, and the part of its mailbox's list that it is on."""

    side: Side
    days: tuple[lists.Day, ...]
    words: str


def width_of_list() -> str:
    """Return how wide this reader wants the list beside the mail, one of WIDTHS; ``""`` for none there."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in WIDTHS else ""


def panes_beside(name: str, found: Sequence[MailSummary], mail_id: int) -> Panes | None:
    """Return what stands beside a mail of a mailbox with these mails, None where nothing is wanted there."""
    if not width_of_list():
        return None
    page = lists.page_of(found, None)
    if page.mails and page.mails[-1].id > mail_id:
        page = lists.page_of(found, mail_id + 1)
    clock = site().clock()
    return Panes(side_of(site().store.mailboxes(), name), lists.days_of(page.mails, clock), page.words)


def side_of(boxes: Sequence[MailboxSummary], name: str) -> Side:
    """Return what the side shows."""
    return table.side_of(boxes, name, site().clock()), len(boxes), sum(box.unseen for box in boxes)
