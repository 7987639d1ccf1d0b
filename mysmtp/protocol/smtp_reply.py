"""Replies of SMTP: a code, an enhanced status code, one line or more with CR LF (RFC 5321 section 4.2, RFC 2034).

Reply codes of SMTP stand in the modules named `smtp…` and `lmtp` only; this one holds the reply to each fault they
share with other protocols.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mysmtp import errors
from mysmtp.errors import MailFault, Parting
from mysmtp.protocol.reply import DONE, FAILED, REFUSED


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """One reply; `text` may be several lines, parted by LF. `status` is empty where none may stand (greeting, EHLO)."""

    code: int
    status: str
    text: str
    mark: str = field(init=False, repr=False, compare=False)
    wire: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        mark = DONE if self.code < 400 else FAILED if self.code < 500 else REFUSED
        *lines, last = [f"{self.status} {line}" if self.status else line for line in self.text.split("\n")]
        wire = "".join(f"{self.code}-{line}\r\n" for line in lines) + f"{self.code} {last}\r\n"
        object.__setattr__(self, "mark", mark)
        object.__setattr__(self, "wire", wire.encode("ascii", "replace"))

    def in_lines(self) -> bytes:
        return self.wire

    def in_segment(self) -> bytes:
        return self.wire


@dataclass(frozen=True, slots=True)
class RepliesInTurn:
    """What LMTP says after a mail: a reply for each recipient (RFC 2033 section 4.2). As news it is its first."""

    replies: tuple[SmtpReply, ...]

    @property
    def code(self) -> int:
        return self.replies[0].code

    @property
    def text(self) -> str:
        return self.replies[0].text

    @property
    def mark(self) -> str:
        return self.replies[0].mark

    def in_lines(self) -> bytes:
        return b"".join(reply.wire for reply in self.replies)

    def in_segment(self) -> bytes:
        return self.in_lines()


class Refused(MailFault):
    """A fault that only SMTP knows; it carries its reply."""

    def __init__(self, code: int, status: str, text: str) -> None:
        super().__init__(text)
        self.reply = SmtpReply(code, status, text)


class RefusedForGood(Refused, Parting):
    """The same, when nobody knows where the next command begins."""


_REPLY_TO: Mapping[type[MailFault], SmtpReply] = MappingProxyType(
    {
        errors.UnknownCommand: SmtpReply(500, "5.5.1", "Unknown command"),
        errors.InvalidSyntax: SmtpReply(501, "5.5.2", "Invalid syntax"),
        errors.InvalidAddress: SmtpReply(501, "5.1.3", "Invalid address"),
        errors.LineTooLong: SmtpReply(500, "5.5.2", "Line too long"),
        errors.MessageTooLarge: SmtpReply(552, "5.3.4", "Message too large"),
        errors.BareNewline: SmtpReply(
            550, "5.6.11", "A CR or LF stands alone in the message; its lines end with CR LF"
        ),
        errors.TooManyRecipients: SmtpReply(452, "4.5.3", "Too many recipients"),
        errors.ServerBusy: SmtpReply(421, "4.3.2", "Server busy"),
        errors.ShuttingDown: SmtpReply(421, "4.3.2", "Server shutting down"),
        errors.IdleTooLong: SmtpReply(421, "4.4.2", "Idle too long"),
        errors.WrongLogin: SmtpReply(535, "5.7.8", "User or password is wrong"),
        errors.TooManyWrongLogins: SmtpReply(421, "4.7.0", "Too many wrong logins"),
        errors.TooManyErrors: SmtpReply(421, "4.7.0", "Too many errors"),
        errors.OutOfStep: SmtpReply(554, "5.5.0", "Wait for 354 before you send the message (RFC 2920)"),
    }
)
_REMARKABLE = (errors.InvalidSyntax, errors.InvalidAddress, errors.TooManyRecipients, errors.ServerBusy)


def refuse(fault: MailFault) -> SmtpReply:
    """Return the reply to any fault but one of order, which each table words itself."""
    if isinstance(fault, Refused):
        return fault.reply
    reply = _REPLY_TO[type(fault)]
    remark = str(fault) if isinstance(fault, _REMARKABLE) else ""
    return SmtpReply(reply.code, reply.status, f"{reply.text}: {remark}") if remark else reply


def broken(verb: str, fault: Exception) -> SmtpReply:
    """Return the reply to a verb that failed through no fault of the client: it may try again."""
    if verb == "AUTH":
        return _LOGIN_FAILED
    return _NO_ROOM if isinstance(fault, errors.StoreFailed) and fault.for_want_of_room else _FAILED


_LOGIN_FAILED = SmtpReply(454, "4.7.0", "Passwords cannot be checked now")  # RFC 4954 section 6
_FAILED = SmtpReply(451, "4.3.0", "Failed to store message")
_NO_ROOM = SmtpReply(452, "4.3.1", "No room to store the message now")  # RFC 5321 section 4.2.2
