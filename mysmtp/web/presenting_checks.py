"""What was found in a mail, as its page tells it: how grave, what, why, and where the rule stands. Pure views."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mysmtp.mime.checks import LEVELS, Finding
from mysmtp.mime.linked import Piece
from mysmtp.web.presenting import count_words, joined, plain

LABELS = {"error": "Error", "warning": "Warning", "note": "Note"}
_RULE = re.compile(r"RFC ([0-9]{1,5})(?: section ([0-9.]*[0-9]))?")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found: its level (a word for styles, and one to read), what it is, and why, rules as links."""

    level: str
    label: str
    title: str
    why: Sequence[Piece]


def found_of(findings: Sequence[Finding]) -> tuple[Found, ...]:
    """Return findings as they are shown."""
    return tuple(
        Found(each.level, LABELS[each.level], plain(each.title), ruled(plain(each.explanation))) for each in findings
    )


def ruled(text: str) -> tuple[Piece, ...]:
    """Return a text with the rules it names parted from it, each with its address."""
    pieces: list[Piece] = []
    at = 0
    for found in _RULE.finditer(text):
        section = f"#section-{found[2]}" if found[2] else ""
        pieces += [
            Piece(text[at : found.start()]),
            Piece(found[0], f"https://www.rfc-editor.org/rfc/rfc{found[1]}{section}"),
        ]
        at = found.end()
    return tuple(piece for piece in (*pieces, Piece(text[at:])) if piece.text)


def grave_words(findings: Sequence[Finding]) -> str:
    """Return how many errors and warnings there are: ``1 error and 2 warnings``; ``""`` for none."""
    counted = [
        count_words(number, level) for level in LEVELS[:2] if (number := sum(each.level == level for each in findings))
    ]
    return joined(counted) if counted else ""
