"""Block: some thousand rows of all sessions, set aside (see `reel`).

Nothing of a block changes but that it remembers where the rows of each session are, once somebody has asked.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple, Protocol

COST = 100  # octets of memory that a row takes besides what it holds, about
ITEMS = 5  # of the list, to each row: whose, moment, what came, what was said, what it is about

Row = tuple[float, bytes, bytes, Any]


class Owner(Protocol):
    """One whose entries these are, as the reel sees it: `kept` as long as somebody may read them.

    The reel notes in `pressed` how many entries had been written when its rows were pressed last.
    """

    kept: bool
    pressed: int

    @property
    def written(self) -> int:
        """How many entries it wrote so far."""

    def lose(self, count: int, average: float) -> bool:
        """Note that so many of its entries, the oldest, have no room on the reel any more; tell whether it holds them.

        An entry of the reel takes so many octets on `average`. What it wants to hold is given to `hold`.
        """

    def hold(self, block: "Block") -> None:
        """Hold these entries, which were all its own on a block."""


class Index(NamedTuple):
    """Where the rows of a block are, sorted by the `id` of their owners."""

    owners: "array[int]"
    places: "array[int]"


class Block(NamedTuple):
    """Some rows, in a list of five items of each: whose it is, its moment, what came, what was said, what it is about.

    `counts` tells how many entries are whose: a row that came and was answered is two. `size` is the memory that all of
    it takes, in octets, about. `indexes` is empty until somebody reads, then has one.
    """

    items: list[Any]
    counts: Mapping[Owner, int]
    size: int
    indexes: list[Index]

    @property
    def length(self) -> int:
        """How many rows there are."""
        return len(self.items) // ITEMS

    def rows(self) -> Iterator[tuple[Owner, float, bytes, bytes, Any]]:
        """Give all rows, as they were written."""
        items = iter(self.items)
        return zip(items, items, items, items, items, strict=True)

    def of(self, owner: Owner) -> Iterator[Row]:
        """Give the rows of one."""
        for place in self._places(owner):
            _, moment, came, said, what = self.items[place * ITEMS : (place + 1) * ITEMS]
            yield moment, came, said, what

    def _places(self, owner: Owner) -> "array[int]":
        """Return where the rows of one are."""
        index, wanted = self._index(), id(owner)
        return index.places[bisect_left(index.owners, wanted) : bisect_right(index.owners, wanted)]

    def _index(self) -> Index:
        """Return where the rows of each owner are: found out when somebody asks first."""
        if not self.indexes:
            owners = list(map(id, self.items[::ITEMS]))
            places = array("L", sorted(range(len(owners)), key=owners.__getitem__))
            self.indexes.append(Index(array("Q", sorted(owners)), places))
        return self.indexes[0]

    def share(self, owner: Owner) -> "Block":
        """Return what one has here as a block of its own."""
        return self._picked(self._places(owner))

    def without_forgotten(self) -> "Block":
        """Return the rows of owners that are kept."""
        return self._picked([place for place, owner in enumerate(self.items[::ITEMS]) if owner.kept])

    def _picked(self, places: Sequence[int]) -> "Block":
        """Return a block of the rows at these places."""
        items: list[Any] = []
        for place in places:
            items += self.items[place * ITEMS : (place + 1) * ITEMS]
        return press(items)

    def newest(self, size: int) -> "Block":
        """Return a block of the newest of these rows: at least one, and as many as `size` octets have room for."""
        count, first = self.length, 0
        while first < count - 1 and _size(self.items[first * ITEMS :]) > size:
            first += (count - first) // 2
        return press(self.items[first * ITEMS :]) if first else self


def press(items: list[Any]) -> Block:
    """Return rows, in a list of five items of each, as a block."""
    owners, came, said = items[::ITEMS], items[2::ITEMS], items[3::ITEMS]
    counts = Counter(owners)
    counts.update(compress(compress(owners, came), compress(said, came)))  # what came and was answered is two entries
    return Block(items, counts, _size(items), [])


def _size(items: list[Any]) -> int:
    return sum(map(len, items[2::ITEMS])) + sum(map(len, items[3::ITEMS])) + COST * (len(items) // ITEMS)


def joined(one: Block, other: Block) -> Block:
    """Return the rows of two blocks as one."""
    return Block(one.items + other.items, Counter(one.counts) + Counter(other.counts), one.size + other.size, [])
