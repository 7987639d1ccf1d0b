"""The gate: every command passes it in one order, and comes out as a reply in the outbox.

Is it text? known? allowed now? does its argument parse? Only then is it done. What a command comes to may be a reply,
one that is owed, or content that has to come first. Knows nothing of how commands are cut out of what a client sends.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from mysmtp.entry import PIECE_KEPT, REMARK_KEPT, Note, Told, done
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
from mysmtp.message import Body
from mysmtp.protocol import command
from mysmtp.protocol.content import Given
from mysmtp.protocol.dialect import Desk, Dialect, Segments
from mysmtp.protocol.framing import LINES, SEGMENTS, Framing
from mysmtp.protocol.outbox import Outbox, log_failure
from mysmtp.protocol.outcome import Expect, Owed, Upgrade
from mysmtp.protocol.patience import Temper
from mysmtp.protocol.phrases import Phrase
from mysmtp.protocol.reply import Octets, Reply
from mysmtp.protocol.room import NoRoom
from mysmtp.protocol.units import Line, Segment
from mysmtp.tape import Tape

_TAKEN = Given(b"")  # stands where content was that has been handed over

_WITH_REPLY = (Owed, Upgrade)

Settled = Reply | Owed | Upgrade | None  # None: there is nothing to say until content has come


class Gate:
    """What a session's commands come to. `awaited` is the content that is read now, None while commands are.

    When `closing` is true, the session is over once all was said; when `upgrading` is, TLS is to start then.
    """

    __slots__ = (
        "_after", "_desk", "_dialect", "_framing", "_outbox", "_session", "_tape", "_temper", "_verb",
        "awaited", "closing", "upgrading",
    )  # fmt: skip

    def __init__(self, dialect: Dialect, desk: Desk, framing: Framing, outbox: Outbox, tape: Tape | None) -> None:
        self.awaited: Expect | None = None
        self.closing = self.upgrading = False
        self._dialect = dialect
        self._desk = desk
        self._session = desk.session
        self._framing = framing
        self._outbox = outbox
        self._tape = tape
        self._temper = Temper(dialect.patience) if dialect.patience is not None else None
        self._verb = self._after = ""  # whose content is read, and the state it leads to

    @property
    def reading(self) -> str:
        """The verb whose content is read now, "" if none is."""
        return self._verb if self.awaited is not None else ""

    def obey(self, phrase: Phrase, unit: Line | Segment | None) -> None:
        """Do a command. `unit` is it as it came where the framing may not be settled."""
        self._conclude(phrase.verb, phrase.told, unit, self._do, phrase)

    def exchange(self, phrase: Phrase, at: float) -> Octets | None:
        """Do a command that came whole, where lines are read and nothing is owed; return what to say to it.

        Return None where that is put behind all others. Most of what clients say is this, so a brief command that is
        simply done takes fewer steps than `obey`.
        """
        session, tape = self._session, self._tape
        if not phrase.brief or self._outbox.bus.overheard:
            if tape is not None:
                tape.heard(at, phrase.line)
            self.obey(phrase, None)
            return None
        before, why = session.state, None
        reply: Any  # a brief command comes to nothing else
        try:
            reply = self._do(phrase)
        except Exception as fault:  # noqa: BLE001  as in `_conclude`
            reply, why = self._excuse(phrase.verb, fault)
        if reply.mark:
            if tape is not None:
                tape.asked_at, tape.asked = at, phrase.line
            self._settle(phrase.verb, phrase.told, None, before, reply, why)
            return None
        after = session.state
        session.remember(self._dialect.digit[after])
        octets: Octets = reply.in_lines()
        if tape is not None:
            note = phrase.notes.get(before)
            if note is None:
                note = phrase.notes[before] = done(phrase.verb, before, after)
            tape.exchanged(at, phrase.line, octets, note)
        return octets

    def refuse_unknown(self, line: bytes, rest: bytes, unit: Line | Segment | None) -> None:
        """Answer a command whose verb is not known."""
        self._conclude("", rest, unit, _unknown, line)

    def refuse_overlong(self) -> None:
        """Answer a line that was too long to be read."""
        self._conclude("", b"", None, _overlong, b"")

    def take_segment(self, segments: Segments, body: Body | NoRoom | None) -> None:
        """Do what a message is for that came in one segment with its verb."""
        self._conclude(segments.verb, b"", None, partial(self._do_segment, segments), body)

    def take_content(self) -> None:
        """Do what content was awaited for that is there now."""
        awaited, self.awaited = self.awaited, None
        self._conclude(self._verb, b"", None, self._complete, awaited)

    def _do(self, phrase: Phrase) -> Settled:
        """Check a command, and do it."""
        rule, session = phrase.rule, self._session
        words = None if phrase.is_read else phrase.words()
        after = rule.moves.get(session.state)
        if after is None:
            raise OutOfOrder(phrase.verb, session.state)
        if words is not None:
            phrase.read(words)
        if rule.looks:
            self._outbox.settle()
        outcome = rule.run(self._desk, phrase.argument)
        if isinstance(outcome, Expect):
            return self._await(phrase.verb, outcome, after)
        session.state = after
        if rule.ends:
            self.closing = True
        return outcome

    def _do_segment(self, segments: Segments, body: Body | NoRoom | None) -> Settled:
        after = self._dialect.verbs[segments.verb].moves.get(self._session.state)
        if after is None:
            raise OutOfOrder(segments.verb, self._session.state)
        self._session.state = after
        return segments.run(self._desk, body)

    def _await(self, verb: str, expect: Expect, after: str) -> Settled:
        """Begin to read content; if it is there already, do at once what it was wanted for."""
        if expect.alone and self._framing.has_more:
            raise OutOfStep("content came before it was asked for")
        self._verb, self._after = verb, expect.after or after
        if expect.reply is None and expect.content.feed(b"") is not None:
            return self._complete(expect)
        self.awaited = expect
        if self._tape is not None:
            self._tape.room = PIECE_KEPT
        return expect.reply

    def _complete(self, expect: Expect) -> Settled:
        """Do what content was read for; the state it leads to holds whatever comes of it."""
        self._session.state = self._after
        content, expect.content = expect.content, _TAKEN  # nothing keeps a mail while the disk is waited for
        outcome = expect.then(self._desk, content.body)
        return self._await(self._verb, outcome, self._after) if isinstance(outcome, Expect) else outcome

    def _conclude(
        self, verb: str, argument: bytes, unit: Line | Segment | None, do: Callable[[Any], Settled], what: Any
    ) -> None:
        """Do a command, turn a fault into its reply, remember the path, and put the answer behind all others."""
        before, why = self._session.state, None
        try:
            outcome = do(what)
        except Exception as fault:  # noqa: BLE001  no fault ends a session: it is told, or logged
            outcome, why = self._excuse(verb, fault)
        if outcome is not None:
            self._settle(verb, argument, unit, before, outcome, why)

    def _settle(
        self,
        verb: str,
        argument: bytes,
        unit: Line | Segment | None,
        before: str,
        outcome: Reply | Owed | Upgrade,
        why: Told | None,
    ) -> None:
        """Put what a command came to behind all others, and remember the path."""
        session, kind = self._session, self._framing.kind
        reply, more = (outcome.reply, outcome) if isinstance(outcome, _WITH_REPLY) else (outcome, None)
        as_segment = kind is not LINES and (kind is SEGMENTS or self._settle_framing(unit, reply))
        after, mark = session.state, reply.mark
        # A mail that comes in behind one whose reply is owed takes that one for stored: so its shape says.
        session.remember(mark or self._dialect.digit[after])
        note = Note(mark, verb, before, after, why) if mark else done(verb, before, after)
        if isinstance(more, Owed):
            self._outbox.owe(reply, note, argument, as_segment, more)
        else:
            self._outbox.put(reply, note, argument, as_segment)
        if isinstance(more, Upgrade):
            self._start_over()
        if self._temper is not None and self._temper.snaps(verb, mark, stored=isinstance(more, Owed)):
            self._lose_patience()

    def _settle_framing(self, unit: Line | Segment | None, reply: Reply) -> bool:
        """Let a command that was done settle the framing; tell whether it is answered as a segment."""
        if unit is None:
            return False
        if not reply.mark:
            self._framing.settle(unit)
            self._session.in_lines = self._framing.kind is LINES
        return isinstance(unit, Segment)

    def _excuse(self, verb: str, fault: Exception) -> tuple[Reply, Told]:
        """Return the reply to a command that came to nothing; what is no fault of the client goes to the log."""
        why = Told(type(fault).__name__, str(fault)[:REMARK_KEPT] if isinstance(fault, MailFault) else "")
        if isinstance(fault, MailFault) and not isinstance(fault, StoreFailed):
            self.closing = self.closing or isinstance(fault, Parting)
            return self._dialect.refuse(fault), why
        log_failure(verb or "a line", fault)
        return self._dialect.broken(verb, fault), why

    def _start_over(self) -> None:
        """Forget all that was said and all that has come (RFC 3207 section 4.2), and ask for TLS."""
        self._framing.drop()
        self._session.start_over(self._dialect.initial)
        self.upgrading = True

    def _lose_patience(self) -> None:
        """Send a client away that goes on with what makes no sense."""
        if self.closing:
            return
        self.closing = True
        reply, state = self._dialect.refuse(TooManyErrors()), self._session.state
        self._outbox.put(reply, Note(reply.mark, "", state, state, Told("TooManyErrors")), b"", as_segment=False)


def _unknown(line: bytes) -> Settled:
    command.as_text(line)
    raise UnknownCommand


def _overlong(_line: bytes) -> Settled:
    raise LineTooLong
