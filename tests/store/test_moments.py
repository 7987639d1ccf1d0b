"""The order of a mailbox's mails by moment, against sorting them all."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.store.index import Index
from mysmtp.store.moments import Moments
from mysmtp.store.record import KNOWN, NO_MOMENT, Row, Status

DATE = "02-01-1970"
DAY_BEGAN = round(datetime(1970, 1, 2).timestamp() * 1_000_000)
DAY = 24 * 3600 * 1_000_000
NOON = DAY_BEGAN + DAY // 2
moments = st.one_of(st.integers(0, 6), st.integers(NOON, NOON + 2), st.just(NO_MOMENT))
rows = st.lists(st.tuples(moments, st.sampled_from((Status.MAIL, Status.GONE))), max_size=30)


def row(mail_id: int, moment: int, status: Status = Status.MAIL, date: str = DATE) -> Row:
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
    settled, latest, found = len(every), DAY_BEGAN, {}
    for each in [*every, *index.known.open_end]:
        found[each.id] = latest if each.arrived == NO_MOMENT else each.arrived
        if each.id <= settled or each.status is Status.MAIL:
            latest = max(latest, found[each.id])
    shown = [each for each in [*every, *index.known.open_end] if each.status is Status.MAIL]
    standings = sorted((found[each.id], each.id) for each in shown)
    bound = (at if at < 4 else NOON + at - 5, mail)
    assert [(order.of(index, each), each.id) for each in shown] == [(found[each.id], each.id) for each in shown]
    assert list(order.below(index, None)) == standings[::-1]
    assert list(order.below(index, bound)) == [each for each in standings[::-1] if each < bound]
    assert list(order.above(index, bound)) == [each for each in standings if each >= bound]
    assert order.count_above(index, bound) == sum(each >= bound for each in standings)


def test_what_knows_no_day_counts_from_the_change_of_its_file() -> None:
    index, order = Index(), Moments()
    index.signature = (1, 1, 1, 5_000_000)
    index.known.columns.extend([row(1, NO_MOMENT, date="soon"), row(2, NO_MOMENT, date="")])
    assert list(order.below(index, None)) == [(5000, 2), (5000, 1)]


def test_one_that_knows_its_day_stands_above_what_came_before_it_on_that_day() -> None:
    index, order = Index(), Moments()
    eve, morrow = DAY_BEGAN - 1, DAY_BEGAN + DAY + 1
    index.known.columns.extend([row(1, eve), row(2, NO_MOMENT), row(3, NOON), row(4, NO_MOMENT), row(5, NO_MOMENT)])
    index.known.columns.extend([row(6, NO_MOMENT, date="01-01-1970"), row(7, morrow), row(8, NO_MOMENT)])
    assert [mail_id for _, mail_id in order.below(index, None)] == [7, 5, 4, 3, 8, 2, 1, 6]
    times = [morrow, NOON, NOON, NOON, DAY_BEGAN, DAY_BEGAN, eve, DAY_BEGAN - DAY]
    assert [moment for moment, _ in order.below(index, None)] == times


def test_a_rule_of_days_takes_one_that_knows_its_day_only_at_the_end_of_that() -> None:
    index, order = Index(), Moments()
    index.known.columns.extend([row(1, NOON), row(2, NO_MOMENT)])
    assert order.before(index, DAY_BEGAN + DAY - 1) == {1}
    assert order.before(index, DAY_BEGAN + DAY) == {1, 2}
