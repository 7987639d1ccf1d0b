"""A page of HTML written anew, token by token, from what `markup` allows. Pure text to text; nh3 comes after it.

What is written is bounded, because a parser's time grows with the square of some of it (`bounds`), and what is refused
here never reaches it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from mysmtp.mime import css
from mysmtp.mime.bounds import LONGEST, Cost, TooMuch
from mysmtp.mime.markup import ATTRIBUTES, FORMATTING, SELF_ENDING, TAGS, VOID, Resources, link_url
from mysmtp.mime.tokens import Token, tokens

_LINK_TEXT = 200


@dataclass(frozen=True, slots=True)
class Link:
    """A link: where it leads, and the first words of its text."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image: what the mail refers to, its alternative text (None: it has none), and whether it is shown."""

    source: str
    alt: str | None
    shown: bool


class Writer:
    """Writes a page anew. What it has opened it closes, so that the depth it knows is the true one."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self.links: list[Link] = []
        self.images: list[Image] = []
        self.style = ""
        self._pieces: list[str] = []
        self._open: list[str] = []
        self._cost = Cost()
        self._link = 0  # the place of the link whose text is being read
        self._link_text: list[str] | None = None

    def write(self, page: str) -> str:
        """Return the page without its styles, which are in `style` then. Raises TooMuch."""
        if len(page) > LONGEST:
            raise TooMuch(f"the HTML is longer than {LONGEST:,} characters")
        for token in tokens(page):
            if not token.name:
                self._write_text(token.text)
            elif token.closes:
                self._close("div" if token.name == "body" else token.name)
            else:
                self._start(token)
        self._close_until(0)
        return "".join(self._pieces)

    def _write_text(self, text: str) -> None:
        self._cost.text(text)
        self._pieces.append(escape(text, quote=False))
        if self._link_text is not None:
            self._link_text.append(text[:_LINK_TEXT])

    def _start(self, token: Token) -> None:
        self._cost.tag()
        name = "div" if token.name == "body" else token.name
        if name == "style":
            self._add_style(token.content)
        elif name in TAGS:
            self._open_element(name, token)
        else:
            self.resources.leave_out(token.name, dict(token.attributes), token.content)

    def _add_style(self, content: str) -> None:
        room = css.LONGEST - len(self.style)
        self.style = "\n".join(filter(None, (self.style, css.sheet(content[: max(room, 0)], self.resources.use))))

    def _open_element(self, name: str, token: Token) -> None:
        if name == "a":  # none in another (HTML section 13.2.6.4.7)
            self._close("a")
            self._end_link()
        self._cost.start(name)
        given = dict(token.attributes)
        kept = [(key, self._value(name, key, value)) for key, value in given.items() if key in ATTRIBUTES[name]]
        written = "".join(f' {key}="{escape(value)}"' for key, value in kept if value is not None)
        self._pieces.append(f"<{name}{written}>")
        if name == "img":
            self._note_image(given, dict(kept).get("src") is not None)
        elif name in ("a", "area"):
            self._note_link(name, dict(kept).get("href"))
        if name not in VOID and name not in SELF_ENDING:
            self._open.append(name)

    def _value(self, tag: str, name: str, value: str) -> str | None:
        """Return the value an attribute is given, None to leave it out."""
        if name == "style":
            return css.declarations(value, self.resources.use) or None
        if name == "href":
            return link_url(value)
        if name in ("src", "background"):
            return self.resources.use(value, "images")
        return value

    def _close(self, name: str) -> None:
        """End an element, and those in it; not across a table, and a formatting one not across others."""
        if name in SELF_ENDING:
            self._end(name)
            return
        for looked, opened in enumerate(reversed(self._open), 1):
            if opened == name:
                self._close_until(len(self._open) - looked)
                break
            if opened == "table" or (name in FORMATTING and opened not in FORMATTING):
                break
        else:
            looked = len(self._open)
        self._cost.look(looked)

    def _end(self, name: str) -> None:
        self._cost.end(name)
        self._pieces.append(f"</{name}>")

    def _close_until(self, place: int) -> None:
        while len(self._open) > place:
            name = self._open.pop()
            self._end(name)
            if name == "a":
                self._end_link()

    def _note_image(self, given: Mapping[str, str], shown: bool) -> None:
        self.images.append(Image(given.get("src", ""), given.get("alt"), shown))
        if "srcset" in given and "src" not in given:
            self.resources.use(given["srcset"], "images")
        if self._link_text is not None:
            self._link_text.append(given.get("alt", ""))

    def _note_link(self, name: str, url: str | None) -> None:
        if url is not None:
            if name == "a":
                self._link, self._link_text = len(self.links), []
            self.links.append(Link(url, ""))

    def _end_link(self) -> None:
        if self._link_text is not None:
            text = " ".join("".join(self._link_text).split())[:_LINK_TEXT]
            self.links[self._link] = Link(self.links[self._link].url, text)
            self._link_text = None
