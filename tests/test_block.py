"""A block of entries: pressed, it gives back what was written, of all and of each."""

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.block import Block, joined, press


class Session:
    """One whose entries are pressed, which asks for none back."""

    def __init__(self) -> None:
        self.kept, self.pressed, self.written = True, 0, 0

    def lose(self, count: int, average: float) -> bool:
        return False

    def hold(self, block: Block) -> None:
        raise AssertionError(block)


SESSIONS = tuple(Session() for _ in range(3))
Rows = list[tuple[Session, float, bytes, bytes, str]]
octets = st.binary(max_size=300)
kinds = st.sampled_from(["client", "body"])
some_rows = st.lists(
    st.tuples(st.sampled_from(SESSIONS), st.floats(0, 1e6), octets, octets, kinds), min_size=1, max_size=40
)


def entries_in(rows: Rows) -> int:
    """Return how many entries these rows are: two, where something came and something was said."""
    return sum(2 if came and said else 1 for _, _, came, said, _ in rows)


def pressed(rows: Rows) -> Block:
    return press([item for row in rows for item in row])


@given(some_rows, some_rows)
def test_each_gets_back_what_it_wrote_from_one_block_or_from_two_joined(first: Rows, second: Rows) -> None:
    block, rows = joined(pressed(first), pressed(second)), [*first, *second]
    assert list(block.rows()) == rows
    assert sum(block.counts.values()) == entries_in(rows)
    for session in SESSIONS:
        own = [row for row in rows if row[0] is session]
        assert list(block.of(session)) == [row[1:] for row in own]
        assert block.counts.get(session, 0) == entries_in(own)
        assert list(block.share(session).rows()) == own


@given(some_rows, st.integers(0, 5000))
def test_the_newest_that_fit_are_one_at_least(rows: Rows, size: int) -> None:
    newest = pressed(rows).newest(size)
    kept = list(newest.rows())
    assert kept == rows[-len(kept) :]
    assert newest.size <= size or len(kept) == 1
