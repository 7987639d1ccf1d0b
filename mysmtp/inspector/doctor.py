"""The dialect doctor: what a client does that no standard does, why it matters, and how to mend it.

One rule, one function, in the order of RULES. A rule gets the whole case and returns what it found, or None. That the
server coped is no excuse: others will not.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, zip_longest

from mysmtp.entry import BODY, CLIENT, FLOWING, SERVER, SKIPPED, Entry
from mysmtp.inspector.case import Case, Finding, verb_of
from mysmtp.inspector.heeding import goes_on, not_waiting
from mysmtp.inspector.protocols import label_of
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP

_SPACE_BEFORE_COLON = re.compile(rb" *(MAIL|RCPT) +(FROM|TO) +:", re.IGNORECASE)
_SPACE_AFTER_COLON = re.compile(rb" *(MAIL|RCPT) +(FROM|TO): ", re.IGNORECASE)
_NO_BRACKETS = re.compile(rb" *(MAIL +FROM|RCPT +TO) *: *[^< \r\n]", re.IGNORECASE)
_BARE_LF = re.compile(rb"(?<!\r)\n")
_BODY_IN_SEGMENT = re.compile(rb" *DATA *\r?\n.", re.IGNORECASE | re.DOTALL)
_HTTP = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) ")
_HELLOS = frozenset({"EHLO", "LHLO", "HELO"})


def no_newline(case: Case) -> Finding | None:
    """A command that ends without a newline: the receiver can only guess that it is over."""
    followed = {one.number for one, other in pairwise(_said_by_client(case)) if other.kind == SKIPPED}
    at = [entry for entry in case.commands if not entry.octets.endswith(b"\n") and not entry.cut and entry.octets]
    at = [entry for entry in at if entry.number not in followed]
    told_off = next((reply.number for reply in case.replies if reply.fault and reply.fault.name == "OutOfStep"), None)
    at = [entry for entry in at if not tongue(entry) and (told_off is None or entry.number < told_off)]
    return case.found(
        "no-newline", at,
        "The client sends a command without a newline at its end.",
        "A line protocol knows no other end: the server waits for the rest, or has to guess that a pause is one.",
        f'Send each line with its end: send("HELO example.com{case.end}").',
    )  # fmt: skip


def _said_by_client(case: Case) -> Iterator[Entry]:
    return (entry for entry in case.entries if entry.kind in (CLIENT, *FLOWING))


def bare_lf(case: Case) -> Finding | None:
    """LF alone where the protocol says CR LF."""
    at = [entry for entry in case.commands if case.crlf and _BARE_LF.search(entry.octets)]
    at += [entry for entry in case.entries if case.crlf and entry.kind == BODY and _bare_in_body(case, entry)]
    rule = "In POP3 a line ends with CR LF (RFC 1939, section 3). This server overlooks it; stricter ones do not."
    if case.known.dialect.name != "pop3":
        rule = (
            f"In {case.protocol} a line ends with CR LF (RFC 5321, section 2.3.8). Where servers disagree about a lone"
            " LF, mails can be smuggled past one of them, so more and more refuse it."
        )
    return case.found(
        "bare-lf", sorted(at, key=lambda entry: entry.number),
        "The client ends a line with LF alone.",
        rule,
        r"Write \r\n at the end of each line, in the message too; open the socket in binary mode.",
    )  # fmt: skip


def _bare_in_body(case: Case, entry: Entry) -> bool:
    """Tell whether an LF stands alone in a mail that is not binary; its CR may have come in the piece before."""
    if not any(reply.fault and reply.fault.name == "BareNewline" for reply in case.replies):
        return False
    return _BARE_LF.search(entry.octets, 1) is not None


def nul(case: Case) -> Finding | None:
    """A NUL octet."""
    at = [
        entry for entry in case.entries if entry.kind in (CLIENT, BODY) and b"\0" in entry.octets and not tongue(entry)
    ]
    at = [entry for entry in at if entry.kind == CLIENT or not _is_binary(case, entry)]
    return case.found(
        "nul", at,
        "The client sends a NUL octet.",
        "Programs in C take it for the end of the text and never see the rest; RFC 5322 (section 3.5) forbids it.",
        r"Send strlen(line) octets, not sizeof(buffer) and not strlen(line) + 1; encode binary content as base64.",
    )  # fmt: skip


def _is_binary(case: Case, body: Entry) -> bool:
    """Tell whether a piece of content came by BDAT, where any octet may stand."""
    before = [entry for entry in case.commands if entry.number < body.number]
    return bool(before) and verb_of(before[-1]) == "BDAT"


def space_before_colon(case: Case) -> Finding | None:
    """`MAIL FROM :`."""
    at = [entry for entry in case.commands if _SPACE_BEFORE_COLON.match(entry.octets)]
    return case.found(
        "space-before-colon", at,
        "The client puts a space before the colon of MAIL FROM: or RCPT TO:.",
        f"{'' if case.crlf else 'My_SMTP overlooks it; SMTP does not. '}The colon belongs to the word: MAIL FROM: and"
        " RCPT TO: (RFC 5321, section 4.1.1.2). Most servers refuse this.",
        "Take the space away.",
    )  # fmt: skip


def space_after_colon(case: Case) -> Finding | None:
    """`MAIL FROM: <a@x>` in SMTP."""
    at = [entry for entry in case.commands if case.crlf and _SPACE_AFTER_COLON.match(entry.octets)]
    return case.found(
        "space-after-colon", at,
        "The client puts a space after the colon: MAIL FROM: <…>",
        "SMTP has none there (RFC 5321, section 3.3). This server overlooks it; strict ones answer 501.",
        "Write MAIL FROM:<alice@example.com>.",
    )  # fmt: skip


def no_brackets(case: Case) -> Finding | None:
    """`MAIL FROM:a@x` in SMTP."""
    at = [entry for entry in case.commands if case.crlf and _NO_BRACKETS.match(entry.octets)]
    return case.found(
        "no-brackets", at,
        "The client writes an address without < and > round it.",
        "What MAIL FROM: and RCPT TO: take is a path, which stands in < and > (RFC 5321, section 4.1.2). This server"
        " overlooks it; strict ones answer 501 or 555.",
        "Write MAIL FROM:<alice@example.com>.",
    )  # fmt: skip


def data_before_rcpt(case: Case) -> Finding | None:
    """DATA without a recipient."""
    at = [
        entry for entry in case.replies
        if entry.verb in ("DATA", "BDAT") and entry.fault is not None and entry.fault.name == "OutOfOrder"
    ]  # fmt: skip
    return case.found(
        "data-before-rcpt", at,
        f"The client sends {at[0].verb if at else ''} before any recipient was taken.",
        "A message without a recipient cannot be stored; it is dropped, or read as commands.",
        f"Wait until a RCPT TO was answered with 2xx; if none was, send {'RSET' if case.crlf else 'HELO'} or QUIT.",
    )  # fmt: skip


def no_dot(case: Case) -> Finding | None:
    """A message that never ends."""
    if not case.ended or case.reading not in ("DATA",):
        return None
    at = [entry for entry in case.entries if entry.kind in (CLIENT, BODY)][-1:]
    return case.found(
        "no-dot", at,
        "The client sends a message and closes without the line that ends it.",
        "Without its last line the server cannot know that the message is whole, so it stores nothing.",
        f'Send "{case.end}.{case.end}" after the message, and read the reply before you close.',
    )  # fmt: skip


def body_with_command(case: Case) -> Finding | None:
    """DATA and the message in one go. In lines of My_SMTP that is a pipeline as any other, unless DATA was refused."""
    at = [
        entry for entry, following in zip_longest(case.commands, case.commands[1:])
        if verb_of(entry) == "DATA" and (
            (case.crlf and _with_its_body(case, entry, following))
            or _BODY_IN_SEGMENT.match(entry.octets)
            or _is_refused_with_more(case, entry, following)
        )
    ]  # fmt: skip
    return case.found(
        "body-with-command", at,
        "The client sends DATA and the message in one segment.",
        "The server has not said yet whether it wants the message. If it does not, the message is dropped, or read as"
        " commands.",
        "Send DATA alone, wait for the reply, send the message only after 354 (My_SMTP: 200).",
    )  # fmt: skip


def _with_its_body(case: Case, data: Entry, following: Entry | None) -> bool:
    body = next((each for each in case.after(data) if each.kind == BODY), None)
    return body is not None and body.at == data.at and (following is None or body.number < following.number)


def _is_refused_with_more(case: Case, data: Entry, following: Entry | None) -> bool:
    """Tell whether DATA was refused though more came with it, which is no command."""
    reply = next((entry for entry in case.after(data) if entry.kind == SERVER), None)
    if reply is None or not reply.mark:
        return False
    if reply.fault is not None and reply.fault.name == "OutOfStep":
        return True
    return following is not None and following.at == data.at and verb_of(following) not in case.known.dialect.verbs


def foreign(case: Case) -> Finding | None:
    """TLS or HTTP on a plain mail port."""
    at = [entry for entry in case.commands if tongue(entry)]
    what = tongue(at[0]) if at else ""
    upgrade = {"pop3": ", or use STLS if it is offered", "my_smtp": ""}.get(
        case.known.dialect.name, ", or use STARTTLS if it is offered"
    )
    return case.found(
        "foreign", at,
        f"The client speaks {what} to a port of {case.protocol}.",
        f"This port begins in plain {case.protocol}; the server closed the connection without a reply.",
        f"Turn off implicit TLS in the client (often called SSL){upgrade}."
        if what == "TLS" else "The pages have a port of their own.",
    )  # fmt: skip


def other_protocol(case: Case) -> Finding | None:
    """A command that only another protocol has. After a DATA that was refused, words of a message are none."""
    own, dialects = case.known.dialect.verbs, (SMTP, POP3, MY_SMTP, LMTP)
    lost = next((each.number for each in case.replies if each.verb == "DATA" and each.mark), None)
    at = [each for each in case.commands if lost is None or each.number < lost or each.octets[:4].isupper()]
    at = [each for each in at if verb_of(each) not in own]
    at = [each for each in at if any(verb_of(each) in dialect.verbs for dialect in dialects)]
    verb = verb_of(at[0]) if at else ""
    other = next((label_of(dialect.name) for dialect in dialects if verb in dialect.verbs), "")
    hello = {"my_smtp": "HELO", "smtp": "EHLO", "lmtp": "LHLO"}.get(case.known.dialect.name)
    return case.found(
        "other-protocol", at,
        f"The client sends {verb}, a command of {other}: {case.protocol} has none of this name.",
        "What is unknown is refused and changes nothing, so that the client is not where it takes itself to be.",
        f"In {case.protocol} a client says hello by {hello} <domain>." if hello and verb in _HELLOS
        else f"{other} has a port of its own; here send commands of {case.protocol}.",
    )  # fmt: skip


def tongue(entry: Entry) -> str:
    """Return what a client speaks that takes the port for another: ``TLS`` or ``HTTP``; "" if it does not."""
    if entry.octets.startswith(b"\x16\x03"):
        return "TLS"
    return "HTTP" if _HTTP.match(entry.octets) else ""


Rule = Callable[[Case], Finding | None]
RULES: tuple[Rule, ...] = (
    foreign, no_newline, bare_lf, nul, space_before_colon, space_after_colon, no_brackets, data_before_rcpt,
    body_with_command, no_dot, not_waiting, goes_on, other_protocol,
)  # fmt: skip


def examine(case: Case) -> Sequence[Finding]:
    """Return all that the rules find."""
    return [found for rule in RULES if (found := rule(case)) is not None]
