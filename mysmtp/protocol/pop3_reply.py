"""One reply of POP3: a line, or lines closed by a lone dot (RFC 1939 section 3).

POP3 has no codes but ``+OK`` and ``-ERR``; a word in brackets may say more (RFC 2449 section 8, RFC 3206).
"""

from dataclasses import dataclass, field

from mysmtp import transparency
from mysmtp.errors import MailFault
from mysmtp.protocol.reply import DONE, FAILED, REFUSED

_CODE = {DONE: 200, REFUSED: 400, FAILED: 500}
END = b".\r\n"


@dataclass(frozen=True, slots=True)
class Pop3Reply:
    """One reply: a line of text, and in a multi-line one the `lines` after it, each ended with CR LF (None: one line).

    `mark` says what came of it; a dot before a line and the last dot are put there when it goes on the wire.
    """

    text: str
    lines: bytes | None = None
    mark: str = DONE
    code: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", _CODE[self.mark])

    def in_lines(self) -> bytes:
        status = f"{'-ERR' if self.mark else '+OK'} {self.text}".rstrip(" ").encode("ascii", "replace") + b"\r\n"
        return status if self.lines is None else b"".join((status, transparency.stuff(self.lines), END))

    def in_segment(self) -> bytes:
        return self.in_lines()


def refusal(text: str) -> Pop3Reply:
    """Return the reply to what the client did wrong."""
    return Pop3Reply(text, mark=REFUSED)


def failure(text: str) -> Pop3Reply:
    """Return the reply to what went wrong here."""
    return Pop3Reply(text, mark=FAILED)


class Refused(MailFault):
    """A fault that only POP3 knows; it carries its reply."""

    def __init__(self, reply: Pop3Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply
