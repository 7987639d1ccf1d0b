"""One open page that listens: when it is told something, and how it learns that there is something to tell.

A page is told at most four times a second; all that came meanwhile goes out in one piece. To make a page listen costs
whoever has news next to nothing: those who wait are woken, and fetch from what is kept when it is their turn.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from gevent.event import Event as Signal

GAP = 0.25  # seconds between two pieces that a page is told: at most four paints a second
OF_SESSIONS = b"event: session\ndata: {}\n\n"
RESTARTED = b"event: restarted\ndata: {}\n\n"


class Listener:
    """One open page. `news` returns the frames that came after a number, and the number of the last.

    `session` is the one whose lines it shows, 0 where it shows all of them, None for none. One that wants to know of
    mails is in `idle` while it waits, so that whoever has news finds those to wake. One `from_earlier` comes from a
    process before this one, and is told so.
    """

    def __init__(
        self,
        news: Callable[[int], tuple[bytes, int]],
        known: int,
        idle: set["Listener"] | None,
        *,
        session: int | None,
        turn: Callable[[], None],
        watched: Callable[[], Sequence[str]],
        heartbeat: float,
        gap: float = GAP,
        from_earlier: bool = False,
    ) -> None:
        self.session = session
        self._from_earlier = from_earlier
        self.of_mails = idle is not None
        self._news = news
        self._known = known
        self._idle = idle
        self._turn = turn
        self._watched = watched
        self._seen = watched()
        self._heartbeat = heartbeat
        self._gap = gap
        self._told = float("-inf")
        self._signal = Signal()
        self._closed = Signal()
        self._has_lines = self._may_pass = False
        if idle is not None:
            idle.add(self)

    def wake(self) -> None:
        """There is news of mails."""
        self._signal.set()

    def wake_for_lines(self) -> None:
        """Something is new in its session. Whoever says so has waited for the turn of all who are told of it."""
        self._has_lines = self._may_pass = True
        self._signal.set()

    def close(self) -> None:
        """End the stream as soon as it looks."""
        self._closed.set()
        self._signal.set()

    def frames(self) -> Iterator[bytes]:
        """Yield what to send; a comment whenever there was nothing for a while."""
        yield b"retry: 1000\n: listening\n\n" + (RESTARTED if self._from_earlier else b"")
        while not self._closed.is_set():
            if self._wait():
                yield self._collect()
            elif not self._closed.is_set():
                yield self._beat()

    def _wait(self) -> bool:
        """Return whether there is something to tell, once it may be told."""
        if not self._signal.wait(timeout=self._heartbeat):
            return False
        self._closed.wait(timeout=max(0.0, self._told + self._gap - time.monotonic()))
        if not self._may_pass and not self._closed.is_set():
            self._turn()
        return not self._closed.is_set()

    def _collect(self) -> bytes:
        self._signal.clear()
        piece = OF_SESSIONS if self._has_lines else b""
        self._has_lines = self._may_pass = False
        if self._idle is not None:
            self._idle.add(self)
            news, self._known = self._news(self._known)
            piece += news
        self._told = time.monotonic()
        return piece

    def _beat(self) -> bytes:
        """Return a sign of life; where the troubles are others than before, news that makes the page look again."""
        before, self._seen = self._seen, self._watched()
        return b": still here\n\n" if self._seen == before else b"event: troubles\ndata: {}\n\n"


class Stream:
    """A listener's frames as a response body. Unlike a generator, its `close` also works before the first frame.

    `end` ends it, from whichever greenlet.
    """

    def __init__(self, listener: Listener, leave: Callable[[], None]) -> None:
        self._frames = listener.frames()
        self._leave = leave
        self.end = listener.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._frames)

    def close(self) -> None:
        """Stop listening; the server calls this when the client is gone."""
        self._leave()
