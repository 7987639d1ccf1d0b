"""The engine: one client's conversation in one dialect. Octets in, octets out; no sockets, no clock of its own.

Every command goes through the same gate, in one order: is it text? known? allowed now? does its argument parse? Only
then is it done. Replies come out in the order of the commands, however the octets were cut.
"""

from collections.abc import Callable, Iterator
from typing import Any

from mysmtp.contracts import Deliverer, MessageStore
from mysmtp.errors import (
    LineTooLong,
    MailFault,
    OutOfOrder,
    OutOfStep,
    Parting,
    StoreFailed,
    TooManyErrors,
    UnknownCommand,
)
from mysmtp.events import Bus, LineReceived
from mysmtp.message import Body
from mysmtp.protocol import command
from mysmtp.protocol.content import Given
from mysmtp.protocol.dialect import Check, Desk, Dialect, Patience, Segments, Verb, anybody
from mysmtp.protocol.framing import SEGMENTS, UNDECIDED, Framing
from mysmtp.protocol.outbox import Answer, Outbox, log_failure
from mysmtp.protocol.outcome import Expect, Owed, Upgrade
from mysmtp.protocol.reply import REFUSED, Reply
from mysmtp.protocol.room import UNLIMITED, NoRoom, Room
from mysmtp.protocol.transaction import Session
from mysmtp.protocol.units import Line, Overlong, Segment, SegmentBody, Unit
from mysmtp.tape import Tape, Told

_BATCH = 50  # commands after which the driver gets a chance to serve others
_CHUNK = 64 * 1024  # octets of replies held back at most
_MASKED = b"****\r\n"  # what is told of a line that holds a secret

_TAKEN = Given(b"")  # stands where content was that has been handed over

_WITH_REPLY = (Owed, Upgrade)

Settled = Reply | Owed | Upgrade | None  # None: there is nothing to say until content has come


class Dialog:
    """One conversation. Begin with `greet`; then `receive`, `silence` and `end_of_input` each yield octets to send.

    Between two pieces is a good moment to let others run; a piece may be empty. When `closing` is true, send what was
    yielded and close. When `upgrading` is true, send it, start TLS, then call `upgraded`. `deadline` is the moment at
    which `silence` is to be called if nothing has come until then.
    Take every piece before you wait for more input: the last one comes when the store has said of each mail handed over
    whether it is durable, so that a client that waits for replies is never waited for.
    """

    __slots__ = (
        "_after", "_ahead", "_awaited", "_bus", "_clock", "_content_size", "_desk", "_dialect", "_errors", "_framing",
        "_heard", "_idled", "_min_rate", "_outbox", "_patience", "_session", "_tape", "_verb", "closing", "earned",
        "progress", "upgrading",
    )  # fmt: skip

    def __init__(
        self,
        dialect: Dialect,
        *,
        store: MessageStore,
        deliverer: Deliverer,
        clock: Callable[[], float],
        bus: Bus,
        session_id: int,
        peer: str,
        max_message_size: int,
        fixed_to_lines: bool = False,
        name: str = "localhost",
        check: Check = anybody,
        upgrades: bool = False,
        login_first: bool = False,
        room: Room = UNLIMITED,
        tape: Tape | None = None,
    ) -> None:
        self.closing = self.upgrading = False
        self.progress = 0  # grows when a line is completed or a message grows: a client that is not idle
        self.earned = 0.0  # seconds of patience that content has earned, where the dialect asks a rate of it
        self._dialect = dialect
        self._clock = clock
        self._bus = bus
        self._framing = Framing(
            fixed_to_lines=fixed_to_lines or dialect.segments is None,
            body_limit=max_message_size,
            line_limit=dialect.line_limit,
            crlf=dialect.crlf,
            room=room,
        )
        self._session = Session(dialect.initial, dialect.name, session_id, peer)
        self._desk = Desk(
            self._session, store, deliverer, max_message_size, name, check, upgrades, bus.publish, login_first, room
        )
        self._outbox = Outbox(self._session, bus, dialect.broken, clock, tape)
        self._tape = tape
        self._heard = 0.0  # when the last octets came
        self._ahead = 0  # octets on the tape that the framing has yet to cut into lines
        self._awaited: Expect | None = None  # content that is being read
        self._verb = self._after = ""  # whose it is, and the state it leads to
        self._content_size = 0
        self._patience = dialect.patience
        self._min_rate = dialect.min_rate
        self._errors = self._idled = 0
        if tape is not None:
            tape.state, tape.framing = dialect.initial, self._framing.kind.value

    @property
    def state(self) -> str:
        """The name of the state this session is in."""
        return self._session.state

    @property
    def framing(self) -> str:
        """`undecided`, `lines` or `segments`."""
        return self._framing.kind.value

    @property
    def deadline(self) -> float | None:
        """The moment at which silence means something, on the clock given; None if it never will."""
        return None if self._awaited else self._framing.deadline

    @property
    def in_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._awaited is not None or self._framing.in_body

    def greet(self) -> bytes:
        """Return what the server says first: nothing, in a dialect without a greeting."""
        if self._dialect.greeting is None:
            return b""
        self._say(self._dialect.greeting(self._desk), as_segment=False)
        return self._outbox.take()

    def upgraded(self, tls: str) -> None:
        """Note that all goes through TLS from now on; `tls` names its version and cipher."""
        self.upgrading = False
        self._session.tls = tls
        if self._tape is not None:
            self._tape.secured(self._clock(), tls)

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Take what one `recv` returned; yield the replies."""
        now, framing = self._clock(), self._framing
        tape = self._tape
        if tape is not None:
            self._heard = now
            tape.received += len(data)
            if framing.kind is SEGMENTS:
                self._note_segment(tape, data)
        framing.receive(data, now)
        if framing.kind is SEGMENTS and framing.in_body and b"\n" in data:
            self.progress += 1
        return self._answer_all(now)

    def silence(self) -> Iterator[bytes]:
        """Note that nothing came until `deadline`; yield the replies."""
        return self._answer_all(self._clock())

    def end_of_input(self) -> Iterator[bytes]:
        """Note that nothing will come any more; yield the last reply. A message without its end is dropped."""
        unit = None if self._awaited else self._framing.finish()
        if unit is not None:
            self._answer(unit)
            yield self._all_ready()
        self.closing = True

    def farewell(self, fault: MailFault) -> bytes:
        """Return what to say before closing for the server's own reasons."""
        self.closing = True
        self._outbox.settle()
        self._say(self._dialect.refuse(fault), self._framing.kind is SEGMENTS, Told(type(fault).__name__))
        return self._outbox.take()

    def _say(self, reply: Reply, as_segment: bool, fault: Told | None = None) -> None:
        """Say what answers no command."""
        state = self._session.state
        self._outbox.say(reply, as_segment, "", state, state, fault)

    def _all_ready(self) -> bytes:
        """Return every reply that is not sent yet, once all of them are true."""
        outbox = self._outbox
        outbox.settle()
        return outbox.take()

    def _answer_all(self, now: float) -> Iterator[bytes]:
        """Answer command after command, or read content piece by piece, until more octets are needed."""
        framing, outbox, answered = self._framing, self._outbox, 0
        while not self.closing:
            if self._awaited is not None:
                if not self._read_content(self._awaited):
                    break
            elif (unit := framing.next(now)) is not None:
                self._answer(unit)
            else:
                break
            answered += 1
            if framing.kind is SEGMENTS:
                yield self._all_ready()  # each command has a send of its own
            elif answered % _BATCH == 0 or outbox.size > _CHUNK:
                yield outbox.take()
        if self._tape is not None and framing.has_more:
            self._note_rest(self._tape)
        yield self._all_ready()

    def _note_segment(self, tape: Tape, data: bytes) -> None:
        """Note a segment as it came, for there each is a thing of its own."""
        self._ahead = -1
        if self.in_message:
            tape.body(self._heard, data)
        else:
            tape.heard(self._heard, data)

    def _note(self, tape: Tape, octets: bytes, *, masked: bool = False) -> None:
        """Note a command, unless it is on the tape as a segment already."""
        if self._framing.kind is SEGMENTS:
            return
        if self._ahead < 0:  # the connection has just turned to lines
            self._ahead = len(octets) + len(self._framing.rest)
            tape.framing = self._framing.kind.value
        if self._ahead:
            known = min(self._ahead, len(octets))
            self._ahead -= known
            octets = octets[known:]
        if octets:
            tape.heard(self._heard, self._shown(octets) if masked else octets, masked=masked)

    def _note_rest(self, tape: Tape) -> None:
        """Note what has come of a line that is not complete."""
        if self._awaited is None and self._framing.kind is not SEGMENTS:
            tape.left(self._heard, self._shown(self._framing.rest))

    def _read_content(self, awaited: Expect) -> bool:
        data, content = self._framing.take_content(), awaited.content
        if data is None:
            return False
        rest = content.feed(data)
        taken = data[: len(data) - len(rest)] if rest else data
        if LineReceived in self._bus.wanted:
            self._bus.publish(LineReceived(self._session.id, _MASKED if content.secret else taken))
        if self._tape is not None and self._framing.kind is not SEGMENTS:
            if not content.secret:
                self._tape.body(self._heard, taken)
            elif rest is not None:
                self._tape.heard(self._heard, _MASKED, masked=True)
        self._note_growth(taken)
        if rest is not None:
            self._framing.give_back(rest)
            self._awaited = None
            if self._tape is not None:
                self._tape.reading = ""
            self.progress += 1
            del content  # nothing keeps a mail from here on while the disk is waited for
            self._conclude(self._verb, b"", None, self._complete, awaited)
        return True

    def _note_growth(self, taken: bytes) -> None:
        if self._min_rate is not None:
            self.earned += len(taken) / self._min_rate
            return
        self._content_size += len(taken)
        if b"\n" in taken or self._content_size > _CHUNK:
            self.progress, self._content_size = self.progress + 1, 0

    def _answer(self, unit: Unit) -> None:
        if LineReceived in self._bus.wanted:
            self._bus.publish(LineReceived(self._session.id, self._shown(unit.octets)))
        self.progress += 1
        if isinstance(unit, (Line, Segment)):
            verb, rest = command.take_apart(unit.command)
            rule = self._dialect.verbs.get(verb)
            if self._tape is not None:
                secret = rule is not None and rule.mask is not None
                if secret or self._ahead or self._framing.kind is SEGMENTS:
                    self._note(self._tape, unit.octets, masked=secret)
                else:
                    self._tape.heard(self._heard, unit.octets)
            if rule is not None:
                told = rest if rule.mask is None else rule.mask(rest)
                self._conclude(verb, told, unit, self._obey, verb, rule, rest)
                return
            if not command.is_http(unit.octets):
                self._conclude("", rest, unit, _refuse_unknown, unit.command)
                return
        elif self._tape is not None and not isinstance(unit, SegmentBody):
            self._note(self._tape, unit.octets)
        if isinstance(unit, SegmentBody):
            assert self._dialect.segments is not None
            self._conclude(
                self._dialect.segments.verb, b"", None, self._take_segment, self._dialect.segments, unit.body
            )
            return
        if isinstance(unit, Overlong) and not command.is_http(unit.octets):
            self._conclude("", b"", None, _refuse_overlong)
            return
        self.closing = True

    def _shown(self, octets: bytes) -> bytes:
        """Return a line as it may be told: a password is masked."""
        verb, rest = command.take_apart(octets)
        rule = self._dialect.verbs.get(verb)
        if rule is None or rule.mask is None:
            return octets
        words = rest.rstrip(b"\r\n")
        return octets[: len(octets) - len(rest)] + rule.mask(words) + rest[len(words) :]

    def _obey(self, verb: str, rule: Verb, rest: bytes) -> Settled:
        """Pass a known verb through the gate and do it."""
        octets_or_text = rest if rule.octets else command.as_text(rest).strip(" ")
        session = self._session
        try:
            after = rule.moves[session.state]
        except KeyError:
            raise OutOfOrder(verb, session.state) from None
        argument = rule.parse(octets_or_text)
        if rule.looks:
            self._outbox.settle()
        outcome = rule.run(self._desk, argument)
        if isinstance(outcome, Expect):
            return self._await(verb, outcome, after)
        session.state = after
        if rule.ends:
            self.closing = True
        return outcome

    def _await(self, verb: str, expect: Expect, after: str) -> Settled:
        """Begin to read content; if it is there already, do at once what it was wanted for."""
        if expect.alone and self._framing.has_more:
            raise OutOfStep("content came before it was asked for")
        self._verb, self._after = verb, expect.after or after
        if expect.reply is None and expect.content.feed(b"") is not None:
            return self._complete(expect)
        self._awaited = expect
        if self._tape is not None:
            self._tape.reading = verb
        return expect.reply

    def _complete(self, expect: Expect) -> Settled:
        """Do what content was read for; the state it leads to holds whatever comes of it."""
        self._session.state = self._after
        content, expect.content = expect.content, _TAKEN
        outcome = expect.then(self._desk, content.body)
        return self._await(self._verb, outcome, self._after) if isinstance(outcome, Expect) else outcome

    def _take_segment(self, segments: Segments, body: Body | NoRoom | None) -> Settled:
        after = self._dialect.verbs[segments.verb].moves.get(self._session.state)
        if after is None:
            raise OutOfOrder(segments.verb, self._session.state)
        self._session.state = after
        return segments.run(self._desk, body)

    def _conclude(
        self, verb: str, argument: bytes, unit: Line | Segment | None, do: Callable[..., Settled], *words: Any
    ) -> None:
        """Do a command, turn a fault into its reply, remember the path, and put the answer behind all others."""
        session, kind = self._session, self._framing.kind
        before = session.state
        why = None
        try:
            outcome = do(*words)
        except Exception as fault:  # noqa: BLE001  no fault ends a session: it is told, or logged
            outcome = self._excuse(verb, fault)
            why = Told(type(fault).__name__, str(fault) if isinstance(fault, MailFault) else "")
        if outcome is None:
            return
        reply = outcome.reply if isinstance(outcome, _WITH_REPLY) else outcome
        as_segment = kind is SEGMENTS
        if kind is UNDECIDED and unit is not None:
            as_segment = isinstance(unit, Segment)
            if not reply.mark:
                self._framing.settle(unit)
                if self._tape is not None:
                    self._tape.framing = self._framing.kind.value
        # A mail that comes in behind one whose reply is owed takes that one for stored: so its shape says.
        session.remember(reply.mark or self._dialect.digit[session.state])
        outbox = self._outbox
        if outcome is reply and outbox.is_plain:
            outbox.say(reply, as_segment, verb, before, session.state, why)
        elif isinstance(outcome, Owed):
            outbox.owe(Answer(verb, argument, reply, before, session.state, as_segment), outcome)
        else:
            outbox.put(Answer(verb, argument, reply, before, session.state, as_segment, why))
        if isinstance(outcome, Upgrade):
            self._start_over()
        if self._patience is not None:
            self._weigh(self._patience, verb, outcome)

    def _excuse(self, verb: str, fault: Exception) -> Reply:
        """Return the reply to a command that came to nothing; what is no fault of the client goes to the log."""
        if isinstance(fault, MailFault) and not isinstance(fault, StoreFailed):
            self.closing = self.closing or isinstance(fault, Parting)
            return self._dialect.refuse(fault)
        log_failure(verb or "a line", fault)
        return self._dialect.broken(verb, fault)

    def _start_over(self) -> None:
        """Forget all that was said and all that has come (RFC 3207 section 4.2), and ask for TLS."""
        self._framing.drop()
        self._session.start_over(self._dialect.initial)
        self.upgrading = True

    def _weigh(self, patience: Patience, verb: str, outcome: Reply | Owed | Upgrade) -> None:
        """Count what makes no sense, and send a client away that goes on with it."""
        idle = verb in patience.idle_verbs
        self._idled = 0 if isinstance(outcome, Owed) else self._idled + idle
        refused = not isinstance(outcome, _WITH_REPLY) and outcome.mark == REFUSED
        if refused or (idle and self._idled > patience.idling):
            self._errors += 1
        if self._errors >= patience.errors and not self.closing:
            self.closing = True
            reply, state = self._dialect.refuse(TooManyErrors()), self._session.state
            self._outbox.put(Answer("", b"", reply, state, state, as_segment=False, fault=Told("TooManyErrors")))


def _refuse_unknown(line: bytes) -> Settled:
    command.as_text(line)
    raise UnknownCommand


def _refuse_overlong() -> Settled:
    raise LineTooLong
