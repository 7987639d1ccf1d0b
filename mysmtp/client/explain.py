"""Words under a refusal, and the answers to `help`: what a command needs, where the session stands, what to send next.

Pure: states and a reply in, lines out.
"""

from dataclasses import dataclass

from mysmtp.client.connection import Answer
from mysmtp.client.states import (
    GREETED,
    INITIAL,
    RECIPIENT,
    SENDER,
    STATES,
    VERBS,
    State,
    Verb,
    allowed_in,
    argument_of,
    next_step,
    verb_of,
)

_LADDER = (INITIAL, GREETED, SENDER, RECIPIENT)

_BY_TEXT = {
    "Unknown command": ("This is no command of My_SMTP.", "help"),
    "Invalid email format": ("An address has text on both sides of an @.", "{usage}"),
    "Sender domain does not match": (
        "The sender's domain must be that of HELO: {domain}.",
        "MAIL FROM: <name>@{domain}, or HELO again",
    ),
    "Line too long": ("A command line holds at most 2,048 octets.", "a shorter line"),
    "Message too large": ("The message was thrown away; nothing was stored.", "HELO <domain>, for another mail"),
    "Too many recipients": ("Those named before this one stand.", "DATA"),
    "Requested email does not exist": ("There is no such mailbox; one is made with its first mail.", ""),
    "Email not found": ("The mailbox is there, this id is not: deleted, or never given.", "LIST {mailbox}"),
    "Authentication required": ("This server wants a login first; this client has no command for that.", ""),
    "Failed to store": ("Nothing was stored.", "HELO <domain>, and the mail again"),
    "Failed to read": ("The record of this mail is damaged or cannot be read; its bytes are kept.", ""),
    "Server busy": ("It holds as many connections as it may and closes this one.", "connect again later"),
    "Server shutting down": ("It closes the connection. What it answered 200 to is kept.", ""),
    "Idle too long": ("Nothing came from here for too long, so it closes the connection.", "connect again"),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What was typed, in which state, and the domain that HELO named (empty before)."""

    typed: str
    state: State
    domain: str = ""


def explanation(answer: Answer, situation: Situation) -> list[str]:
    """Return the lines to put under a reply, none under a 200; not yet safe to show."""
    if answer.ok:
        return []
    verb = verb_of(situation.typed)
    if answer.code == 403 and verb and situation.state not in verb.allowed:
        return _too_early(verb, situation.state)
    if answer.text.startswith("Unknown command") and verb:  # so the original server answers what it cannot read or take
        if situation.state not in verb.allowed:
            return _too_early(verb, situation.state)
        return _lines(f"{verb.name} is written otherwise.", "{usage}", verb, situation)
    for text, (why, then) in _BY_TEXT.items():
        if answer.text.startswith(text):
            return _lines(why, then, verb, situation)
    if answer.text.startswith("Invalid syntax") and verb:
        return _lines(f"{verb.name} is written otherwise.", "{usage}", verb, situation)
    return []


def _too_early(verb: Verb, state: State) -> list[str]:
    where = state.name if state not in _LADDER else ""
    lines = [f"{verb.name} needs state {needed(verb).number}; this is state {state.number}{', ' * bool(where)}{where}."]
    return [*lines, f"next: {next_step(state).usage}"]


def _lines(why: str, then: str, verb: Verb | None, situation: Situation) -> list[str]:
    words = argument_of(situation.typed).split()
    names = {
        "usage": verb.usage if verb else "",
        "domain": situation.domain or "<domain>",
        "mailbox": words[0] if words else "<email>",
    }
    lines = [_filled(why, names)]
    return [*lines, f"next: {_filled(then, names)}"] if then else lines


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def needed(verb: Verb) -> State:
    """Return the lowest state of a mail's way in which a verb is taken."""
    return next(state for state in _LADDER if state in verb.allowed)


def help_text(asked: str, state: State) -> list[str]:
    """Return the answer to `help` or `help <verb>`."""
    if not asked.strip():
        return _overview(state)
    verb = verb_of(asked)
    if verb is None:
        return [f"{asked.strip()} is no command of My_SMTP. The commands: {', '.join(each.name for each in VERBS)}"]
    return [f"{verb.usage}   {verb.what}", f"  {_taken_in(verb)}; {_leads_to(verb)}", f"  {_here(verb, state)}"]


def _taken_in(verb: Verb) -> str:
    if verb.allowed == STATES:
        return "allowed in every state"
    return f"allowed in {', '.join(map(str, verb.allowed))}"


def _leads_to(verb: Verb) -> str:
    if verb.name == "QUIT":
        return "the server says goodbye and closes"
    return "changes no state" if verb.after is None else f"leads to {verb.after.number}"


def _here(verb: Verb, state: State) -> str:
    if state in verb.allowed:
        return f"you are in {state.number}; it can be sent now"
    return f"you are in {state.number}; first: {next_step(state).usage}"


def _overview(state: State) -> list[str]:
    width = max(len(verb.usage) for verb in VERBS)
    now = allowed_in(state)
    rows = [f"{'>' if verb in now else ' '} {verb.usage:<{width}}   {verb.what}" for verb in VERBS]
    return [
        *rows,
        f"You are in {state}; > marks what is allowed now. More: help <command>",
        "Tab completes, Up recalls, Ctrl-C drops the line (twice: ends), Ctrl-D is QUIT.",
    ]
