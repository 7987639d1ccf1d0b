"""What a mail says, as its page shows it: people, date, files, and the content of each tab. Pure views of a Mail.

Made off the hub, all at once: no view holds the mail or its octets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mysmtp.message import Envelope
from mysmtp.mime import Attachment, Mail, Part
from mysmtp.mime.addresses import Mailbox
from mysmtp.mime.checks import hidden_recipients
from mysmtp.mime.fields import Field
from mysmtp.mime.html import sanitise
from mysmtp.mime.linked import Piece, pieces
from mysmtp.mime.names import OPAQUE, download_type, name_of
from mysmtp.mime.part import NESTED
from mysmtp.web.presenting import Clock, When, count_words, joined, plain, size_words
from mysmtp.web.presenting_mail import TEXT_LIMIT

MOST_PEOPLE = 20  # of a field, on every tab; the tab of the headers has all
MOST_FILES = 10
MOST_LINKS = 2000
DEEPEST = 8  # levels of parts that are told apart by their place
LONGEST_SUBJECT = 500
KINDS = {
    "images": ("remote image", ""),
    "styles": ("style sheet", ""),
    "fonts": ("font", ""),
    "media": ("sound or film", "sounds or films"),
    "frames": ("frame", ""),
    "other": ("other thing", ""),
}


@dataclass(frozen=True, slots=True)
class People:
    """The people of one field: what it is called, who is shown of them, how many are not."""

    label: str
    shown: Sequence[Mailbox]
    more: int


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
    """What stands over the tabs. `date_text` is what was written for a date that cannot be read.

    `differs`: the envelope's sender is nobody the header names; `blind`: recipients that no header names.
    """

    subject: str
    people: Sequence[People]
    blind: frozenset[str]
    differs: bool
    date: When | None
    date_text: str
    files: Sequence[File]
    more_files: int
    problems: Sequence[str]
    tabs: Sequence[Tab]

    def has(self, key: str) -> bool:
        """Tell whether this view of the mail exists."""
        return any(tab.key == key for tab in self.tabs)


@dataclass(frozen=True, slots=True)
class LinkedText:
    """Text to read, with its web and mail addresses parted from it; `cut` says what is missing."""

    pieces: Sequence[Piece]
    cut: str


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be said over the frame with the HTML: what was not loaded, whether asking helps, why it is refused."""

    blocked: str
    loadable: bool
    refused: str


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part in the tree. `facts` are (what, value) pairs; `inline`: a browser may show it by itself."""

    path: str
    depth: int
    type: str
    name: str
    size: str
    octets: str
    facts: Sequence[tuple[str, str]]
    holds: bool
    inline: bool


def letter_of(mail: Mail, envelope: Envelope | None, clock: Clock) -> Letter:
    """Return what stands over the tabs of a mail with a header."""
    heading = mail.heading
    listed = [attachment for attachment in mail.attachments if not attachment.inline]
    blind = hidden_recipients(mail, envelope) if envelope else ()
    date = date_of(mail, clock)
    return Letter(
        subject=shortened(heading.subject),
        people=_people(mail),
        blind=frozenset(plain(path) for path in blind),
        differs=envelope is not None and sender_differs(mail, envelope),
        date=date,
        date_text="" if date else shortened(heading.date_text),
        files=[file_of(attachment) for attachment in listed[:MOST_FILES]],
        more_files=max(0, len(listed) - MOST_FILES),
        problems=[plain(problem) for problem in mail.problems],
        tabs=tabs_of(mail),
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
    return [
        People(label, boxes[:MOST_PEOPLE], max(0, len(boxes) - MOST_PEOPLE))
        for label, boxes in fields
        if boxes or label in ("From", "To")
    ]


def file_of(attachment: Attachment) -> File:
    """Return an attachment as it is listed."""
    return File(
        attachment.path, name_of(attachment.name, attachment.type, attachment.path), size_words(attachment.size)
    )


def tabs_of(mail: Mail) -> Sequence[Tab]:
    """Return the views that exist of a mail with a header."""
    found = [Tab("html", "HTML")] if mail.html is not None else []
    found += [Tab("text", "Text")] if mail.text is not None else []
    return [
        *found,
        Tab("headers", "Headers", f"{len(mail.heading.header.fields):,}"),
        Tab("parts", "Parts", f"{sum(1 for _ in mail.root.walk()):,}"),
        Tab("source", "Raw", size_words(len(mail.root.source))),
    ]


def first_tab(mail: Mail) -> str:
    """Return the view a mail opens with."""
    if not mail.has_header:
        return "text"
    return "html" if mail.html is not None else "text" if mail.text is not None else "parts"


def linked_text(text: str, limit: int = TEXT_LIMIT) -> LinkedText:
    """Return a text to read, at most `limit` characters of it, with at most `MOST_LINKS` links."""
    cut = f"The first {limit:,} of {len(text):,} characters are shown." if len(text) > limit else ""
    found: list[Piece] = []
    links = 0
    for piece in pieces(text[:limit]):
        shown = plain(piece.text, "\n\t")
        links += piece.url is not None
        found.append(Piece(shown, piece.url if shown == piece.url and links <= MOST_LINKS else None))
    return LinkedText(tuple(found), cut)


def page_of(mail: Mail, cid: Callable[[str], str | None], remote: bool) -> Page:
    """Return what is to be said over the frame that shows the HTML."""
    safe = sanitise(mail.html or "", cid, remote=remote)
    loadable = not remote and any(safe.blocked.get(kind) for kind in ("images", "fonts"))
    return Page(blocked_words(safe.blocked), loadable, safe.refused)


def blocked_words(blocked: Mapping[str, int]) -> str:
    """Return what was not loaded, counted by kind: ``3 remote images and 1 font``."""
    counted = [count_words(blocked[kind], *words) for kind, words in KINDS.items() if blocked.get(kind)]
    return joined(counted) if counted else ""


def fields_of(mail: Mail) -> Sequence[Field]:
    """Return the header's fields, their values as text."""
    return mail.heading.header.fields


def parts_of(mail: Mail) -> Sequence[PartRow]:
    """Return every part, in the order they stand."""
    return [_row(part) for part in mail.root.walk()]


def _row(part: Part) -> PartRow:
    nature = part.nature
    encoding = nature.encoding if nature.encoding != "7bit" else ""
    facts = (
        ("Name", nature.name), ("Charset", plain(nature.charset or "")), ("Encoding", encoding),
        ("Disposition", nature.disposition), ("Content-ID", nature.content_id), ("SHA-256", part.sha256),
    )  # fmt: skip
    return PartRow(
        path=part.path,
        depth=min(part.path.count("."), DEEPEST),
        type=nature.type,
        name="" if nature.multipart else name_of(nature.name, nature.type, part.path),
        size=size_words(part.size),
        octets=f"{part.size:,} B",
        facts=tuple((what, value) for what, value in facts if value),
        holds=bool(part.children) and nature.type not in NESTED,
        inline=download_type(nature.type) != OPAQUE,
    )
