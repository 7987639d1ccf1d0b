"""The recorder: a tape of every session, open ones and the last that ended, within a measure of memory.

A subscriber of the bus; the tapes themselves are written by the dialogs. At most `kept` tapes may hold `session_bytes`
each: those of open sessions first, then the newest that have ended. Sessions beyond that are open in such a crowd that
nobody reads them all: their tapes keep a few lines.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from gevent import monkey

from mysmtp.delivery import now
from mysmtp.entry import Mail
from mysmtp.events import Bus, Event, LoginAnswered, MessageStored, SessionClosed, SessionOpened
from mysmtp.reel import Reel
from mysmtp.tape import Tape

_native_lock = monkey.get_original("_thread", "allocate_lock")
CROWDED = 2048  # octets of a tape beyond the number kept


class Recorder:
    """The tapes of all sessions. `kept` 0 records nothing. `clock` is the one that the dialogs use."""

    def __init__(
        self,
        bus: Bus,
        *,
        kept: int = 500,
        session_bytes: int = 128 * 1024,
        clock: Callable[[], float] = time.monotonic,
        moment: Callable[[], datetime] = now,
    ) -> None:
        self.started = moment()
        self.opened = 0  # sessions since the start
        self.kept = kept
        self._session_bytes = session_bytes
        self._clock = clock
        self._moment = moment
        self._reel = Reel(_native_lock())
        self._open: dict[int, Tape] = {}
        self._whole: set[int] = set()  # open sessions whose tapes may take all of session_bytes
        self._ended: OrderedDict[int, Tape] = OrderedDict()
        if kept:
            bus.attach(self._note_mail, MessageStored)
            bus.attach(self._hear, SessionOpened, SessionClosed, LoginAnswered)

    def tape(self, session: int) -> Tape | None:
        """Return the tape of an open session for its dialog to write on, None where nothing is recorded."""
        return self._open.get(session)

    def find(self, session: int) -> Tape | None:
        """Return the tape of a session, None if it is not kept any more or never was."""
        return self._open.get(session) or self._ended.get(session)

    def tapes(self) -> Sequence[Tape]:
        """Return every tape that is kept, the newest session first."""
        return sorted((*self._open.values(), *self._ended.values()), key=lambda tape: -tape.session)

    def entry_of(self, session: int, mail: Mail) -> int | None:
        """Return the number of the entry in which a session was told that this mail is stored, None if not kept.

        Sessions are counted anew by each process; ids of mails are not, so a mail is found in its own session only.
        """
        tape = self.find(session)
        entries = tape.entries() if tape is not None else ()
        return next((entry.number for entry in entries if mail in entry.mails), None)

    @property
    def open(self) -> int:
        """How many sessions are open now."""
        return len(self._open)

    @property
    def version(self) -> tuple[int, int, int]:
        """What differs whenever a session was opened or closed, or something was said in one."""
        return self.opened, len(self._open), self._reel.rows_written

    def _note_mail(self, event: Any) -> None:
        """Note a MessageStored."""
        tape = self._open.get(event.session)
        if tape is not None:
            tape.stored.append(event)

    def _hear(self, event: Event) -> None:
        if isinstance(event, LoginAnswered):
            tape = self._open.get(event.session)
            if tape is not None:
                tape.answered_login(event.user, event.taken)
        elif isinstance(event, SessionOpened):
            self._begin(event)
        elif isinstance(event, SessionClosed):
            self._end(event)

    def _begin(self, event: SessionOpened) -> None:
        whole = len(self._whole) < self.kept
        if whole:
            self._whole.add(event.session)
        self.opened += 1
        self._open[event.session] = Tape(
            event.session, event.protocol, event.peer, began=self._moment(), start=self._clock(),
            limit=self._session_bytes if whole else min(CROWDED, self._session_bytes), reel=self._reel,
        )  # fmt: skip
        self._forget()

    def _end(self, event: SessionClosed) -> None:
        tape = self._open.pop(event.session, None)
        if tape is None:
            return
        tape.close(self._clock(), event.reason)
        self._whole.discard(event.session)
        self._ended[event.session] = tape
        self._forget()

    def _forget(self) -> None:
        while len(self._ended) > max(0, self.kept - len(self._whole)):
            _, tape = self._ended.popitem(last=False)
            tape.forget()
