"""HTML cut into tags and text, much as a browser's tokenizer does (WHATWG HTML section 13.2.5). Linear, no recursion.

It need not agree with every browser: what is made of its tokens is written anew, so that nothing else is in it.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

_ATTRIBUTES = (
    r"(?P<attributes>(?:[\s/]++|[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+)?+)*+)"
)
_TAG = re.compile(
    r"<!--(?:>|->|.*?(?:--!?>|\Z))|<[!?][^>]*+>?|</(?P<end>[a-zA-Z][^\s/>]*+)[^>]*+>?"
    rf"|<(?P<start>[a-zA-Z][^\s/>]*+){_ATTRIBUTES}>?|(?P<text>[^<]++|<)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^\s>\"'][^\s>]*+))?+)?+"
)
_LONG_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{8,}")
# Their content is no markup, or nothing a reader of mail should see.
_HIDDEN = (
    "script style title textarea select iframe noembed noframes xmp template svg math object applet canvas datalist"
)
_OPAQUE = frozenset(_HIDDEN.split())
MOST_ATTRIBUTES = 64  # of one tag; a parser compares each with each


@dataclass(frozen=True, slots=True)
class Token:
    """A start tag (with its attributes, the first of a name), an end tag (``closes``), or text (`name` ``""``).

    Names are small letters; character references are resolved in values and text. `content` is what lies between the
    start tag of an opaque element and its end tag.
    """

    name: str
    closes: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""
    content: str = ""


def tokens(page: str) -> Iterator[Token]:
    """Give the tags and texts of a page in order; comments, declarations and opaque content are left out."""
    at, unclosed = 0, set[str]()
    while at < len(page):
        found = _TAG.match(page, at)
        assert found is not None  # every character begins a token
        at = found.end()
        if found["text"] is not None:
            yield Token("", text=resolved(found["text"]))
        elif found["end"] is not None:
            yield Token(found["end"].lower(), closes=True)
        elif found["start"] is not None:
            name = found["start"].lower()
            content, at = _opaque(page, at, name, unclosed) if name in _OPAQUE else ("", at)
            yield Token(name, attributes=_attributes(found["attributes"]), content=content)


def resolved(text: str) -> str:
    """Return text with its character references resolved."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text


def _opaque(page: str, at: int, name: str, unclosed: set[str]) -> tuple[str, int]:
    """Return what lies up to the end tag of an opaque element, and where that ends; all the rest without one."""
    if name in unclosed:
        return "", at
    end = re.compile(rf"</{name}(?=[\s/>])[^>]*+>?", re.IGNORECASE).search(page, at)
    if end:
        return page[at : end.start()], end.end()
    unclosed.add(name)
    return (page[at:], len(page)) if name in ("script", "style", "textarea", "title", "xmp") else ("", at)


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(text):
        value = attribute["double"] or attribute["single"] or attribute["bare"] or ""
        found.setdefault(attribute["name"].lower(), resolved(value))
        if len(found) == MOST_ATTRIBUTES:
            break
    return tuple(found.items())
