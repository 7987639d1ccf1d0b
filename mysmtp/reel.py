"""Reel: what crosses the wire in all sessions, one row after the other, as it comes.

Every line of every conversation is written here whether anybody looks or not, so writing is one growth of one flat
list, the same for all; a command that is answered at once is one row with its reply. When some thousand rows are there
they are set aside together, as a block. All this is for speed: a server that leaves a hundred thousand small objects
all over its memory finds nothing in the processor's caches any more and is slower in all it does (docs/performance.md).
So most rows hold nothing of their own but a moment: lines that were said before, replies to what is done, and their
notes are the same objects each time. Where the rows of one session are, is asked when somebody reads, or a block has to
go.

One thread writes, the one of the dialogs; any thread reads (pages are made in others). So reading changes nothing, and
holds `lock`, as whoever moves rows that are written already does. Writing one needs no lock: it is one step.
"""

from collections import deque
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any

from mysmtp.block import COST, ITEMS, Block, joined, press

SHORT = 64  # octets of a row that takes the room of one; a longer one counts as so many
_FEWEST, _MOST = 4, 16384  # rows that are pressed together
_USED = 4  # a block goes early when less than one in so many of its entries are of sessions that are kept


class Reel:
    """The rows of all sessions. `rows` are those that are in no block yet.

    Whoever writes makes `due` less by the room that a long row takes beyond its own, looks afterwards whether `rows` is
    as long as that, and has it pressed then. `limit` is the memory, in octets, that all of it may take, about; whoever
    adds one that writes here raises it. Whoever reads holds `lock`: one between threads, which lets no greenlet run.
    """

    def __init__(self, lock: AbstractContextManager[object] | None = None) -> None:
        self.rows: list[Any] = []
        self.blocks: deque[Block] = deque()
        self.due = self._due_if_short = self._full = _FEWEST * ITEMS
        self.limit = 0
        self.lock = lock or Lock()
        self._size = self._count = 0  # octets of memory that the blocks take, and entries in them
        self._pressed = 0  # rows so far
        self._left = False  # whether somebody left since the last time
        self._newest: tuple[int, Block] | None = None  # what was not pressed when so many rows were written

    @property
    def rows_written(self) -> int:
        """How many rows were written so far."""
        return self._pressed + len(self.rows) // ITEMS

    def allow(self, size: int) -> None:
        """Allow so many octets more; less than 0, so many less."""
        self.limit += size
        self._full = ITEMS * max(_FEWEST, min(_MOST, self.limit // 4 // (SHORT + COST)))
        sooner = max(0, self.due - self._full)
        self.due -= sooner
        self._due_if_short -= sooner

    def leave(self, size: int) -> None:
        """Nobody will read any more what one wrote who had been allowed so many octets."""
        self._left = True
        self.allow(-size)

    def press(self) -> None:
        """Press what was written since the last time; let the oldest go where all takes too much."""
        counts = {owner: owner.written - owner.pressed for owner in set(self.rows[::ITEMS])}
        block = Block(self.rows.copy(), counts, self._size_of_rows(), [])
        with self.lock:
            self.rows.clear()
            self.due = self._due_if_short = self._full
            self._newest = None
            self._take(block)
            while len(self.blocks) > 1 and (self._size > self.limit or (self._left and _hardly_used(self.blocks[0]))):
                self._drop_oldest()
            if self._left:
                self._tidy()
                self._left = False

    def _size_of_rows(self) -> int:
        """Return how many octets of memory the rows take that are not pressed, about."""
        return (COST * len(self.rows) + SHORT * (self._due_if_short - self.due)) // ITEMS

    def _take(self, block: Block) -> None:
        for owner, count in block.counts.items():
            owner.pressed = owner.written
            self._count += count
        self.blocks.append(block)
        self._size += block.size
        self._pressed += block.length

    def _drop_oldest(self) -> None:
        average, block = self._size / self._count, self.blocks.popleft()
        self._size -= block.size
        for owner, count in block.counts.items():
            self._count -= count
            if owner.kept and owner.lose(count, average):
                owner.hold(block.share(owner))

    def _tidy(self) -> None:
        """Let go what is of sessions that are not kept any more in blocks behind one that is well used.

        A block is looked at when its age is a power of two: a few each time, and none keeps such sessions for long.
        """
        age = 2
        while age < len(self.blocks):
            if _hardly_used(self.blocks[-age]):
                self._narrow(len(self.blocks) - age)
            age *= 2

    def _narrow(self, at: int) -> None:
        """Keep of a block what is of sessions that are kept, with the one before where that has room for it."""
        whole, before = self.blocks[at], self.blocks[at - 1]
        narrow = whole.without_forgotten()
        self._size += narrow.size - whole.size
        self._count += sum(narrow.counts.values()) - sum(whole.counts.values())
        if narrow.items and (before.size + narrow.size) * ITEMS > self._full * (SHORT + COST):
            self.blocks[at] = narrow
            return
        if narrow.items:
            self.blocks[at - 1] = joined(before, narrow)
        del self.blocks[at]

    def look(self) -> tuple[Block, ...]:
        """Return all blocks, and one of what is not pressed yet. Whoever asks holds `lock`."""
        if self.rows:
            rows = self.rows.copy()  # somebody may be writing
            count = len(rows) // ITEMS
            if self._newest is None or self._newest[0] != count:
                self._newest = count, press(rows)
            return (*self.blocks, self._newest[1])
        return tuple(self.blocks)


def _hardly_used(block: Block) -> bool:
    """Return whether most of a block is of sessions that are not kept any more."""
    used = sum(count for owner, count in block.counts.items() if owner.kept)
    return used * _USED < sum(block.counts.values())
