"""What a list shows of a mail, from its first octets alone: its subject, or the first words of a mail that has none."""

import re
from dataclasses import dataclass

from mysmtp.message import MailSummary
from mysmtp.mime import Heading, read_heading
from mysmtp.web.presenting import first_words

_HALF_A_WORD = re.compile(r"=\?[^\s]*$")
_NOT_SHOWN = re.compile(rb"(?i)multipart/|base64|quoted-printable|text/html")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A subject and what follows it, both may be empty; `lacking` is what to say where there is no subject."""

    subject: str
    snippet: str
    lacking: str = "empty mail"


def glimpse_of(mail: MailSummary) -> Glimpse:
    """Return what a list shows of a mail.

    Where its header is longer than what is known of it and names no subject so far, that is the first line, as for a
    mail without a header.
    """
    cut = mail.size > len(mail.preview)
    heading = read_heading(mail.preview)
    fields = heading.header.fields
    whole = not cut or mail.preview[: heading.header.end].endswith((b"\n\n", b"\n\r\n", b"\r\r"))
    if not fields or not (whole or any(field.called("subject") for field in fields)):
        return Glimpse(*first_words(mail.preview, cut))
    if not whole and fields[-1].called("subject"):
        return Glimpse(_HALF_A_WORD.sub("", heading.subject).rstrip() + "…", "", "no subject")
    return Glimpse(heading.subject, _beginning(mail.preview, heading, cut) if whole else "", "no subject")


def _beginning(preview: bytes, heading: Heading, cut: bool) -> str:
    """Return the first words after the header, where they stand there as they are to be read."""
    header = heading.header
    if _NOT_SHOWN.search(header.raw("content-type") + header.raw("content-transfer-encoding")):
        return ""
    return " ".join(first_words(preview[header.end :], cut)).strip()
