"""Address fields (RFC 5322 section 3.4): every mailbox of a list, its display name and its real address apart.

Linear, not recursive, and the same on every Python. A name is decoded only after the list was cut up (RFC 2047
section 5), so that no encoded word can make an address, and what looks like two addresses is shown as two.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mysmtp.mime.limits import LIMITS, Limits
from mysmtp.mime.words import decode_words, text_of, unfolded
from mysmtp.text import clipped, visible

# Possessive: no token is looked at twice, whatever is not closed. A quote that never ends takes what is left.
_QUOTED = r'"(?:[^"\\]|\\(?:.|\Z))*+'
_TOKEN = re.compile(
    rf"""(?P<quoted>{_QUOTED}(?:"|\Z))|(?P<angle><(?:{_QUOTED}"|[^">])*+(?:>|\Z))"""
    r"""|(?P<stop>[,;:])|(?P<space>[ \t\r\n]+)|(?P<odd>["<>()])"""
    r"""|(?P<plain>=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=|(?:\[[^\[\]]*+\]|[^"<>(),;: \t\r\n])++)""",
    re.DOTALL,
)
_COMMENT_PART = re.compile(r"\\.|[()]|[^\\()]+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SHARED = 200  # characters of a name that several addresses share, and of a group's
_ROUTE = re.compile(r"@[^:]*:")  # RFC 5322 section 4.4: a source route, ignored


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of an address field: display name (``""`` without), real address, and the group it was listed in.

    Both are safe to show. `address` is what stands in the angle brackets, or alone: whatever the name says, mail goes
    there. It may have no ``@`` where the sender wrote none.
    """

    name: str
    address: str
    group: str = ""

    @property
    def deceptive(self) -> bool:
        """Whether the name looks like another address than the real one."""
        return "@" in self.name and self.address.lower() not in self.name.lower()


@dataclass(frozen=True, slots=True)
class Addresses:
    """The mailboxes of a field, in order, and what was wrong with the list, in words."""

    mailboxes: Sequence[Mailbox]
    problems: Sequence[str] = ()


@dataclass(slots=True)
class _Draft:
    """A mailbox while its pieces are read."""

    pieces: list[str] = field(default_factory=list)  # of the name or of an address that stands alone, quotes kept
    comments: list[str] = field(default_factory=list)
    angles: list[str] = field(default_factory=list)

    def mailboxes(self, group: str) -> list[Mailbox]:
        """Return what was written: usually one mailbox, one for each pair of angle brackets, none for nothing."""
        if self.angles:
            shown = _phrase(self.pieces)  # once, and short where it is said of many: no mail may cost their product
            if len(self.angles) > 1:
                shown = clipped(shown, _SHARED)
            return [Mailbox(shown, _address(angle), group) for angle in self.angles]
        name, address = _parted(self.pieces)
        if not name and not address:
            return []
        comment = decode_words(" ".join(self.comments)).text
        return [Mailbox(_phrase(name) or comment, _address("".join(address)), group)]


def read_addresses(raw: bytes, limits: Limits = LIMITS) -> Addresses:
    """Return the mailboxes in the octets of an address field; those of a group have its name. Never raises."""
    octets = unfolded(raw[: limits.field * 10])
    reader = _Reader(limits)
    reader.read(text_of(octets).text)
    if len(raw) > limits.field * 10:
        reader.problems.append("the list of addresses is too long; its end is not shown")
    return Addresses(tuple(reader.found), tuple(dict.fromkeys(reader.problems)))


class _Reader:
    """Reads one list from left to right."""

    def __init__(self, limits: Limits) -> None:
        self.found: list[Mailbox] = []
        self.problems: list[str] = []
        self._limits = limits
        self._group = ""
        self._draft = _Draft()

    def read(self, text: str) -> None:
        at = 0
        while at < len(text) and len(self.found) + len(self._draft.angles) < self._limits.addresses:
            if text[at] == "(":
                at = self._comment(text, at)
                continue
            found = _TOKEN.match(text, at)
            assert found is not None  # every character begins a token
            at = found.end()
            self._take(found.lastgroup or "", found[0])
        self._flush()
        if at < len(text):
            self.problems.append(f"more than {self._limits.addresses:,} addresses; the others are not shown")

    def _take(self, kind: str, piece: str) -> None:
        if kind == "stop":
            self._stop(piece)
        elif kind == "angle":
            if self._draft.angles:
                self.problems.append("an address with more than one pair of angle brackets")
            self._draft.angles.append(piece[1:].removesuffix(">"))
        elif kind == "quoted":
            self._draft.pieces.append(piece)
        elif kind == "space":
            self._draft.pieces.append(" ")
        else:
            if kind == "odd":
                self.problems.append(f"a {piece} that belongs to nothing")
            self._draft.pieces.append(piece)

    def _stop(self, mark: str) -> None:
        if mark == ":" and not self._group and not self._draft.angles:
            self._group, self._draft = clipped(_phrase(self._draft.pieces), _SHARED) or "(group)", _Draft()
            return
        if mark == ":":
            self.problems.append("a colon where a comma is due")
        self._flush()
        if mark == ";":
            self._group = ""

    def _flush(self) -> None:
        self.found += self._draft.mailboxes(self._group)
        self._draft = _Draft()

    def _comment(self, text: str, at: int) -> int:
        """Take a comment, which may hold others, without recursion; return where it ends."""
        depth, start = 0, at
        for found in _COMMENT_PART.finditer(text, at):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if depth == 0:
                self._draft.comments.append(text[start + 1 : found.start()])
                return found.end()
        self.problems.append("a comment that never ends")
        self._draft.comments.append(text[start + 1 :])
        return len(text)


def _phrase(pieces: Sequence[str]) -> str:
    """Return a display name (RFC 5322 section 3.2.5): quotes undone, encoded words decoded, safe to show."""
    plain = (_ESCAPED.sub(r"\1", piece[1:].removesuffix('"')) if piece[:1] == '"' else piece for piece in pieces)
    return decode_words("".join(plain).strip()).text


def _address(text: str) -> str:
    """Return an address as it is shown: without route and, unless it has quotes, white space."""
    stripped = text.strip()
    route = _ROUTE.match(stripped)
    stripped = stripped[route.end() :] if route else stripped
    return visible(stripped if '"' in stripped else "".join(stripped.split()))


def _parted(pieces: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Part what stands without angle brackets into name and address: ``Bob bob@x`` is a common fault.

    White space beside an ``@`` is part of the address (RFC 5322 section 4.4); what has no ``@`` at its end and is more
    than one word is a name alone.
    """
    words: list[list[str]] = [[]]
    for piece in pieces:
        last = words[-1][-1] if words[-1] else ""
        if piece == " " and last:
            words.append([])
        elif piece != " ":
            if (
                (piece.startswith("@") or (len(words) > 1 and words[-2][-1].endswith("@")))
                and len(words) > 1
                and not last
            ):
                words.pop()
            words[-1].append(piece)
    words = [word for word in words if word]
    if not words:
        return [], []
    if len(words) > 1 and not any("@" in piece for piece in words[-1]):
        return pieces, []
    name = [piece for word in words[:-1] for piece in (*word, " ")]
    return name, words[-1]
