"""Refusals in words: what was wrong, by which rule, where that is written, and what would have been taken instead.

One row for each fault that a protocol may raise; what is taken where is read from the table that the server runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mysmtp import errors
from mysmtp.entry import Entry
from mysmtp.inspector.protocols import Known, label_of, name_of, usage_of
from mysmtp.inspector.reasons import (
    BROKEN,
    ELSEWHERE,
    NO_PATH,
    NOT_HERE,
    NOT_KNOWN,
    OTHER,
    ROWS,
    SIZE_TOO_LARGE,
    UNEXTENDED,
    Row,
    of_smtp,
)
from mysmtp.protocol.reply import DONE, FAILED
from mysmtp.protocol.smtp_reply import RefusedForGood

OURS = "docs/protocol.md"
_PARTING = frozenset(each.__name__ for each in (*errors.Parting.__subclasses__(), RefusedForGood))
_TO_MEND = (b"501 5.5", b"504 ", b"553 ", b"555 ")  # the same command may be taken, written otherwise


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a command was refused: `lead` in two words, `words` as a sentence, the `next` command to send ("" if none).

    `source` is where the rule stands; `accepted` is what would have been taken there. `mends` tells whether `next`
    mends what was refused; otherwise it only leads on.
    """

    lead: str
    words: str
    next: str
    source: str
    accepted: tuple[str, ...]
    mends: bool = True

    @property
    def label(self) -> str:
        """What stands before the next command."""
        return "Next" if self.mends else "To go on"


def explain(entry: Entry, known: Known, *, shut: frozenset[str] = frozenset()) -> Explanation | None:
    """Return why this reply refuses, None where it does not; `shut` are verbs that could not be done after it."""
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
        row = ROWS.get(name) or _row_of(entry, known)
        if name == "MessageTooLarge" and entry.verb == "MAIL":
            row = SIZE_TOO_LARGE
        if name == "InvalidAddress" and protocol != "my_smtp" and b"@ is missing" not in entry.octets:
            row = NO_PATH
        if name == "UnknownCommand" and protocol != "my_smtp":
            row = NOT_KNOWN  # others may have it: SMTP has had more, and goes on to have
        lead, source = row.lead, _source(row, protocol)
        words = ((protocol == "pop3" and row.pop3_words) or row.words).format(
            protocol=label_of(protocol), verb=name_of(entry.verb), usage=usage_of(protocol, entry.verb),
            remark=entry.fault.remark if entry.fault else "",
        )  # fmt: skip
        if name == "InvalidSyntax" and entry.fault and entry.fault.remark:
            words = f"{entry.fault.remark[:1].upper()}{entry.fault.remark[1:]}."
            source = _of_syntax(entry, protocol) or source
    taken = () if name in _PARTING else known.taken_in(entry.after, shut=shut)
    verb, mends = _mending(entry, name), True
    if verb not in taken:
        verb, mends = step_on(entry.after, known, taken), name == "OutOfOrder" and _is_early(entry, known)
    following, *accepted = [usage_of(protocol, each) for each in (verb, *taken)]
    return Explanation(lead, words, following, source, tuple(accepted), mends)


def _row_of(entry: Entry, known: Known) -> Row:
    """Return what is said of a refusal that no fault of its own names."""
    if entry.mark == FAILED and not (entry.fault and entry.fault.name == "Refused"):
        return BROKEN
    if (row := of_smtp(entry.verb, entry.octets)) is not None:
        return row
    rule = known.dialect.verbs.get(entry.verb)
    return NOT_HERE if rule is not None and entry.before in rule.vain else OTHER


def needs(verb: str, known: Known) -> str | None:
    """Return the first state on a mail's way in which a verb is taken, None if there is none."""
    rule = known.dialect.verbs.get(verb)
    states = [state for state in known.dialect.digit if rule and state in rule.moves and state not in rule.vain]
    return min(states, key=known.digit, default=None)


def step_on(state: str, known: Known, taken: Sequence[str]) -> str:
    """Return which of the verbs that are taken in a state leads on from it, "" if none does."""
    here = known.digit(state)
    for verb in taken:
        if known.digit(known.dialect.verbs[verb].moves[state]) == here + 1:
            return verb
    return next((verb for verb in ("DATA", "BDAT", "RETR", "AUTH") if verb in taken), "")


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
    return "RFC 5321, section 2.3.8" if b"CR LF" in entry.octets else ELSEWHERE.get(entry.verb, "")


def _of_order(entry: Entry, protocol: str) -> str:
    if protocol == "my_smtp":
        return f"{OURS}, Replies"
    if protocol in ("smtp", "lmtp") and entry.verb == "AUTH":
        return ELSEWHERE["AUTH"]
    return "RFC 1939, section 3" if protocol == "pop3" else "RFC 5321, section 4.1.4"


def _source(row: Row, protocol: str) -> str:
    if protocol == "my_smtp":
        return f"{OURS}, {row.ours}" if row.ours else OURS
    return (row.pop3 if protocol == "pop3" else row.smtp) or "docs/rfc.md"


def _mending(entry: Entry, name: str) -> str:
    """Return the verb that does what a fault of this name kept from being done, "" if there is none."""
    if name in ("InvalidSyntax", "InvalidAddress", "DomainMismatch", "WrongLogin"):
        return entry.verb
    if entry.octets.startswith(b"530 "):
        return "AUTH"
    if entry.octets.startswith(UNEXTENDED):
        return "EHLO"
    if name == "Refused" and entry.octets.startswith(_TO_MEND):
        return entry.verb
    if name == "Refused" and entry.verb == "DATA":
        return "BDAT"
    return {"NoSuchMail": "LIST", "NoSuchMailbox": "MAIL"}.get(name, "")
