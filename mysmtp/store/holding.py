"""Holding the locks of several mailboxes: everyone takes them in one order, so that nobody waits in a ring."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TypeVar

from mysmtp.contracts import Offload
from mysmtp.offload import to_the_end
from mysmtp.store.mailbox import Mailbox

T = TypeVar("T")

AT_ONCE = 64  # mailboxes worked on under one hold of their locks


def some(mailboxes: Iterable[Mailbox]) -> Iterator[Sequence[Mailbox]]:
    """Give mailboxes in the order of their locks, few enough to be held at once."""
    following = iter(in_order(mailboxes))
    while few := tuple(islice(following, AT_ONCE)):
        yield few


@contextmanager
def all_held(mailboxes: Iterable[Mailbox]) -> Iterator[None]:
    """Hold the locks of these mailboxes. Pages hold thousands: a stack of contexts would take three times as long."""
    held = []
    try:
        for mailbox in in_order(mailboxes):
            mailbox.lock.acquire()
            held.append(mailbox.lock)
        yield
    finally:
        for lock in reversed(held):
            lock.release()


def with_each(mailboxes: Iterable[Mailbox], offload: Offload, work: Callable[[Mailbox], T]) -> dict[str, T]:
    """Do something that blocks with each mailbox, many in one go; return what came of it, by file."""
    done: dict[str, T] = {}

    def run(few: Sequence[Mailbox]) -> None:
        done.update((mailbox.file, work(mailbox)) for mailbox in few)

    for few in some(mailboxes):
        with all_held(few):
            to_the_end(offload, partial(run, few))
    return done


def in_order(mailboxes: Iterable[Mailbox]) -> Sequence[Mailbox]:
    """Return mailboxes in the order in which everyone takes their locks."""
    return sorted(mailboxes, key=lambda mailbox: mailbox.file)
