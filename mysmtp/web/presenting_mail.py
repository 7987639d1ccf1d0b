"""One mail as its page shows it: text, envelope, how it came in, where it lies. Pure views of a StoredMail.

Text is cut where a browser would suffer; the download never is.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mysmtp.message import Envelope, MailSummary, Parameters, StoredMail, Trace
from mysmtp.web.presenting import Clock, When, count_words, opened, plain, sender_words, size_words, title_of
from mysmtp.web.shape import Shape, draw

TEXT_LIMIT = 500_000
_VALUELESS = ("smtputf8",)  # parameters of MAIL without a value; that of one in a file stands for none
PROTOCOLS = (("my_smtp", "My_SMTP"), ("smtp", "SMTP"), ("esmtp", "SMTP"), ("lmtp", "LMTP"), ("import", "a file"))


@dataclass(frozen=True, slots=True)
class CameIn:
    """How a mail came in: the line to draw, the same in words, and (what, value) pairs that came over the wire."""

    shape: Shape | None
    sentence: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Octets as text to read; `cut` says what is missing, empty if nothing is."""

    text: str
    cut: str


@dataclass(frozen=True, slots=True)
class Lies:
    """Where a mail lies, as (what, value) pairs."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail on its page. `came_in`, `envelope` and `lies` are None where they are not known or not so."""

    id: int
    title: str
    sender: str
    recipients: str
    date: When | None
    size: str
    envelope: tuple[str, tuple[str, ...]] | None
    came_in: CameIn | None
    lies: Lies | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The ids beside a mail in its mailbox, None where there is none; `above` counts all that are newer."""

    newer: int | None
    older: int | None
    above: int


def text_of(octets: bytes, limit: int = TEXT_LIMIT, *, keep_cr: bool = False) -> Text:
    """Return octets as text to read, at most `limit` of them; `keep_cr` shows each CR as ``\\x0d`` (a raw record)."""
    cut = len(octets) > limit
    piece = octets[:limit]
    text = piece.decode("utf-8", "surrogateescape") if keep_cr else opened(piece, cut)
    words = f"The first {size_words(limit)} of {size_words(len(octets))} are shown." if cut else ""
    return Text(plain(text, "\n\t"), words)


def neighbours(mails: Sequence[MailSummary], mail_id: int) -> Neighbours:
    """Return the mails beside this one; `mails` by rising ids."""
    below = bisect_left(mails, mail_id, key=lambda mail: mail.id)
    above = bisect_right(mails, mail_id, key=lambda mail: mail.id)
    newer = mails[above].id if above < len(mails) else None
    return Neighbours(newer, mails[below - 1].id if below else None, len(mails) - above)


def view_of(mail: StoredMail, mailbox: str, clock: Clock) -> MailView:
    """Return the view of one mail of `mailbox`."""
    summary, envelope = mail.summary, mail.envelope
    return MailView(
        id=summary.id,
        title=title_of(mail.body),
        sender=sender_words(summary.sender),
        recipients=", ".join(_paths(envelope, mail.trace)) if envelope else plain(mailbox),
        date=clock.full(summary.arrived, summary.date),
        size=size_words(summary.size),
        envelope=_envelope(envelope, mail.trace),
        came_in=_came_in(mail.trace, summary.arrived, clock),
        lies=_lies(mail),
    )


def _envelope(envelope: Envelope | None, trace: Trace | None) -> tuple[str, tuple[str, ...]] | None:
    if envelope is None:
        return None
    return sender_words(envelope.reverse_path), _paths(envelope, trace)


def _paths(envelope: Envelope, trace: Trace | None) -> tuple[str, ...]:
    """Return the recipients of an envelope, and in words how many its record does not name."""
    others = (f"and {trace.unnamed:,} more",) if trace is not None and trace.unnamed else ()
    return (*map(plain, envelope.forward_paths), *others)


def _came_in(trace: Trace | None, arrived: datetime | None, clock: Clock) -> CameIn | None:
    if trace is None:
        return None
    return CameIn(draw(trace.shape) if trace.shape else None, sentence_of(trace, arrived, clock), _facts(trace))


def sentence_of(trace: Trace, arrived: datetime | None, clock: Clock) -> str:
    """Return the shape in words: ``Session 57, one refusal, stored at 14:03:22.418``."""
    parts = [f"session {trace.session:,}"] if trace.session else []
    for mark, word in (("x", "refusal"), ("X", "failure")):
        number = trace.shape.count(mark)
        if number:
            parts.append(f"one {word}" if number == 1 else count_words(number, word))
    parts.append(f"stored at {clock.local(arrived).isoformat(' ', 'milliseconds')[11:23]}" if arrived else "stored")
    words = ", ".join(parts)
    return words[0].upper() + words[1:]


def _facts(trace: Trace) -> tuple[tuple[str, str], ...]:
    facts = (
        ("Over", dict(PROTOCOLS).get(trace.via, trace.via)), ("Client", trace.peer), ("HELO", trace.helo),
        ("TLS", trace.tls), ("Login", trace.user), ("MAIL", parameter_words(trace.parameters)),
        *(("RCPT", words) for words in dict.fromkeys(map(parameter_words, trace.rcpt_parameters))),
    )  # fmt: skip
    return tuple((what, plain(value)) for what, value in facts if value)


def parameter_words(parameters: Parameters) -> str:
    """Return the parameters of a command as they are written there: ``BODY=8BITMIME SMTPUTF8``."""
    return " ".join(key.upper() if key in _VALUELESS else f"{key.upper()}={value}" for key, value in parameters)


def _lies(mail: StoredMail) -> Lies | None:
    facts = []
    if mail.place is not None:
        facts += [("File", plain(mail.place.file)), ("Bytes", f"{mail.place.start:,} to {mail.place.end:,}")]
    if mail.checksum is not None:
        facts.append(("Checksum", f"{plain(mail.checksum)}, correct"))
    elif mail.place is not None:
        facts.append(("Checksum", "none in the file"))
    return Lies(tuple(facts)) if facts else None


def file_name(mailbox: str, mail_id: int) -> str:
    """Return a name for a download that is safe on every system: short, ASCII, no path, no leading dot."""
    safe = re.sub(r"[^A-Za-z0-9@+_-]+", ".", mailbox).strip(".")[:100]
    return f"mail-{safe or 'mailbox'}-{mail_id}.txt"
