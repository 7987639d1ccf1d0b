"""The keep rules: what is older than so many days, or not among the last so many of its mailbox, is deleted.

Off unless asked for. Nobody is asked and no page offers an undo, so each deletion is told on the log; until the room
is freed, `mysmtp delete --undo` puts the mails back.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle

from mysmtp.contracts import MessageStore
from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.events import Bus, MailboxChanged
from mysmtp.powers import Expiring
from mysmtp.text import visible

log = logging.getLogger(__name__)

_AT_ONCE = 1000  # mails deleted under one hold of their mailbox


class Keeping:
    """Keeps the rules in one store. `days` and `last` are 0 for no such rule; `now` (aware) is for tests."""

    def __init__(
        self,
        store: MessageStore,
        bus: Bus,
        *,
        days: int = 0,
        last: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._bus = bus
        self._days = days
        self._last = last
        self._now = now

    def look(self) -> None:
        """Delete what is not to be kept. To be called about once a minute. Raises StoreFailed."""
        if not (self._days or self._last) or not isinstance(self._store, Expiring):
            return
        before = self._now() - timedelta(days=self._days) if self._days else None
        for box in self._store.mailboxes():
            try:
                self._delete(box.name, self._store.outdated(box.name, before, self._last or None))
            except NoSuchMailbox:
                continue
            except StoreFailed as fault:
                log.error("%s: the keep rules could not be kept: %s", visible(box.name), fault.__cause__)

    def _delete(self, name: str, mail_ids: Sequence[int]) -> None:
        gone = 0
        for at in range(0, len(mail_ids), _AT_ONCE):
            gone += len(self._store.delete(name, mail_ids[at : at + _AT_ONCE]))
        if gone:
            self._bus.publish(MailboxChanged(0, name))
            rules = [f"--keep-days {self._days}"] * bool(self._days) + [f"--keep-last {self._last}"] * bool(self._last)
            mails = "1 mail was" if gone == 1 else f"{gone:,} mails were"
            log.warning("%s: %s deleted by %s", visible(name), mails, " and ".join(rules))


def take_turns(works: Sequence[Callable[[], object]], pause: Callable[[], object]) -> None:
    """Do one work after the other, round and round, and pause after each, whether it failed or not."""
    for work in cycle(works):
        try:
            work()
        except Exception:
            log.exception("looking after the mailboxes failed; it is tried again")
        pause()
