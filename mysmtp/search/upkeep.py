"""Keeping the index up with the mailboxes while nobody searches: in the background, behind mail.

While mail comes in this takes a twentieth of the time, and lets go in between; there is one interpreter, so a lower
priority would not help: whoever holds it must not be put to sleep. While all is quiet it takes what it needs.
"""

import logging
import threading
import time

from mysmtp.errors import MailFault
from mysmtp.events import Event, MailboxChanged
from mysmtp.search.index import MailIndex

log = logging.getLogger(__name__)

SHARE = 0.05  # of the time, while mail comes in
_GATHER = 0.3  # seconds after news in which more is waited for
_PAUSE = 0.002  # seconds left to others after each step, in any case
_LONGEST = 10.0  # seconds of one rest
_EVERY = 60.0  # seconds after which it is looked for what others did to the files


class Upkeep:
    """Indexes in a thread of its own from `start` to `stop`. Told of news by `hear`."""

    def __init__(self, index: MailIndex) -> None:
        self._index = index
        self._news = 0  # how often there were any
        self._awake = False
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="search", daemon=True)

    def hear(self, event: Event) -> None:
        """Take note of news. Called for every mail, so it does next to nothing."""
        self._news += 1
        if isinstance(event, MailboxChanged):
            self._index.note(event.mailbox)
        if not self._awake:
            self._awake = True
            self._wanted.set()

    def start(self) -> None:
        """Begin; what has changed since the index was closed is looked for first."""
        self._wanted.set()
        self._thread.start()

    def stop(self) -> None:
        """Return when nothing is under way any more; the index is closed then."""
        self._closing.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()
        self._index.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wanted.wait(_EVERY)
            self._closing.wait(_GATHER)
            self._wanted.clear()
            self._awake = False
            try:
                self._catch_up()
                continue
            except MailFault:  # the index has told of it
                pass
            except Exception:
                log.exception("indexing failed; it is tried again")
            self._wanted.set()
            self._closing.wait(_LONGEST)

    def _catch_up(self) -> None:
        """Index what has changed, and rest as long as it takes to leave mail its share."""
        seen, began = self._news, time.monotonic()
        more = self._index.catch_up(0.0)
        while not self._closing.is_set():
            took = time.monotonic() - began
            busy = self._news != seen
            self._closing.wait(min(_LONGEST, took * (1 / SHARE - 1)) if busy else _PAUSE)
            if not more or self._closing.is_set():
                return
            seen, began = self._news, time.monotonic()
            more = self._index.step()
