"""One reply of the server, and how it looks on the wire in either framing (docs/protocol.md, Lines and replies)."""

from dataclasses import dataclass

from mysmtp import transparency


@dataclass(frozen=True, slots=True)
class Reply:
    """A code, its text, and for LIST and GET_MAIL a body: octets in lines that end with LF (None: no body)."""

    code: int
    text: str
    body: bytes | None = None

    @property
    def status(self) -> bytes:
        """The first line, without its end."""
        return f"{self.code} {self.text}".encode()

    def in_lines(self) -> bytes:
        """Return the reply with every line ended; a body is dot-stuffed and closed by a lone dot (RFC 1939, 3)."""
        if self.body is None:
            return self.status + b"\n"
        return self.status + b"\n" + transparency.stuff(self.body) + transparency.END

    def in_segment(self) -> bytes:
        """Return the reply as the original program sends it: no last line end, no closing dot, no dot-stuffing."""
        if not self.body:
            return self.status
        return self.status + b"\n" + self.body.removesuffix(b"\n")
