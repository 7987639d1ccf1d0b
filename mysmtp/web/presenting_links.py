"""Where a mail leads and what it shows: its links and images as rows of a table. Pure views."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from mysmtp.mime.html import Image, Link
from mysmtp.web.presenting import joined, plain
from mysmtp.web.surveys import Survey

_HOST = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[:/?#]\S*)?", re.IGNORECASE)
LONGEST = 500  # characters of an address that are shown


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link: its address to show, and to follow if it may be; its text; `doubt` says how the two disagree."""

    shown: str
    url: str | None
    text: str
    doubt: str


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image: what the mail refers to, its alternative text (None: it has none), and whence it comes, in words.

    `path` is that of its part, ``""`` for one of elsewhere or nowhere.
    """

    shown: str
    alt: str | None
    whence: str
    path: str


def links_of(links: Sequence[Link]) -> tuple[LinkRow, ...]:
    """Return links as they are shown, each once; those with the same text and address count as one."""
    return tuple(
        LinkRow(_cut(plain(link.url)), link.url if plain(link.url) == link.url else None, plain(link.text), doubt(link))
        for link in dict.fromkeys(links)
    )


def doubt(link: Link) -> str:
    """Return in words that a link's text names another host than it leads to, ``""`` where it does not."""
    named = _HOST.fullmatch(link.text.strip())
    if not named or not link.url.lower().startswith(("http:", "https:")):
        return ""
    reads, leads = named[1].lower().removeprefix("www."), _host(link.url).removeprefix("www.")
    alike = reads == leads or leads.endswith(f".{reads}") or reads.endswith(f".{leads}")
    return "" if alike else f"It reads {plain(reads)} and leads to {plain(leads) or 'nowhere'}"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:  # of an address in brackets that is none
        return ""


def images_of(images: Sequence[Image], path_of: Callable[[str], str | None]) -> tuple[ImageRow, ...]:
    """Return images as they are shown; `path_of` finds the part of a ``cid:`` address."""
    return tuple(_image(image, path_of) for image in images)


def _image(image: Image, path_of: Callable[[str], str | None]) -> ImageRow:
    source = image.source.strip()
    scheme = source.partition(":")[0].lower()
    path = path_of(source) or "" if scheme == "cid" else ""
    if path:
        whence = f"Part {path}"
    elif scheme == "cid":
        whence = "Not in the mail"
    elif scheme == "data":
        whence = "In the HTML itself"
    else:
        whence = "Elsewhere" if scheme in ("http", "https") or source.startswith("//") else "Nowhere"
    alt = None if image.alt is None else plain(image.alt)
    return ImageRow(_cut(plain(source)), alt, whence, path)


def left_out_words(survey: Survey) -> str:
    """Return in words what is not listed, ``""`` if nothing is."""
    counted = [
        f"{len(shown):,} of {number:,} {what}"
        for shown, number, what in (
            (survey.links, survey.all_links, "links"),
            (survey.images, survey.all_images, "images"),
        )
        if len(shown) < number
    ]
    return f"The first {joined(counted)} are listed." if counted else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
