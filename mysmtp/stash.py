"""Stash: what a session said that has no room on the reel any more, and that it holds itself."""

from mysmtp.block import Block, Owner, joined

_FEW = 16  # blocks, about, that it holds: a smaller one takes in what comes next


class Stash:
    """Blocks of one owner, within so many octets of memory, the oldest first; `lost` counts the entries that went."""

    __slots__ = ("_entries", "_limit", "_owner", "_size", "blocks", "lost")

    def __init__(self, owner: Owner, limit: int) -> None:
        self.blocks: list[Block] = []
        self.lost = 0
        self._owner = owner
        self._limit = limit
        self._size = self._entries = 0  # octets of memory that they take, and entries in them

    def put(self, block: Block) -> None:
        """Add a block, as many of its newest entries as there is room for."""
        own, owner = block.newest(self._limit), self._owner
        if own is not block:  # what is older than an entry that goes, goes before it
            self.drop(block.counts[owner] - own.counts[owner])
        self._entries += own.counts[owner]
        self._size += own.size
        if self.blocks and self.blocks[-1].size * _FEW < self._limit:  # each takes memory besides what it holds
            own = joined(self.blocks.pop(), own)
        self.blocks.append(own)
        while self._size > self._limit and len(self.blocks) > 1:
            oldest = self.blocks.pop(0)
            self._size -= oldest.size
            self._entries -= oldest.counts[owner]
            self.lost += oldest.counts[owner]

    def drop(self, count: int) -> None:
        """Let all of it go, and so many entries more."""
        self.lost += self._entries + count
        if self.blocks:
            self.blocks.clear()
            self._size = self._entries = 0
