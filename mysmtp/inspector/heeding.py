"""Two rules of the doctor: about replies that a client did not wait for, and about those that it did not heed."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from itertools import pairwise

from mysmtp.entry import CLIENT, SERVER, Entry
from mysmtp.inspector.case import Case, Finding, verb_of
from mysmtp.inspector.explain import needs
from mysmtp.protocol.reply import REFUSED

_LAST_OF_GROUP = frozenset({"EHLO", "LHLO", "HELO", "DATA", "VRFY", "EXPN", "NOOP", "QUIT", "STARTTLS", "AUTH"})
_LIKE = {"APOP": "PASS", "AUTH": "PASS"}  # POP3 has no way by them here, but who tries one wants to be where PASS leads


def not_waiting(case: Case) -> Finding | None:
    """Commands sent on before a reply that decides about them."""
    return case.found(
        "not-waiting", list(_too_soon(case)),
        "The client sends the next command before it can have read the reply.",
        "What it sends next hangs on that reply: after a refusal it is refused too, or means something else."
        + (
            " RFC 2920 (section 3.1) tells what may be sent together; EHLO, DATA, NOOP and QUIT end a group."
            if case.known.dialect.name in ("smtp", "lmtp")
            else ""
        ),
        "Read a whole reply, all its lines, before you send the next command.",
    )  # fmt: skip


def _groups(case: Case) -> Iterator[list[Entry]]:
    """Yield commands that came in one read, where there are several."""
    group: list[Entry] = []
    for entry in case.commands:
        if group and entry.at != group[0].at:
            if len(group) > 1:
                yield group
            group = []
        group.append(entry)
    if len(group) > 1:
        yield group


def _too_soon(case: Case) -> Iterator[Entry]:
    """Yield what was sent although the reply to a command that came with it was needed first."""
    if case.known.dialect.name in ("smtp", "lmtp"):
        pairs = (pair for group in _groups(case) for pair in pairwise(group))
        yield from (after for before, after in pairs if verb_of(before) in _LAST_OF_GROUP)
        return
    asked = _asked(case)
    at, refused = -1.0, dict[str, Entry]()  # of one read: what was refused without a break, by its verb
    for reply in case.replies:
        command = asked.get(reply.number)
        if command is None or command.at != at or not reply.mark:
            at, refused = command.at if command else -1.0, {}
        if command and any(_hangs_on(case, reply, each) for each in refused.values()):
            yield command
        if reply.mark:
            refused[reply.verb] = reply


def _asked(case: Case) -> Mapping[int, Entry]:
    """Return the command that each reply answers, by the reply's number: they come in the order of their commands."""
    found: dict[int, Entry] = {}
    waiting: defaultdict[str, deque[Entry]] = defaultdict(deque)
    for entry in case.entries:
        if entry.kind == CLIENT:
            waiting[verb_of(entry)].append(entry)
        elif entry.kind == SERVER and waiting[entry.verb]:
            found[entry.number] = waiting[entry.verb][0]
            if not _goes_ahead(entry):
                waiting[entry.verb].popleft()
    return found


def _goes_ahead(reply: Entry) -> bool:
    """Tell whether a reply to DATA asks for the message: one more reply follows it."""
    return reply.verb == "DATA" and not reply.mark and not reply.mails and reply.before == reply.after


def _hangs_on(case: Case, reply: Entry, refused: Entry) -> bool:
    """Tell whether a command came too early because what was refused before it had led nowhere."""
    needed = needs(reply.verb, case.known)
    rule = case.known.dialect.verbs.get(_LIKE.get(refused.verb, refused.verb))
    if needed is None or rule is None or reply.fault is None or reply.fault.name != "OutOfOrder":
        return False
    digit = case.known.digit
    led = [digit(after) for state, after in rule.moves.items() if digit(after) > digit(state)]
    return any(digit(reply.before) < each <= digit(needed) for each in led)


def goes_on(case: Case) -> Finding | None:
    """A client that goes on after a refusal as though nothing had been said."""
    at = [
        after for before, after in pairwise(case.replies)
        if before.mark == REFUSED and before.verb != after.verb and _hangs_on(case, after, before)
    ]  # fmt: skip
    why, mend = (
        "Each step stands on the one before it: without a mailbox that was opened there is nothing to list or read.",
        "Look how each reply begins; on -ERR mend the command or give up, and tell who wants the mail.",
    ) if case.known.dialect.name == "pop3" else (
        "Each step stands on the one before it: after a refused MAIL FROM there is no mail to add recipients to.",
        "Look at the first digit of each reply; on 4xx or 5xx mend the command or give up, and tell who sent the mail.",
    )  # fmt: skip
    return case.found(
        "goes-on", at,
        "The client goes on after a refusal as though it had been taken.",
        why,
        mend,
    )  # fmt: skip
