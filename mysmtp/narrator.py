"""Tells on the log what goes on, one line an event: what the original program printed, and why a client was refused.

A subscriber of the bus. It writes to `logging`, never to a terminal itself; all that came from a peer is escaped.
"""

import logging
from collections.abc import Callable

from mysmtp.events import (
    Bus,
    CommandAnswered,
    Event,
    LineReceived,
    LoginAnswered,
    MailboxChanged,
    MessageStored,
    ReplySent,
    SessionClosed,
    SessionOpened,
    TlsBegun,
)
from mysmtp.text import clipped, visible
from mysmtp.wire import left_out, lines_of, of_session, spelled, tls_begins

log = logging.getLogger("mysmtp")
wire = logging.getLogger("mysmtp.wire")

_WIRE_LIMIT = 16 * 1024  # octets of one event that are printed
_WIRE_LINE = 1000  # and of one line

_TOLD = {
    "HELO": "HELO received from {}",
    "MAIL": "MAIL received, sender {}",
    "RCPT": "RCPT received, recipient {}",
    "LIST": "LIST answered for {}",
    "GET_MAIL": "GET_MAIL answered for {}",
    "QUIT": "QUIT received.",
    "EHLO": "EHLO received from {}",
    "LHLO": "LHLO received from {}",
    "VRFY": "VRFY answered for {}",
    "USER": "USER received, mailbox {}",
}


NARRATED = (CommandAnswered, SessionOpened, TlsBegun, LoginAnswered, SessionClosed, MessageStored, MailboxChanged)
WIRED = (LineReceived, ReplySent, TlsBegun)


def _safe(text: str) -> str:
    return clipped(visible(text))


def _of_command(event: CommandAnswered) -> tuple[int, str]:
    if event.mark == "X":
        return logging.ERROR, f"{event.verb or 'line'} failed: {event.code} {_safe(event.text)}"
    if event.mark == "x":
        return logging.INFO, f"{event.verb or 'line'} refused: {event.code} {_safe(event.text)}"
    if event.verb == "DATA":
        begun = event.state_after == event.state_before
        return logging.INFO, "DATA begun." if begun else "DATA received, message stored."
    value = event.argument.partition(":")[2] if event.verb in ("MAIL", "RCPT") else event.argument
    told = _TOLD.get(event.verb) if value else None
    return logging.INFO, (told or "{verb} received.").format(_safe(value.strip(" ")), verb=event.verb)


def narrate(event: Event) -> None:
    """Write one event on the log; those that are of no interest there are passed over."""
    match event:
        case CommandAnswered():
            level, text = _of_command(event)
        case SessionOpened():
            level, text = logging.INFO, f"connected: {event.protocol} from {event.peer}"
        case TlsBegun():
            level, text = logging.INFO, f"TLS begun: {event.agreed}"
        case LoginAnswered():
            level, text = logging.INFO, f"login {'taken' if event.taken else 'refused'}, user {_safe(event.user)}"
        case SessionClosed():
            level, text = logging.INFO, f"closed: {_safe(event.reason)}"
        case MessageStored():
            level, text = logging.INFO, f"stored as {_safe(event.mailbox)} {event.mail_id}, {event.size} octets"
        case MailboxChanged():
            level, text = logging.INFO, f"mails of {_safe(event.mailbox)} were deleted or put back"
        case _:
            return
    log.log(level, "%s session=%d", text, event.session)


class Narrator:
    """Narrates what happens on a bus, up to `most` events in a second: more is read by nobody and slows every mail.

    For the rest of such a second it is not attached at all, so that what it would tell is not even made. `later` calls
    a function after so many seconds.
    """

    def __init__(self, bus: Bus, later: Callable[[float, Callable[[], None]], object], most: int = 1000) -> None:
        self._bus = bus
        self._later = later
        self._most = most
        self._told = 0
        self._stop: Callable[[], None] | None = bus.attach(self._hear, *NARRATED)

    def _hear(self, event: Event) -> None:
        if not self._told:
            self._later(1.0, self._start_anew)
        self._told += 1
        narrate(event)
        if self._told >= self._most and self._stop is not None:
            self._stop()
            self._stop = None
            log.info("more than %d lines in a second: the rest of it is not told here", self._most)

    def _start_anew(self) -> None:
        self._told = 0
        if self._stop is None:
            self._stop = self._bus.attach(self._hear, *NARRATED)


class WirePrinter:
    """Writes what crosses the wire on the log, a line each: `C:` what a client sent, `S:` what the server did.

    Where what follows is of another session than what stands before it, a remark names that session.
    """

    def __init__(self) -> None:
        self._session = 0

    def __call__(self, event: Event) -> None:
        """Print what crossed."""
        if event.session != self._session:
            if self._session:
                wire.info(of_session(event.session))
            self._session = event.session
        if isinstance(event, TlsBegun):
            wire.info(tls_begins(event.agreed))
        elif isinstance(event, LineReceived | ReplySent):
            _print_octets("C" if isinstance(event, LineReceived) else "S", event.octets)


def _print_octets(side: str, octets: bytes) -> None:
    left = 0
    for line in lines_of(octets[:_WIRE_LIMIT]):
        if left:
            wire.info(left_out(left))
        wire.info("%s: %s", side, spelled(line[:_WIRE_LINE]))
        left = max(0, len(line) - _WIRE_LINE)
    left += max(0, len(octets) - _WIRE_LIMIT)
    if left:
        wire.info(left_out(left))
