"""What a list shows of a mail, from its first octets alone: its subject, or the first words of a mail that has none."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mysmtp.message import MailSummary
from mysmtp.mime import Heading, Mail, read_heading, read_mail
from mysmtp.mime.plaintext import text_of_html
from mysmtp.web.presenting import first_words, plain

LONGEST = 300  # characters of a subject, or of what follows it
_MARKUP = (4_000, 16_000)  # characters of HTML in which words are looked for
_FIELD = re.compile(rb"(?:From [^\n]*\n)?[!-9;-~]+:")  # how a header begins, after the line that an mbox may have
_HALF_A_WORD = re.compile(r"=\?[^\s]*$")
_NOT_SHOWN = re.compile(rb"(?i)multipart/|base64|quoted-printable|text/html")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A subject and what follows it, both may be empty; `lacking` is what to say where there is no subject.

    `files` counts those that are attached, None: there are some, and more octets are needed to count them; `partial`:
    more octets would tell more.
    """

    subject: str
    snippet: str
    lacking: str = "empty mail"
    files: int | None = 0
    partial: bool = False


Look = Callable[[str, MailSummary], Glimpse]  # tells what is shown of a mail of a mailbox


def glimpse_of(mail: MailSummary) -> Glimpse:
    """Return what a list shows of a mail.

    Where its header is longer than what is known of it and names no subject so far, that is the first line, as for a
    mail without a header.
    """
    cut = mail.size > len(mail.preview)
    heading = read_heading(mail.preview)
    fields = heading.header.fields
    if not fields:  # so far: it takes two names or an empty line to be a header
        return Glimpse(*first_words(mail.preview, cut), partial=cut and bool(_FIELD.match(mail.preview)))
    whole = not cut or mail.preview[: heading.header.end].endswith((b"\n\n", b"\n\r\n", b"\r\r"))
    partial = cut or any(field.called("content-type") for field in fields)
    if not (whole or any(field.called("subject") for field in fields)):
        return Glimpse(*first_words(mail.preview, cut), partial=True)
    if not whole and fields[-1].called("subject"):
        return Glimpse(_HALF_A_WORD.sub("", heading.subject).rstrip() + "…", "", "no subject", partial=True)
    words = _beginning(mail.preview, heading, cut) if whole else ""
    return Glimpse(heading.subject, words, "no subject", partial=partial)


def _beginning(preview: bytes, heading: Heading, cut: bool) -> str:
    """Return the first words after the header, where they stand there as they are to be read."""
    header = heading.header
    if _NOT_SHOWN.search(header.raw("content-type") + header.raw("content-transfer-encoding")):
        return ""
    return " ".join(first_words(preview[header.end :], cut)).strip()


def glimpse_of_letter(octets: bytes, size: int) -> Glimpse:
    """Return what a list shows of a mail, from enough of its `size` octets to hold its header and its first words.

    Where they do not hold all parts, a mail whose parts are mixed (RFC 2046 section 5.1.3) counts as having files.
    """
    mail = read_mail(octets)
    if not mail.has_header:
        line, rest = first_words(octets[: 2 * LONGEST], len(octets) > 2 * LONGEST)
        return Glimpse(line[:LONGEST], rest[:LONGEST])
    files = mail.files(len(octets) < size)
    return Glimpse(plain(mail.heading.subject[:LONGEST]), _words(mail), "no subject", files)


def _words(mail: Mail) -> str:
    """Return the first words of the text, or of the HTML where there is no other."""
    words = " ".join((mail.text or "")[: 4 * LONGEST].split())
    for most in _MARKUP if mail.html and not words else ():
        words = " ".join(text_of_html(mail.html or "", most)[: 4 * LONGEST].split())
        if len(words) > LONGEST or len(mail.html or "") <= most:
            break
    return plain(words[:LONGEST])
