r"""What crosses the wire, spelled out for a person: `C: RCPT TO: bob@example.com\n`.

Line ends are part of what was sent, so they are shown. It knows nothing of sockets; it is told what went by.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mysmtp.wire import lines_of, spelled

_HEX_ROW = 16


def hex_rows(octets: bytes) -> list[str]:
    """Return octets as rows `   0000  48 45 4c 4f`, sixteen to a row."""
    return [f"   {start:04x}  {octets[start : start + _HEX_ROW].hex(' ')}" for start in range(0, len(octets), _HEX_ROW)]


@dataclass(frozen=True, slots=True)
class WireLog:
    """Writes one line for each line that crosses; `mark` may colour the `C:` and the `S:`."""

    write: Callable[[str], None]
    with_hex: bool = False
    mark: Callable[[str], str] = str

    def sent(self, octets: bytes) -> None:
        """Tell what the client sent with one send."""
        self._tell("C:", octets)

    def received(self, octets: bytes) -> None:
        """Tell what the client took from the server."""
        self._tell("S:", octets)

    def _tell(self, side: str, octets: bytes) -> None:
        for line in lines_of(octets):
            self.write(f"{self.mark(side)} {spelled(line)}")
            for row in hex_rows(line) if self.with_hex else ():
                self.write(row)
