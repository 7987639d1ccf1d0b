"""Room: what all mails on their way in may take together, so that many large ones cannot take all of the machine.

A mail's reader takes its octets as they come, and gives them back when the mail goes to the store, which has a measure
of its own for what waits for the disk. Part of the room is memory: a mail that is large, or comes when others have the
memory, goes to a spool of the store, where there is one.
"""

import sys
from collections.abc import Callable

from mysmtp.contracts import Spool

_SMALL = 4096  # octets that any mail takes on a disk


class Room:
    """So many octets for the mails of all sessions that share it; `free` of them are left, and `memory` in memory.

    `spool` makes what takes a mail out of memory; without one all of the room is memory. `disk` tells how many octets
    the disk has room for.
    """

    __slots__ = ("_disk", "free", "memory", "spool")

    def __init__(
        self,
        octets: int,
        memory: int = sys.maxsize,
        spool: Callable[[], Spool] | None = None,
        disk: Callable[[], int] | None = None,
    ) -> None:
        self.free = octets
        self.memory = memory
        self.spool = spool
        self._disk = disk

    def can_keep(self, octets: int) -> bool:
        """Return whether a mail of so many octets, or of some where that is not known, can be expected to be stored.

        It lies on the disk twice: in the journal, and in its mailbox.
        """
        return self._disk is None or self._disk() >= 2 * max(octets, _SMALL)

    def can_file(self, octets: int, copies: int) -> bool:
        """Return whether the disk has room for a mail, in the journal, and so many copies of it in mailboxes.

        A single copy is tried without being asked about: what the disk says to it is known before the reply.
        """
        return copies == 1 or self._disk is None or self._disk() >= (1 + copies) * octets


class Share:
    """What one mail has of the room."""

    __slots__ = ("_held", "_in_memory", "_room")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0
        self._in_memory = 0  # of these

    def take(self, octets: int) -> bool:
        """Take so many octets more; return False, having taken none, if there are not so many."""
        room = self._room
        if octets > room.free:
            return False
        room.free -= octets
        room.memory -= octets
        self._held += octets
        self._in_memory += octets
        return True

    def has_room(self, octets: int) -> bool:
        """Return whether so many octets more could be taken now."""
        return octets <= self._room.free

    def spooled(self) -> None:
        """Note that nothing is in memory any more."""
        self._room.memory += self._in_memory
        self._in_memory = 0

    def give_back(self) -> None:
        """Have nothing of the room any more."""
        self._room.free += self._held
        self._room.memory += self._in_memory
        self._held = self._in_memory = 0

    # However a mail comes to nothing (RSET, a lost connection, the end of the grace), its reader is let go of.
    __del__ = give_back


class NoRoom:
    """Stands where a mail would, had there been room for it."""


NO_ROOM = NoRoom()
UNLIMITED = Room(sys.maxsize)
