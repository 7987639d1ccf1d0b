"""What is asked about mails of any number of mailboxes at once, off the hub: how they begin, who has looked at them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from mysmtp.contracts import Offload
from mysmtp.errors import NoSuchMailbox
from mysmtp.store.holding import with_each
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.showing import beginnings

T = TypeVar("T")


class Across:
    """Asks mailboxes. `find` gives that of a name, `write` has what waits for one written first.

    What is gone is left out. Raises StoreFailed.
    """

    def __init__(self, find: Callable[[str], Mailbox], write: Callable[[Mailbox], None], offload: Offload) -> None:
        self._find = find
        self._write = write
        self._offload = offload

    def beginnings(self, mails: Mapping[str, Sequence[int]], octets: int) -> Mapping[tuple[str, int], bytes]:
        """Return the first octets of the bodies of mails, asked for by mailbox and ids."""
        found = self._ask(mails, lambda mailbox, ids: beginnings(mailbox, ids, octets))
        return {(name, mail_id): first for name, each in found.items() for mail_id, first in each.items()}

    def unseen(self, mails: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
        """Return which of these mails nobody has looked at."""
        return self._ask(mails, Mailbox.unseen_among)

    def _ask(self, mails: Mapping[str, Sequence[int]], question: Callable[[Mailbox, Sequence[int]], T]) -> dict[str, T]:
        """Ask each mailbox about its mails; return the answers, by the names it was asked for by."""
        names: dict[Mailbox, list[str]] = {}  # more than one may mean the same
        for name in mails:
            with suppress(NoSuchMailbox):
                names.setdefault(self._find(name), []).append(name)

        def answers(mailbox: Mailbox) -> dict[str, T]:
            with suppress(NoSuchMailbox):
                self._write(mailbox)
                return {name: question(mailbox, mails[name]) for name in names[mailbox]}
            return {}

        found = with_each(names, self._offload, answers)
        return {name: answer for each in found.values() for name, answer in each.items()}
