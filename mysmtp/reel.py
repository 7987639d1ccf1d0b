"""Reel: what crosses the wire in all sessions, one entry after the other, as it comes.

Every line of every conversation is written here whether anybody looks or not, so writing is one growth of one flat
list, the same for all. When that holds some hundred entries they are pressed together into a block of a few plain
pieces of memory. Both are for speed: a server that touches something of each session for each line, and that leaves a
hundred thousand small objects all over its memory, finds nothing in the processor's caches any more and is slower in
all it does (docs/performance.md). Whose an entry is, is asked when somebody reads, or when a block has to go.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from struct import iter_unpack, pack
from typing import Any, NamedTuple, Protocol

SHORT = 256  # octets of an entry that takes the room of one; a longer one counts as so many
COST = 60  # octets of memory that an entry takes besides what it holds, about, and what is told of a mail
ITEMS = 4  # of the list, to each entry: whose, moment, octets, what
_ITEMS_TOLD = 4  # of what is told, to each copy of a mail: place of its reply, since when it waited, mailbox, id
_FEWEST, _MOST = 4, 1024  # entries that are pressed together
_USED = 4  # a block goes early when less than one in so many of its entries are of sessions that are kept

Row = tuple[float, bytes, Any]
Copy = tuple[int, float, str, int]


class Owner(Protocol):
    """One whose entries these are, as the reel sees it: `kept` as long as somebody may read them.

    `pressed` is the number of its entries in the blocks of the reel, for which the reel counts what comes.
    """

    kept: bool
    pressed: int

    def take_back(self, block: "Block", count: int, average: float) -> None:
        """Hold these entries, which have no room on the reel any more, or let them go.

        An entry of the reel takes so many octets on `average`.
        """


class Block(NamedTuple):
    """Some entries, pressed: whose each is, moments (packed), lengths, octets one after the other, and what each is.

    `counts` tells how many are whose; `told` has four items of each copy of a mail that a reply tells of: the place of
    that reply, since when the mail waited, mailbox and id.
    """

    owners: tuple[Owner, ...]
    moments: bytes
    lengths: tuple[int, ...]
    octets: bytes
    kinds: tuple[Any, ...]  # or what tells more: see `entry`
    told: tuple[Any, ...]
    counts: Mapping[Owner, int]

    @property
    def size(self) -> int:
        """Octets of memory that it takes, about."""
        return len(self.octets) + COST * (len(self.kinds) + len(self.told) // _ITEMS_TOLD)

    def of(self, owner: Owner) -> Iterator[Row]:
        """Give the entries of one, as they were written."""
        begin = 0
        rows = zip(self.owners, iter_unpack("d", self.moments), self.lengths, self.kinds, strict=True)
        for whose, (moment,), length, what in rows:
            if whose is owner:
                yield moment, self.octets[begin : begin + length], what
            begin += length

    def told_of(self, owner: Owner) -> Iterator[Copy]:
        """Give what is told of the mails of one, the places counted among its own entries."""
        copies = iter(self.told)
        for place, since, mailbox, mail_id in zip(copies, copies, copies, copies, strict=True):
            if self.owners[place] is owner:
                yield sum(whose is owner for whose in self.owners[:place]), since, mailbox, mail_id

    def newest(self, owner: Owner, size: int) -> "Block":
        """Return a block of the newest entries of one: at least one, and as many as `size` octets have room for."""
        rows, first = list(self.of(owner)), 0
        while first < len(rows) - 1 and sum(len(row[1]) + COST for row in rows[first:]) > size:
            first += (len(rows) - first) // 2
        told = [(place - first, *more) for place, *more in self.told_of(owner) if place >= first]
        return press([item for row in rows[first:] for item in (owner, *row)], [item for copy in told for item in copy])


def press(rows: list[Any], told: list[Any]) -> Block:
    """Return entries, in a list of four items of each, as a block; so is `told`."""
    octets, owners = rows[2::ITEMS], tuple(rows[::ITEMS])
    moments, lengths = pack(f"{len(owners)}d", *rows[1::ITEMS]), tuple(map(len, octets))
    return Block(owners, moments, lengths, b"".join(octets), tuple(rows[3::ITEMS]), tuple(told), Counter(owners))


class Reel:
    """The entries of all sessions. `rows` are those that are not pressed yet, `told` what is told of mails in them.

    Whoever writes looks afterwards whether `rows` is as long as is `due`, then has it pressed. `limit` is the memory,
    in octets, that all of it may take, about; whoever adds one that writes here raises it.
    """

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.told: list[Any] = []
        self.blocks: deque[Block] = deque()
        self.due = self._full = _FEWEST * ITEMS
        self.limit = 0
        self._size = self._count = 0  # octets of memory that the blocks take, and entries in them

    def allow(self, size: int) -> None:
        """Allow so many octets more; less than 0, so many less."""
        self.limit += size
        self._full = ITEMS * max(_FEWEST, min(_MOST, self.limit // 4 // (SHORT + COST)))
        self.due = min(self.due, self._full)

    def press(self) -> None:
        """Press what was written since the last time; let the oldest go where all takes too much."""
        if not self.rows:
            return
        rows, told, blocks = self.rows, self.told, self.blocks
        block = press(rows, told)
        for owner, count in block.counts.items():
            owner.pressed += count
        rows.clear()
        told.clear()
        self.due = self._full
        if blocks and len(blocks[-1].kinds) * 2 * ITEMS < self._full:  # many looks must not make many small blocks
            block = _joined(self._without(blocks.pop()), block)
        blocks.append(block)
        self._size += block.size
        self._count += len(block.kinds)
        while len(blocks) > 1 and (self._size > self.limit or _hardly_used(blocks[0])):
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        average = self._size / self._count
        block = self._without(self.blocks.popleft())
        for owner, count in block.counts.items():
            if owner.kept:
                owner.take_back(block, count, average)

    def _without(self, block: Block) -> Block:
        """Count a block out that was taken from the others."""
        self._size -= block.size
        self._count -= len(block.kinds)
        return block

    def of(self, owner: Owner, first: int = 0) -> Iterator[Row]:
        """Give the entries of one that are on the reel, but for so many of the first."""
        self.press()
        for block in self.blocks:
            count = block.counts.get(owner, 0)
            if first >= count:
                first -= count
                continue
            for place, row in enumerate(block.of(owner)):
                if place >= first:
                    yield row
            first = 0


def _joined(one: Block, other: Block) -> Block:
    """Return the entries of two blocks as one."""
    copies, shift = iter(other.told), len(one.owners)
    told = (
        item
        for place, since, mailbox, mail_id in zip(copies, copies, copies, copies, strict=True)
        for item in (place + shift, since, mailbox, mail_id)
    )
    owners = one.owners + other.owners
    return Block(
        owners, one.moments + other.moments, one.lengths + other.lengths, one.octets + other.octets,
        one.kinds + other.kinds, (*one.told, *told), Counter(owners),
    )  # fmt: skip


def _hardly_used(block: Block) -> bool:
    """Return whether most of a block is of sessions that are not kept any more."""
    return sum(count for owner, count in block.counts.items() if owner.kept) * _USED < len(block.owners)
