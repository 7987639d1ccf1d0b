"""Header fields: where a header section begins and ends, and its fields one by one (RFC 5322 section 2.2).

Linear, and capped: whatever is sent, no more than `Limits.header` octets and `Limits.fields` fields are looked at.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mysmtp.mime import steps
from mysmtp.mime.limits import LIMITS, Limits
from mysmtp.mime.words import decode_words, text_of, unfolded

# Any of CR LF, LF and CR ends a line: what is stored may come from My_SMTP, and Python's `email` reads it the same way.
_FIELD = re.compile(
    rb"([!-9;-~]{1,997})[ \t]*:([^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)(?:\r\n|\r|\n|\Z)",
)
_FOLDED = re.compile(rb"[ \t][^\r\n]*(?:\r\n|\r|\n|\Z)")
_MBOX_LINE = re.compile(rb"From (?![ \t]*:)[^\r\n]*(?:\r\n|\r|\n|\Z)")
_EMPTY_LINE = re.compile(rb"\r\n|\r|\n")
_HEADER_END = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_KNOWN = frozenset(
    b"""from to subject date message-id cc bcc reply-to sender received return-path mime-version content-type
    content-transfer-encoding delivered-to in-reply-to references dkim-signature list-id x-mailer user-agent resent-from
    resent-to""".split()
)


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its name as it was written, the octets after the colon, and those as text to show.

    `value` is unfolded, encoded words decoded, and safe to show on one line; `problem` is ``""`` or says in words why
    it may not be what was meant.
    """

    name: str
    raw: bytes
    value: str
    problem: str = ""

    def called(self, name: str) -> bool:
        """Tell whether this is the field of that name; names are compared without case (RFC 5322 section 1.2.2)."""
        return self.name.lower() == name


@dataclass(frozen=True, slots=True)
class Header:
    """A header section: its fields in order, where what follows it begins, and what was wrong, in words."""

    fields: Sequence[Field]
    end: int
    problems: Sequence[str]

    def all(self, name: str) -> Sequence[Field]:
        """Return the fields of a name (small letters), in order."""
        return [field for field in self.fields if field.called(name)]

    def raw(self, name: str) -> bytes:
        """Return the octets of the first field of a name, ``b""`` without one."""
        return next((field.raw for field in self.fields if field.called(name)), b"")


@dataclass(frozen=True, slots=True)
class _Span:
    """The lines of a header section, not yet read: (name, value) octets, its end, and how it ended."""

    lines: Sequence[tuple[bytes, bytes]]
    end: int
    problem: str
    closed: bool  # whether an empty line ended it


def begins_with_header(octets: bytes, limits: Limits = LIMITS) -> bool:
    """Tell whether a mail begins with a header section, by this rule; if not, all of it is text.

    Its first lines are fields (``Name: value``, no space in the name, and lines folded under them; an mbox ``From ``
    line may come first). Ended by an empty line, they need one field that mail programs write (From, To, Subject,
    Date, Received, Content-Type, …); ended by anything else, such as the end of the mail, two of different names.
    """
    span = _span(octets, 0, len(octets), limits)
    known = {name.lower() for name, _ in span.lines} & _KNOWN
    return len(known) >= (1 if span.closed else 2)


def read_header(octets: bytes, start: int = 0, end: int | None = None, limits: Limits = LIMITS) -> Header:
    """Return the header section that begins at `start`; it ends before `end`. What is no field ends it too."""
    span = _span(octets, start, len(octets) if end is None else end, limits)
    fields = [_field(name, raw, limits) for name, raw in span.lines]
    problems = [span.problem] if span.problem else []
    problems += [f"{field.name}: {field.problem}" for field in fields if field.problem]
    return Header(fields, span.end, problems)


def _field(name: bytes, raw: bytes, limits: Limits) -> Field:
    text = text_of(unfolded(raw[: limits.field]))
    words = decode_words(text.text)
    problem = text.problem or words.problem
    if len(raw) > limits.field:
        problem = f"{len(raw):,} octets long, of which {limits.field:,} are shown"
    return Field(name.decode("ascii"), raw, words.text, problem)


def _span(octets: bytes, start: int, end: int, limits: Limits) -> _Span:
    stop = min(end, start + limits.header)
    at = start
    lines: list[tuple[bytes, bytes]] = []
    mbox = _MBOX_LINE.match(octets, at, stop)
    at = mbox.end() if mbox else at
    for name, raw, after in _lines(octets, at, stop):
        if len(lines) == limits.fields:
            return _cut(lines, octets, at, end, f"more than {limits.fields:,} header fields; the others are not shown")
        at = after
        if name:
            lines.append((name, raw))
    if at >= stop < end:
        return _cut(
            lines, octets, at, end, f"the header is longer than {limits.header:,} octets; the rest is not shown"
        )
    empty = _EMPTY_LINE.match(octets, at, end)
    if empty:
        return _Span(lines, empty.end(), "", True)
    problem = "no empty line between header and body" if lines and at < end else ""
    return _Span(lines, at, problem, False)


def _lines(octets: bytes, at: int, stop: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Give each field's name and value and where it ends; a folded line that follows no field has no name."""
    while at < stop:
        found = _FIELD.match(octets, at, stop)
        if found:
            at = found.end()
            yield found[1], found[2], at
            continue
        folded = _FOLDED.match(octets, at, stop)
        if not folded:
            return
        at = folded.end()
        yield b"", b"", at


def _cut(lines: Sequence[tuple[bytes, bytes]], octets: bytes, at: int, end: int, problem: str) -> _Span:
    """Give up at `at`: the body begins after the next empty line, or there is none."""
    found = steps.search(_HEADER_END, octets, max(at - 2, 0), end, longest=4)
    return _Span(lines, found.end() if found else end, problem, found is not None)
