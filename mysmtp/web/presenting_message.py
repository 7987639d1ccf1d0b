"""What stands over the tabs of a mail: subject, people, date, files, and which tabs it has. Pure views of a Mail.

Made off the hub, all at once: no view holds the mail or its octets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mysmtp.message import Envelope
from mysmtp.mime import Attachment, Heading, Mail
from mysmtp.mime.addresses import Mailbox
from mysmtp.mime.checks import Finding, hidden_recipients
from mysmtp.mime.names import name_of
from mysmtp.web.presenting import Clock, When, plain, size_words
from mysmtp.web.presenting_checks import grave_words
from mysmtp.web.surveys import Survey

MOST_PEOPLE = 20  # of a field, on every tab; the tab of the headers has all
MOST_FILES = 10
LONGEST_SUBJECT = 500


@dataclass(frozen=True, slots=True)
class People:
    """The people of one field: what it is called, who is shown of them, how many are not.

    `written` is what stands in a field that names nobody, such as a group without members; None without the field.
    """

    label: str
    shown: Sequence[Mailbox]
    more: int
    written: str | None


@dataclass(frozen=True, slots=True)
class File:
    """An attachment: where it is, under what name it is saved, its size."""

    path: str
    name: str
    size: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A view of a mail that exists: its address's last word, its label, what is counted in it."""

    key: str
    label: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands over the tabs. `date_text` is what was written for a date that cannot be read,
    `written` what was written in any case, None without the field.

    `headed`: the mail has a header; `differs`: the envelope's sender is nobody the header names; `blind`: recipients
    that no header names; `grave`: how many errors and warnings the checks found, in words.
    """

    headed: bool
    subject: str
    people: Sequence[People]
    blind: frozenset[str]
    differs: bool
    date: When | None
    date_text: str
    written: str | None
    files: Sequence[File]
    more_files: int
    problems: Sequence[str]
    grave: str


def letter_of(mail: Mail, envelope: Envelope | None, clock: Clock, found: Sequence[Finding] = ()) -> Letter:
    """Return what stands over the tabs of a mail that has a header, or should have one."""
    heading = mail.heading
    listed = [attachment for attachment in mail.attachments if not attachment.inline]
    blind = hidden_recipients(mail, envelope) if envelope else ()
    date = date_of(mail, clock)
    return Letter(
        headed=mail.has_header,
        subject=shortened(heading.subject),
        people=_people(mail),
        blind=frozenset(plain(path) for path in blind),
        differs=envelope is not None and sender_differs(mail, envelope),
        date=date,
        date_text="" if date else shortened(heading.date_text),
        written=shortened(heading.date_text) if heading.header.all("date") else None,
        files=[file_of(attachment) for attachment in listed[:MOST_FILES]],
        more_files=max(0, len(listed) - MOST_FILES),
        problems=[plain(problem) for problem in mail.problems],
        grave=grave_words(found),
    )


def shortened(text: str) -> str:
    """Return a text cut where it would stop being a title."""
    return text if len(text) <= LONGEST_SUBJECT else f"{text[:LONGEST_SUBJECT]}…"


def date_of(mail: Mail, clock: Clock) -> When | None:
    """Return the Date field's moment in full, None without one that can be read."""
    try:
        return clock.full(mail.heading.date, "")
    except OverflowError:  # the first and last days of the calendar are none in every zone
        return None


def sender_differs(mail: Mail, envelope: Envelope) -> bool:
    """Tell whether the header names others than the envelope's sender; the null sender is nobody."""
    people = {box.address.lower() for box in (*mail.heading.authors, *mail.heading.sender)}
    return bool(people and envelope.reverse_path) and plain(envelope.reverse_path).lower() not in people


def _people(mail: Mail) -> Sequence[People]:
    heading = mail.heading
    fields = (
        ("From", heading.authors), ("Sender", heading.sender), ("Reply-To", heading.reply_to),
        ("To", heading.to), ("Cc", heading.cc), ("Bcc", heading.bcc),
    )  # fmt: skip
    people = [
        People(label, boxes[:MOST_PEOPLE], max(0, len(boxes) - MOST_PEOPLE), _written(heading, label))
        for label, boxes in fields
    ]
    return [each for each in people if each.shown or each.written or each.label in ("From", "To")]


def _written(heading: Heading, label: str) -> str | None:
    fields = heading.header.all(label.lower())
    return shortened(" ".join(field.value for field in fields)) if fields else None


def file_of(attachment: Attachment) -> File:
    """Return an attachment as it is listed."""
    return File(
        attachment.path, name_of(attachment.name, attachment.type, attachment.path), size_words(attachment.size)
    )


def tabs_of(mail: Mail, survey: Survey) -> Sequence[Tab]:
    """Return the views that exist of a mail, its record aside. Of plain text that is the text, and what was found."""
    checks = Tab("checks", "Checks", f"{len(survey.found):,}")
    if not mail.has_header:
        return [Tab("text", "Text", size_words(len(mail.root.source))), *([checks] if survey.found else [])]
    links = survey.all_links + survey.all_images
    return [
        *([Tab("html", "HTML")] if mail.html is not None else []),
        *([Tab("text", "Text")] if mail.text is not None else []),
        *([Tab("links", "Links", f"{links:,}")] if links else []),
        Tab("headers", "Headers", f"{len(mail.heading.header.fields):,}"),
        Tab("parts", "Parts", f"{sum(1 for _ in mail.root.walk()):,}"),
        Tab("source", "Raw", size_words(len(mail.root.source))),
        checks,
    ]


def first_tab(mail: Mail) -> str:
    """Return the view a mail opens with."""
    if not mail.has_header:
        return "text"
    return "html" if mail.html is not None else "text" if mail.text is not None else "parts"
