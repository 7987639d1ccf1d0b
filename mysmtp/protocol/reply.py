"""What a dialog asks of a reply, whatever the protocol; each dialect brings its own, made once and said often."""

from dataclasses import dataclass
from typing import Protocol

Octets = bytes | memoryview  # the second where they are many, and lie in a file
LARGE = 1 << 20  # octets of a mail that is not held in memory on its way out
DONE, REFUSED, FAILED = "", "x", "X"  # the marks of a reply: done; the client's doing; the server's failure


class Reply(Protocol):
    """One reply. `code` and `text` are for the news; a protocol without codes gives 200, 400 and 500 by the mark."""

    @property
    def code(self) -> int: ...

    @property
    def text(self) -> str: ...

    @property
    def mark(self) -> str:
        """DONE, REFUSED or FAILED."""

    def in_lines(self) -> Octets:
        """Return it as it goes on the wire, every line ended."""

    def in_segment(self) -> Octets:
        """Return it as the original My_SMTP program sends it; only a dialect that knows segments is asked."""


@dataclass(frozen=True, slots=True)
class LargeReply:
    """The reply to what fetched a large mail: it lies outside of memory, ready to be sent in lines, to its last dot.

    `segment` is the same for the original My_SMTP program, where that may be who asked.
    """

    octets: memoryview
    text: str = ""
    mark: str = DONE
    code: int = 200
    segment: memoryview | None = None

    def in_lines(self) -> memoryview:
        return self.octets

    def in_segment(self) -> memoryview:
        return self.octets if self.segment is None else self.segment
