"""What of a mail is searched: its texts, taken out of the mail once, and packed to be shown beside what was found.

Pure. How much of a mail is looked at is bounded; `cut` and `files_cut` tell of those that hold more.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta

from mysmtp.message import StoredMail
from mysmtp.mime import Heading, Mail, read_mail
from mysmtp.mime.addresses import Mailbox
from mysmtp.mime.fields import Field
from mysmtp.mime.part import NESTED
from mysmtp.mime.plaintext import text_of_html

MOST_OCTETS = 4 << 20  # of a mail that are looked at
MOST_TEXT = 200_000  # characters of a mail's text that are searched
MOST_MARKUP = 2_000_000  # characters of HTML that are read for them
MOST_HEADER = 50_000  # characters of all header fields
MOST_PEOPLE = 50_000  # characters of each kind
MOST_TITLE = 1_000
MOST_NAMES = 10_000
_ELSEWHERE = frozenset(("from", "sender", "reply-to", "to", "cc", "bcc", "subject"))  # fields that other texts have
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The texts of a mail, each searched by an operator of its own, and what a list shows besides.

    `subject` is the first line of a mail without a header, as lists show it; `letter` tells that there is one. `sender`
    and `recipients` hold the envelope's first, then the header's, one on a line; `header` the fields that no other text
    has. `arrived` is the moment in microseconds since 1970, None where only a `date` is known. `files` are names;
    `attached` counts the attachments, with a name or without, as `Mail.files`. Of messages that are attached, and those
    within them, `body` has subject, people and text, `files` the names.

    `cut`: text that `body` would have is not there, where that can be told; `files_cut`: the mail goes on, and more
    attachments may follow.
    """

    subject: str
    sender: str
    recipients: str
    body: str
    files: str
    header: str
    letter: bool
    attached: int | None
    cut: bool
    files_cut: bool
    size: int
    arrived: int | None
    date: str


def sheet_of(stored: StoredMail, mailbox: str) -> Sheet:
    """Return what is searched of a mail, or of the beginning of one. Never raises; takes as long as reading it does."""
    mail, summary = read_mail(stored.body), stored.summary
    text, heading, goes_on = _text(mail), mail.heading, len(stored.body) < stored.summary.size
    attached = mail.files(goes_on)
    within = _within(mail, MOST_TEXT - len(text))
    body = "\n".join((text, *(words for _, words in within)))
    mails = (mail, *(each for each, _ in within))
    paths = stored.envelope.forward_paths if stored.envelope else ()
    return Sheet(
        subject=_clean(heading.subject if mail.has_header else _first_line(text), MOST_TITLE),
        sender=_clean(_joined([summary.sender], _senders(heading))),
        recipients=_clean(_joined([mailbox, *paths], heading.recipients)),
        body=_clean(body, MOST_TEXT),
        files=_clean("\n".join(part.name for each in mails for part in each.attachments if part.name), MOST_NAMES),
        header=_clean("\n".join(map(_field, heading.header.fields)), MOST_HEADER),
        letter=mail.has_header,
        attached=attached,
        cut=len(body) > MOST_TEXT
        or any(_shows_html(each) and len(each.html or "") > MOST_MARKUP for each in mails)
        or (goes_on and _ends_in_text(mails)),
        files_cut=attached is None,
        size=summary.size,
        arrived=None if summary.arrived is None else (summary.arrived - _EPOCH) // _MICROSECOND,
        date=_clean(summary.date, 20),
    )


def pack(sheet: Sheet) -> bytes:
    """Return a sheet as octets."""
    return zlib.compress(json.dumps(astuple(sheet), ensure_ascii=False).encode(), 1)


def unpack(octets: bytes) -> Sheet:
    """Return the sheet that `pack` was given. Raises ValueError for anything else."""
    try:
        return Sheet(*json.loads(zlib.decompress(octets)))
    except (zlib.error, TypeError) as fault:
        raise ValueError(str(fault)) from fault


def _within(mail: Mail, room: int) -> list[tuple[Mail, str]]:
    """Return the messages attached to a mail, and what of each is searched, until that is so many characters."""
    found: list[tuple[Mail, str]] = []
    for each in mail.within():
        if room < 0:
            break
        people = _joined([], (*_senders(each.heading), *each.heading.recipients))
        words = "\n".join((each.heading.subject, people, _text(each)))
        found.append((each, words))
        room -= len(words)
    return found


def _senders(heading: Heading) -> Sequence[Mailbox]:
    return (*heading.authors, *heading.sender, *heading.reply_to)


def _text(mail: Mail) -> str:
    """Return the text, or that of the HTML where there is no other."""
    return text_of_html(mail.html or "", MOST_MARKUP) if _shows_html(mail) else mail.text or ""


def _shows_html(mail: Mail) -> bool:
    return bool(mail.html) and not (mail.text and mail.text.strip())


def _ends_in_text(mails: Sequence[Mail]) -> bool:
    """Tell whether what was read of a mail ends in text that is searched: its own, or that of a message within it.

    `mails` are the mail and those within it, as far as they are searched.
    """
    root = last = mails[0].root
    while last.children:
        outer, last = last, last.children[-1]
        if len(last.source) - last.end > len("\r\n"):  # closed: what follows is none of its parts
            return False
        root = last if outer.nature.type in NESTED else root
    mail = next((each for each in mails if each.root is root), None)
    if mail is None or not last.is_text or any(last.path == file.path for file in mail.attachments):
        return False
    return _shows_html(mail) or last.nature.type != "text/html"


def _field(field: Field) -> str:
    return field.name if field.name.lower() in _ELSEWHERE else f"{field.name}: {field.value}"


def _first_line(text: str) -> str:
    return next((line for line in map(str.strip, text[:MOST_TITLE].split("\n")) if line), "")


def _joined(first: list[str], boxes: Iterable[Mailbox]) -> str:
    """Return addresses and names, each once."""
    texts = (text for box in boxes for text in (f"{box.name} <{box.address}>" if box.name else box.address,))
    return "\n".join(dict.fromkeys((*first, *texts)))


def _clean(text: str, longest: int = MOST_PEOPLE) -> str:
    """Return a text that any database takes: no lone surrogates, which stand for octets that are no text."""
    return text[:longest].encode("utf-8", "replace").decode()
