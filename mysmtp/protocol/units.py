"""What framing cuts the octets of a client into: one unit is one command, or a command that brings its message."""

from dataclasses import dataclass

from mysmtp.message import Body
from mysmtp.protocol.room import NoRoom


@dataclass(slots=True)  # not frozen, as none here is: one is made for each command, and nobody changes it
class Line:
    """A command that ended with LF; `octets` holds the line with its end."""

    octets: bytes

    @property
    def command(self) -> bytes:
        """The line without its end: LF, and one CR just before it."""
        return self.octets.removesuffix(b"\n").removesuffix(b"\r")


@dataclass(slots=True)
class StrictLine(Line):
    """A line of a protocol that ends lines with CR LF: an LF alone stays in the command, where it is a control."""

    @property
    def command(self) -> bytes:
        return self.octets.removesuffix(b"\r\n")


@dataclass(slots=True)
class Segment:
    """A command that came as one segment; `octets` holds the segment as it came."""

    octets: bytes

    @property
    def command(self) -> bytes:
        """The segment up to its first NUL, where the original program stops reading."""
        return self.octets.partition(b"\0")[0]


@dataclass(slots=True)
class SegmentBody:
    """`DATA` LF and the body that followed it; None and NO_ROOM are one read and thrown away (`content`)."""

    octets: bytes
    body: Body | NoRoom | None


@dataclass(slots=True)
class Overlong:
    """A command line over the limit. `octets` is its beginning; the rest is `Skipped`, which may come later."""

    octets: bytes


@dataclass(slots=True)
class Skipped:
    """More of a line that was over the limit, perhaps to its end: nobody reads it.

    Where it is a `flood`, over FLOOD_LIMIT, the connection is to be closed without a word.
    """

    octets: bytes
    flood: bool = False


@dataclass(slots=True)
class Hopeless:
    """No client of ours: a TLS hello. The connection is to be closed without a word."""

    octets: bytes


Unit = Line | Segment | SegmentBody | Overlong | Skipped | Hopeless
