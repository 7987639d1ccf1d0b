"""What a header section says of its mail: subject, people, date, Message-ID. Enough for a row of a list.

A field that cannot be read leaves its place empty and a reason; the field itself is shown as it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mysmtp.mime.addresses import Mailbox, read_addresses
from mysmtp.mime.fields import Header, begins_with_header, read_header
from mysmtp.mime.limits import LIMITS, Limits
from mysmtp.mime.words import text_of, unfolded
from mysmtp.text import visible

_ONCE = ("from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id")  # RFC 5322 section 3.6


@dataclass(frozen=True, slots=True)
class Heading:
    """The header of a mail. All texts are safe to show.

    `authors` are the From field's, one usually; a field that stands twice counts twice (and is a problem). `date` is
    aware, None where it cannot be read; `date_text` is what was written. `message_id` has no angle brackets.
    """

    header: Header
    subject: str
    authors: Sequence[Mailbox]
    sender: Sequence[Mailbox]
    reply_to: Sequence[Mailbox]
    to: Sequence[Mailbox]
    cc: Sequence[Mailbox]
    bcc: Sequence[Mailbox]
    date: datetime | None
    date_text: str
    message_id: str
    problems: Sequence[str]

    @property
    def recipients(self) -> Sequence[Mailbox]:
        """Everybody the header names as a recipient."""
        return [*self.to, *self.cc, *self.bcc]


def read_heading(octets: bytes, limits: Limits = LIMITS) -> Heading:
    """Return what the header of a mail says; the beginning of the mail, with all of its header, is enough.

    A mail that is plain text without a header (`fields.begins_with_header`) has an empty heading. Never raises.
    """
    if begins_with_header(octets, limits):
        return heading_of(read_header(octets, 0, None, limits), limits)
    return heading_of(Header((), 0, ()), limits)


def heading_of(header: Header, limits: Limits = LIMITS) -> Heading:
    """Return what a header section says."""
    problems = list(header.problems)
    named = [field.name.lower() for field in header.fields]
    problems += [f"more than one {name.title()} field" for name in _ONCE if named.count(name) > 1]
    people = {name: _people(header, name, limits, problems) for name in _ONCE[:6]}
    date_text = _shown(header.raw("date"), limits)
    date = read_date(date_text)
    if date_text and date is None:
        problems.append("Date: cannot be read as a date")
    return Heading(
        header=header,
        subject=next((field.value for field in header.fields if field.called("subject")), ""),
        authors=people["from"],
        sender=people["sender"],
        reply_to=people["reply-to"],
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        date=date,
        date_text=date_text,
        message_id=_shown(header.raw("message-id"), limits).removeprefix("<").removesuffix(">"),
        problems=tuple(problems),
    )


def read_date(text: str) -> datetime | None:
    """Return the moment a Date field tells (RFC 5322 section 3.3), aware, UTC where its zone is ``-0000`` or none.

    None for what is no date, or none that a calendar has.
    """
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        date.astimezone(UTC)  # the first and last days of the calendar have no UTC in some zones
    except Exception:  # noqa: BLE001  each Python raises others; a date that cannot be read is None
        return None
    return date


def _people(header: Header, name: str, limits: Limits, problems: list[str]) -> Sequence[Mailbox]:
    found: list[Mailbox] = []
    for field in header.all(name):
        if len(found) >= limits.addresses:
            break
        addresses = read_addresses(field.raw, limits)
        found += addresses.mailboxes
        problems += [f"{field.name}: {problem}" for problem in addresses.problems]
    return tuple(found[: limits.addresses])


def _shown(raw: bytes, limits: Limits) -> str:
    """Return a field that holds no encoded words (RFC 2047 section 5) as text."""
    return visible(text_of(unfolded(raw[: limits.field])).text)
