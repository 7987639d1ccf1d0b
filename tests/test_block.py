"""A block of entries: pressed, it gives back what was written, of all and of each."""

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.block import COST, Block, joined, press


class Session:
    """One whose entries are pressed, which asks for none back."""

    def __init__(self) -> None:
        self.kept, self.pressed = True, 0

    def lose(self, count: int, average: float) -> bool:
        return False

    def hold(self, block: Block) -> None:
        raise AssertionError(block)


SESSIONS = tuple(Session() for _ in range(3))
Entries = list[tuple[Session, float, bytes, str]]
kinds = st.sampled_from(["client", "body"])
entries = st.lists(
    st.tuples(st.sampled_from(SESSIONS), st.floats(0, 1e6), st.binary(max_size=300), kinds), min_size=1, max_size=40
)


def pressed(rows: Entries, told: list[int]) -> Block:
    """Return them as a block in which these entries tell of a mail, whose id is the entry's place."""
    return press(
        [item for row in rows for item in row], [item for place in told for item in (place, 0.5, "bob", place)]
    )


@given(entries, entries, st.data())
def test_each_gets_back_what_it_wrote_from_one_block_or_from_two_joined(
    first: Entries, second: Entries, data: st.DataObject
) -> None:
    told = sorted(data.draw(st.sets(st.integers(0, len(first) - 1))))
    block, rows = joined(pressed(first, told), pressed(second, [])), [*first, *second]
    assert list(block.rows()) == rows
    assert sum(block.counts.values()) == len(rows)
    for session in SESSIONS:
        own = [(place, row) for place, row in enumerate(rows) if row[0] is session]
        assert list(block.of(session)) == [row[1:] for _, row in own]
        assert block.counts.get(session, 0) == len(own)
        mails = [(mine, place) for mine, (place, _) in enumerate(own) if place in told]
        assert [(copy[0], copy[3]) for copy in block.told_of(session)] == mails
        share = block.share(session)
        assert list(share.rows()) == [row for _, row in own]
        assert [(copy[0], copy[3]) for copy in share.copies()] == mails


@given(entries, st.integers(0, 5000))
def test_the_newest_that_fit_are_one_at_least(rows: Entries, size: int) -> None:
    newest = pressed(rows, list(range(len(rows)))).newest(size)
    kept = list(newest.rows())
    assert kept == rows[-len(kept) :]
    assert newest.size <= size + COST * len(kept) or len(kept) == 1  # what is told of mails comes on top
    assert [copy[0] for copy in newest.copies()] == list(range(len(kept)))
