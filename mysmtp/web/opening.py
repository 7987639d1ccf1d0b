"""Mails opened for pages, a few at a time: one is whole in memory while it is looked at, and it may be large."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from mysmtp.contracts import MessageStore, Offload
from mysmtp.message import StoredMail

T = TypeVar("T")
U = TypeVar("U")

MOST: Final = 4  # mails in memory at once; two are looked at, and the next ones are there by then
BEGINNING: Final = 128 * 1024  # octets of a mail that are left when it was looked at: its header, for its title


class Opening:
    """Opens mails of a store. `offload` runs what looks at them. Whoever comes when enough are open waits."""

    def __init__(self, store: MessageStore, offload: Offload) -> None:
        self._store = store
        self._offload = offload
        self._turns = threading.BoundedSemaphore(MOST)

    def open(self, mailbox: str, mail_id: int, look: Callable[[StoredMail], T]) -> tuple[StoredMail, T]:
        """Return a mail with the beginning of its body, and what `look` makes of all of it. Raises as the store."""
        return self.open_with(lambda: None, mailbox, mail_id, lambda mail, _: look(mail))

    def open_with(
        self, fetch: Callable[[], U], mailbox: str, mail_id: int, look: Callable[[StoredMail, U], T]
    ) -> tuple[StoredMail, T]:
        """Do the same where what `fetch` returns, here, is looked at with the mail."""
        with self._turns:
            mail, more = self._store.read(mailbox, mail_id), fetch()
            return replace(mail, body=mail.body[:BEGINNING]), self._offload(lambda: look(mail, more))
