"""What is looked at of a mail, at most, so that no mail costs more than its size explains. Numbers only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of one reading. What lies beyond is not lost: it is shown raw, and `problems` say so.

    `header` octets of one header section, `fields` in it, `field` octets of one field that are read as structure,
    `headers` octets of all header sections of a mail together, `addresses` of one kind, `parts` of a mail, `depth` of
    parts in parts.
    """

    header: int = 100 * 1024
    fields: int = 1000
    field: int = 10 * 1024
    headers: int = 1024 * 1024
    addresses: int = 1000
    parts: int = 1000
    depth: int = 100


LIMITS = Limits()
# For whom a mail is: nobody may be left out of that, so a header is read whole up to here, and refused beyond it.
WHOLE = Limits(header=1 << 20, fields=1 << 20, field=1 << 20, addresses=1 << 20)
