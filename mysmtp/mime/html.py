"""The HTML of a mail, made safe to show: cut into tokens, written anew from what is allowed, then cleaned by nh3.

This is the second wall: the page that shows it must stand in a sandbox and forbid, by its policy, all that this takes
out. A page beyond the `bounds` is refused, and its mail shown as text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import nh3

from mysmtp.mime.bounds import TooMuch
from mysmtp.mime.markup import ATTRIBUTES, TAGS, Resources, is_image_url, link_url
from mysmtp.mime.rewriting import Image, Link, Writer

__all__ = ["Image", "Link", "SafeHtml", "sanitise"]


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """A page that may be shown in a sandbox: what would go into its body.

    `blocked` counts what it would have loaded from elsewhere, by kind. `refused` is ``""``, or says why the page is
    not shown at all; `html` is empty then, and nothing was counted.
    """

    html: str
    blocked: Mapping[str, int]
    links: Sequence[Link]
    images: Sequence[Image]
    refused: str = ""

    @property
    def blocked_count(self) -> int:
        """How many references to elsewhere were left out."""
        return sum(self.blocked.values())


def sanitise(page: str, cid: Callable[[str], str | None], *, remote: bool = False) -> SafeHtml:
    """Return a page without anything that acts, sends or loads. Never raises.

    `cid` is given each ``cid:`` URL, and returns the URL at which that part is served, or None. `remote` lets images
    and fonts be loaded from where the mail says; style sheets, frames and media of elsewhere never are. It takes about
    50 ms for each 100 kB: run it off the hub.
    """
    writer = Writer(Resources(cid, remote))
    try:
        body = writer.write(page)
    except TooMuch as reason:
        return SafeHtml("", MappingProxyType({}), (), (), str(reason))
    cleaned = _CLEANER.clean(body)
    style = f"<style>\n{writer.style}\n</style>\n" if writer.style else ""
    blocked = MappingProxyType(dict(sorted(writer.resources.blocked.items())))
    return SafeHtml(style + cleaned, blocked, tuple(writer.links), tuple(writer.images))


def _last_look(tag: str, name: str, value: str) -> str | None:
    """Look once more at each attribute, after nh3 has read the page as a browser does."""
    if name == "href":
        return link_url(value)
    return None if name in ("src", "background") and not is_image_url(value) else value


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={"script", "style", "title", "iframe", "noembed", "noframes", "template", "svg", "math"},
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    attribute_filter=_last_look,
    strip_comments=True,
    link_rel="noopener noreferrer",
    set_tag_attribute_values={"a": {"target": "_blank"}, "area": {"target": "_blank"}},
    url_schemes={"http", "https", "mailto", "tel", "sms", "xmpp", "data"},
    url_relative="pass_through",
)
