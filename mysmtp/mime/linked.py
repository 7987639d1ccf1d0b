"""Plain text cut into what is a web or mail address and what is not, in linear time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 2048  # characters of an address that becomes a link
# It begins with one character of four, for which a search runs five times as fast as for two words in any case.
_ADDRESS = re.compile(
    r"[hHmM](?:(?<=[hH])(?i:ttps?://)|(?<=[mM])(?i:ailto:))"
    r"[^\s<>\"\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+"
)
_AFTER = ".,;:!?'*_~"  # stands after an address more often than in it
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text; `url` is the address that it is, None for all else. The pieces in a row are the whole text."""

    text: str
    url: str | None = None


def pieces(text: str) -> Iterator[Piece]:
    """Give the pieces of `text` in order. Addresses keep what was written; a full stop after one is not part of it."""
    at = 0
    for found in _ADDRESS.finditer(text):
        url = _trimmed(found[0])
        if len(url) > LONGEST or url.endswith(("//", ":")):
            continue
        if at < found.start():
            yield Piece(text[at : found.start()])
        yield Piece(url, url)
        at = found.start() + len(url)
    if at < len(text):
        yield Piece(text[at:])


def _trimmed(url: str) -> str:
    """Take off what belongs to the sentence: punctuation, and a closing bracket that was not opened in the address."""
    surplus = {closing: url.count(closing) - url.count(opening) for closing, opening in _PAIRS.items()}
    end = len(url)
    while url[end - 1] in _AFTER or surplus.get(url[end - 1], 0) > 0:
        if url.endswith(("//", "mailto:"), 0, end):
            break
        end -= 1
        if url[end] in surplus:
            surplus[url[end]] -= 1
    return url[:end]
