"""News for open pages, as server-sent events: that something changed, not what; pages fetch that from their address.

Listens to the bus, whose subscribers must never wait: each listener has a bounded queue, a full one drops news and says
how many were skipped. The last news are kept, so that a page whose connection was lost goes on where it was: by the
`Last-Event-ID` of the standard, or by `last` in the address, which also closes the gap between a page being made and
its beginning to listen. Knows no store and no template.
"""

import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

import gevent
from flask import Blueprint, Response, request
from gevent.queue import Empty, Full, Queue
from werkzeug.exceptions import Forbidden, ServiceUnavailable

from mysmtp.events import Bus, Event, MailboxChanged, MailsMarked, MessageStored
from mysmtp.recorder import Recorder
from mysmtp.web.guard import may_listen

log = logging.getLogger(__name__)

LISTENERS = 100
WAITING = 1000
KEPT = 1000  # news that a page may have missed and is still told
HEARTBEAT = 15.0
LOOK_EVERY = 1.0  # seconds between two looks at what others do to the mailboxes
LOOK_AT_SESSIONS = 0.2  # seconds between two looks at the sessions that a page shows
_RESTS = 20  # times as long as a look takes nobody looks
_NUMBER = 18  # digits of one, at most

News = MessageStored | MailboxChanged | MailsMarked


class Listener:
    """One open page: the frames that wait to be sent to it."""

    def __init__(
        self,
        waiting: int,
        heartbeat: float,
        watched: Callable[[], Sequence[str]],
        turn: Callable[[], None],
        look: Callable[[], object] | None = None,
    ) -> None:
        self._queue = Queue(maxsize=waiting)
        self._heartbeat = heartbeat
        self._watched = watched
        self._seen = watched()
        self._turn = turn
        self._look = look
        self._looked: object = None  # so that it is told once at the beginning of what came before it listened
        self._skipped = 0
        self._closing = False

    def skip(self, number: int) -> None:
        """Say that news were missed."""
        self._skipped += number
        self.offer(b"")

    def offer(self, frame: bytes) -> None:
        """Queue a frame without waiting; count it as skipped if there is no room."""
        try:
            self._queue.put_nowait(frame)
        except Full:
            self._skipped += 1

    def close(self) -> None:
        """End the stream as soon as it looks."""
        self._closing = True
        self.offer(b"")

    def frames(self) -> Iterator[bytes]:
        """Yield what to send, all that waits in one piece; a comment whenever there was nothing for a while."""
        yield b"retry: 1000\n: listening\n\n"
        while not self._closing:
            try:
                piece = self._queue.get(timeout=self._heartbeat) if self._look is None else self._watch(self._look)
            except Empty:
                yield self._beat()
                continue
            self._turn()
            while not self._queue.empty():
                piece += self._queue.get_nowait()
            if self._skipped:
                piece += b'event: skipped\ndata: {"count": %d}\n\n' % self._skipped
                self._skipped = 0
            yield piece

    def _watch(self, look: Callable[[], object]) -> bytes:
        """Return what comes next: a frame that waits, or that what is looked at has changed. Raises Empty."""
        until = time.monotonic() + self._heartbeat
        while (now := time.monotonic()) < until:
            before, self._looked = self._looked, look()
            if self._looked != before:
                return b"event: session\ndata: {}\n\n"
            with suppress(Empty):
                piece: bytes = self._queue.get(timeout=min(LOOK_AT_SESSIONS, until - now))
                return piece
        raise Empty

    def _beat(self) -> bytes:
        """Return a sign of life; where the troubles are others than before, news that makes the page look again."""
        before, self._seen = self._seen, self._watched()
        return b": still here\n\n" if self._seen == before else b"event: troubles\ndata: {}\n\n"


class Live:
    """Tells the news of the bus to every listener, and after a while without any whether `watched` has changed.

    Each listener waits for its `turn` before it is told; what comes meanwhile is told in the same piece.
    """

    def __init__(
        self,
        bus: Bus,
        recorder: Recorder | None = None,
        *,
        listeners: int = LISTENERS,
        waiting: int = WAITING,
        heartbeat: float = HEARTBEAT,
        watched: Callable[[], Sequence[str]] = tuple,
        turn: Callable[[], None] = lambda: None,
        outside: Callable[[], Iterable[str]] = tuple,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._recorder = recorder
        self._most = listeners
        self._waiting = waiting
        self._heartbeat = heartbeat
        self._watched = watched
        self._turn = turn
        self._listeners: tuple[Listener, ...] = ()
        # Ids start over with each process; the prefix keeps those of an earlier one from being taken for these.
        self._prefix = secrets.token_hex(4)
        self._number = 0
        self._recent: deque[News] = deque(maxlen=KEPT)
        self._outside = outside
        self._look_every = look_every
        self._looking: gevent.Greenlet | None = None
        self._detach: Callable[[], None] = bus.attach(self._take, MessageStored, MailboxChanged, MailsMarked)

    @property
    def listening(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @property
    def last_id(self) -> str:
        """The id of the last news."""
        return f"{self._prefix}-{self._number}"

    def listen(self, last: str = "", session: int | None = None) -> Iterator[bytes]:
        """Return the stream of a new listener, who listens from now until the stream is closed.

        It begins with what came after the id `last`; where that is not known any more, by saying that news were missed.
        With `session` it is told as well when something is new in that session, or in any (0).
        Raises ServiceUnavailable when enough listen already.
        """
        if len(self._listeners) >= self._most:
            raise ServiceUnavailable("Enough pages listen already; this one does not update by itself.")
        listener = Listener(self._waiting, self._heartbeat, self._watched, self._turn, self._look_at(session))
        if last and last != self.last_id:
            self._catch_up(listener, last)
        self._listeners = (*self._listeners, listener)
        if not self._looking:
            self._looking = gevent.spawn(self._look)
        return Stream(listener, lambda: self._leave(listener))

    def _look_at(self, session: int | None) -> Callable[[], object] | None:
        """Return how to see whether a session has changed, None if there is nothing to look at."""
        recorder = self._recorder
        if recorder is None or session is None:
            return None
        if not session:
            return lambda: recorder.version
        tape = recorder.find(session)
        return (lambda: tape.version) if tape is not None and tape.ended is None else None

    def close(self) -> None:
        """Stop listening to the bus and end every stream."""
        self._detach()
        if self._looking:
            self._looking.kill(block=False)
        for listener in self._listeners:
            listener.close()

    def _leave(self, listener: Listener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)

    def _catch_up(self, listener: Listener, last: str) -> None:
        """Tell what a listener has missed."""
        prefix, _, number = last.partition("-")
        ours = prefix == self._prefix and number.isascii() and number.isdigit() and len(number) <= _NUMBER
        missed = self._number - int(number) if ours else -1
        if not 0 <= missed <= len(self._recent):
            listener.skip(max(1, missed))
            return
        first = self._number - missed + 1
        news = islice(self._recent, len(self._recent) - missed, None)
        listener.offer(b"".join(self._frame(event, at) for at, event in enumerate(news, first)))

    def _look(self) -> None:
        """Tell of what others do to the mailboxes, for as long as anybody listens."""
        while self._listeners:
            began = time.monotonic()
            try:
                changed = self._outside()
            except Exception:
                log.exception("looking for changes from outside failed; it is tried again")
                changed = ()
            for mailbox in changed:
                self._take(MailboxChanged(0, mailbox))
            gevent.sleep(max(self._look_every, _RESTS * (time.monotonic() - began)))

    def _take(self, event: Event) -> None:
        assert isinstance(event, News)
        self._number += 1
        self._recent.append(event)
        if not self._listeners:
            return
        frame = self._frame(event, self._number)
        for listener in self._listeners:
            listener.offer(frame)

    def _frame(self, event: News, number: int) -> bytes:
        data: dict[str, str | int] = {"mailbox": event.mailbox}
        name = "changed"
        if isinstance(event, MessageStored):
            name, data["id"] = "stored", event.mail_id
        # JSON in ASCII escapes line ends and surrogates, so a name can break neither the frame nor its encoding.
        return f"id: {self._prefix}-{number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode("ascii")


class Stream:
    """A listener's frames as a response body. Unlike a generator, its `close` also works before the first frame."""

    def __init__(self, listener: Listener, leave: Callable[[], None]) -> None:
        self._frames = listener.frames()
        self._leave = leave

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._frames)

    def close(self) -> None:
        """Stop listening; the server calls this when the client is gone."""
        self._leave()


def blueprint(live: Live) -> Blueprint:
    """Return the route of the feed."""
    routes = Blueprint("live", __name__)

    @routes.get("/live")
    def feed() -> Response:
        """Stream the news."""
        if not may_listen(request.headers):
            raise Forbidden
        headers = {"X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(b"", mimetype="text/event-stream", headers=headers)
        last = request.headers.get("Last-Event-ID") or request.args.get("last", "")
        asked = request.args.get("session", "")
        session = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
        return Response(live.listen(last, session), mimetype="text/event-stream", headers=headers)

    return routes
