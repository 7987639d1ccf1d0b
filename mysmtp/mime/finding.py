"""What a check is given and what it gives back. Values only; the checks themselves stand in modules beside this one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mysmtp.message import Envelope, Trace
from mysmtp.mime.html import SafeHtml
from mysmtp.mime.mail import Mail

Level = Literal["error", "warning", "note"]


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
