"""The scribe: puts what a client sent on the tape, as it is cut into commands and messages.

A segment is noted as it came, for there each is a thing of its own; when such a connection turns to lines, what is on
the tape already is not noted again. What holds a secret is masked before it comes here.
"""

from mysmtp.entry import BODY
from mysmtp.protocol.framing import SEGMENTS, Framing
from mysmtp.tape import Tape
from mysmtp.wire import HIDDEN


def _behind(known: int, told: bytes, size: int, masked: bool) -> bytes:
    """Return what is to be told of a line that came as `size` octets, when so many of them are `known`."""
    if known >= size:
        return b""
    end = told[len(told.rstrip(b"\r\n")) :]
    return HIDDEN + end if masked and known else told[known:]


class Scribe:
    """Writes one side of a session's `tape`; `at` is the moment of the last octets, on the clock of the tape.

    `ahead` octets are on the tape already that the framing has yet to cut into lines; -1: all so far, as segments.
    """

    __slots__ = ("_framing", "_tape", "ahead", "at")

    def __init__(self, tape: Tape, framing: Framing) -> None:
        self.at = 0.0
        self._tape = tape
        self._framing = framing
        self.ahead = 0

    @property
    def is_clear(self) -> bool:
        """Whether nothing of the next line is on the tape."""
        return not self.ahead and self._tape.rest is None

    def came(self, at: float) -> None:
        """Octets came at this moment: what was ahead and is not waited for by the framing any more, it threw away."""
        self.at = at
        if self.ahead > 0 and self._framing.is_at_rest:
            self.ahead = 0

    def segment(self, octets: bytes, masked: bool) -> None:
        """Note what came, as it may be told: a segment is a thing of its own."""
        self.ahead = -1
        self._tape.heard(self.at, octets, masked=masked)

    def segment_of_message(self, octets: bytes) -> None:
        """Note what came of a message in segments."""
        self.ahead = -1
        self._tape.body(self.at, octets)

    def command(self, octets: bytes, *, masked: bool = False, size: int = 0) -> None:
        """Note a command as it may be told, unless it is on the tape as a segment already; it came as `size` octets."""
        if self._framing.kind is SEGMENTS:
            return
        if self.ahead:
            octets = self._unknown(octets, size or len(octets), masked)
        if octets:
            self._tape.heard(self.at, octets, masked=masked)

    def _unknown(self, octets: bytes, size: int, masked: bool = False) -> bytes:
        """Return what of these octets, which came as `size`, was not on the tape as a part of a segment."""
        if self.ahead < 0:  # the connection has just turned to lines
            self.ahead = size + len(self._framing.rest)
        known = min(self.ahead, size)
        self.ahead -= known
        return _behind(known, octets, size, masked)

    def content(self, octets: bytes, size: int, kind: str = BODY) -> None:
        """Note a piece of a message, or more of a command that was too long (SKIPPED), as it may be told.

        It came as `size` octets. What is on the tape already is not noted again.
        """
        if self.ahead:
            if self._framing.kind is SEGMENTS:
                return
            octets = self._unknown(octets, size)
        if octets:
            self._tape.body(self.at, octets, kind)

    def answer(self, told: bytes, *, whole: bool) -> None:
        """Note an answer to a login as it may be told, all that came of it; such protocols know no segments."""
        masked = told.startswith(HIDDEN)
        if whole:
            self._tape.heard(self.at, told, masked=masked)
        elif told:
            self._tape.left(self.at, told, masked=masked)

    def rest(self, octets: bytes, masked: bool) -> None:
        """Note what has come of a line that is not complete, as it may be told: what of it is not on the tape."""
        if self._framing.kind is SEGMENTS:
            return
        if self.ahead:
            size = len(self._framing.rest)
            octets = _behind(self.ahead, octets, size, masked)
        if octets:
            self._tape.left(self.at, octets, masked=masked)
