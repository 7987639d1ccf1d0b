"""Holding the locks of several mailboxes: everyone takes them in one order, so that nobody waits in a ring."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice

from mysmtp.store.mailbox import Mailbox

AT_ONCE = 64  # mailboxes worked on under one hold of their locks


def some(mailboxes: Iterable[Mailbox]) -> Iterator[Sequence[Mailbox]]:
    """Give mailboxes in the order of their locks, few enough to be held at once."""
    following = iter(in_order(mailboxes))
    while few := tuple(islice(following, AT_ONCE)):
        yield few


@contextmanager
def all_held(mailboxes: Iterable[Mailbox]) -> Iterator[None]:
    """Hold the locks of these mailboxes."""
    with ExitStack() as held:
        for mailbox in in_order(mailboxes):
            held.enter_context(mailbox.lock)
        yield


def in_order(mailboxes: Iterable[Mailbox]) -> Sequence[Mailbox]:
    """Return mailboxes in the order in which everyone takes their locks."""
    return sorted(mailboxes, key=lambda mailbox: mailbox.file)
