"""What a sender would want to know about a mail before others get it, found here without asking anybody.

Each check looks at one thing and says why it matters, with the section of the RFC. A mail that is plain text without
a header is what My_SMTP sends: only what concerns texts is asked of it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mysmtp.message import Envelope
from mysmtp.mime.html import SafeHtml
from mysmtp.mime.mail import Mail

Level = Literal["error", "warning", "note"]
LONGEST_LINE = 998  # octets, its line end not counted (RFC 5322 section 2.1.1)
_LONG_LINE = re.compile(rb"[^\r\n]{999}")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how much it matters, what it is, and why, with the RFC that says so."""

    level: Level
    title: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is checked: the mail, its envelope and its page as far as they are known."""

    mail: Mail
    envelope: Envelope | None
    page: SafeHtml | None


def check(mail: Mail, envelope: Envelope | None = None, page: SafeHtml | None = None) -> Sequence[Finding]:
    """Return what is worth telling the sender, the gravest first; nothing when all is well.

    `page` is the mail's HTML as `html.sanitise` returned it; without it nothing is said of images.
    """
    case = Case(mail, envelope, page)
    checks = (*_FOR_ALL, *_FOR_MAILS) if mail.has_header else _FOR_ALL
    found = [finding for ask in checks for finding in ask(case)]
    return sorted(found, key=lambda finding: ("error", "warning", "note").index(finding.level))


def hidden_recipients(mail: Mail, envelope: Envelope) -> Sequence[str]:
    """Return the recipients of the envelope that no header names: they got a blind copy."""
    named = {box.address.lower() for box in mail.heading.recipients}
    return [path for path in envelope.forward_paths if path.lower() not in named]


def _missing(case: Case) -> Iterator[Finding]:
    heading = case.mail.heading
    names = {field.name.lower() for field in heading.header.fields}
    if "from" not in names:
        yield Finding("error", "No From field", "Every mail must name its author (RFC 5322 section 3.6.2).")
    if "date" not in names:
        yield Finding("error", "No Date field", "Every mail must tell when it was written (RFC 5322 section 3.6.1).")
    elif heading.date is None:
        yield Finding("error", "Date cannot be read", f"{heading.date_text!r} is no date (RFC 5322 section 3.3).")
    if "message-id" not in names:
        yield Finding(
            "warning", "No Message-ID field", "Every mail should have one; filters miss it (RFC 5322 section 3.6.4)."
        )


def _twice(case: Case) -> Iterator[Finding]:
    for problem in case.mail.heading.problems:
        if problem.startswith("more than one "):
            yield Finding(
                "error",
                problem.capitalize(),
                "At most one is allowed; readers differ in which they show (RFC 5322 section 3.6).",
            )


def _sender_differs(case: Case) -> Iterator[Finding]:
    if case.envelope is None or not case.mail.heading.authors:
        return
    sent = case.envelope.reverse_path
    people = [*case.mail.heading.authors, *case.mail.heading.sender]
    if sent and sent.lower() not in {box.address.lower() for box in people}:
        authors = ", ".join(box.address for box in case.mail.heading.authors[:3])
        yield Finding(
            "note",
            "The envelope has another sender",
            f"The header says {authors}; bounces go to {sent}, and SPF looks at it (RFC 5321 section 3.6.3, RFC 7208).",
        )


def _deceptive(case: Case) -> Iterator[Finding]:
    for box in case.mail.heading.authors:
        if box.deceptive:
            words = f"It is shown as {box.name!r}, but the address is {box.address} (RFC 5322 section 3.4)."
            yield Finding("warning", "The name of the sender looks like another address", words)


def _blind_copies(case: Case) -> Iterator[Finding]:
    if case.envelope is not None:
        hidden = hidden_recipients(case.mail, case.envelope)
        if hidden:
            yield Finding(
                "note",
                "Blind copies",
                f"No header names {', '.join(hidden[:5])}{', …' if len(hidden) > 5 else ''} (RFC 5322 section 3.6.3).",
            )
    if case.mail.heading.bcc:
        yield Finding(
            "warning", "The Bcc field is in the mail", "Every recipient can read it (RFC 5322 section 3.6.3)."
        )


def _text_beside_html(case: Case) -> Iterator[Finding]:
    if case.mail.html is not None and case.mail.text is None:
        words = "Not everybody reads HTML; filters mark such mail down (RFC 2046 section 5.1.4)."
        yield Finding("warning", "HTML without a text beside it", words)


def _page(case: Case) -> Iterator[Finding]:
    page = case.page
    if page is None:
        return
    if page.refused:
        yield Finding("warning", "The HTML is not shown", f"{page.refused.capitalize()}.")
    without = sum(image.alt is None for image in page.images)
    if without:
        number = "One image has" if without == 1 else f"{without:,} images have"
        yield Finding("warning", f"{number} no alternative text", "Who does not see images learns nothing (HTML, alt).")
    missing = [
        image.source[:80] for image in page.images if image.source.lower().startswith("cid:") and not image.shown
    ]
    if missing:
        yield Finding("error", "An image is not in the mail", f"No part is called {missing[0]} (RFC 2392).")


def _long_lines(case: Case) -> Iterator[Finding]:
    found = _LONG_LINE.search(case.mail.root.source)
    if found:
        number = case.mail.root.source.count(b"\n", 0, found.start()) + 1
        yield Finding(
            "error",
            f"Line {number:,} is longer than {LONGEST_LINE} octets",
            "Servers may refuse or break it (RFC 5322 section 2.1.1, RFC 5321 section 4.5.3.1.6).",
        )


def _line_ends(case: Case) -> Iterator[Finding]:
    """Lines that all end with LF are what My_SMTP stores; a mixture, or a lone CR, came from a broken program."""
    octets = case.mail.root.source
    why = "Lines end with CR LF and nothing else; many servers refuse such mail (RFC 5322 section 2.3)."
    if _BARE_CR.search(octets):
        yield Finding("error", "A CR without LF", why)
    elif b"\r\n" in octets and _BARE.search(octets):
        yield Finding("error", "An LF without CR among lines that end with CR LF", why)


def _eight_bit_header(case: Case) -> Iterator[Finding]:
    for field in case.mail.heading.header.fields:
        if not field.raw.isascii():
            utf8 = not field.problem
            yield Finding(
                "note" if utf8 else "error",
                f"{field.name} holds octets beyond ASCII",
                "They are UTF-8, which needs SMTPUTF8 all the way (RFC 6532); encoded words go everywhere (RFC 2047)."
                if utf8
                else "Without encoded words (RFC 2047) and not UTF-8 (RFC 6532), every reader guesses differently.",
            )
            return


def _charsets(case: Case) -> Iterator[Finding]:
    for part in case.mail.root.walk():
        if part.children or not part.nature.type.startswith("text/") or part.nature.disposition == "attachment":
            continue
        problem = part.text().problem
        if problem:
            yield Finding("error", f"The charset of part {part.path} is wrong", f"{problem} (RFC 2046 section 4.1.2).")
        elif part.nature.charset is None and _BEYOND_ASCII.search(part.octets) and case.mail.has_header:
            yield Finding(
                "warning",
                f"Part {part.path} does not declare its charset",
                "Text without one is US-ASCII, and this is not (RFC 2046 section 4.1.2).",
            )


_Check = Callable[[Case], Iterator[Finding]]
_FOR_ALL: tuple[_Check, ...] = (_long_lines, _line_ends, _charsets)
_FOR_MAILS: tuple[_Check, ...] = (
    _missing, _twice, _sender_differs, _deceptive, _blind_copies, _text_beside_html, _page, _eight_bit_header,
)  # fmt: skip
