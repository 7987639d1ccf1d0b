"""What a sender would want to know about a mail before others get it, found here without asking anybody.

Each check looks at one thing and says why it matters, with the section of the RFC. Plain text without a header is what
My_SMTP sends: only what concerns texts is asked of it. By SMTP and LMTP it is a mail that lacks its header.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from mysmtp.message import Envelope, Trace
from mysmtp.mime import checks_octets as octets
from mysmtp.mime import checks_way as way
from mysmtp.mime.checks_way import hidden_recipients
from mysmtp.mime.finding import Case, Finding, Level, is_mail
from mysmtp.mime.html import SafeHtml
from mysmtp.mime.mail import Mail
from mysmtp.mime.part import Part

__all__ = ["LEVELS", "Finding", "Level", "check", "hidden_recipients", "is_mail"]

LEVELS: tuple[Level, ...] = ("error", "warning", "note")
_MESSAGE_ID = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def check(
    mail: Mail,
    envelope: Envelope | None = None,
    page: SafeHtml | None = None,
    *,
    trace: Trace | None = None,
    arrived: datetime | None = None,
) -> Sequence[Finding]:
    """Return what is worth telling the sender, the gravest first; nothing when all is well.

    `page` is the mail's HTML as `html.sanitise` returned it; without it nothing is said of images. `trace` and
    `arrived` (aware) tell how and when it came, where that is known.
    """
    case = Case(mail, envelope, page, trace, arrived)
    checks = (*_FOR_ALL, *_FOR_MAILS) if is_mail(mail, trace) else _FOR_ALL
    found = [finding for ask in checks for finding in ask(case)]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


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
    elif not _MESSAGE_ID.fullmatch(heading.message_id):
        words = "It is written <left@right>; answers and threads find a mail by it (RFC 5322 section 3.6.4)."
        yield Finding("warning", "The Message-ID is none", words)
    if not heading.subject.strip():
        words = "It may lack, but lists show nothing then, and filters mark it down (RFC 5322 section 3.6.5)."
        yield Finding("note", "No Subject", words)
    if "content-type" in names and "mime-version" not in names:
        words = "Without it a reader may take the mail for plain text, and show its parts raw (RFC 2045 section 4)."
        yield Finding("warning", "No MIME-Version field", words)


def _twice(case: Case) -> Iterator[Finding]:
    for problem in case.mail.heading.problems:
        if problem.startswith("more than one "):
            yield Finding(
                "error",
                problem.capitalize(),
                "At most one is allowed; readers differ in which they show (RFC 5322 section 3.6).",
            )


def _deceptive(case: Case) -> Iterator[Finding]:
    for box in case.mail.heading.authors:
        if box.deceptive:
            words = f"It is shown as {box.name!r}, but the address is {box.address} (RFC 5322 section 3.4)."
            yield Finding("warning", "The name of the sender looks like another address", words)


def _text_beside_html(case: Case) -> Iterator[Finding]:
    mail = case.mail
    if mail.html is None:
        return
    if mail.text is None:
        words = "Not everybody reads HTML; filters mark such mail down (RFC 2046 section 5.1.4)."
        yield Finding("warning", "HTML without a text beside it", words)
    elif not mail.text.strip() and mail.html.strip():
        words = "Whoever reads no HTML sees an empty mail (RFC 2046 section 5.1.4)."
        yield Finding("warning", "The text beside the HTML is empty", words)
    if any(_html_first(part) for part in mail.root.walk()):
        words = "Readers show the last one that they can: the plainest comes first (RFC 2046 section 5.1.4)."
        yield Finding("warning", "The HTML stands before the text", words)


def _html_first(part: Part) -> bool:
    kinds = [child.nature.type for child in part.children]
    both = part.nature.type == "multipart/alternative" and {"text/html", "text/plain"} <= set(kinds)
    return both and kinds.index("text/html") < kinds.index("text/plain")


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


_Check = Callable[[Case], Iterator[Finding]]
_FOR_ALL: tuple[_Check, ...] = (octets.long_lines, octets.line_ends, octets.zeros, octets.charsets)
_FOR_MAILS: tuple[_Check, ...] = (
    _missing, _twice, way.sender_differs, _deceptive, way.blind_copies, way.not_sent, way.dates, _text_beside_html,
    _page, _eight_bit_header, octets.seven_bit, octets.encoded_lines, way.eight_bit, way.helo,
)  # fmt: skip
