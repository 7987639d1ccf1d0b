"""How things look on a terminal or in a pipe: text, colours by meaning, JSON. Pure: values in, text out.

Everything that came from a peer passes `visible` here, so that no octet of it can steer a terminal.
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from mysmtp.client.connection import Answer
from mysmtp.client.session import Listed, Refused, Sent
from mysmtp.text import decode, shown, visible

_BLUE, _MAGENTA, _CYAN, _GREEN, _YELLOW, _RED = "34", "35", "36", "32", "33", "31"
_HEAD = re.compile(rb"From: (.*)\nDate: ([0-9]{2})-([0-9]{2})-([0-9]{4})\n")
_BY_CLASS = {2: _GREEN, 3: _CYAN, 4: _YELLOW, 5: _RED}


@dataclass(frozen=True, slots=True)
class Look:
    """What the place that text goes to can show."""

    colour: bool = False
    ascii_only: bool = False

    def paint(self, text: str, colour: str) -> str:
        """Return safe text in one of the 16 colours, or as it is."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and text else text

    def side(self, mark: str) -> str:
        """Return `C:` or `S:` in its side's colour."""
        return self.paint(mark, _BLUE if mark.startswith("C") else _MAGENTA)

    def reply(self, answer: Answer) -> str:
        """Return a reply's line in the colour of its class."""
        return self.paint(visible(answer.line), _BY_CLASS.get(answer.code // 100, _RED))


def text_of(octets: bytes) -> str:
    """Return a mail or list to show: line ends and tabs stay, CR LF counts as one, all else that steers is spelled."""
    return shown(octets.replace(b"\r\n", b"\n"), keep="\n\t")


def rows(mails: tuple[Listed, ...]) -> list[str]:
    """Return a list's lines, ids right-aligned: `  1  alice@example.com 12-03-2025`."""
    width = max([3, *(len(str(mail.id)) for mail in mails if mail.id is not None)])
    return [visible(_row(mail, width)) for mail in mails]


def _row(mail: Listed, width: int) -> str:
    if mail.id is None:
        return mail.line
    year, month, day = mail.date.split("-")
    return f"{mail.id:>{width}}  {mail.sender} {day}-{month}-{year}"


def stored(sent: Sent, to_person: bool) -> str:
    """Return what `send` prints: `stored`, and for a person where, how much and how fast."""
    if not to_person:
        return "stored"
    lines = sent.mail.body.count(b"\n") + (not sent.mail.body.endswith(b"\n") and sent.mail.body != b"")
    counted = f"{lines:,} line{'s' * (lines != 1)}"
    return f"stored  {visible(', '.join(sent.mail.recipients))}  {counted}  {duration(sent.seconds)}"


def duration(seconds: float) -> str:
    """Return a time a person can read: `1.8 ms`, `2.4 s`."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def as_json(value: dict[str, Any]) -> str:
    """Return one object on one line of ASCII, without any octet that steers a terminal."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def clean(text: str) -> str:
    """Return text for JSON: octets that were not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def listed_json(mail: Listed) -> str:
    """Return one mail of a list as JSON; a line of another form as `{"line": …}`."""
    if mail.id is None:
        return as_json({"line": clean(mail.line)})
    return as_json({"id": mail.id, "from": clean(mail.sender), "date": real_date(mail.date)})


def sent_json(sent: Sent) -> str:
    """Return a stored mail as JSON."""
    mail = sent.mail
    return as_json({
        "stored": True,
        "from": clean(mail.sender),
        "to": [clean(recipient) for recipient in mail.recipients],
        "size": len(mail.body),
        "seconds": round(sent.seconds, 6),
    })  # fmt: skip


def mail_json(mailbox: str, mail_id: str, octets: bytes) -> str:
    """Return a read mail as JSON; a body that is not UTF-8 stands in `body_base64` too, octet for octet."""
    head = _HEAD.match(octets)
    body = octets[head.end() :] if head else octets
    value: dict[str, Any] = {
        "mailbox": clean(mailbox),
        "id": int(mail_id) if mail_id.isascii() and mail_id.isdigit() and len(mail_id) < 19 else clean(mail_id),
        "from": clean(decode(head[1])) if head else None,
        "date": real_date(b"-".join(head.group(4, 3, 2)).decode()) if head else None,
        "body": clean(decode(body)),
    }
    if value["body"].encode() != body:
        value["body_base64"] = base64.b64encode(body).decode()
    return as_json(value)


def refusal_json(refusal: Refused) -> str:
    """Return a refusal as JSON: the reply's code and text."""
    error: dict[str, Any] = {"code": refusal.answer.code, "text": clean(refusal.answer.text)}
    if refusal.stored_for:
        error["stored_for"] = [clean(recipient) for recipient in refusal.stored_for]
    return as_json({"error": error})


def error_json(text: str) -> str:
    """Return what went wrong without a reply of the server, as JSON."""
    return as_json({"error": {"code": None, "text": clean(text)}})


def refusal_line(refusal: Refused) -> str:
    """Return a refusal as a person reads it: `mysmtp: 401 Email not found (bob@example.com has 1 to 2)`."""
    remark = f" ({refusal.remark})" if refusal.remark else ""
    return visible(f"mysmtp: {refusal.answer.line}{remark}")


def real_date(text: str) -> str | None:
    """Return a date yyyy-mm-dd if there is such a day, else None: a file may have been written by hand."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None
