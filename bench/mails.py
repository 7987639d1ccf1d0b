"""Mails in files: some laid there before a server starts, and those of a load counted when it has stopped.

The records are written as docs/protocol.md says, without this project's store: the reference reads them as well.
"""

import datetime
import itertools
import random
import re
import zlib
from collections import Counter
from pathlib import Path

from bench.faults import BenchFailed
from bench.scale import MAIL_SIZE

_FIRST = datetime.datetime(2025, 3, 12, 9, 15, 2, 123456)
_WORDS = 20_000
_SENT = re.compile(rb"(?m)^mail (\d+)\r?$")


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


def word(rank: int) -> str:
    """Return a word of a made-up language: the one that is the so-and-so most frequent in it, from 0 on."""
    sounds, letters = "bcdfghjklmnprstvz", ""
    while True:
        rank, at = divmod(rank, len(sounds) * 5)
        letters += sounds[at // 5] + "aeiou"[at % 5]
        if not rank:
            return letters + "n"


def fill_boxes_with_words(folder: Path, boxes: int, mails: int) -> int:
    """Share mails of about MAIL_SIZE among mailboxes as `fill_boxes` does; return the octets of all.

    Their words are as frequent as those of a language (Zipf's law, 20,000 of them), and the same in each run.
    """
    folder.mkdir(exist_ok=True)
    chance = random.Random(1)
    words = [word(rank).encode() for rank in range(_WORDS)]
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(_WORDS)))
    octets, count_of = 0, MAIL_SIZE // 6
    for box in range(boxes):
        records = (
            _record(number, b"%s\n" % b" ".join(chance.choices(words, cum_weights=weights, k=count_of)), box * 1000)
            for number in range(1, mails // boxes + 1)
        )
        octets += (folder / f"box{box}@bench.example.txt").write_bytes(b"".join(records))
    return octets


def _record(number: int, text: bytes = b"", seconds: int = 0) -> bytes:
    """Return a record; with a text of its own it has come at another second than others."""
    at = _FIRST + datetime.timedelta(seconds=seconds + number if text else 0)
    body = text or body_of(number)
    start = b"===START_EMAIL=== id=%d at=%sZ size=%d eol=lf\n" % (number, at.isoformat().encode(), len(body))
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
    _judge(found, mails)


def count_in_maildir(folder: Path, mails: int) -> None:
    """Raise BenchFailed unless each mail of a load is in a Maildir exactly once."""
    _judge(Counter(int(n) for path in (folder / "new").iterdir() for n in _SENT.findall(path.read_bytes())), mails)


def _judge(found: Counter[int], mails: int) -> None:
    missing = mails - sum(n in found for n in range(mails))
    doubled = sum(times - 1 for times in found.values())
    if missing or doubled or len(found) != mails:
        raise BenchFailed(
            f"{mails} mails were acknowledged; {missing} are missing, {doubled} doubled, {len(found)} stored"
        )
