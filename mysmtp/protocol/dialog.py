"""The engine: one client's conversation in one dialect. Octets in, octets out; no sockets, no clock of its own.

Every command goes through the same gate, in one order: is it text? known? allowed now? does its argument parse? Only
then is it done. Replies come out in the order of the commands, however the octets were cut.
"""

from collections.abc import Callable, Iterator
from typing import Any

from mysmtp.contracts import Deliverer, MessageStore
from mysmtp.errors import LineTooLong, MailFault, OutOfOrder, StoreFailed, UnknownCommand
from mysmtp.events import Bus, LineReceived
from mysmtp.protocol import command
from mysmtp.protocol.content import DottedContent
from mysmtp.protocol.dialect import Desk, Dialect, Verb
from mysmtp.protocol.framing import SEGMENTS, UNDECIDED, Framing
from mysmtp.protocol.outbox import Answer, Outbox, log_failure
from mysmtp.protocol.reply import Owed, Reply
from mysmtp.protocol.transaction import Session
from mysmtp.protocol.units import Line, Overlong, Segment, SegmentBody, Unit

_BATCH = 50  # commands after which the driver gets a chance to serve others
_CHUNK = 64 * 1024  # octets of replies held back at most

Outcome = Reply | Owed | None  # None: a message is to follow


class Dialog:
    """One conversation. Drive it with `receive`, `silence` and `end_of_input`, each of which yields octets to send.

    Between two pieces is a good moment to let others run; a piece may be empty. When `closing` is true, send what was
    yielded and close. `deadline` is the moment at which `silence` is to be called if nothing has come until then.
    Take every piece before you wait for more input: the last one comes when the store has said of each mail handed over
    whether it is durable, so that a client that waits for replies is never waited for.
    """

    __slots__ = (
        "_bus", "_clock", "_content", "_content_size", "_desk", "_dialect", "_framing", "_limit", "_outbox", "_session",
        "closing", "progress",
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
    ) -> None:
        self.closing = False
        self.progress = 0  # grows when a line is completed or a message grows: a client that is not idle
        self._dialect = dialect
        self._clock = clock
        self._bus = bus
        self._limit = max_message_size
        self._framing = Framing(fixed_to_lines=fixed_to_lines, body_limit=max_message_size)
        self._session = Session(dialect.initial, dialect.name, session_id, peer)
        self._desk = Desk(self._session, store, deliverer, max_message_size)
        self._outbox = Outbox(self._session, bus, dialect.broken)
        self._content: DottedContent | None = None
        self._content_size = 0

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
        return None if self._content else self._framing.deadline

    @property
    def in_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._content is not None or self._framing.in_body

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Take what one `recv` returned; yield the replies."""
        now, framing = self._clock(), self._framing
        framing.receive(data, now)
        if framing.kind is SEGMENTS and framing.in_body and b"\n" in data:
            self.progress += 1
        return self._answer_all(now)

    def silence(self) -> Iterator[bytes]:
        """Note that nothing came until `deadline`; yield the replies."""
        return self._answer_all(self._clock())

    def end_of_input(self) -> Iterator[bytes]:
        """Note that nothing will come any more; yield the last reply. A message without its end is dropped."""
        unit = None if self._content else self._framing.finish()
        if unit is not None:
            self._answer(unit)
            yield self._all_ready()
        self.closing = True

    def farewell(self, fault: MailFault) -> bytes:
        """Return what to say before closing for the server's own reasons."""
        self.closing = True
        self._outbox.settle()
        self._outbox.say(self._dialect.refuse(fault), self._framing.kind is SEGMENTS)
        return self._outbox.take()

    def _all_ready(self) -> bytes:
        """Return every reply that is not sent yet, once all of them are true."""
        self._outbox.settle()
        return self._outbox.take()

    def _answer_all(self, now: float) -> Iterator[bytes]:
        """Answer command after command, or read a message piece by piece, until more octets are needed."""
        framing, outbox, answered = self._framing, self._outbox, 0
        while not self.closing:
            if self._content is not None:
                if not self._read_content(self._content):
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
        yield self._all_ready()

    def _read_content(self, content: DottedContent) -> bool:
        data = self._framing.take_content()
        if data is None:
            return False
        rest = content.feed(data)
        self._note_content(data if rest is None else data[: len(data) - len(rest)])
        if rest is not None:
            self._framing.give_back(rest)
            self._content = None
            self._conclude(self._dialect.message_verb, b"", None, self._accept, content.body)
        return True

    def _note_content(self, taken: bytes) -> None:
        if LineReceived in self._bus.wanted:
            self._bus.publish(LineReceived(self._session.id, taken))
        self._content_size += len(taken)
        if b"\n" in taken or self._content_size > _CHUNK:
            self.progress, self._content_size = self.progress + 1, 0

    def _answer(self, unit: Unit) -> None:
        if LineReceived in self._bus.wanted:
            self._bus.publish(LineReceived(self._session.id, unit.octets))
        self.progress += 1
        if isinstance(unit, (Line, Segment)):
            verb, rest = command.take_apart(unit.command)
            rule = self._dialect.verbs.get(verb)
            if rule is not None:
                self._conclude(verb, rest, unit, self._obey, verb, rule, rest)
                return
            if not command.is_http(unit.octets):
                self._conclude("", rest, unit, _refuse_unknown, unit.command)
                return
        elif isinstance(unit, SegmentBody):
            self._conclude(self._dialect.message_verb, b"", None, self._take_segment_body, unit.body)
            return
        elif isinstance(unit, Overlong) and not command.is_http(unit.octets):
            self._conclude("", b"", None, _refuse_overlong)
            return
        self.closing = True

    def _obey(self, verb: str, rule: Verb, rest: bytes) -> Outcome:
        """Pass a known verb through the gate and do it."""
        octets_or_text = rest if rule.octets else command.as_text(rest).strip(" ")
        session = self._session
        if session.state not in rule.allowed:
            raise OutOfOrder(verb, session.state)
        argument = rule.parse(octets_or_text)
        if verb == self._dialect.message_verb:
            return None if argument is None else self._accept(argument)
        if rule.looks:
            self._outbox.settle()
        reply = rule.run(self._desk, argument)
        if rule.after is not None:
            session.state = rule.after
        return reply

    def _accept(self, body: bytes | None) -> Outcome:
        """Hand over a message that was read whole; its state after holds whatever comes of it."""
        rule = self._dialect.verbs[self._dialect.message_verb]
        self._session.state = rule.after or self._session.state
        return rule.run(self._desk, body)

    def _take_segment_body(self, body: bytes | None) -> Outcome:
        verb, state = self._dialect.message_verb, self._session.state
        if state not in self._dialect.verbs[verb].allowed:
            raise OutOfOrder(verb, state)
        return self._accept(body)

    def _conclude(
        self, verb: str, argument: bytes, unit: Line | Segment | None, do: Callable[..., Outcome], *words: Any
    ) -> None:
        """Do a command, turn a fault into its reply, remember the path, and put the answer behind all others."""
        session, kind = self._session, self._framing.kind
        before = session.state
        try:
            outcome = do(*words) or self._ask_for_message()
        except Exception as fault:  # noqa: BLE001  no fault ends a session: it is told, or logged
            outcome = self._excuse(verb, fault)
        reply = outcome.reply if isinstance(outcome, Owed) else outcome
        if verb == self._dialect.ends and reply.code == 200:
            self.closing = True
        if kind is UNDECIDED and unit is not None and reply.code == 200:
            self._framing.settle(unit)
        as_segment = isinstance(unit, Segment) if kind is UNDECIDED else kind is SEGMENTS
        # A mail that comes in behind one whose reply is owed takes that one for stored: so its shape says.
        session.remember(reply.code, self._dialect.digit[session.state])
        answer = Answer(verb, argument, reply, before, session.state, as_segment)
        if isinstance(outcome, Owed):
            self._outbox.owe(answer, outcome)
        else:
            self._outbox.put(answer)

    def _ask_for_message(self) -> Reply:
        self._content = DottedContent(self._limit)
        return self._dialect.go_ahead

    def _excuse(self, verb: str, fault: Exception) -> Reply:
        """Return the reply to a command that came to nothing; what is no fault of the client goes to the log."""
        if isinstance(fault, MailFault) and not isinstance(fault, StoreFailed):
            return self._dialect.refuse(fault)
        log_failure(verb or "a line", fault)
        return self._dialect.broken(verb)


def _refuse_unknown(line: bytes) -> Outcome:
    command.as_text(line)
    raise UnknownCommand


def _refuse_overlong() -> Outcome:
    raise LineTooLong
