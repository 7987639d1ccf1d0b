"""Room: the memory that all mails on their way in may take together, so that many large ones cannot take all of it.

A mail's reader takes its octets as they come, and gives them back when the mail goes to the store, which has a measure
of its own for what waits for the disk.
"""

import sys


class Room:
    """So many octets for the mails of all sessions that share it; `free` of them are left."""

    __slots__ = ("free",)

    def __init__(self, octets: int) -> None:
        self.free = octets


class Share:
    """What one mail has of the room."""

    __slots__ = ("_held", "_room")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0

    def take(self, octets: int) -> bool:
        """Take so many octets more; return False, having taken none, if there are not so many."""
        room = self._room
        if octets > room.free:
            return False
        room.free -= octets
        self._held += octets
        return True

    def give_back(self) -> None:
        """Have nothing of the room any more."""
        self._room.free += self._held
        self._held = 0

    # However a mail comes to nothing (RSET, a lost connection, the end of the grace), its reader is let go of.
    __del__ = give_back


class NoRoom:
    """Stands where a mail would, had there been room for it."""


NO_ROOM = NoRoom()
UNLIMITED = Room(sys.maxsize)
