"""Tapes to write on without a dialog."""

from datetime import UTC, datetime

from mysmtp.reel import Reel
from mysmtp.tape import Tape

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def new(limit: int = 64 * 1024) -> Tape:
    """Return the tape of a session that began at 100 seconds, on a reel of its own."""
    return Tape(7, "my_smtp", "127.0.0.1:4", began=NOON, start=100.0, limit=limit)


def tapes(reel: Reel, count: int, limit: int = 8000) -> list[Tape]:
    """Return tapes that share a reel."""
    return [
        Tape(number, "smtp", "127.0.0.1:4", began=NOON, start=0.0, limit=limit, reel=reel) for number in range(count)
    ]
