"""Checks of the way a mail took against the mail: its envelope, and what a stricter server would have refused."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mysmtp.message import Envelope
from mysmtp.mime.finding import SMTP, Case, Finding
from mysmtp.mime.mail import Mail

_LISTED = 5


def hidden_recipients(mail: Mail, envelope: Envelope) -> Sequence[str]:
    """Return the recipients of the envelope that no header names: they got a blind copy."""
    named = {box.address.lower() for box in mail.heading.recipients}
    return [path for path in envelope.forward_paths if path.lower() not in named]


def sender_differs(case: Case) -> Iterator[Finding]:
    """Compare the sender of the envelope with the people of the header; the null sender is nobody."""
    if case.envelope is None or not case.mail.heading.authors:
        return
    sent = case.envelope.reverse_path
    people = [*case.mail.heading.authors, *case.mail.heading.sender]
    if sent and sent.lower() not in {box.address.lower() for box in people}:
        authors = ", ".join(box.address for box in case.mail.heading.authors[:3])
        yield Finding(
            "note",
            "The envelope has another sender",
            f"The header says {authors}; bounces go to {sent}, and SPF looks at it (RFC 5321 section 3.6.3, RFC 7208).",
        )


def blind_copies(case: Case) -> Iterator[Finding]:
    """Find recipients that no header names, and a Bcc field that was not taken out."""
    hidden = hidden_recipients(case.mail, case.envelope) if case.envelope is not None else ()
    if hidden:
        yield Finding("note", "Blind copies", f"No header names {_some(hidden)} (RFC 5322 section 3.6.3).")
    if case.mail.heading.bcc:
        yield Finding(
            "warning", "The Bcc field is in the mail", "Every recipient can read it (RFC 5322 section 3.6.3)."
        )


def not_sent(case: Case) -> Iterator[Finding]:
    """Find recipients of the header that this envelope does not have."""
    if case.envelope is None or (case.trace is not None and case.trace.unnamed):
        return  # who is not named may have got it
    given = {path.lower() for path in case.envelope.forward_paths}
    people = [*case.mail.heading.to, *case.mail.heading.cc]
    missing = [box.address for box in people if box.address and box.address.lower() not in given]
    if missing:
        yield Finding(
            "note",
            "To and Cc name others than the envelope",
            f"This copy did not go to {_some(missing)}; only RCPT TO decides who gets a mail (RFC 5321 section 2.3.1).",
        )


def dates(case: Case) -> Iterator[Finding]:
    """Compare the Date field with the moment the mail came in."""
    date = case.mail.heading.date
    if date is None or case.arrived is None:
        return
    ahead = _apart(date, case.arrived)
    if ahead > timedelta(hours=1):
        words = "It was written before it came in; a clock or a time zone is wrong (RFC 5322 section 3.6.1)."
        yield Finding("warning", f"The Date lies {_span(ahead)} ahead of its arrival", words)
    elif ahead < timedelta(days=-2):
        words = "Lists sort it among old mail, and filters distrust it (RFC 5322 section 3.6.1)."
        yield Finding("note", f"The Date lies {_span(-ahead)} before its arrival", words)


def eight_bit(case: Case) -> Iterator[Finding]:
    """Find octets beyond ASCII that came by SMTP without leave: a server with no extension has not to take them."""
    if case.trace is None or case.trace.via not in SMTP:
        return
    given = dict(case.trace.parameters)
    beyond_in_header = not all(field.raw.isascii() for field in case.mail.heading.header.fields)
    paths = (case.envelope.reverse_path, *case.envelope.forward_paths) if case.envelope else ()
    if "smtputf8" not in given and (beyond_in_header or not all(path.isascii() for path in paths)):
        words = "A server may refuse addresses and headers beyond ASCII without it (RFC 6531 section 3.4)."
        yield Finding("warning", "MAIL FROM did not ask for SMTPUTF8", words)
    body = case.mail.root.raw
    if not body.isascii() and given.get("body", "").upper() not in ("8BITMIME", "BINARYMIME"):
        words = "A server may refuse a body beyond ASCII, or drop the eighth bit, without it (RFC 6152 section 3)."
        yield Finding("warning", "MAIL FROM did not say BODY=8BITMIME", words)


def helo(case: Case) -> Iterator[Finding]:
    """Find a client that introduced itself by what is neither a full host name nor an address."""
    if case.trace is None or case.trace.via not in SMTP or not case.trace.helo:
        return
    name = case.trace.helo
    if not name.startswith("[") and "." not in name.strip("."):
        yield Finding(
            "note",
            f"The client introduced itself as {name!r}",
            "Strict servers want a full host name, or an address in brackets (RFC 5321 section 4.1.1.1).",
        )


def _apart(date: datetime, arrived: datetime) -> timedelta:
    try:
        return date - arrived
    except OverflowError:  # the first and last days of the calendar, in some zones
        return timedelta(0)


def _span(apart: timedelta) -> str:
    hours = int(apart.total_seconds() // 3600)
    number, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _some(addresses: Sequence[str]) -> str:
    return f"{', '.join(addresses[:_LISTED])}{', …' if len(addresses) > _LISTED else ''}"
