"""News for open pages, as server-sent events: that something changed, not what; pages fetch that from their address.

Listens to the bus, whose subscribers must never wait: news are kept for a while, and each listener fetches those it
does not know yet; of one that missed too many it is said how many. So a page whose connection was lost goes on where it
was: by the `Last-Event-ID` of the standard, or by `last` in the address, which also closes the gap between a page being
made and its beginning to listen. Who shows a session is told when something is new there, all of them at the same
moment, so that one page serves those who ask for the same. Knows no store and no template.
"""

import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import gevent
from werkzeug.exceptions import ServiceUnavailable

from mysmtp.events import Bus, Event, MailboxChanged, MailsMarked, MessageStored
from mysmtp.recorder import Recorder
from mysmtp.web.listening import GAP, Listener, Stream
from mysmtp.web.lookout import Lookout

log = logging.getLogger(__name__)

LISTENERS = 100
KEPT = 1000  # news that a page may have missed and is still told
HEARTBEAT = 15.0
LOOK_EVERY = 1.0  # seconds between two looks at what others do to the mailboxes
LOOK_AT_SESSIONS = 0.1  # seconds between two looks at the sessions that pages show
_RESTS = 20  # times as long as a look takes nobody looks
_NUMBER = 18  # digits of one, at most

News = MessageStored | MailboxChanged | MailsMarked


class Live:
    """Tells the news of the bus to every listener, and after a while without any whether `watched` has changed.

    Each listener waits for its `turn` before it is told, and `gap` seconds after it was; what comes meanwhile is told
    in the same piece. Of sessions all are told together, once `ease` returns. The last `kept` news are known.
    """

    def __init__(
        self,
        bus: Bus,
        recorder: Recorder | None = None,
        *,
        listeners: int = LISTENERS,
        kept: int = KEPT,
        heartbeat: float = HEARTBEAT,
        watched: Callable[[], Sequence[str]] = tuple,
        turn: Callable[[], None] = lambda: None,
        ease: Callable[[], None] = lambda: None,
        outside: Callable[[], Iterable[str]] = tuple,
        look_every: float = LOOK_EVERY,
        gap: float = GAP,
    ) -> None:
        self._lookout = Lookout(recorder, gap) if recorder else None
        self._most = listeners
        self._heartbeat = heartbeat
        self._watched = watched
        self._turn = turn
        self._ease = ease
        self._gap = gap
        self._listeners: tuple[Listener, ...] = ()
        self._idle: set[Listener] = set()
        # Ids start over with each process; the prefix keeps those of an earlier one from being taken for these.
        self._prefix = secrets.token_hex(4)
        self._number = 0
        self._recent: deque[News] = deque(maxlen=kept)
        self._told: tuple[int, int, bytes] = (0, 0, b"")  # news from one number to another, as they were told last
        self._outside = outside
        self._look_every = look_every
        self._looking: gevent.Greenlet | None = None
        self._watching: gevent.Greenlet | None = None
        self._detach: Callable[[], None] = bus.attach(self._take, MessageStored, MailboxChanged, MailsMarked)

    @property
    def listening(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @property
    def last_id(self) -> str:
        """The id of the last news."""
        return self._id(self._number)

    def _id(self, number: int) -> str:
        return f"{self._prefix}-{number}"

    def told(self, session: int) -> float | None:
        """Return when those who show a session were told of it last, on the monotonic clock; None if nobody listens."""
        return self._lookout.told(session) if self._lookout else None

    def listen(self, last: str = "", session: int | None = None, *, mails: bool = True) -> Stream:
        """Return the stream of a new listener, who listens from now until the stream is closed.

        It begins with what came after the id `last`; where that is not known any more, by saying that news were missed,
        and of an earlier process, that this one is another: sessions are counted anew.
        With `session` it is told when something is new in that session, or in any (0); without `mails` of nothing else.
        Raises ServiceUnavailable when enough listen already.
        """
        if len(self._listeners) >= self._most:
            raise ServiceUnavailable("Enough pages listen already; this one does not update by itself.")
        known = self._known(last) if last else self._number
        listener = Listener(
            self._news_after, known, self._idle if mails else None, session=session if self._lookout else None,
            turn=self._turn, watched=self._watched, heartbeat=self._heartbeat, gap=self._gap,
            from_earlier=bool(last) and not self._is_ours(last),
        )  # fmt: skip
        if mails and known != self._number:
            listener.wake()
        self._listeners = (*self._listeners, listener)
        if listener.of_mails and not self._looking:
            self._looking = gevent.spawn(self._look)
        if self._lookout and listener.session is not None:
            self._watch(self._lookout, listener, listener.session)
        return Stream(listener, lambda: self._leave(listener))

    def _watch(self, lookout: Lookout, listener: Listener, session: int) -> None:
        if lookout.begin(session, time.monotonic()):
            listener.wake_for_lines()  # of what came before it listened
        if not self._watching:
            self._watching = gevent.spawn(self._look_at_sessions, lookout)

    def close(self) -> None:
        """Stop listening to the bus and end every stream."""
        self._detach()
        gevent.killall([each for each in (self._looking, self._watching) if each], block=False)
        for listener in self._listeners:
            listener.close()

    def _leave(self, listener: Listener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)
        self._idle.discard(listener)

    def _known(self, last: str) -> int:
        """Return the number of the last news that a listener knows of; one below 0 where that cannot be told."""
        _, _, number = last.partition("-")
        ours = self._is_ours(last) and number.isascii() and number.isdigit() and len(number) <= _NUMBER
        return int(number) if ours and int(number) <= self._number else -1

    def _is_ours(self, last: str) -> bool:
        return last.partition("-")[0] == self._prefix

    # ---- mails

    def _take(self, event: Event) -> None:
        assert isinstance(event, News)
        self._number += 1
        self._recent.append(event)
        if self._idle:
            for listener in self._idle:
                listener.wake()
            self._idle.clear()

    def _news_after(self, known: int) -> tuple[bytes, int]:
        """Return the frames of what came after the news of this number, and the number of the last."""
        last = self._number
        if (known, last) != self._told[:2]:
            self._told = (known, last, self._frames(known, last))
        return self._told[2], last

    def _frames(self, known: int, last: int) -> bytes:
        missed = last - known
        if known < 0 or missed > len(self._recent):
            count = missed if known >= 0 else 1
            return b'id: %s\nevent: skipped\ndata: {"count": %d}\n\n' % (self._id(last).encode(), count)
        news = islice(self._recent, len(self._recent) - missed, None)
        return b"".join(self._frame(event, number) for number, event in enumerate(news, known + 1))

    def _frame(self, event: News, number: int) -> bytes:
        data: dict[str, str | int] = {"mailbox": event.mailbox}
        name = "changed"
        if isinstance(event, MessageStored):
            name, data["id"] = "stored", event.mail_id
        # JSON in ASCII escapes line ends and surrogates, so a name can break neither the frame nor its encoding.
        return f"id: {self._id(number)}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode("ascii")

    def _look(self) -> None:
        """Tell of what others do to the mailboxes, for as long as anybody wants to know."""
        while any(listener.of_mails for listener in self._listeners):
            began = time.monotonic()
            self._look_outside()
            gevent.sleep(max(self._look_every, _RESTS * (time.monotonic() - began)))

    def _look_outside(self) -> None:
        try:
            changed = self._outside()
        except Exception:
            log.exception("looking for changes from outside failed; it is tried again")
            changed = ()
        for mailbox in changed:
            self._take(MailboxChanged(0, mailbox))

    # ---- sessions

    def _look_at_sessions(self, lookout: Lookout) -> None:
        """Tell those who show a session whenever something is new there; mail goes before them."""
        while shown := [each.session for each in self._listeners if each.session is not None]:
            changed = lookout.changed(shown, time.monotonic())
            if changed:
                self._ease()
                for listener in self._listeners:
                    if listener.session in changed:
                        listener.wake_for_lines()
            gevent.sleep(LOOK_AT_SESSIONS)
