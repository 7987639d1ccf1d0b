"""The HTML of a mail as its source: what is a tag, an attribute, a value, a comment. Pieces of text, no markup.

The lexer is Pygments'. It is given so many characters and so much time; what lies beyond stays text of one kind.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pygments.lexers.html import HtmlLexer
from pygments.token import Comment, Keyword, Literal, Name, Punctuation

SECONDS = 0.3  # of CPU; some pages take a lexer the square of their length
MOST_SPANS = 20_000
_KINDS = (
    (Comment, "rem"), (Name.Tag, "tag"), (Punctuation, "tag"), (Name.Attribute, "att"), (Keyword, "att"),
    (Name.Entity, "ent"), (Literal, "val"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of source and its kind: ``tag``, ``att`` (a name), ``val`` (a value), ``ent``, ``rem``, ``""`` (text)."""

    kind: str
    text: str


def highlighted(source: str, clock: Callable[[], float] = time.thread_time) -> Iterator[Span]:
    """Give the spans of a page's source in order; together they are all of it. `clock` is for tests."""
    until, spans = clock() + SECONDS, 0
    kind, start = "", 0
    for at, token, _ in HtmlLexer().get_tokens_unprocessed(source):
        found = _kind_of(token)
        if found != kind:
            if start < at:
                spans += 1
                yield Span(kind, source[start:at])
            kind, start = found, at
        if spans >= MOST_SPANS or clock() > until:
            kind = ""
            break
    if start < len(source):
        yield Span(kind, source[start:])


def _kind_of(token: Any) -> str:
    return next((kind for parent, kind in _KINDS if token in parent), "")
