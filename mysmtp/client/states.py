"""What the client knows of My_SMTP: its states, its verbs, and where each verb is taken and leads.

A table of the client's own, written from docs/protocol.md: the client works with servers it shares no code with.
The server decides what happens; this only helps a person to see it coming.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """A place in the conversation: the number of its step, and its name."""

    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


INITIAL = State(0, "initial")
GREETED = State(1, "greeted")
SENDER = State(2, "sender known")
RECIPIENT = State(3, "recipient known")
DELIVERED = State(0, "delivered")
STATES = (INITIAL, GREETED, SENDER, RECIPIENT, DELIVERED)


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: how it is written, what it does, in which states it is taken, and the state after (None: the same)."""

    name: str
    usage: str
    what: str
    allowed: tuple[State, ...]
    after: State | None
    opening: str  # what Tab writes

    @property
    def first_word(self) -> str:
        """The word that tells it from the others."""
        return self.name.split()[0]

    @property
    def has_body(self) -> bool:
        """Whether lines follow its 200."""
        return self.name in ("LIST", "GET_MAIL")


_STARTED = (GREETED, SENDER, RECIPIENT)
VERBS = (
    Verb("HELO", "HELO <domain>", "greet the server; starts over", STATES, GREETED, "HELO "),
    Verb("MAIL FROM", "MAIL FROM: <email>", "name the sender; its domain is the one of HELO", _STARTED, SENDER,
         "MAIL FROM: "),
    Verb("RCPT TO", "RCPT TO: <email>", "add a recipient (up to 100)", (SENDER, RECIPIENT), RECIPIENT, "RCPT TO: "),
    Verb("DATA", "DATA", "begin the message; a line holding a single dot ends it", (RECIPIENT,), DELIVERED, "DATA"),
    Verb("LIST", "LIST <email>", "list the mails of a mailbox", (*_STARTED, DELIVERED), None, "LIST "),
    Verb("GET_MAIL", "GET_MAIL <email> <id>", "show one mail", (*_STARTED, DELIVERED), None, "GET_MAIL "),
    Verb("QUIT", "QUIT", "end the session", STATES, None, "QUIT"),
)  # fmt: skip
_BY_WORD = {verb.first_word: verb for verb in VERBS}
_NEXT = {GREETED: "MAIL FROM", SENDER: "RCPT TO", RECIPIENT: "DATA"}
_COLON_VERB = re.compile(r" *(mail +from|rcpt +to) *: *(.*?) *", re.IGNORECASE | re.DOTALL)


def allowed_in(state: State) -> tuple[Verb, ...]:
    """Return the verbs that are taken in this state."""
    return tuple(verb for verb in VERBS if state in verb.allowed)


def next_step(state: State) -> Verb:
    """Return the verb that leads one step towards a stored mail."""
    return next(verb for verb in VERBS if verb.name == _NEXT.get(state, "HELO"))


def verb_of(line: str) -> Verb | None:
    """Return the verb that a typed line begins with, in any case of letters, or None."""
    words = line.replace(":", " ").split(" ")
    first = next((word for word in words if word), "")
    return _BY_WORD.get(first.upper())


def argument_of(line: str) -> str:
    """Return what follows the verb of a typed line, without spaces at its ends."""
    if match := _COLON_VERB.fullmatch(line):
        return match[2]
    return line.strip(" ").partition(" ")[2].strip(" ")


def original_form(line: str) -> str:
    """Return a command as the original client would write it: verb in upper case, single spaces, nothing after it."""
    verb = verb_of(line)
    if match := _COLON_VERB.fullmatch(line):
        return f"{' '.join(match[1].upper().split())}: {match[2]}"
    if verb is None or verb.opening.endswith(": "):
        return line.strip(" ")
    return " ".join([verb.name, *argument_of(line).split()])


def shape(state: State, ascii_only: bool = False) -> str:
    """Return the steps walked so far as a drawing: `●━●─○─○` in state 1."""
    dots, strokes = ("*o", "=-") if ascii_only else ("●○", "━─")
    drawn = dots[0]
    for step in range(1, 4):
        walked = step <= state.number
        drawn += strokes[not walked] + dots[not walked]
    return drawn
