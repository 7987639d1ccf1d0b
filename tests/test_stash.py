"""What a session holds itself of what it said: the newest, within its memory, and how much went is counted."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.block import Block, press
from mysmtp.entry import CLIENT
from mysmtp.stash import Stash
from tests.tapes import new


@given(st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=8), max_size=30), st.integers(500, 5000))
def test_the_newest_are_held_and_the_others_counted(lengths: list[list[int]], limit: int) -> None:
    owner = new()
    stash, put = Stash(owner, limit), 0
    for number, block in enumerate(lengths):
        stash.put(press([item for each in block for item in (owner, 1.0, b"x" * each, b"", CLIENT)]))
        put += len(block)
        assert stash.lost + sum(each.counts[owner] for each in stash.blocks) == put, number
        assert stash.blocks[-1].counts[owner] > 0
    held = [len(came) for block in stash.blocks for _, came, _, _ in block.of(owner)]
    every = [length for block in lengths for length in block]
    assert held == every[len(every) - len(held) :]
    assert sum(block.size for block in stash.blocks) <= limit + 500  # one that does not fit stands alone


def test_when_all_goes_it_is_counted_with_what_went_elsewhere() -> None:
    owner = new()
    stash = Stash(owner, 5000)
    stash.put(press([owner, 1.0, b"NOOP", b"", CLIENT] * 3))
    stash.drop(4)
    assert (stash.lost, stash.blocks) == (7, cast("list[Block]", []))
