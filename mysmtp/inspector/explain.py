"""Refusals in words: what was wrong, by which rule, where that is written, and what would have been taken instead.

One row for each fault that a protocol may raise; what is taken where is read from the table that the server runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mysmtp.inspector.protocols import Known, label_of, name_of, usage_of
from mysmtp.protocol.reply import DONE, FAILED
from mysmtp.tape import Entry

OURS = "docs/protocol.md"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a command was refused: `lead` in two words, `words` as a sentence, the `next` command to send ("" if none).

    `source` is where the rule stands; `accepted` is what would have been taken in that state.
    """

    lead: str
    words: str
    next: str
    source: str
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """What is said of a fault: for My_SMTP and for the others the source; POP3's where it has one of its own.

    `pop3_words` are said in POP3 instead of `words`.
    """

    lead: str
    words: str
    ours: str
    smtp: str
    pop3: str
    pop3_words: str = ""


_ROWS: Mapping[str, _Row] = MappingProxyType({
    "UnknownCommand": _Row("Not a command.", "This line does not begin with a command of {protocol}.",
        "Commands", "RFC 5321, section 4.2.4", "RFC 1939, section 3"),
    "InvalidSyntax": _Row("Wrong syntax.", "{verb} is written {usage}.",
        "Commands", "RFC 5321, section 4.1.1", "RFC 1939, section 3"),
    "InvalidAddress": _Row("No address.", "An address has text on both sides of an @.",
        "Commands", "RFC 5321, section 4.1.2", ""),
    "DomainMismatch": _Row("Another domain.", "The sender’s domain must be the one that HELO named: {remark}.",
        "Commands", "", ""),
    "LineTooLong": _Row("Too long.", "A command line is longer than may be; the rest of it was skipped.",
        "Limits", "RFC 5321, section 4.5.3.1.4", "RFC 1939, section 3"),
    "MessageTooLarge": _Row("Too large.", "The message was read to its end and thrown away; nothing was stored.",
        "Limits", "RFC 1870, section 6", ""),
    "BareNewline": _Row("A lone CR or LF.", "A line of the message ends with CR or LF alone; its lines end with CR LF."
        " Nothing was stored.", "", "RFC 5321, section 2.3.8", ""),
    "TooManyRecipients": _Row("Enough recipients.", "Those named before this one stand.",
        "Commands", "RFC 5321, section 4.5.3.1.8", ""),
    "NoSuchMailbox": _Row("No such mailbox.", "It is made with its first mail.", "Replies", "", ""),
    "NoSuchMail": _Row("No such mail.", "This id was never given, or the mail was deleted.",
        "Replies", "", "RFC 1939, section 5", "This session knows no message of this number, or has deleted it."),
    "DamagedMail": _Row("Damaged.", "The record of this mail is cut off or its checksum is wrong; its bytes are kept.",
        "The mailbox file", "", "RFC 3206, section 4"),
    "StoreFailed": _Row("Not stored.", "The store could not do it; the log has the cause. Nothing of it was kept.",
        "Replies", "RFC 5321, section 4.2.5", "RFC 3206, section 4"),
    "ServerBusy": _Row("Too many clients.", "The server holds as many connections as it may.",
        "Replies", "RFC 5321, section 3.8", "RFC 1939, section 3"),
    "ShuttingDown": _Row("Going down.", "The server was told to stop. What was answered as stored is kept.",
        "Replies", "RFC 5321, section 3.8", "RFC 3206, section 4"),
    "IdleTooLong": _Row("Silent too long.", "The client completed no line for the idle time.",
        "Replies", "RFC 5321, section 4.5.3.2", "RFC 1939, section 3"),
    "TooManyErrors": _Row("Enough.", "The client went on with what makes no sense, and was sent away.",
        "", "RFC 5321, section 4.2.4", "RFC 1939, section 3"),
    "WrongLogin": _Row("Wrong login.", "No user has this name and this password.",
        "", "RFC 4954, section 4", "RFC 3206, section 4"),
    "TooManyWrongLogins": _Row("Too many wrong logins.", "Guessing is made slow: come back later.",
        "", "RFC 4954, section 4", "RFC 3206, section 4"),
    "PasswordsUnreadable": _Row("Not checked.", "The file of passwords cannot be read; the log has the cause.",
        "", "RFC 4954, section 4", "RFC 3206, section 4"),
    "OutOfStep": _Row("Too soon.", "The message came before the server had asked for it with 354.",
        "", "RFC 2920, section 3.1", ""),
})  # fmt: skip
_BROKEN = _Row("The server failed.", "This is no fault of the client; the log has the cause.", "Replies",
               "RFC 5321, section 4.2.1", "RFC 3206, section 4")  # fmt: skip
_OTHER = _Row("Refused.", "The reply tells why.", "Replies", "docs/rfc.md", "docs/rfc.md")


_ELSEWHERE = {"AUTH": "RFC 4954, section 4", "STARTTLS": "RFC 3207, section 4", "BDAT": "RFC 3030, section 2"}
_PARAMETER = _Row("No such parameter.", "{verb} takes the parameters of those extensions that the reply to EHLO named.",
                  "", "RFC 5321, section 4.1.1.11", "")  # fmt: skip
_LOG_IN = _Row("Log in first.", "This server takes mail only of who is logged in.", "", "RFC 4954, section 6", "")
_NOT_HERE = _Row("Not offered.", "{verb} is a command of {protocol}, but this server does not do it here.",
                 "Commands", "RFC 5321, section 4.2.4", "docs/rfc.md")  # fmt: skip


def explain(entry: Entry, known: Known, *, tls: bool = False) -> Explanation | None:
    """Return why this reply refuses, None where it does not; `tls` tells whether TLS could begin in this session."""
    if entry.mark == DONE:
        return None
    protocol = known.dialect.name
    name = entry.fault.name if entry.fault else ""
    if name == "OutOfOrder":
        lead, words, source = (
            "Too early." if _is_early(entry, known) else "Not now.",
            _order(entry, known),
            _of_order(entry, protocol),
        )
    else:
        row = _ROWS.get(name) or _row_of(entry, known)
        lead, source = row.lead, _source(row, protocol)
        words = ((protocol == "pop3" and row.pop3_words) or row.words).format(
            protocol=label_of(protocol), verb=name_of(entry.verb), usage=usage_of(protocol, entry.verb),
            remark=entry.fault.remark if entry.fault else "",
        )  # fmt: skip
        if name == "InvalidSyntax" and entry.fault and entry.fault.remark:
            words = f"{entry.fault.remark[:1].upper()}{entry.fault.remark[1:]}."
            source = _of_syntax(entry, protocol) or source
    locked = _needs_login(entry)
    taken = tuple(
        usage_of(protocol, verb) for verb in known.taken_in(entry.after, tls=tls) if not locked or verb != entry.verb
    )
    return Explanation(lead, words, _next(entry, known), source, taken)


def _row_of(entry: Entry, known: Known) -> _Row:
    """Return what is said of a refusal that no fault of its own names."""
    if entry.mark == FAILED and not (entry.fault and entry.fault.name == "Refused"):
        return _BROKEN
    if _needs_login(entry):
        return _LOG_IN
    if entry.octets.startswith(b"555 "):
        return _PARAMETER
    rule = known.dialect.verbs.get(entry.verb)
    vain = rule is not None and entry.before in rule.vain
    return _NOT_HERE if vain or entry.octets.startswith(b"502 ") else _OTHER


def _needs_login(entry: Entry) -> bool:
    return entry.octets.startswith(b"530 ")


def needs(verb: str, known: Known) -> str | None:
    """Return the first state on a mail's way in which a verb is taken, None if there is none."""
    rule = known.dialect.verbs.get(verb)
    states = [state for state in known.dialect.digit if rule and state in rule.moves]
    return min(states, key=known.digit, default=None)


def step_on(state: str, known: Known) -> str | None:
    """Return the verb that leads one step on from a state."""
    here = known.digit(state)
    for verb, rule in known.dialect.verbs.items():
        after = rule.moves.get(state)
        if after is not None and known.digit(after) == here + 1:
            return verb
    return next((verb for verb in ("DATA", "RETR") if verb in known.taken_in(state)), None)


def _is_early(entry: Entry, known: Known) -> bool:
    needed = needs(entry.verb, known)
    return needed is not None and known.digit(needed) > known.digit(entry.before)


def _order(entry: Entry, known: Known) -> str:
    needed, verb, here = needs(entry.verb, known), name_of(entry.verb), known.digit(entry.before)
    if needed is None:
        return f"{verb} is not taken in state {here}."
    there = f"state {known.digit(needed)}, {needed}"
    return f"{verb} needs {there}; this session is in state {here}{', ' + entry.before if not here else ''}."


def _of_syntax(entry: Entry, protocol: str) -> str:
    """Return where it stands how a command is written, if that is elsewhere than for most; else ""."""
    if protocol not in ("smtp", "lmtp"):
        return ""
    return "RFC 5321, section 2.3.8" if b"CR LF" in entry.octets else _ELSEWHERE.get(entry.verb, "")


def _of_order(entry: Entry, protocol: str) -> str:
    if protocol == "my_smtp":
        return f"{OURS}, Replies"
    if protocol in ("smtp", "lmtp") and entry.verb == "AUTH":
        return _ELSEWHERE["AUTH"]
    return "RFC 1939, section 3" if protocol == "pop3" else "RFC 5321, section 4.1.4"


def _source(row: _Row, protocol: str) -> str:
    if protocol == "my_smtp":
        return f"{OURS}, {row.ours}" if row.ours else OURS
    return (row.pop3 if protocol == "pop3" else row.smtp) or "docs/rfc.md"


def _next(entry: Entry, known: Known) -> str:
    """Return what to send next: the same verb written well, or the step that is missing."""
    protocol, name = known.dialect.name, entry.fault.name if entry.fault else ""
    if name in ("InvalidSyntax", "InvalidAddress", "DomainMismatch") and entry.verb:
        return usage_of(protocol, entry.verb)
    if name in ("ServerBusy", "ShuttingDown", "IdleTooLong", "TooManyErrors", "OutOfStep"):
        return ""
    if _needs_login(entry):
        return usage_of(protocol, "AUTH")
    if name == "NoSuchMail":
        return usage_of(protocol, "LIST")
    verb = step_on(entry.after, known)
    return usage_of(protocol, verb) if verb else ""
