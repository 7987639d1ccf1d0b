"""Two rules of the doctor: about replies that a client did not wait for, and about those that it did not heed."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from mysmtp.entry import Entry
from mysmtp.inspector.case import Case, Finding, verb_of
from mysmtp.inspector.explain import needs

_LAST_OF_GROUP = frozenset({"EHLO", "LHLO", "HELO", "DATA", "VRFY", "EXPN", "NOOP", "QUIT", "STARTTLS", "AUTH"})


def not_waiting(case: Case) -> Finding | None:
    """Commands sent on before a reply that decides about them."""
    at = [entry for group in _groups(case) for entry in _too_soon(case, group)]
    return case.found(
        "not-waiting", at,
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


def _too_soon(case: Case, group: Sequence[Entry]) -> Iterator[Entry]:
    """Yield what was sent although the answer to what stands before it in this group was needed."""
    if case.known.dialect.name in ("smtp", "lmtp"):
        yield from (after for before, after in pairwise(group) if verb_of(before) in _LAST_OF_GROUP)
        return
    verbs = {reply.verb for reply in _follow_a_refusal(case.replies) if reply.at >= group[0].at}
    yield from (entry for entry in group[1:] if verb_of(entry) in verbs)


def _follow_a_refusal(replies: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the replies that refuse what is out of order, right after another refusal."""
    return (
        reply for before, reply in pairwise(replies)
        if before.mark and reply.fault is not None and reply.fault.name == "OutOfOrder"
    )  # fmt: skip


def goes_on(case: Case) -> Finding | None:
    """A client that goes on after a refusal as though nothing had been said."""
    at = [
        after for before, after in pairwise(case.replies)
        if before.mark == "x" and after.fault is not None and after.fault.name == "OutOfOrder"
        and before.verb != after.verb and _is_early(case, after)
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


def _is_early(case: Case, reply: Entry) -> bool:
    """Tell whether a command came before its state, not after it."""
    needed = needs(reply.verb, case.known)
    return needed is not None and case.known.digit(needed) > case.known.digit(reply.before)
