import pytest

from mysmtp.message import Gathered, Rank
from mysmtp.web.presenting import Clock
from mysmtp.web.presenting_across import key_of, page_across, rank_of
from mysmtp.web.presenting_boxes import plainly
from tests.web.posts import NOON, summary

LOOK = plainly(())
MOMENT = round(NOON.timestamp() * 1_000_000)


@pytest.mark.parametrize("name", ["bob@example.com", "a/7@x", "a.b.c@x", "50%@x", "1.2.3", "\udcff@x", "a\nb@x"])
def test_a_place_in_the_list_is_a_key(name: str) -> None:
    for rank in (Rank(MOMENT, name, 14), Rank(0, name, 1), Rank(-5, name, 10**17)):
        assert rank_of(key_of(rank)) == rank


@pytest.mark.parametrize(
    "key", ["", "x", "1.2", "1.2.", "1.x.bob@x", "1.-2.bob@x", f"{'9' * 19}.1.bob@x", "１.1.bob@x"]
)
def test_what_is_no_key(key: str) -> None:
    assert rank_of(key) is None


def test_a_page_tells_where_it_is(clock: Clock) -> None:
    mails = tuple((Rank(MOMENT, f"{box}@x", 3), summary(3)) for box in "cba")
    page = page_across(Gathered(mails, 2, 9), clock, LOOK)
    assert (page.words, page.newer, page.older) == ("7 to 5 of 9", key_of(mails[0][0]), key_of(mails[-1][0]))
    assert [(row.mailbox, row.box, row.id) for day in page.days for row in day.rows] == [
        ("c@x", "c@x", 3), ("b@x", "b@x", 3), ("a@x", "a@x", 3)
    ]  # fmt: skip
    whole = page_across(Gathered(mails, 0, 3), clock, LOOK)
    assert (whole.words, whole.newer, whole.older) == ("3 to 1 of 3", None, None)
    assert page_across(Gathered((), 0, 0), clock, LOOK).days == ()
