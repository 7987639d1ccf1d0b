"""Mails in files: some laid there before a server starts, and those of a load counted when it has stopped.

The records are written as docs/protocol.md says, without this project's store: the reference reads them as well.
"""

import re
import zlib
from collections import Counter
from pathlib import Path

from bench.faults import BenchFailed
from bench.scale import MAIL_SIZE

_SENT = re.compile(rb"(?m)^mail (\d+)$")


def body_of(number: int) -> bytes:
    """Return the body of a mail that was there before: two lines, the first `kept N`."""
    return b"kept %d\n%s\n" % (number, b"x" * MAIL_SIZE)


def fill(folder: Path, mailbox: str, mails: int) -> int:
    """Write a mailbox of so many mails, ids and `kept` numbers from 1; return its octets."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{mailbox}.txt"
    path.write_bytes(b"".join(_record(number) for number in range(1, mails + 1)))
    return path.stat().st_size


def fill_boxes(folder: Path, boxes: int, mails: int) -> int:
    """Share mails among mailboxes box0, box1 and so on, at bench.example; return the octets of all."""
    return sum(fill(folder, f"box{box}@bench.example", mails // boxes) for box in range(boxes))


def _record(number: int) -> bytes:
    body = body_of(number)
    start = b"===START_EMAIL=== id=%d at=2025-03-12T09:15:02.123456Z size=%d eol=lf\n" % (number, len(body))
    end = b"===END_EMAIL=== crc32=%08x via=my_smtp\n\n" % zlib.crc32(body)
    return b"%sFrom: load@bench.example\nDate: 12-03-2025\n%s%s" % (start, body, end)


def count(folder: Path, mails: int, recipients: int) -> None:
    """Raise BenchFailed unless each mail of a load is stored exactly once, and in its recipient's mailbox."""
    found: Counter[int] = Counter()
    for path in folder.glob("*.txt"):
        numbers = [int(number) for number in _SENT.findall(path.read_bytes())]
        strays = [n for n in numbers if path.name != f"r{n % recipients}@bench.example.txt"]
        if strays:
            raise BenchFailed(f"mail {strays[0]} is in {path.name}")
        found.update(numbers)
    missing = mails - sum(n in found for n in range(mails))
    doubled = sum(times - 1 for times in found.values())
    if missing or doubled or len(found) != mails:
        raise BenchFailed(
            f"{mails} mails were acknowledged; {missing} are missing, {doubled} doubled, {len(found)} stored"
        )
