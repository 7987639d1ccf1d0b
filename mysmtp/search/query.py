"""What is searched for: any text in, a Query out, or a sentence that says which part of it cannot be read, and why.

Pure. Knows no index and no page. A text is words, "phrases" and operators such as ``from:alice``; all must be true of a
mail, and ``-`` before one says that it must not. What looks like an operator and is none is searched as words.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from mysmtp.search.words import split, stands_alone
from mysmtp.text import clipped, visible

LONGEST = 512  # characters of a search
MOST = 40  # words, phrases and operators in it
SHORTEST_START = 3  # letters before a `*`
MOST_STARTS = 3  # words with one: each is as much work as all words that begin so

Field = Literal["any", "from", "to", "subject", "body", "header", "filename"]
Kind = Literal["in", "has", "is", "before", "after", "larger", "smaller"]

FIELDS: tuple[Field, ...] = ("from", "to", "subject", "body", "header", "filename")
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "from": "from:alice", "to": "to:bob@example.com", "subject": "subject:invoice", "body": 'body:"thank you"',
        "header": "header:x-mailer", "filename": "filename:pdf", "in": "in:bob@example.com",
        "has": "has:attachment", "is": "is:unread", "before": "before:2026-11-01", "after": "after:2026-11-01",
        "larger": "larger:1M", "smaller": "smaller:20k",
    }
)  # fmt: skip
_FIELD_OF: Mapping[str, Field] = MappingProxyType({field: field for field in FIELDS})
STATES = ("unread", "read")

_JOINING = ("AND", "OR", "NOT")  # what joins words elsewhere
_QUOTES = str.maketrans("“”„«»", '"""""')
_ITEM = re.compile(r'(?P<minus>-(?!-))?(?:(?P<name>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)(?P<close>"|\Z)|(?P<bare>\S*))')
_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(b|kb?|kib|mb?|mib|gb?|gib)?", re.ASCII | re.IGNORECASE)
_LARGEST = 1 << 60
_UNITS = MappingProxyType({"b": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1024, "mi": 1024**2, "gi": 1024**3})


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase that stands, or must not stand (`without`), in a field of a mail.

    `words` are folded and follow each other. `begins`: the last of them may go on. `text` is what was typed.
    """

    field: Field
    words: tuple[str, ...]
    text: str
    begins: bool = False
    without: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is true, or must not be true (`without`), of a mail as a whole.

    `value` is a name or a state, a day for ``before`` and ``after``, octets for ``larger`` and ``smaller``.
    """

    kind: Kind
    value: str | int | date
    text: str
    without: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A search that can be read. `notes` say, in sentences, what was taken otherwise than it looks."""

    text: str
    terms: tuple[Term, ...] = ()
    conditions: tuple[Condition, ...] = ()
    notes: tuple[str, ...] = ()

    def without_part(self, part: Term | Condition) -> str:
        """Return the text of the search that lacks one of its parts."""
        return " ".join(each.text for each in self.parts if each is not part)

    @property
    def parts(self) -> tuple[Term | Condition, ...]:
        """Everything that was asked for."""
        return (*self.terms, *self.conditions)


class Unreadable(ValueError):
    """A search that cannot be read: the `part` at fault as it was typed, safe to show, and `why`, in a sentence."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(why)
        self.part = visible(clipped(part, 100))
        self.why = why


def read_query(text: str) -> Query:
    """Return what is searched for. Raises Unreadable, and nothing else, whatever the text is."""
    if len(text) > LONGEST:
        raise Unreadable(text, f"A search has at most {LONGEST} characters; this one has {len(text):,}.")
    reader = _Reader()
    plain, at = text.translate(_QUOTES), 0
    while at < len(plain):
        if plain[at].isspace():
            at += 1
            continue
        found = _ITEM.match(plain, at)
        assert found is not None  # every character that is no space begins an item
        at = found.end()
        reader.take(found)
    return reader.query(text)


class _Reader:
    """Takes the items of one search."""

    def __init__(self) -> None:
        self._terms: list[Term] = []
        self._conditions: list[Condition] = []
        self._notes: list[str] = []
        self._wordless: list[str] = []

    def query(self, text: str) -> Query:
        if not self._terms and not self._conditions and self._wordless:
            part = self._wordless[0]
            raise Unreadable(part, "There is no word in it to search for: signs alone are not searched.")
        return Query(text.strip(), tuple(self._terms), tuple(self._conditions), tuple(dict.fromkeys(self._notes)))

    def take(self, found: re.Match[str]) -> None:
        if len(self._terms) + len(self._conditions) >= MOST:
            raise Unreadable(found[0], f"A search has at most {MOST} words and operators; this is one more.")
        if found["close"] == "":
            raise Unreadable(found[0], "The quotation mark that begins here is never closed.")
        name = (found["name"] or "").lower()
        quoted = found["quoted"] is not None
        value = found["quoted"] if quoted else found["bare"]
        without = bool(found["minus"])
        if name in _FIELD_OF:
            self._needs_value(found[0], name, value)
            self._words(_FIELD_OF[name], value, found[0], quoted, without)
        elif name in _READERS:
            self._needs_value(found[0], name, value)
            kind, read = _READERS[name]
            self._conditions.append(Condition(kind, read(found[0], value.strip()), found[0], without))
        else:
            self._unknown(name, found, value)
            self._words("any", f"{name} {value}", found[0], quoted, without)

    def _needs_value(self, part: str, name: str, value: str) -> None:
        if not value.strip():
            raise Unreadable(part, f"After {name}: nothing follows. Write for example {EXAMPLES[name]}")

    def _unknown(self, name: str, found: re.Match[str], value: str) -> None:
        if found[0] in _JOINING:
            self._notes.append(f"{found[0]} is a word like any other: a mail must have all that is asked for.")
        if name and value and not value.startswith("/"):
            self._notes.append(f"{name}: is no operator, so {visible(found[0])} was searched as words.")

    def _words(self, field: Field, value: str, part: str, quoted: bool, without: bool) -> None:
        words = tuple(split(value))
        begins = not quoted and value.endswith("*") and bool(words) and not stands_alone(words[-1])
        if begins and len(words[-1]) < SHORTEST_START:
            raise Unreadable(part, f"Before * at least {SHORTEST_START} letters are needed.")
        if begins and sum(term.begins for term in self._terms) >= MOST_STARTS:
            raise Unreadable(part, f"At most {MOST_STARTS} words can end in *; this is one more.")
        if words:
            self._terms.append(Term(field, words, part, begins, without))
        elif field != "any":
            raise Unreadable(
                part, f"There is no word after {field}: to search for. Write for example {EXAMPLES[field]}"
            )
        else:
            self._wordless.append(part)
            if part != "-":
                self._notes.append(f"{visible(part)} holds no word, so it was passed over.")


def _name(_part: str, value: str) -> str:
    return value.lower()


def _has(part: str, value: str) -> str:
    if value.lower() not in ("attachment", "attachments", "file", "files"):
        raise Unreadable(part, "A mail can only be asked whether it has:attachment.")
    return "attachment"


def _state(part: str, value: str) -> str:
    if value.lower() not in STATES:
        raise Unreadable(part, "A mail can be is:unread or is:read.")
    return value.lower()


def _day(part: str, value: str) -> date:
    found = _DATE.fullmatch(value)
    try:
        return date(*(int(number) for number in found.groups())) if found else date.fromisoformat(value)
    except ValueError:
        raise Unreadable(part, "A day is written as year, month and day, such as 2026-11-01.") from None


def _octets(part: str, value: str) -> int:
    found = _SIZE.fullmatch(value)
    if found is None:
        raise Unreadable(part, "A size is a number with B, k, M or G behind it, such as 20k or 1.5M.")
    return min(_LARGEST, round(float(found[1]) * _UNITS[(found[2] or "b").lower().removesuffix("b") or "b"]))


_READERS: Mapping[str, tuple[Kind, Callable[[str, str], str | int | date]]] = MappingProxyType(
    {
        "in": ("in", _name), "has": ("has", _has), "is": ("is", _state), "before": ("before", _day),
        "after": ("after", _day), "larger": ("larger", _octets), "smaller": ("smaller", _octets),
    }
)  # fmt: skip
