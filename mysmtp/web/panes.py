"""The list beside the mail, for readers who want both at once: whether, how wide, and what the list shows.

What was chosen is a cookie, so that it needs no JavaScript. Narrow screens show one after the other all the same.
"""

from collections.abc import Sequence

from flask import request

from mysmtp.message import BoxCount, MailboxSummary
from mysmtp.powers import Counting
from mysmtp.web import presenting_boxes as table
from mysmtp.web.site import site

COOKIE = "split"
OFF = "off"
USUAL = "40"
WIDTHS = tuple(str(percent) for percent in range(25, 70, 5))  # of the room beside the mailboxes, in hundredths

Side = tuple[tuple[table.SideRow, ...], int, int]  # mailboxes, how many there are, how many new mails in all of them


def width_of_list() -> str:
    """Return how wide this reader wants the list beside the mail, one of WIDTHS; ``""`` for none there."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in WIDTHS else ""


def side_beside(name: str) -> Side:
    """Return what the side shows beside this mailbox; it is asked for no more than that."""
    store = site().store
    return side_of(store.counts() if isinstance(store, Counting) else store.mailboxes(), name)


def side_of(boxes: Sequence[BoxCount | MailboxSummary], name: str) -> Side:
    """Return what the side shows of these mailboxes."""
    return table.side_of(boxes, name), len(boxes), sum(box.unseen for box in boxes)
