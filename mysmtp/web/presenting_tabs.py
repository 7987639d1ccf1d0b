"""The content of each tab of a mail: text with links, what was kept from its HTML, its fields, its parts. Pure views.

Made off the hub, all at once: no view holds the mail or its octets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mysmtp.mime import Mail, Part
from mysmtp.mime.fields import Field
from mysmtp.mime.html import sanitise
from mysmtp.mime.linked import Piece, pieces
from mysmtp.mime.names import OPAQUE, download_type, name_of
from mysmtp.mime.part import NESTED
from mysmtp.web.highlighting import Span, highlighted
from mysmtp.web.presenting import count_words, joined, plain, size_words
from mysmtp.web.presenting_mail import TEXT_LIMIT

MOST_LINKS = 2000
MARKUP_LIMIT = 100_000  # characters
DEEPEST = 8  # levels of parts that are told apart by their place
KINDS = {
    "images": ("remote image", ""),
    "styles": ("style sheet", ""),
    "fonts": ("font", ""),
    "media": ("sound or film", "sounds or films"),
    "frames": ("frame", ""),
    "other": ("other thing", ""),
}


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
class Markup:
    """The source of a page of HTML, in spans; `cut` says what is missing."""

    spans: Sequence[Span]
    cut: str


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


def markup_of(html: str, limit: int = MARKUP_LIMIT) -> Markup:
    """Return the source of a page of HTML as it came, at most `limit` characters of it."""
    cut = f"The first {limit:,} of {len(html):,} characters are shown." if len(html) > limit else ""
    return Markup(tuple(highlighted(plain(html[:limit], "\n\t"))), cut)


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
        ("Name", nature.name), ("Subject", part.subject), ("Charset", plain(nature.charset or "")),
        ("Encoding", encoding), ("Disposition", nature.disposition), ("Content-ID", nature.content_id),
        ("SHA-256", part.sha256),
    )  # fmt: skip
    return PartRow(
        path=part.path,
        depth=min(part.path.count("."), DEEPEST),
        type=nature.type,
        name="" if nature.multipart else name_of(part.name, nature.type, part.path),
        size=size_words(part.size),
        octets=f"{part.size:,} B",
        facts=tuple((what, value) for what, value in facts if value),
        holds=bool(part.children) and nature.type not in NESTED,
        inline=download_type(nature.type) != OPAQUE,
    )
