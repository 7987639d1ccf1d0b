"""The order of a mailbox's mails by moment, against sorting them all."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.store.index import Index
from mysmtp.store.moments import Moments
from mysmtp.store.record import KNOWN, NO_MOMENT, Row, Status

moments = st.one_of(st.integers(0, 6), st.just(NO_MOMENT))
rows = st.lists(st.tuples(moments, st.sampled_from((Status.MAIL, Status.GONE))), max_size=30)
DAY = "02-01-1970"
DAY_BEGAN = round(datetime(1970, 1, 2).timestamp() * 1_000_000)


def row(mail_id: int, moment: int, status: Status = Status.MAIL, date: str = DAY) -> Row:
    return Row(mail_id, 0, 9, status | KNOWN, 1, moment, f"a@x\n{date}".encode())


@given(rows, rows, rows, st.integers(-1, 7), st.integers(0, 99))
def test_it_is_as_if_all_were_sorted(
    first: list[tuple[int, Status]], later: list[tuple[int, Status]], last: list[tuple[int, Status]], at: int, mail: int
) -> None:
    index, order = Index(), Moments()
    every: list[Row] = []
    for some in (first, later):
        fresh = [row(len(every) + number + 1, *each) for number, each in enumerate(some)]
        every += fresh
        index.known.columns.extend(fresh)
        list(order.below(index, None))
    index.known.open_end = [row(len(every) + number + 1, *each) for number, each in enumerate(last)]
    shown = [each for each in [*every, *index.known.open_end] if each.status is Status.MAIL]
    standings = sorted((DAY_BEGAN if each.arrived == NO_MOMENT else each.arrived, each.id) for each in shown)
    bound = (at, mail)
    assert list(order.below(index, None)) == standings[::-1]
    assert list(order.below(index, bound)) == [each for each in standings[::-1] if each < bound]
    assert list(order.above(index, bound)) == [each for each in standings if each >= bound]
    assert order.count_above(index, bound) == sum(each >= bound for each in standings)


def test_what_knows_no_day_counts_from_the_change_of_its_file() -> None:
    index, order = Index(), Moments()
    index.signature = (1, 1, 1, 5_000_000)
    index.known.columns.extend([row(1, NO_MOMENT, date="soon"), row(2, NO_MOMENT, date="")])
    assert list(order.below(index, None)) == [(5000, 2), (5000, 1)]
