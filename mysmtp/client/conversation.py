"""The interactive session without its terminal: typed lines in, lines to show out.

Keeps the state the server must be in, what is being written, and the names seen. How lines are read, coloured and
printed is the shell's.
"""

from dataclasses import dataclass

from mysmtp.client.connection import Answer, Connection
from mysmtp.client.explain import Situation, explanation, help_text
from mysmtp.client.original import Unsendable, body_for_original
from mysmtp.client.session import ask, encoded, listed, reply_to_message
from mysmtp.client.states import (
    DELIVERED,
    INITIAL,
    RECIPIENT,
    State,
    Verb,
    allowed_in,
    argument_of,
    shape,
    verb_of,
)
from mysmtp.transparency import END

_NAMES_KEPT = 1000
_LEAVING_TIME = 0.3  # seconds between a server's last words and its closing
_ENDS_PROMPT = ". ends > "
_MESSAGE_LOST = ("Message too large", "Failed to store")  # of an inline DATA: the transaction is over
_IN_MESSAGE = "a message; . on a line of its own ends it"


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the client's own words, not yet safe to show (it may quote the peer). `asked`: by the user."""

    text: str
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """The lines after a 200, as they came."""

    octets: bytes


Shown = Answer | Note | Body


class Conversation:
    """One session with one server. Every method that asks the server raises NoConnection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.state: State = INITIAL
        self.composing = False
        self.ended = False  # after QUIT
        self.domain = ""
        self._names: dict[str, None] = {}
        self._body = bytearray()  # of a message to an original server, which takes it in one piece

    @property
    def prompt(self) -> str:
        """What stands before the cursor: the state."""
        return _ENDS_PROMPT if self.composing else f"{self.state} > "

    @property
    def names(self) -> tuple[str, ...]:
        """The mailbox names seen, in the order they came up."""
        return tuple(self._names)

    def bar(self, ascii_only: bool) -> str:
        """Return the line under the prompt: the shape so far, and what is allowed now."""
        if self.composing:
            return f"{shape(RECIPIENT, ascii_only)}  {_IN_MESSAGE}"
        return "  ".join([shape(self.state, ascii_only), *(verb.name for verb in allowed_in(self.state))])

    def take(self, line: str) -> list[Shown]:
        """Return what one typed line leads to. Octets that are not UTF-8 stand as surrogates."""
        if self.composing:
            return self._take_body_line(line)
        line = line.removesuffix("\r")
        words = line.split()
        if not words:
            return []
        if words[0].lower() in ("help", "?"):
            return [Note(text, asked=True) for text in help_text(" ".join(words[1:]), self.state)]
        verb = verb_of(line)
        if self._writes_to_original(verb):
            return self._begin_for_original(line.lstrip(" ").partition(" ")[2])
        return self._ask(line, verb)

    def leave(self) -> list[Shown]:
        """End the session as Ctrl-D does: QUIT, or hang up in the middle of a message, which is then not stored."""
        if not self.composing:
            return self._ask("QUIT", verb_of("QUIT"))
        self.ended = True
        return [Note("Left in the middle of the message; nothing of it was stored.")]

    def overheard(self) -> list[Shown]:
        """Return what the server said unasked, and how it left, if it did."""
        ended = self.connection.ended()
        if not ended and self.connection.has_unread():
            ended = self.connection.ended(patience=_LEAVING_TIME)
        said: list[Shown] = []
        while (line := self.connection.overheard()) is not None:
            answer = _as_answer(line)
            said += [answer, *self._explained(answer, "")]
        if ended:
            said.append(Note(self._how_it_left()))
        return said

    # Commands

    def _ask(self, line: str, verb: Verb | None) -> list[Shown]:
        was_unknown = self.connection.kind == "unknown"
        answer = ask(self.connection, line)
        said: list[Shown] = [Answer(answer.code, answer.text)]
        if answer.body:
            said.append(Body(answer.body))
        said += self._explained(answer, line)
        if was_unknown and self.connection.kind == "original":
            said.append(Note("  This server ends no reply with a newline: it is spoken to as the original program is."))
        if answer.ok and verb:
            said += self._done(verb, line, answer)
        elif self.state is RECIPIENT and answer.text.startswith(_MESSAGE_LOST):
            self.state = DELIVERED
        return said

    def _explained(self, answer: Answer, typed: str) -> list[Note]:
        situation = Situation(typed, self.state, self.domain)
        return [Note(f"  {text}") for text in explanation(answer, situation)]

    def _done(self, verb: Verb, line: str, answer: Answer) -> list[Note]:
        """Follow a 200: the state after, the names that came up."""
        argument = argument_of(line)
        notes = []
        if verb.name == "RCPT TO" and self.state is RECIPIENT and self.connection.kind == "original":
            notes.append(Note("  The original program keeps one recipient: the mail goes to this one only."))
        if verb.name == "DATA" and not argument:
            self.composing = True
            return []
        if verb.name == "HELO":
            self.domain = argument
        elif verb.name != "DATA":
            self._remember(argument.partition(" ")[0].removeprefix("<").removesuffix(">"))
        for mail in listed(answer) if verb.name == "LIST" else ():
            self._remember(mail.sender)
        self.ended = verb.name == "QUIT"
        self.state = verb.after or self.state
        return notes

    def _remember(self, name: str) -> None:
        if name and name.isprintable() and " " not in name and len(self._names) < _NAMES_KEPT:
            self._names[name] = None

    # Messages

    def _take_body_line(self, line: str) -> list[Shown]:
        ends = line.removesuffix("\r") == "."
        if self.connection.kind == "original":
            self._body += b"" if ends else encoded(line) + b"\n"
            return self._send_to_original() if ends else []
        if not ends:
            self.connection.send(encoded("." + line if line.startswith(".") else line) + b"\n")
            return []
        self.connection.send(END)
        return self._delivered(reply_to_message(self.connection))

    def _writes_to_original(self, verb: Verb | None) -> bool:
        is_data = verb is not None and verb.name == "DATA"
        return is_data and self.connection.kind == "original" and self.state is RECIPIENT

    def _begin_for_original(self, inline: str) -> list[Shown]:
        self._body.clear()
        if inline.strip(" "):
            self._body += encoded(inline) + b"\n"
            return self._send_to_original()
        self.composing = True
        return [Note("  The original program takes a message in one piece: it is sent when the dot ends it.")]

    def _send_to_original(self) -> list[Shown]:
        self.composing = False
        try:
            self.connection.send(body_for_original(bytes(self._body)))
        except Unsendable as error:
            return [Note(f"  Not sent: {error}."), Note("  next: DATA, for a shorter one")]
        return self._delivered(reply_to_message(self.connection))

    def _delivered(self, answer: Answer) -> list[Shown]:
        self.composing = False
        self.state = DELIVERED
        return [answer, *self._explained(answer, "DATA")]

    def _how_it_left(self) -> str:
        if self.composing:
            return "The server closed the connection; the unfinished message is not stored."
        return "The server closed the connection."


def _as_answer(line: bytes) -> Answer:
    text = line.decode("utf-8", "surrogateescape")
    code, _, rest = text.partition(" ")
    if len(code) == 3 and code.isascii() and code.isdigit():
        return Answer(int(code), rest)
    return Answer(0, text)
