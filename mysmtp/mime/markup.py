"""The markup a mail may have: elements, attributes, URLs. Lists of what is allowed, nothing else is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FORMATTING = _set("a b big code em font i nobr s small strike strong tt u")  # HTML section 13.1.4
VOID = _set("area br col hr img wbr")
# Elements that end without an end tag, when the next of them begins or what is around them ends.
SELF_ENDING = _set("p li dt dd tr td th tbody thead tfoot colgroup caption")
# Elements that end by their end tag, but not across one of a block, or of what ends by itself.
PHRASING = _set("abbr acronym bdi bdo cite del dfn ins kbd map mark q rp rt ruby samp span sub sup time var")
_BLOCKS = (
    "address article aside blockquote center details dir div dl figcaption figure footer h1 h2 h3 h4 h5 h6 header "
    "hgroup main menu nav ol pre section summary table ul"
)
TAGS = FORMATTING | VOID | SELF_ENDING | PHRASING | _set(_BLOCKS)

_EVERYWHERE = _set(
    "class id style title dir lang align valign bgcolor color width height border role aria-label aria-hidden"
)
_OWN = {
    "a": "href name",
    "area": "href shape coords alt",
    "img": "src alt usemap hspace vspace",
    "map": "name",
    "table": "background cellpadding cellspacing summary rules frame",
    "td": "background colspan rowspan nowrap headers scope abbr",
    "th": "background colspan rowspan nowrap headers scope abbr",
    "tr": "background",
    "div": "background",
    "font": "face size",
    "hr": "size noshade",
    "ol": "start type reversed",
    "ul": "type",
    "li": "type value",
    "col": "span",
    "colgroup": "span",
    "time": "datetime",
    "details": "open",
}
ATTRIBUTES: Mapping[str, frozenset[str]] = {tag: _EVERYWHERE | _set(_OWN.get(tag, "")) for tag in sorted(TAGS)}

_IGNORED = re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\ud800-\udfff\ufeff]+")  # in URLs, anywhere
_UNSAFE = re.compile("[\"'()<>\\\\`{}|^]")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_WEB = re.compile(r"^(https?):/*", re.IGNORECASE)
_IMAGE_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp)(?:;[\w=-]+)*;base64,[A-Za-z0-9+/=%]*", re.IGNORECASE)
_LINKED = ("http:", "https:", "mailto:", "tel:", "sms:", "xmpp:")
_REMOTE = ("http:", "https:")

_LOADS = {
    "video": "media", "audio": "media", "source": "media", "track": "media", "bgsound": "media", "iframe": "frames",
    "frame": "frames", "embed": "frames", "object": "frames", "input": "images", "image": "images", "script": "other",
}  # fmt: skip
_SOURCES = ("src", "data", "poster", "href", "srcset", "xlink:href")
_REFERENCE = re.compile(r"""(?:href|src)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)


def cleaned_url(url: str) -> str:
    """Return a URL without what browsers pass over, and with nothing in it that ends an attribute or a ``url()``.

    As browsers do it, a backslash is a slash, ``//host`` is at https, and ``http:host`` is ``http://host``.
    """
    clean = _IGNORED.sub("", url).replace("\\", "/")
    if clean.startswith("//"):
        clean = f"https:{clean}"
    return _WEB.sub(r"\1://", _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", clean))


def scheme_of(url: str) -> str:
    """Return the scheme of a cleaned URL with its colon, in small letters, ``""`` without one."""
    found = _SCHEME.match(url)
    return found[0].lower() if found else ""


def link_url(url: str) -> str | None:
    """Return what a link may lead to, None where nobody should go there."""
    clean = cleaned_url(url)
    return clean if clean.startswith("#") or scheme_of(clean) in _LINKED else None


def is_image_url(url: str) -> bool:
    """Tell whether an image may have this URL: of the web, of the server that shows it, or the image itself."""
    scheme = scheme_of(url)
    return scheme in ("", *_REMOTE) or (scheme == "data:" and _IMAGE_DATA.fullmatch(url) is not None)


@dataclass(slots=True)
class Resources:
    """Decides what a page may load, and counts what it may not. `cid` gives the URL of a ``cid:`` reference or None.

    Kinds counted: ``images``, ``styles``, ``fonts``, ``media``, ``frames``, ``other``.
    """

    cid: Callable[[str], str | None]
    remote: bool
    blocked: dict[str, int] = field(default_factory=dict)

    def use(self, url: str, kind: str) -> str | None:
        """Return the URL to load instead of `url`, None for nothing."""
        clean = cleaned_url(url)
        scheme = scheme_of(clean)
        if scheme == "cid:":
            return self.cid(_IGNORED.sub("", url))
        if scheme == "data:":
            return clean if kind == "images" and _IMAGE_DATA.fullmatch(clean) else None
        if scheme not in _REMOTE:
            return None
        if not self.remote or kind not in ("images", "fonts"):
            self.block(kind)
            return None
        return clean

    def block(self, kind: str, number: int = 1) -> None:
        """Count what is left out."""
        if number:
            self.blocked[kind] = self.blocked.get(kind, 0) + number

    def leave_out(self, tag: str, attributes: Mapping[str, str], content: str) -> None:
        """Count what an element that is left out, with its `content`, would have loaded."""
        if tag == "link":
            kind = "styles" if "stylesheet" in attributes.get("rel", "").lower() else "other"
        else:
            kind = _LOADS.get(tag, "")
        if kind:
            urls = (cleaned_url(attributes.get(name, "")) for name in _SOURCES)
            self.block(kind, sum(scheme_of(url) in _REMOTE for url in urls))
        if tag in ("svg", "object", "template"):
            self.block("images", len(_REFERENCE.findall(content)))
