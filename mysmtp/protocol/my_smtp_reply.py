"""One reply of My_SMTP, and how it looks on the wire in either framing (docs/protocol.md, Lines and replies)."""

from dataclasses import dataclass, field

from mysmtp import transparency
from mysmtp.protocol.reply import DONE, FAILED, REFUSED


@dataclass(frozen=True, slots=True)
class MySmtpReply:
    """A code, its text, and for LIST and GET_MAIL a body: octets in lines that end with LF (None: no body).

    `dotless`: no line of the body begins with a dot, and each is ended; nobody then has to look for one. `status` is
    the first line without its end, `line` the same with it: a dialect's replies are made once, said often.
    """

    code: int
    text: str
    body: bytes | None = None
    dotless: bool = False
    mark: str = field(init=False, repr=False, compare=False)
    status: bytes = field(init=False, repr=False, compare=False)
    line: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        status = f"{self.code} {self.text}".encode()
        object.__setattr__(self, "mark", DONE if self.code < 400 else REFUSED if self.code < 500 else FAILED)
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "line", status + b"\n")

    def in_lines(self) -> bytes:
        """Return the reply with every line ended; a body is dot-stuffed and closed by a lone dot (RFC 1939, 3)."""
        if self.body is None:
            return self.line
        body = self.body if self.dotless else transparency.stuff(self.body)
        return b"".join((self.line, body, transparency.END))

    def in_segment(self) -> bytes:
        """Return the reply as the original program sends it: no last line end, no closing dot, no dot-stuffing."""
        if not self.body:
            return self.status
        return self.line + self.body.removesuffix(b"\n")
