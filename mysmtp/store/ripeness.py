"""When a mailbox file may be rewritten without its deleted mails, and when that is worth it.

Pure arithmetic on a file's status and a clock; follows docs/protocol.md, Freeing their room.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

UNDO = 3600.0  # seconds in which a deletion can surely be undone: a slip is noticed at once, or back from lunch
QUIET = 60.0  # seconds without a change of the file: no other writer is in the middle of something
_MUCH = 1 << 20  # octets
_ENOUGH = 8  # much is worth it from this part of the file on


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds: `wall` as files' times count, `running` as nobody can set it."""

    wall: Callable[[], float] = time.time
    running: Callable[[], float] = time.monotonic


class Ripeness:
    """When mails were last deleted from each file, as far as this process knows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._opened = clock.running()
        self._deleted: dict[str, float] = {}

    def deleted(self, file: str) -> None:
        """Note that mails of a file were deleted just now."""
        self._deleted[file] = self._clock.running()

    def too_early(self, file: str, now: os.stat_result) -> str:
        """Return why a file with this status must not be rewritten yet, ``""`` if it may be."""
        age = self._clock.wall() - now.st_mtime
        if abs(age) < QUIET:  # a time to come is one of a clock that was wrong
            return "its file was changed less than a minute ago"
        deleted = self._deleted.get(file)
        running = self._clock.running()
        since = running - deleted if deleted is not None else max(running - self._opened, age)
        if since < UNDO:
            minutes = -int((since - UNDO) // 60)
            return f"a deletion of the last hour can still be undone; try again in {minutes} min"
        return ""


def worth(gone: int, size: int) -> bool:
    """Tell whether so many octets of deleted mails are worth a rewrite of a file of this size.

    More than half of the file: then less is written than is freed. Or much, and no small part of the file: each octet
    deleted then costs at most seven written.
    """
    return gone * 2 > size or (gone > _MUCH and gone * _ENOUGH > size)
