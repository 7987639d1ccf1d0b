"""Mails between a command and the server that has the folder: one line of JSON for each, and its octets.

Pure: what `pack` made, `unpack` reads. Bodies are taken as they are.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

LARGEST = 50 << 20  # octets of one mail
ROOM = 1 << 20  # octets after which a bundle is closed
MOST = 200  # mails in a bundle
_HEAD = 1 << 20  # octets of a line


@dataclass(frozen=True, slots=True)
class Parcel:
    """A mail with its envelope. `id` is 0 on the way in; `arrived` is aware, None where only the day is known.

    `date` is that day, dd-mm-yyyy, as in `message.MailSummary`; the null sender is ``""``.
    """

    sender: str
    recipients: tuple[str, ...]
    body: bytes
    arrived: datetime | None = None
    id: int = 0
    date: str = ""


def largest_bundle() -> int:
    """Return the octets that `pack` makes at most of a bundle that holds one mail, or is closed at ROOM."""
    return LARGEST + ROOM + _HEAD


def full(bundle: Sequence[Parcel]) -> bool:
    """Tell whether a bundle is to be sent before one more mail is put into it."""
    return len(bundle) >= MOST or sum(map(_weight, bundle)) >= ROOM


def _weight(parcel: Parcel) -> int:
    """Return the octets that a mail comes to at most: JSON writes a character of an address as six, or as twelve."""
    return (
        len(parcel.body) + 300 + 12 * (len(parcel.sender) + sum(map(len, parcel.recipients)) + len(parcel.recipients))
    )


def pack(parcels: Iterable[Parcel]) -> bytes:
    """Return mails as one piece."""
    pieces = []
    for each in parcels:
        head: dict[str, Any] = {"from": each.sender, "to": each.recipients, "size": len(each.body)}
        head |= {"at": each.arrived.astimezone(UTC).isoformat()} if each.arrived else {}
        head |= {"id": each.id, "date": each.date} if each.id else {}
        pieces += [json.dumps(head).encode("ascii"), b"\n", each.body]
    return b"".join(pieces)


def unpack(octets: bytes) -> Sequence[Parcel]:
    """Return the mails in a piece. Raises ValueError for what `pack` does not make."""
    found, at, view = [], 0, memoryview(octets)
    while at < len(octets):
        end = octets.find(b"\n", at, at + _HEAD)
        if end < 0:
            raise ValueError("a line is missing")
        try:
            head = json.loads(octets[at:end])
            size = head["size"]
            at = end + 1 + size
            if not 0 <= size <= len(octets) - end - 1:
                raise ValueError("a mail is cut off")
            found.append(_read(head, bytes(view[end + 1 : at])))
        except (KeyError, TypeError, RecursionError, OverflowError) as fault:
            raise ValueError("a line is not as it must be") from fault
    return found


def _read(head: dict[str, Any], body: bytes) -> Parcel:
    sender, recipients = head["from"], tuple(head["to"])
    if not all(isinstance(each, str) for each in (sender, *recipients)):
        raise ValueError("an address is a text")
    arrived = datetime.fromisoformat(head["at"]) if "at" in head else None
    if arrived is not None and arrived.tzinfo is None:
        raise ValueError("a moment has a zone")
    arrived = arrived and arrived.astimezone(UTC)  # raises OverflowError before the year 1 and after 9999
    return Parcel(sender, recipients, body, arrived, int(head.get("id", 0)), str(head.get("date", "")))
