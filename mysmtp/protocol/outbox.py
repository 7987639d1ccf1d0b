"""The replies of one conversation on their way out: in the order of their commands, and none before it is true.

A reply may be owed: it says that a mail is stored, which the disk has yet to confirm. Then it waits, and behind it all
that is answered after it, until `settle`; so the mails of a pipeline go to the disk together instead of one by one.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from mysmtp.contracts import Receipt
from mysmtp.entry import Note, Told
from mysmtp.errors import StoreFailed
from mysmtp.events import Bus, CommandAnswered, Refused, ReplySent
from mysmtp.protocol.outcome import Owed
from mysmtp.protocol.reply import FAILED, Octets, Reply
from mysmtp.protocol.transaction import Session
from mysmtp.tape import Tape
from mysmtp.text import decode

log = logging.getLogger(__name__)

MOST_OWED = 100  # mails whose replies may be owed at the same time
MOST_OCTETS = 4 * 1024 * 1024  # and octets of their bodies, which the store holds meanwhile
_LARGE = 512 * 1024  # octets that may hold a reply that lies in a file
_MOST_WAITING = 1000  # replies that may wait behind one that is owed


@dataclass(slots=True)
class Answer:
    """A reply that waits, and what it is about. `argument` is what came after the verb.

    `since` is the moment at which what is `owed` was handed over.
    """

    reply: Reply
    note: Note
    argument: bytes
    as_segment: bool
    owed: Owed | None = None
    since: float = 0.0


class Outbox:
    """Takes answers as they are found, gives out octets to send. `broken` makes the reply to a verb that failed.

    `waiting` are answers behind one that is owed. What is said is noted on `tape`, with its moment on `clock`.
    """

    __slots__ = (
        "_broken", "_clock", "_octets", "_owed", "_ready", "_session", "_tape", "bus", "sent", "size", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        bus: Bus,
        broken: Callable[[str, Exception], Reply],
        clock: Callable[[], float] = time.monotonic,
        tape: Tape | None = None,
    ) -> None:
        self.size = 0  # octets that are ready to be sent
        self.sent = 0  # and octets that were given to be sent
        self._session = session
        self.bus = bus
        self._broken = broken
        self._clock = clock
        self._tape = tape
        self._ready: list[Octets] = []
        self.waiting: list[Answer] = []  # the first of these is owed
        self._owed = 0
        self._octets = 0

    def put(self, reply: Reply, note: Note, argument: bytes, as_segment: bool) -> None:
        """Put the answer to a command behind all others."""
        if self.waiting:
            self._wait_too(Answer(reply, note, argument, as_segment))
        else:
            self.say(reply, note, as_segment, argument)

    def add(self, octets: Octets) -> None:
        """Put what nobody wants news of behind all others: nothing may be owed."""
        self._ready.append(octets)
        self.size += len(octets)

    def owe(self, reply: Reply, note: Note, argument: bytes, as_segment: bool, owed: Owed) -> None:
        """Put an answer whose reply is owed behind all others; wait now if enough is owed."""
        self._owed += 1
        self._octets += owed.octets
        self._wait_too(Answer(reply, note, argument, as_segment, owed, self._clock()))
        if self._owed >= MOST_OWED or self._octets >= MOST_OCTETS:
            self.settle()

    def _wait_too(self, answer: Answer) -> None:
        self.waiting.append(answer)
        if len(self.waiting) >= _MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Wait until no reply is owed; one whose receipt turns out bad says so instead."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        self._owed = self._octets = 0
        for later, answer in zip(range(len(waiting) - 1, -1, -1), waiting, strict=True):
            if answer.owed is not None:
                self._collect(answer, answer.owed, later)
            self.say(answer.reply, answer.note, answer.as_segment, answer.argument, answer.since)

    def _collect(self, answer: Answer, owed: Owed, later: int) -> None:
        """Wait for what is owed; put into the answer what came of it. So many `later` replies have been remembered."""
        fault = self._wait(owed.receipt, answer.note.verb)
        if fault is not None:
            answer.reply = owed.failed(fault) if owed.failed else self._broken(answer.note.verb, fault)
            self._session.correct(answer.reply.mark, later)
            answer.note = answer.note._replace(mark=answer.reply.mark, fault=Told("StoreFailed"))
            answer.since = 0.0

    def say(
        self, reply: Reply, note: Note, as_segment: bool, argument: bytes | None = None, since: float = 0.0
    ) -> None:
        """Say something now: nothing may be owed. `argument` came after the verb; None answers no command.

        `since` is the moment at which what is stored now was handed over, 0 where nothing is.
        """
        octets = reply.in_segment() if as_segment else reply.in_lines()
        wanted = self.bus.wanted
        if note.mark or CommandAnswered in wanted or ReplySent in wanted:
            self._tell(reply, note, octets, argument)
        tape = self._tape
        if tape is not None:
            if tape.asked is None:
                tape.said(self._clock(), octets, note, since)
            else:
                tape.answered(octets, note)
        self._ready.append(octets)
        self.size += len(octets)

    def take_all(self) -> Octets:
        """Return what `take` does, once all that was not taken yet is true."""
        if self.waiting:
            self.settle()
        return self.take()

    def take(self) -> Octets:
        """Return what may be sent now; where `size` tells of more, take again."""
        ready, size = self._ready, self.size
        self.size = 0
        self.sent += size
        if len(ready) == 1:
            return ready.pop()
        if size > _LARGE:
            return self._take_some(ready)
        self._ready = []
        return b"".join(ready)

    def _take_some(self, ready: list[Octets]) -> Octets:
        """Return what stands before the next reply that lies in a file, or that one: it is not copied into memory."""
        count = next((at for at, each in enumerate(ready) if not isinstance(each, bytes)), len(ready)) or 1
        self._ready = ready[count:]
        self.size = sum(map(len, self._ready))
        self.sent -= self.size
        return ready[0] if count == 1 else b"".join(ready[:count])

    def _tell(self, reply: Reply, note: Note, octets: Octets, argument: bytes | None) -> None:
        """Publish what is said to those who want it."""
        bus, session = self.bus, self._session.id
        if note.mark and self._tape is not None:
            self._tape.turned_down(octets)
        if argument is not None and CommandAnswered in bus.wanted:
            text, states = decode(argument).strip(" "), (note.before, note.after)
            bus.publish(CommandAnswered(session, note.verb, text, reply.code, reply.text, *states, reply.mark))
        if note.mark and Refused in bus.wanted:
            bus.publish(Refused(session, reply.code, note.mark == FAILED))
        if ReplySent in bus.wanted:
            bus.publish(ReplySent(session, bytes(octets)))

    def _wait(self, receipt: Receipt, verb: str) -> Exception | None:
        """Wait for a receipt; return what broke its promise."""
        try:
            receipt.wait()
        except Exception as fault:  # noqa: BLE001  the client is told, and the log
            log_failure(verb, fault)
            return fault
        return None


def log_failure(verb: str, fault: Exception) -> None:
    """Tell on the log why a verb failed through no fault of the client: the store could not do it, or we erred."""
    if isinstance(fault, StoreFailed):
        log.error("%s failed: %r", verb, fault.__cause__ or fault)
    else:
        log.error("%s failed unexpectedly", verb, exc_info=fault)
