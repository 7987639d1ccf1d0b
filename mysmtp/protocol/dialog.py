"""The engine: one client's conversation in one dialect. Octets in, octets out; no sockets, no clock of its own.

Every command goes through the same gate, in one order: is it text? known? allowed now? does its argument parse? Only
then is it done. Replies come out in the order of the commands, however the octets were cut.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from mysmtp.contracts import Deliverer, MessageStore
from mysmtp.errors import (
    LineTooLong,
    MailFault,
    OutOfOrder,
    StoreFailed,
    UnknownCommand,
)
from mysmtp.events import CommandAnswered, Event, LineReceived, ReplySent
from mysmtp.message import Trace
from mysmtp.protocol import command
from mysmtp.protocol.content import DottedContent
from mysmtp.protocol.dialect import Desk, Dialect, Verb
from mysmtp.protocol.framing import Framing, Kind
from mysmtp.protocol.reply import Reply
from mysmtp.protocol.transaction import Session
from mysmtp.protocol.units import Hopeless, Overlong, Segment, SegmentBody, Unit
from mysmtp.text import decode

log = logging.getLogger(__name__)

_BATCH = 50  # commands after which the driver gets a chance to serve others
_CHUNK = 64 * 1024  # octets of replies held back at most
_SHAPE_KEPT = 200  # replies of a long session that its shape remembers


class Dialog:
    """One conversation. Drive it with `receive`, `silence` and `end_of_input`, each of which yields octets to send.

    An empty piece means: nothing to send yet, a good moment to let others run. When `closing` is true, send what was
    yielded and close. `deadline` is the moment at which `silence` is to be called if nothing has come until then.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        store: MessageStore,
        deliverer: Deliverer,
        clock: Callable[[], float],
        notify: Callable[[Event], None],
        session_id: int,
        peer: str,
        max_message_size: int,
        fixed_to_lines: bool = False,
    ) -> None:
        self.closing = False
        self.progress = 0  # grows when a line is completed or a message grows: a client that is not idle
        self._dialect = dialect
        self._clock = clock
        self._notify = notify
        self._id = session_id
        self._peer = peer
        self._limit = max_message_size
        self._framing = Framing(fixed_to_lines=fixed_to_lines, body_limit=max_message_size)
        self._session = Session(dialect.initial)
        self._desk = Desk(self._session, store, deliverer, self._trace, max_message_size)
        self._content: DottedContent | None = None
        self._content_size = 0
        self._shape = ""

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
        self._framing.receive(data, self._clock())
        if self._framing.in_body and b"\n" in data:
            self.progress += 1
        return self._answer_all()

    def silence(self) -> Iterator[bytes]:
        """Note that nothing came until `deadline`; yield the replies."""
        return self._answer_all()

    def end_of_input(self) -> Iterator[bytes]:
        """Note that nothing will come any more; yield the last reply. A message without its end is dropped."""
        unit = None if self._content else self._framing.finish()
        if unit is not None:
            yield self._answer(unit)
        self.closing = True

    def farewell(self, fault: MailFault) -> bytes:
        """Return what to say before closing for the server's own reasons."""
        self.closing = True
        return self._render(self._dialect.refuse(fault))

    def _answer_all(self) -> Iterator[bytes]:
        replies: list[bytes] = []
        size = answered = 0
        while not self.closing:
            reply = self._step()
            if reply is None:
                break
            replies.append(reply)
            size += len(reply)
            answered += 1
            if size > _CHUNK or answered % _BATCH == 0 or self._framing.kind is Kind.SEGMENTS:
                yield b"".join(replies)
                replies, size = [], 0
        yield b"".join(replies)

    def _step(self) -> bytes | None:
        """Answer one command or one piece of a message; None when more octets are needed."""
        if self._content is not None:
            data = self._framing.take_content()
            return None if data is None else self._read_content(self._content, data)
        unit = self._framing.next(self._clock())
        return None if unit is None else self._answer(unit)

    def _read_content(self, content: DottedContent, data: bytes) -> bytes:
        rest = content.feed(data)
        taken = data if rest is None else data[: len(data) - len(rest)]
        self._notify(LineReceived(self._id, taken))
        self._content_size += len(data)
        if b"\n" in taken or self._content_size > _CHUNK:
            self.progress, self._content_size = self.progress + 1, 0
        if rest is None:
            return b""
        self._framing.give_back(rest)
        self._content = None
        return self._conclude(self._dialect.message_verb, "", lambda: self._accept(content.body))

    def _answer(self, unit: Unit) -> bytes:
        self._notify(LineReceived(self._id, unit.octets))
        self.progress += 1
        if isinstance(unit, Hopeless) or command.is_http(unit.octets):
            self.closing = True
            return b""
        if isinstance(unit, Overlong):
            return self._conclude("", "", lambda: _raise(LineTooLong()))
        if isinstance(unit, SegmentBody):
            return self._conclude(self._dialect.message_verb, "", lambda: self._take_segment_body(unit.body))
        verb, rest = command.take_apart(unit.command)
        known = verb if verb in self._dialect.verbs else ""
        return self._conclude(known, decode(rest).strip(" "), lambda: self._obey(verb, unit.command, rest), unit)

    def _obey(self, verb: str, line: bytes, rest: bytes) -> Reply | None:
        rule = self._dialect.verbs.get(verb)
        if rule is None or not rule.octets:
            command.check_text(line)
        if rule is None:
            raise UnknownCommand
        self._check_state(verb, rule)
        argument = rule.parse(rest if rule.octets else rest.decode().strip(" "))
        if verb == self._dialect.message_verb:
            return None if argument is None else self._accept(argument)
        reply = rule.run(self._desk, argument)
        self._session.state = rule.after or self._session.state
        return reply

    def _accept(self, body: bytes | None) -> Reply:
        """Hand over a message that was read whole; its state after holds whatever comes of it."""
        rule = self._dialect.verbs[self._dialect.message_verb]
        self._session.state = rule.after or self._session.state
        return rule.run(self._desk, body)

    def _check_state(self, verb: str, rule: Verb) -> None:
        if self._session.state not in rule.allowed:
            raise OutOfOrder(verb, self._session.state)

    def _take_segment_body(self, body: bytes | None) -> Reply:
        verb = self._dialect.message_verb
        self._check_state(verb, self._dialect.verbs[verb])
        return self._accept(body)

    def _conclude(
        self,
        verb: str,
        argument: str,
        do: Callable[[], Reply | None],
        unit: Unit | None = None,
    ) -> bytes:
        """Do a command, turn a fault into its reply, remember the path, tell the bus; return the reply's octets."""
        before = self._session.state
        reply = self._attempt(verb, do)
        if reply.code == 200 and unit is not None:
            self._framing.settle(unit)
        if reply.code == 200 and verb == self._dialect.ends:
            self.closing = True
        self._remember(reply)
        self._notify(CommandAnswered(self._id, verb, argument, reply.code, reply.text, before, self._session.state))
        return self._render(reply, isinstance(unit, Segment))

    def _attempt(self, verb: str, do: Callable[[], Reply | None]) -> Reply:
        try:
            reply = do()
        except StoreFailed as fault:
            log.error("%s failed: %r", verb, fault.__cause__ or fault)
            return self._dialect.broken(verb)
        except MailFault as fault:
            return self._dialect.refuse(fault)
        except Exception:
            log.exception("%s failed unexpectedly", verb or "a line")
            return self._dialect.broken(verb)
        if reply is None:
            self._content = DottedContent(self._limit)
            return self._dialect.go_ahead
        return reply

    def _remember(self, reply: Reply) -> None:
        mark = {2: self._dialect.digit[self._session.state], 4: "x"}.get(reply.code // 100, "X")
        self._shape = (self._shape + mark)[-_SHAPE_KEPT:]

    def _trace(self) -> Trace:
        """How this mail came in; asked for while it is stored, so the step to state 0 it ends with is added."""
        return Trace(
            via=self._dialect.name,
            session=self._id,
            peer=self._peer,
            helo=self._session.helo,
            shape=self._shape + self._dialect.digit[self._session.state],
        )

    def _render(self, reply: Reply, to_segment: bool = False) -> bytes:
        """Return the reply as its command came: before the framing is settled, one by one."""
        undecided = self._framing.kind is Kind.UNDECIDED
        as_segment = to_segment if undecided else self._framing.kind is Kind.SEGMENTS
        octets = reply.in_segment() if as_segment else reply.in_lines()
        self._notify(ReplySent(self._id, octets))
        return octets


def _raise(fault: MailFault) -> Any:
    raise fault
