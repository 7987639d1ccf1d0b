"""What a check is given and what it gives back. Values only; the checks themselves stand in modules beside this one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mysmtp.message import Envelope, Trace
from mysmtp.mime.html import SafeHtml
from mysmtp.mime.mail import Mail

Level = Literal["error", "warning", "note"]
SMTP = ("smtp", "esmtp", "lmtp")  # as `Trace.via` names them; My_SMTP has no extensions, and its mails need no header


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how much it matters, what it is, and why, with the RFC that says so."""

    level: Level
    title: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is checked: the mail, and its envelope, page, way in and moment of arrival (aware) as far as known."""

    mail: Mail
    envelope: Envelope | None = None
    page: SafeHtml | None = None
    trace: Trace | None = None
    arrived: datetime | None = None


def is_mail(mail: Mail, trace: Trace | None) -> bool:
    """Tell whether this is to be as RFC 5322 says: it has a header, or came by a protocol whose mails have one

    (RFC 5321 section 2.3.1). Everything else is plain text, as My_SMTP sends it.
    """
    return mail.has_header or (trace is not None and trace.via in SMTP)
