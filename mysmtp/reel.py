"""Reel: what crosses the wire in all sessions, one entry after the other, as it comes.

Every line of every conversation is written here whether anybody looks or not, so writing is one growth of one flat
list, the same for all. When that holds some hundred entries they are pressed together into a block of a few plain
pieces of memory. Both are for speed: a server that touches something of each session for each line, and that leaves a
hundred thousand small objects all over its memory, finds nothing in the processor's caches any more and is slower in
all it does (docs/performance.md). Whose an entry is, is asked when somebody reads, or when a block has to go.

One thread writes, the one of the dialogs; any thread reads (pages are made in others). So reading changes nothing, and
holds `lock`, as whoever moves entries that are written already does. Writing one needs no lock: it is one step.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Container, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import accumulate
from struct import iter_unpack, pack
from threading import Lock
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

    def lose(self, count: int, average: float) -> bool:
        """Note that so many of its entries, the oldest, have no room on the reel any more; tell whether it holds them.

        An entry of the reel takes so many octets on `average`. What it wants to hold is given to `hold`.
        """

    def hold(self, block: "Block") -> None:
        """Hold these entries, which were all its own on a block."""


class Index(NamedTuple):
    """Where the entries of a block are: sorted by the `id` of their owners, and where the octets of each begin."""

    owners: "array[int]"
    places: "array[int]"
    begins: "array[int]"


class Block(NamedTuple):
    """Some entries, pressed: whose each is, moments (packed), lengths, octets one after the other, and what each is.

    `counts` tells how many are whose; `told` has four items of each copy of a mail that a reply tells of: the place of
    that reply, since when the mail waited, mailbox and id. `indexes` is empty until somebody reads, then has one.
    """

    owners: tuple[Owner, ...]
    moments: bytes
    lengths: tuple[int, ...]
    octets: bytes
    kinds: tuple[Any, ...]  # or what tells more: see `entry`
    told: tuple[Any, ...]
    counts: Mapping[Owner, int]
    indexes: list[Index]

    @property
    def size(self) -> int:
        """Octets of memory that it takes, about."""
        return len(self.octets) + COST * (len(self.kinds) + len(self.told) // _ITEMS_TOLD)

    def rows(self) -> Iterator[tuple[Owner, float, bytes, Any]]:
        """Give all entries, as they were written."""
        begin = 0
        for whose, (moment,), length, what in zip(
            self.owners, iter_unpack("d", self.moments), self.lengths, self.kinds, strict=True
        ):
            yield whose, moment, self.octets[begin : begin + length], what
            begin += length

    def of(self, owner: Owner) -> Iterator[Row]:
        """Give the entries of one."""
        moments, begins = memoryview(self.moments).cast("d"), self._index().begins
        for place in self._places(owner):
            begin = begins[place]
            yield moments[place], self.octets[begin : begin + self.lengths[place]], self.kinds[place]

    def _places(self, owner: Owner) -> "array[int]":
        """Return where the entries of one are."""
        index = self._index()
        first = bisect_left(index.owners, id(owner))
        return index.places[first : first + self.counts.get(owner, 0)]

    def _index(self) -> Index:
        """Return where the entries of each owner are: found out when somebody asks first."""
        if not self.indexes:
            owners = list(map(id, self.owners))
            places = array("L", sorted(range(len(owners)), key=owners.__getitem__))
            begins = array("L", accumulate(self.lengths, initial=0))
            self.indexes.append(Index(array("Q", sorted(owners)), places, begins))
        return self.indexes[0]

    def copies(self) -> Iterator[Copy]:
        """Give what is told of mails, in the order of the replies that tell of them."""
        items = iter(self.told)
        return zip(items, items, items, items, strict=True)

    def told_of(self, owner: Owner) -> Iterator[Copy]:
        """Give what is told of the mails of one, the places counted among its own entries."""
        if not self.told:
            return
        places = self.told[::_ITEMS_TOLD]
        for number, place in enumerate(self._places(owner)):
            for at in range(bisect_left(places, place), bisect_right(places, place)):
                _, since, mailbox, mail_id = self.told[at * _ITEMS_TOLD : (at + 1) * _ITEMS_TOLD]
                yield number, since, mailbox, mail_id

    def shares(self, owners: Container[Owner]) -> "dict[Owner, Block]":
        """Return what each of these has here as a block of its own."""
        rows: dict[Owner, list[Any]] = {}
        told: dict[Owner, list[Any]] = {}
        places: dict[int, int] = {}  # among those of their owner, of the entries here
        for place, row in enumerate(self.rows()):
            if row[0] in owners:
                own = rows.setdefault(row[0], [])
                places[place] = len(own) // ITEMS
                own += row
        for place, *more in self.copies():
            if place in places:
                told.setdefault(self.owners[place], []).extend((places[place], *more))
        return {owner: press(own, told.get(owner, [])) for owner, own in rows.items()}

    def without_forgotten(self) -> "Block":
        """Return the entries of owners that are kept."""
        rows: list[Any] = []
        places: dict[int, int] = {}  # which entries these are here, and there
        for place, row in enumerate(self.rows()):
            if row[0].kept:
                places[place] = len(rows) // ITEMS
                rows += row
        told = ((places[place], *more) for place, *more in self.copies() if place in places)
        return press(rows, [item for copy in told for item in copy])

    def newest(self, size: int) -> "Block":
        """Return a block of the newest of these entries: at least one, and as many as `size` octets have room for."""
        rows, first = list(self.rows()), 0
        while first < len(rows) - 1 and sum(len(row[2]) + COST for row in rows[first:]) > size:
            first += (len(rows) - first) // 2
        told = [(place - first, *more) for place, *more in self.copies() if place >= first]
        return press([item for row in rows[first:] for item in row], [item for copy in told for item in copy])


def press(rows: list[Any], told: list[Any]) -> Block:
    """Return entries, in a list of four items of each, as a block; so is `told`."""
    octets, owners = rows[2::ITEMS], tuple(rows[::ITEMS])
    moments, lengths = pack(f"{len(owners)}d", *rows[1::ITEMS]), tuple(map(len, octets))
    return Block(owners, moments, lengths, b"".join(octets), tuple(rows[3::ITEMS]), tuple(told), Counter(owners), [])


def joined(one: Block, other: Block) -> Block:
    """Return the entries of two blocks as one."""
    shift, owners = len(one.owners), one.owners + other.owners
    told = [item for place, *more in other.copies() for item in (place + shift, *more)]
    return Block(
        owners, one.moments + other.moments, one.lengths + other.lengths, one.octets + other.octets,
        one.kinds + other.kinds, (*one.told, *told), Counter(owners), [],
    )  # fmt: skip


class Reel:
    """The entries of all sessions. `rows` are those that are not pressed yet, `told` what is told of mails in them.

    Whoever writes looks afterwards whether `rows` is as long as is `due`, then has it pressed; what is told of a mail
    is written before the reply that tells it. `limit` is the memory, in octets, that all of it may take, about; whoever
    adds one that writes here raises it. Whoever reads holds `lock`: one between threads, which lets no greenlet run.
    """

    def __init__(self, lock: AbstractContextManager[object] | None = None) -> None:
        self.rows: list[Any] = []
        self.told: list[Any] = []
        self.blocks: deque[Block] = deque()
        self.due = self._full = _FEWEST * ITEMS
        self.limit = 0
        self.lock = lock or Lock()
        self._size = self._count = 0  # octets of memory that the blocks take, and entries in them
        self._pressed = 0  # entries so far
        self._newest: tuple[int, Block] | None = None  # what was not pressed when so many entries were written

    @property
    def written(self) -> int:
        """How many entries were written so far."""
        return self._pressed + len(self.rows) // ITEMS

    def allow(self, size: int) -> None:
        """Allow so many octets more; less than 0, so many less."""
        self.limit += size
        self._full = ITEMS * max(_FEWEST, min(_MOST, self.limit // 4 // (SHORT + COST)))
        self.due = min(self.due, self._full)

    def press(self) -> None:
        """Press what was written since the last time; let the oldest go where all takes too much."""
        block = press(self.rows, self.told)
        with self.lock:
            self.rows.clear()
            self.told.clear()
            self.due = self._full
            self._newest = None
            self._take(block)
            while len(self.blocks) > 1 and (self._size > self.limit or _hardly_used(self.blocks[0])):
                self._drop_oldest()
            self._tidy()

    def _take(self, block: Block) -> None:
        for owner, count in block.counts.items():
            owner.pressed += count
        self.blocks.append(block)
        self._size += block.size
        self._count += len(block.kinds)
        self._pressed += len(block.kinds)

    def _drop_oldest(self) -> None:
        average, block = self._size / self._count, self.blocks.popleft()
        self._size -= block.size
        self._count -= len(block.kinds)
        # In one pass for all that want theirs: there may be hundreds.
        holding = {owner for owner, count in block.counts.items() if owner.kept and owner.lose(count, average)}
        for owner, share in block.shares(holding).items() if holding else ():
            owner.hold(share)

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
        self._count += len(narrow.kinds) - len(whole.kinds)
        if narrow.kinds and (before.size + narrow.size) * ITEMS > self._full * (SHORT + COST):
            self.blocks[at] = narrow
            return
        if narrow.kinds:
            self.blocks[at - 1] = joined(before, narrow)
        del self.blocks[at]

    def look(self) -> tuple[Block, ...]:
        """Return all blocks, and one of what is not pressed yet. Whoever asks holds `lock`."""
        if self.rows:
            rows, told = self.rows.copy(), self.told.copy()  # in this order, for somebody may be writing
            count = len(rows) // ITEMS
            if self._newest is None or self._newest[0] != count:
                while told and told[-_ITEMS_TOLD] >= count:
                    del told[-_ITEMS_TOLD:]
                self._newest = count, press(rows, told)
            return (*self.blocks, self._newest[1])
        return tuple(self.blocks)


def _hardly_used(block: Block) -> bool:
    """Return whether most of a block is of sessions that are not kept any more."""
    return sum(count for owner, count in block.counts.items() if owner.kept) * _USED < len(block.owners)
