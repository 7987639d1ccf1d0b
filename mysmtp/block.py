"""Block: some hundred entries of all sessions, pressed into a few plain pieces of memory (see `reel`).

Nothing of a block changes but that it remembers where the entries of each session are, once somebody has asked.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from struct import iter_unpack, pack
from typing import Any, NamedTuple, Protocol

COST = 60  # octets of memory that an entry takes besides what it holds, about, and what is told of a mail
ITEMS = 4  # of the list, to each entry: whose, moment, octets, what
ITEMS_TOLD = 4  # of what is told, to each copy of a mail: place of its reply, since when it waited, mailbox, id

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
        return len(self.octets) + COST * (len(self.kinds) + len(self.told) // ITEMS_TOLD)

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
            yield moments[place], self.octets[begins[place] : begins[place + 1]], self.kinds[place]

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
        return self._told_at(self._places(owner))

    def _told_at(self, places: Sequence[int]) -> Iterator[Copy]:
        """Give what the entries at these places tell of mails, the places counted among these."""
        known = self.told[::ITEMS_TOLD]
        for number, place in enumerate(places if known else ()):
            for at in range(bisect_left(known, place), bisect_right(known, place)):
                _, since, mailbox, mail_id = self.told[at * ITEMS_TOLD : (at + 1) * ITEMS_TOLD]
                yield number, since, mailbox, mail_id

    def _picked(self, places: Sequence[int]) -> "Block":
        """Return a block of the entries at these places."""
        moments, begins = memoryview(self.moments).cast("d"), self._index().begins
        rows: list[Any] = []
        for place in places:
            octets = self.octets[begins[place] : begins[place + 1]]
            rows += (self.owners[place], moments[place], octets, self.kinds[place])
        return press(rows, [item for copy in self._told_at(places) for item in copy])

    def share(self, owner: Owner) -> "Block":
        """Return what one has here as a block of its own."""
        return self._picked(self._places(owner))

    def without_forgotten(self) -> "Block":
        """Return the entries of owners that are kept."""
        return self._picked([place for place, owner in enumerate(self.owners) if owner.kept])

    def newest(self, size: int) -> "Block":
        """Return a block of the newest of these entries: at least one, and as many as `size` octets have room for."""
        count, first = len(self.kinds), 0
        while first < count - 1 and sum(self.lengths[first:]) + COST * (count - first) > size:
            first += (count - first) // 2
        return self._picked(range(first, count)) if first else self


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
