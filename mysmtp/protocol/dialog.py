"""The engine: one client's conversation in one dialect. Octets in, octets out; no sockets, no clock of its own.

What comes is cut into commands (`framing`), each passes the `gate`, and replies go out (`outbox`) in the order of the
commands, however the octets were cut.
"""

from collections.abc import Callable, Iterable, Iterator

from mysmtp.contracts import Deliverer, MessageStore, Spooling
from mysmtp.entry import Note, Told
from mysmtp.errors import MailFault
from mysmtp.events import Bus
from mysmtp.protocol import command
from mysmtp.protocol.dialect import Check, Desk, Dialect, anybody
from mysmtp.protocol.discretion import Discretion
from mysmtp.protocol.framing import LINES, SEGMENTS, Framing
from mysmtp.protocol.gate import Gate
from mysmtp.protocol.hearing import Hearing
from mysmtp.protocol.outbox import Outbox
from mysmtp.protocol.phrases import Phrase, Phrasebook
from mysmtp.protocol.reply import Octets, Reply
from mysmtp.protocol.room import UNLIMITED, Room
from mysmtp.protocol.transaction import Session
from mysmtp.protocol.units import Line, Overlong, Segment, SegmentBody, Skipped, Unit
from mysmtp.tape import Tape

_BATCH = 50  # commands after which the driver gets a chance to serve others
_CHUNK = 64 * 1024  # octets of replies held back at most


class Dialog:
    """One conversation. Begin with `greet`; then `receive`, `silence` and `end_of_input` each give octets to send.

    Between two pieces is a good moment to let others run; a piece may be empty. When `closing` is true, send what was
    given and close. When `upgrading` is true, send it, start TLS, then call `upgraded`. `deadline` is the moment at
    which `silence` is to be called if nothing has come until then.
    Take every piece before you wait for more input: the last one comes when the store has said of each mail handed over
    whether it is durable, so that a client that waits for replies is never waited for.
    """

    __slots__ = (
        "_clock", "_content_size", "_dialect", "_framing", "_gate", "_greeting", "_grown", "_hearing", "_outbox",
        "_parted", "_phrases", "_session", "_tape", "_whole", "earned",
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
        phrases: Phrasebook | None = None,
    ) -> None:
        self._whole = self._parted = 0  # octets that came as one line that was said before, and others
        self._grown = 0  # lines that were completed besides those, and times that a message grew
        self.earned = 0.0  # seconds of patience that content has earned, where the dialect asks a rate of it
        self._dialect = dialect
        self._clock = clock
        self._framing = Framing(
            fixed_to_lines=fixed_to_lines or dialect.segments is None,
            body_limit=max_message_size,
            line_limit=dialect.line_limit,
            crlf=dialect.crlf,
            room=room,
        )
        self._session = Session(dialect.initial, dialect.name, session_id, peer)
        self._session.in_lines = self._framing.kind is LINES
        desk = Desk(
            self._session, store, deliverer, max_message_size, name, check, upgrades, bus.publish, login_first, room,
            store.fetch if isinstance(store, Spooling) else None,
        )  # fmt: skip
        self._outbox = Outbox(self._session, bus, dialect.broken, clock, tape)
        self._gate = Gate(dialect, desk, self._framing, self._outbox, tape)
        self._greeting = dialect.greeting(desk) if dialect.greeting is not None else None
        self._phrases = phrases or Phrasebook()
        self._tape = tape
        self._hearing = Hearing(session_id, bus, Discretion(dialect.verbs), self._framing, tape)
        self._content_size = 0
        if tape is not None:
            tape.begin(self)

    @property
    def state(self) -> str:
        """The name of the state this session is in."""
        return self._session.state

    @property
    def framing(self) -> str:
        """`undecided`, `lines` or `segments`."""
        return self._framing.kind.value

    @property
    def reading(self) -> str:
        """The verb whose content is being read, "" if none."""
        return self._gate.reading

    @property
    def progress(self) -> int:
        """What grows when a line is completed or a message grows: its client is not idle."""
        return self._whole + self._grown

    @property
    def received(self) -> int:
        """How many octets came."""
        return self._whole + self._parted

    @property
    def sent(self) -> int:
        """How many octets were given to be sent."""
        return self._outbox.sent

    @property
    def closing(self) -> bool:
        """Whether the session is over once all was sent."""
        return self._gate.closing

    @property
    def upgrading(self) -> bool:
        """Whether TLS is to start once all was sent."""
        return self._gate.upgrading

    @property
    def deadline(self) -> float | None:
        """The moment at which silence means something, on the clock given; None if it never will."""
        if self._framing.kind is LINES or self._gate.awaited is not None:
            return None
        return self._framing.deadline

    @property
    def unfinished(self) -> str:
        """What has begun and not ended: `message`, `login`, or "" for neither."""
        awaited = self._gate.awaited
        if awaited is not None:
            return "login" if awaited.content.secret else "message"
        return "message" if self._framing.in_body else ""

    def greet(self) -> Octets:
        """Return what the server says first: nothing, in a dialect without a greeting."""
        if self._greeting is None:
            return b""
        self._say(self._greeting, as_segment=False)
        return self._outbox.take()

    def upgraded(self, tls: str) -> None:
        """Note that all goes through TLS from now on; `tls` names its version and cipher."""
        self._gate.upgrading = False
        self._session.tls = tls
        if self._tape is not None:
            self._tape.secured(self._clock(), tls)

    def receive(self, data: bytes) -> Iterable[Octets]:
        """Take what one `recv` returned; give the replies."""
        now, framing, gate = self._clock(), self._framing, self._gate
        phrase = self._phrases.known.get(data)
        if phrase is not None and framing.is_at_rest and gate.awaited is None and not gate.closing:
            self._whole += len(data)
            self._hearing.known(phrase.line)
            octets = gate.exchange(phrase, now)
            if octets is None:
                return (self._outbox.take_all(),)
            self._outbox.sent += len(octets)
            return (octets,)
        self._parted += len(data)
        self._hearing.came(data, now, of_message=self.unfinished != "")
        framing.receive(data, now)
        if framing.kind is SEGMENTS and framing.in_body and b"\n" in data:
            self._grown += 1
        return self._answer_all(now, parted=data[-1:] != b"\n")

    def silence(self) -> Iterator[Octets]:
        """Note that nothing came until `deadline`; give the replies."""
        return self._answer_all(self._clock(), parted=False)

    def end_of_input(self) -> Iterator[Octets]:
        """Note that nothing will come any more; give the last reply. A message without its end is dropped."""
        unit = None if self._gate.awaited is not None or self._gate.closing else self._framing.finish()
        if unit is not None:
            self._answer(unit)
            yield self._outbox.take_all()
        self._gate.closing = True

    def farewell(self, fault: MailFault) -> bytes:
        """Return what to say before closing for the server's own reasons."""
        self._gate.closing = True
        self._outbox.settle()
        self._say(self._dialect.refuse(fault), self._framing.kind is SEGMENTS, Told(type(fault).__name__))
        return bytes(self._outbox.take())

    def _say(self, reply: Reply, as_segment: bool, fault: Told | None = None) -> None:
        """Say what answers no command."""
        state = self._session.state
        self._outbox.say(reply, Note(reply.mark, "", state, state, fault), as_segment)

    def _answer_all(self, now: float, *, parted: bool) -> Iterator[Octets]:
        """Answer command after command, or read content piece by piece, until more octets are needed."""
        framing, outbox, gate, answered = self._framing, self._outbox, self._gate, 0
        while not gate.closing:
            if gate.awaited is not None:
                if not self._read_content():
                    break
            elif not self._answer_next(now):
                break
            answered += 1
            if framing.kind is SEGMENTS:
                yield outbox.take_all()  # each command has a send of its own
            elif answered % _BATCH == 0 or outbox.size > _CHUNK:
                yield outbox.take()
        if (parted or gate.closing) and gate.awaited is None:
            self._hearing.rest()
        yield outbox.take_all()
        while outbox.size:
            yield outbox.take()

    def _read_content(self) -> bool:
        """Read a piece of what is awaited; tell whether there was any."""
        data, awaited = self._framing.take_content(), self._gate.awaited
        if data is None or awaited is None:
            return False
        content = awaited.content
        rest = content.feed(data)
        taken = data[: len(data) - len(rest)] if rest else data
        self._hearing.content(taken, content, whole=rest is not None)
        self._note_growth(taken)
        if rest is not None:
            self._framing.give_back(rest)
            self._grown += 1
            del content, awaited  # nothing keeps a mail from here on while the disk is waited for
            self._gate.take_content()
        return True

    def _note_growth(self, taken: bytes) -> None:
        if self._dialect.min_rate is not None:
            self.earned += len(taken) / self._dialect.min_rate
            return
        self._content_size += len(taken)
        if b"\n" in taken or self._content_size > _CHUNK:
            self._grown, self._content_size = self._grown + 1, 0

    def _answer_next(self, now: float) -> bool:
        """Answer the next command; tell whether there was one."""
        framing = self._framing
        line = framing.next_line() if framing.kind is LINES else None
        if line is not None and (phrase := self._phrases.known.get(line)) is not None:
            self._grown += 1
            self._hearing.known(line)
            self._answer_known(phrase, now)
            return True
        unit = framing.next(now) if line is None else framing.unit_of(line)
        if unit is not None:
            self._answer(unit)
        return unit is not None

    def _answer_known(self, phrase: Phrase, now: float) -> None:
        """Answer a command that was said before, where lines are read."""
        if not self._outbox.waiting and self._hearing.is_clear:
            octets = self._gate.exchange(phrase, now)
            if octets is not None:
                self._outbox.add(octets)
            return
        self._hearing.again(phrase.line)
        self._gate.obey(phrase, None)

    def _answer(self, unit: Unit) -> None:
        """Answer whatever the framing has cut out."""
        if isinstance(unit, Skipped):
            self._hearing.skipped(unit.octets)
            self._gate.closing = self._gate.closing or unit.flood
            return
        self._grown += 1
        if isinstance(unit, (Line, Segment)):
            self._answer_line(unit.octets, unit.command, unit)
        elif isinstance(unit, SegmentBody):
            assert self._dialect.segments is not None
            self._hearing.segment_body(unit.octets)
            self._gate.take_segment(self._dialect.segments, unit.body)
        else:
            self._hearing.line(unit.octets)
            if isinstance(unit, Overlong) and not command.is_http(unit.octets):
                self._gate.refuse_overlong()
            else:
                self._gate.closing = True

    def _answer_line(self, octets: bytes, line: bytes, unit: Line | Segment) -> None:
        """Answer one command: `line` is it without its end."""
        masked = self._hearing.line(octets)
        verb, rest = command.take_apart(line)
        rule = self._dialect.verbs.get(verb)
        if rule is not None:
            phrase = Phrase(verb, rule, rest, octets)
            if masked and rule.mask is None:
                phrase.told = b""
            elif isinstance(unit, Line):
                self._phrases.keep(octets, phrase)
            self._gate.obey(phrase, unit)
        elif command.is_http(octets):
            self._gate.closing = True
        else:
            self._gate.refuse_unknown(line, b"" if masked else rest, unit)
