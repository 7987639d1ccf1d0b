"""Hearing: what a client sends, told to those who look on: as news on the bus, and on the tape by the scribe.

All that comes passes here once, in its order, so that discretion sees all of it; it changes nothing of what is done.
"""

from mysmtp.entry import SKIPPED
from mysmtp.events import Bus, LineReceived
from mysmtp.protocol.discretion import Discretion
from mysmtp.protocol.framing import SEGMENTS, Framing
from mysmtp.protocol.outcome import Content
from mysmtp.protocol.scribe import Scribe
from mysmtp.tape import Tape


class Hearing:
    """Tells what one `session` hears. Without a `tape`, on the bus alone."""

    __slots__ = ("_bus", "_discretion", "_framing", "_scribe", "_session")

    def __init__(self, session: int, bus: Bus, discretion: Discretion, framing: Framing, tape: Tape | None) -> None:
        self._session = session
        self._bus = bus
        self._discretion = discretion
        self._framing = framing
        self._scribe = Scribe(tape, framing) if tape is not None else None

    def came(self, data: bytes, now: float, *, of_message: bool) -> None:
        """Octets came that go to the framing next; in segments they may be `of_message`."""
        scribe = self._scribe
        if scribe is None:
            return
        scribe.came(now)
        if self._framing.kind is not SEGMENTS:
            return
        if of_message:
            scribe.segment_of_message(data)
        else:
            scribe.segment(*self._discretion.preview(data))

    def known(self, line: bytes) -> None:
        """A line came that was said before, and is told by who answers it."""
        self._discretion.wary = False  # no line that is kept holds a secret
        if LineReceived in self._bus.wanted:
            self._bus.publish(LineReceived(self._session, line))

    @property
    def is_clear(self) -> bool:
        """Whether nothing of the next line is on the tape."""
        return self._scribe is None or self._scribe.is_clear

    def again(self, line: bytes) -> None:
        """Note on the tape a line that is `known`."""
        if self._scribe is not None:
            self._scribe.command(line)

    def line(self, octets: bytes) -> bool:
        """A line came, or a segment; tell whether it may hold a secret."""
        shown, masked = self._discretion.tell(octets)
        self._news(shown)
        if self._scribe is not None:
            self._scribe.command(shown, masked=masked, size=len(octets))
        return masked

    def segment_body(self, octets: bytes) -> None:
        """A segment with a message was read to its end: on the tape it is already."""
        self._news(self._discretion.tell(octets)[0])

    def skipped(self, octets: bytes) -> None:
        """More came of a line that was too long."""
        shown = self._discretion.more(octets)
        if shown:
            self._news(shown)
        if self._scribe is not None:
            self._scribe.content(shown, len(octets), SKIPPED)

    def content(self, octets: bytes, content: Content, *, whole: bool) -> None:
        """A piece of content came, the last if that is `whole` now."""
        if not content.secret:
            self._news(octets)
        elif whole:
            self._news(content.told)
        if self._scribe is None:
            return
        if content.secret:
            self._scribe.answer(content.told, whole=whole)
        else:
            self._scribe.content(octets, len(octets))

    def rest(self) -> None:
        """What has come of a line, and all behind it, is not taken now."""
        if self._scribe is not None and self._framing.has_more:
            self._scribe.rest(*self._discretion.preview(self._framing.rest))

    def _news(self, shown: bytes) -> None:
        if LineReceived in self._bus.wanted:
            self._bus.publish(LineReceived(self._session, shown))
