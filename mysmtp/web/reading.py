"""Opens a mail for one of its pages, off the hub: taken apart, looked at, and let go again. Only views come back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mysmtp.message import StoredMail
from mysmtp.mime import Mail, Part, read_mail
from mysmtp.mime.checks import is_mail
from mysmtp.mime.fields import Field
from mysmtp.mime.html import sanitise
from mysmtp.mime.linked import Piece
from mysmtp.mime.names import OPAQUE, content_disposition, download_type, name_of
from mysmtp.web import presenting_message as letters
from mysmtp.web import presenting_tabs as tabs
from mysmtp.web.presenting import Clock
from mysmtp.web.presenting_checks import Found, found_of
from mysmtp.web.presenting_links import ImageRow, LinkRow, images_of, left_out_words, links_of
from mysmtp.web.presenting_mail import Text, text_of
from mysmtp.web.presenting_message import Letter, Tab
from mysmtp.web.presenting_tabs import LinkedText, Markup, Page, PartRow
from mysmtp.web.surveys import Survey


@dataclass(frozen=True, slots=True)
class Address:
    """How a page asks for its mail's images: `before` and `after` the path of the part. `remote`: others load too."""

    before: str = ""
    after: str = ""
    remote: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """One view of a mail. `letter` is None for plain text; `tab` the view shown, and only its own content is there."""

    letter: Letter | None
    tab: str
    tabs: Sequence[Tab]
    text: LinkedText | None = None
    page: Page | None = None
    fields: tuple[Field, ...] = ()
    parts: tuple[PartRow, ...] = ()
    found: tuple[Found, ...] = ()
    links: tuple[LinkRow, ...] = ()
    images: tuple[ImageRow, ...] = ()
    markup: Markup | None = None
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """A part as it is served: its octets, the content type, the value of Content-Disposition."""

    octets: bytes
    type: str
    disposition: str


Look = Callable[[StoredMail, Mail], Survey]


def open_mail(stored: StoredMail, asked: str, address: Address, clock: Clock, look: Look) -> Opened | None:
    """Return a view of a mail, its first if `asked` is ``""``; None where it has no such view. `look` surveys it."""
    mail = read_mail(stored.body)
    tab = asked or letters.first_tab(mail)
    survey = look(stored, mail)
    views = letters.tabs_of(mail, survey)
    if not any(view.key == ("html" if tab == "markup" else tab) for view in views):
        return None
    opened = Opened(_letter(stored, mail, survey, clock), tab, views, text=_text(mail, tab))
    match tab:
        case "html":
            return replace(opened, page=tabs.page_of(mail, _images(mail, address), address.remote))
        case "markup":
            return replace(opened, markup=tabs.markup_of(mail.html or ""))
        case "links":
            links, images = links_of(survey.links), images_of(survey.images, mail.path_of)
            return replace(opened, links=links, images=images, cut=left_out_words(survey))
        case "headers":
            return replace(opened, fields=tuple(tabs.fields_of(mail)))
        case "parts":
            return replace(opened, parts=tuple(tabs.parts_of(mail)))
        case "checks":
            return replace(opened, found=found_of(survey.found))
    return opened


def open_record(stored: StoredMail, record: bytes, clock: Clock, look: Look) -> Opened:
    """Return the view of a mail's record as it lies in its file."""
    mail = read_mail(stored.body)
    survey = look(stored, mail)
    text = as_it_is(text_of(record, keep_cr=True))
    return Opened(_letter(stored, mail, survey, clock), "raw", letters.tabs_of(mail, survey), text)


def _letter(stored: StoredMail, mail: Mail, survey: Survey, clock: Clock) -> Letter | None:
    known = is_mail(mail, stored.trace)
    return letters.letter_of(mail, stored.envelope, clock, survey.found) if known else None


def as_it_is(text: Text) -> LinkedText:
    """Return a text without looking for links in it."""
    return LinkedText((Piece(text.text),) if text.text else (), text.cut)


def _text(mail: Mail, tab: str) -> LinkedText | None:
    if tab == "text" and mail.has_header:
        return _blank_told(tabs.linked_text(mail.text or ""))
    if tab == "text":
        return _blank_told(as_it_is(text_of(mail.root.source)))
    return as_it_is(text_of(mail.root.source)) if tab == "source" else None


def _blank_told(text: LinkedText) -> LinkedText:
    """Return a text; one of blank lines has no pieces, so that the page says that there is nothing to read."""
    blank = not text.cut and all(not piece.text.strip() for piece in text.pieces)
    return LinkedText((), "") if blank else text


def html_of(stored: StoredMail, address: Address) -> tuple[str, str] | None:
    """Return title and safe HTML of a mail; None where it has no HTML, or none that can be shown."""
    mail = read_mail(stored.body)
    if mail.html is None:
        return None
    safe = sanitise(mail.html, _images(mail, address), remote=address.remote)
    return None if safe.refused else (letters.shortened(mail.heading.subject), safe.html)


def _images(mail: Mail, address: Address) -> Callable[[str], str | None]:
    """Return what finds the address of an image that the HTML refers to: in this mail, by the path of its part."""

    def find(reference: str) -> str | None:
        path = mail.path_of(reference)
        part = mail.part(path) if path else None
        return f"{address.before}{path}{address.after}" if part and is_image(part) else None

    return find


def is_image(part: Part) -> bool:
    """Tell whether a part is an image of a kind that browsers show and nothing can act in."""
    kind = part.nature.type
    return kind.startswith("image/") and download_type(kind) != OPAQUE


def download_of(stored: StoredMail, path: str) -> Download | None:
    """Return a part as it is served, None where the mail has none of this path."""
    part = read_mail(stored.body).part(path)
    if part is None:
        return None
    nature = part.nature
    disposition = content_disposition(name_of(part.name, nature.type, part.path))
    kind = download_type(nature.type)
    if kind == OPAQUE:
        return Download(part.octets, kind, disposition)
    kind = f"{kind}; charset={part.text().charset}" if kind == "text/plain" else kind
    return Download(part.octets, kind, f"inline{disposition.removeprefix('attachment')}")
