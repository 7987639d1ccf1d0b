"""The replies of one conversation on their way out: in the order of their commands, and none before it is true.

A reply may be owed: it says that a mail is stored, which the disk has yet to confirm. Then it waits, and behind it all
that is answered after it, until `settle`; so the mails of a pipeline go to the disk together instead of one by one.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from mysmtp.contracts import Receipt
from mysmtp.errors import StoreFailed
from mysmtp.events import Bus, CommandAnswered, Refused, ReplySent
from mysmtp.protocol.outcome import Owed
from mysmtp.protocol.reply import FAILED, Reply
from mysmtp.protocol.transaction import Session
from mysmtp.tape import Mail, Tape, Told
from mysmtp.text import decode

log = logging.getLogger(__name__)

MOST_OWED = 100  # mails whose replies may be owed at the same time
MOST_OCTETS = 4 * 1024 * 1024  # and octets of their bodies, which the store holds meanwhile
_MOST_WAITING = 1000  # replies that may wait behind one that is owed


@dataclass(slots=True)
class Answer:
    """One command and its reply. `argument` is what came after the verb; the states are those before and after it.

    `fault` is why it was refused, `since` the moment at which what is owed was handed over.
    """

    verb: str
    argument: bytes
    reply: Reply
    before: str
    after: str
    as_segment: bool
    fault: Told | None = None
    owed: Owed | None = None
    since: float = 0.0


class Outbox:
    """Takes answers as they are found, gives out octets to send. `broken` makes the reply to a verb that failed.

    What is said is noted on `tape`, with its moment on `clock`.
    """

    __slots__ = ("_broken", "_bus", "_clock", "_octets", "_owed", "_ready", "_session", "_tape", "_waiting", "size")

    def __init__(
        self,
        session: Session,
        bus: Bus,
        broken: Callable[[str, Exception], Reply],
        clock: Callable[[], float] = time.monotonic,
        tape: Tape | None = None,
    ) -> None:
        self.size = 0  # octets that are ready to be sent
        self._session = session
        self._bus = bus
        self._broken = broken
        self._clock = clock
        self._tape = tape
        self._ready: list[bytes] = []
        self._waiting: list[Answer] = []  # the first of these is owed
        self._owed = 0
        self._octets = 0

    @property
    def is_plain(self) -> bool:
        """Whether a reply may just be said: none is waiting, and nobody wants to hear what was answered to what."""
        return not self._waiting and CommandAnswered not in self._bus.wanted

    def put(self, answer: Answer) -> None:
        """Put an answer behind all others."""
        if not self._waiting and answer.owed is None:
            if CommandAnswered in self._bus.wanted:
                self._bus.publish(self._news(answer))
            self._say_answer(answer)
        else:
            self._waiting.append(answer)
            if len(self._waiting) >= _MOST_WAITING:
                self.settle()

    def owe(self, answer: Answer, owed: Owed) -> None:
        """Put an answer whose reply is owed behind all others; wait now if enough is owed."""
        answer.owed, answer.since = owed, self._clock()
        self._owed += 1
        self._octets += owed.octets
        self.put(answer)
        if self._owed >= MOST_OWED or self._octets >= MOST_OCTETS:
            self.settle()

    def settle(self) -> None:
        """Wait until no reply is owed; one whose receipt turns out bad says so instead."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        self._owed = self._octets = 0
        for later, answer in zip(range(len(waiting) - 1, -1, -1), waiting, strict=True):
            fault = self._wait(answer.owed.receipt, answer.verb) if answer.owed is not None else None
            if answer.owed is not None and fault is not None:
                failed = answer.owed.failed
                answer.reply = failed(fault) if failed else self._broken(answer.verb, fault)
                self._session.correct(answer.reply.mark, later)
                answer.fault = Told("StoreFailed")
            if CommandAnswered in self._bus.wanted:
                self._bus.publish(self._news(answer))
            self._say_answer(answer)

    def _say_answer(self, answer: Answer) -> None:
        mails: tuple[Mail, ...] = ()
        since = 0.0
        if answer.owed is not None and self._tape is not None and not answer.reply.mark:
            mails, since = self._tape.take_stored(), answer.since
        self.say(answer.reply, answer.as_segment, answer.verb, answer.before, answer.after, answer.fault, mails, since)

    def say(
        self,
        reply: Reply,
        as_segment: bool,
        verb: str = "",
        before: str = "",
        after: str = "",
        fault: Told | None = None,
        mails: tuple[Mail, ...] = (),
        since: float = 0.0,
    ) -> None:
        """Say something now: nothing may be owed. The rest is noted on the tape (`tape.Entry`)."""
        octets = reply.in_segment() if as_segment else reply.in_lines()
        if reply.mark and Refused in self._bus.wanted:
            self._bus.publish(Refused(self._session.id, reply.code, reply.mark == FAILED))
        if ReplySent in self._bus.wanted:
            self._bus.publish(ReplySent(self._session.id, octets))
        if self._tape is not None:
            self._tape.said(self._clock(), octets, reply.mark, verb, before, after, fault, mails, since)
        self._ready.append(octets)
        self.size += len(octets)

    def take(self) -> bytes:
        """Return what may be sent now."""
        octets = self._ready[0] if len(self._ready) == 1 else b"".join(self._ready)
        self._ready.clear()
        self.size = 0
        return octets

    def _wait(self, receipt: Receipt, verb: str) -> Exception | None:
        """Wait for a receipt; return what broke its promise."""
        try:
            receipt.wait()
        except Exception as fault:  # noqa: BLE001  the client is told, and the log
            log_failure(verb, fault)
            return fault
        return None

    def _news(self, answer: Answer) -> CommandAnswered:
        argument = decode(answer.argument).strip(" ")
        reply = answer.reply
        return CommandAnswered(
            self._session.id, answer.verb, argument, reply.code, reply.text, answer.before, answer.after, reply.mark
        )


def log_failure(verb: str, fault: Exception) -> None:
    """Tell on the log why a verb failed through no fault of the client: the store could not do it, or we erred."""
    if isinstance(fault, StoreFailed):
        log.error("%s failed: %r", verb, fault.__cause__ or fault)
    else:
        log.error("%s failed unexpectedly", verb, exc_info=fault)
