"""What was found, as it is shown: rows under their days, with the words that were looked for marked.

Pure: takes what the index returned, the query and a clock, returns frozen views. Texts come in pieces, so that a
template escapes each and writes no markup but `<mark>` itself. Only so much of a text is looked through, off the hub.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from mysmtp.search.found import COUNTED, Count, Found, Hit
from mysmtp.search.query import Field, Query, Term
from mysmtp.search.sheet import MOST_OCTETS, MOST_TEXT, Sheet
from mysmtp.web.marks import Marks, Piece, Pieces
from mysmtp.web.presenting import NOBODY, Clock, When, count_words, day_of, file_words, plain, size_words

LOOKED_AT = 20_000  # characters of a text in which the first mark is looked for
BEFORE, AFTER = 30, 220  # characters of a text that are shown round its first mark
LONGEST = 300  # characters of a subject or a line
_OF_TEXT: tuple[Field, ...] = ("any", "body")  # what may stand where the text of a long mail is not searched
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

WAYS = (
    ("invoice shop", "with both words, anywhere"),
    ('"thank you"', "with these words, one after the other"),
    ("invoi*", "with a word that begins so"),
    ("-draft", "without a word; a minus goes before anything on this page"),
    ("from:alice", "by their sender: the envelope’s, or one in the header"),
    ("to:bob@example.com", "by a recipient: the envelope’s, blind copies too, or one in the header"),
    ("subject:invoice", "by their subject; a mail without a header has its first line there"),
    ('body:"thank you"', "by their text"),
    ("header:x-mailer", "by a header field, its name or what it says"),
    ("filename:pdf", "by the name of an attachment"),
    ("in:bob@example.com", "in one mailbox, or in all that have this in their name"),
    ("has:attachment", "with an attachment"),
    ("is:unread", "that nobody has looked at"),
    ("is:read", "that somebody has"),
    ("after:2026-11-01", "of this day or later"),
    ("before:2026-11-01", "of earlier days"),
    ("larger:1M", "larger than this; k, M and G are thousands"),
    ("smaller:20k", "smaller than this"),
)  # what can be written, and what mails that finds


@dataclass(frozen=True, slots=True)
class HitRow:
    """A mail that was found: as `presenting_lists.Row`, its texts in pieces."""

    mailbox: str
    box: str
    id: int
    seen: bool
    sender: Pieces
    subject: Pieces
    lacking: str
    snippet: Pieces
    files: str
    size: str
    time: When | None

    @property
    def bounce(self) -> bool:
        """As of `presenting_lists.Row`."""
        return "".join(piece.text for piece in self.sender) == NOBODY


@dataclass(frozen=True, slots=True)
class HitDay:
    """What was found of one day, newest first, under its heading."""

    heading: str
    rows: tuple[HitRow, ...]


def days_of(hits: Sequence[Hit], query: Query, clock: Clock) -> tuple[HitDay, ...]:
    """Return what was found under the headings of its days, in the order given."""
    marks = Marks(query)
    grouped = groupby(hits, key=lambda hit: _heading(hit.sheet, clock))
    return tuple(HitDay(heading, tuple(row_of(hit, marks, clock) for hit in group)) for heading, group in grouped)


def row_of(hit: Hit, marks: Marks, clock: Clock) -> HitRow:
    """Return a mail that was found as a row."""
    sheet = hit.sheet
    sender = marks.of("from").marked(plain(sheet.sender.split("\n")[0]) or NOBODY)
    subject = marks.of("subject").marked(plain(sheet.subject, "\t")[:LONGEST])
    snippet = _snippet(sheet, marks, any(piece.found for piece in (*sender, *subject)))
    return HitRow(
        hit.mailbox,
        plain(hit.mailbox),
        hit.id,
        hit.seen,
        sender,
        subject,
        "no subject" if sheet.letter else "empty mail",
        snippet,
        file_words(sheet.attached),
        size_words(sheet.size),
        clock.time(_moment(sheet)),
    )


def total_words(found: Found) -> str:
    """Return how much was found: ``7 mails in 3 mailboxes``."""
    if found.more:
        return f"More than {COUNTED:,} mails"
    mails = count_words(found.total, "mail")
    return mails if found.mailboxes < 2 else f"{mails} in {found.mailboxes:,} mailboxes"


def count_in_words(count: Count) -> str:
    """Return how many mails another search finds."""
    return f"more than {count.total:,} mails" if count.more else count_words(count.total, "mail")


def place_words(found: Found) -> str:
    """Return which of what was found is shown: ``51 to 100 of 120``; nothing where that was not counted."""
    if not found.place:
        return ""
    total = f"more than {COUNTED:,}" if found.more else f"{found.total:,}"
    return f"{found.place:,} to {found.place + len(found.hits) - 1:,} of {total}"


def searched_words(found: Found) -> str:
    """Return what was searched."""
    mails, boxes = count_words(found.searched, "mail"), count_words(found.boxes, "mailbox", "mailboxes")
    return f"Searched {mails} in {boxes}: envelopes, headers, decoded text."


def lacking_words(query: Query) -> str:
    """Return how a mail is said to lack what is searched for: words it does not have, whatever else it does not fit."""
    plain_words = all(isinstance(part, Term) and part.field == "any" and not part.without for part in query.parts)
    return "No mail has" if plain_words else "No mail fits"


def unsearched_words(found: Found) -> tuple[str, ...]:
    """Return what was not searched, in sentences."""
    told = []
    if found.unsearched:
        verb = "is" if found.unsearched == 1 else "are"
        told.append(f"{count_words(found.unsearched, 'mail')} {verb} not searched yet.")
    return tuple(told)


def cut_words(found: Found, query: Query) -> str:
    """Return what of long mails was not searched, where the search asks for words that may stand there."""
    fields, told = {term.field for term in query.terms}, []
    if found.cut and fields.intersection(_OF_TEXT):
        told.append(f"{_of(found.cut)} only the beginning of the text is searched, at most {MOST_TEXT:,} characters.")
    if found.files_cut and "filename" in fields:
        names = f"the names of attachments in the first {MOST_OCTETS >> 20} MiB"
        told.append(f"{_of(found.files_cut)} only {names} are searched.")
    return " ".join(told)


def _of(mails: int) -> str:
    return "Of one long mail" if mails == 1 else f"Of {mails:,} long mails"


def _snippet(sheet: Sheet, marks: Marks, shown: bool) -> Pieces:
    """Return the text round the first mark, the line of another text that has one, or the beginning of the text."""
    text = _line(sheet.body)
    text = text if sheet.letter else text.removeprefix(_line(sheet.subject)).lstrip()
    marker = marks.of("body")
    first = next((span for most in (LOOKED_AT // 10, LOOKED_AT) for span in marker.spans(text[:most])), None)
    if first is None and not shown:
        for where, lines, field in _elsewhere(sheet):
            for line in lines:
                pieces = marks.of(field).marked(_line(line)[:LONGEST])
                if any(piece.found for piece in pieces):
                    return (Piece(f"{where}: "), *pieces)
    start = 0 if first is None or first[0] <= BEFORE else text.find(" ", first[0] - BEFORE) + 1
    cut = text[start : start + BEFORE + AFTER]
    return (*((Piece("… "),) if start else ()), *marker.marked(cut))


def _elsewhere(sheet: Sheet) -> Iterator[tuple[str, list[str], Field]]:
    """Give the texts that are not shown, what each is called, and the operator that searches it."""
    yield "To", sheet.recipients.split("\n"), "to"
    yield "File", sheet.files.split("\n"), "filename"
    yield "From", sheet.sender.split("\n"), "from"
    yield "Header", sheet.header.split("\n"), "header"


def _line(text: str) -> str:
    return plain(" ".join(text[: 2 * LOOKED_AT].split()))


def _heading(sheet: Sheet, clock: Clock) -> str:
    moment = _moment(sheet)
    day = clock.local(moment).date() if moment else day_of(sheet.date)
    return clock.heading(day) if day else plain(sheet.date) or "No date"


def _moment(sheet: Sheet) -> datetime | None:
    return None if sheet.arrived is None else _EPOCH + timedelta(microseconds=sheet.arrived)
