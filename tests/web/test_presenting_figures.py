import re
from datetime import UTC, datetime

import pytest

from mysmtp.message import MailboxSummary
from mysmtp.metrics import SPANS, Slot, Span
from mysmtp.web.presenting import Clock
from mysmtp.web.presenting_figures import boxes_of, nice_top, path_of, plots_of, sizes_of, sum_words, words
from tests.web.posts import NOON

CLOCK = Clock(NOON, UTC)
BEGAN = int(datetime(2026, 11, 23, 11, 55, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (0.3, 0.5), (1, 1), (1.01, 2), (3, 5), (5, 5), (7, 10), (142, 200), (20_001, 50_000)]
)
def test_a_scale_ends_at_one_two_or_five(most: float, top: float) -> None:
    assert nice_top(most) == top


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0, "0"), (7, "7"), (1.64, "1.6"), (0.123, "0.12"), (142.6, "143"), (1204, "1,204")],
)
def test_values_have_the_digits_that_tell_something(value: float | None, shown: str) -> None:
    assert words(value) == shown


def test_a_line_goes_through_its_values_and_is_interrupted_where_there_are_none() -> None:
    assert path_of([0, 5, 10], 10) == "M0.0 100.0h0L300.0 50.0L600.0 0.0"
    assert path_of([0, None, 10], 10) == "M0.0 100.0h0M600.0 0.0h0"
    assert path_of([None, None], 10) == ""


def slots(width: int, **last: object) -> list[tuple[int, Slot]]:
    """Two slots, the first empty."""
    slot = Slot()
    for name, value in last.items():
        setattr(slot, name, value)
    return [(BEGAN, Slot()), (BEGAN + width, slot)]


def test_the_plots_of_five_minutes() -> None:
    waits = Slot().waits
    waits[6] = 100  # between 0.7 and 1 ms
    found = plots_of(SPANS[0], slots(5, stored=710, peak=7, refused=2, failed=1, waits=waits), CLOCK)
    assert [(plot.title, plot.last) for plot in found] == [
        ("Mails a second", "142"),
        ("Open sessions", "7"),
        ("End of data to reply", "0.85"),
        ("Refusals a minute", "24"),
    ]
    assert found[0].scale == ("200", "100", "0")
    assert (found[0].begins.text, found[0].ends.text) == ("11:55", "11:55:10")
    assert [values for _, values in found[0].rows] == [("0",), ("142",)]
    assert [values for _, values in found[2].rows] == [("–", "–"), ("0.85", "1.00")]
    assert [line.name for line in found[3].lines] == ["refused", "failed"]


def test_the_time_before_the_start_is_marked_and_has_no_values() -> None:
    times = [BEGAN + 60 * place for place in range(5)]
    known = [(began, None if place < 3 else Slot(stored=60)) for place, began in enumerate(times)]
    for plot in plots_of(SPANS[1], known, CLOCK):
        assert plot.before == "M0 0H450.0V100H0Z"
    found = plots_of(SPANS[1], known, CLOCK)
    assert found[0].lines[0].path == "M450.0 40.0h0L600.0 40.0"
    assert [values for _, values in found[1].rows] == [("–",)] * 3 + [("0",)] * 2
    assert all(plot.before == "" for plot in plots_of(SPANS[1], known[3:], CLOCK))
    unknown = plots_of(SPANS[1], known[:3], CLOCK)
    assert [(plot.before, plot.last) for plot in unknown] == [("M0 0H600.0V100H0Z", "–")] * 4
    assert sizes_of(SPANS[1], known, CLOCK).rows == ()


@pytest.mark.parametrize("span", SPANS[1:])
def test_longer_spans_count_mails_by_the_minute(span: Span) -> None:
    found = plots_of(span, slots(span.width, stored=span.width), CLOCK)
    assert (found[0].title, found[0].last) == ("Mails a minute", "60")


def test_sizes_have_bars_as_long_as_their_share_of_the_most() -> None:
    sizes = Slot().sizes
    sizes[0], sizes[2], sizes[-1] = 4, 2, 1
    rows = sizes_of(SPANS[0], slots(5, sizes=sizes), CLOCK).rows
    assert [(row.label, row.number, row.length) for row in rows] == [
        ("up to 300 B", "4", 100), ("up to 3.0 kB", "2", 50), ("over 10 MB", "1", 25),
    ]  # fmt: skip
    assert sizes_of(SPANS[0], slots(5), CLOCK).rows == ()


@pytest.mark.parametrize(
    ("span", "time"),
    [(SPANS[0], "5 minutes until 11:55:10"), (SPANS[1], "hour until 11:57"), (SPANS[2], "day until 12:25")],
)
def test_sizes_tell_of_which_time_they_are(span: Span, time: str) -> None:
    assert sizes_of(span, slots(span.width), CLOCK).title == f"Sizes of mails, the {time}"


def test_the_fullest_mailboxes_come_first_and_the_others_are_counted() -> None:
    boxes = [MailboxSummary(f"b{number}\u202e@x", number, 0, number, None) for number in range(13)]
    found = boxes_of(boxes)
    assert found.title == "Mails by mailbox, all there are now"
    assert [row.number for row in found.rows] == [str(number) for number in range(12, 2, -1)]
    assert found.rows[0].label == "b12\\u202e@x"
    assert found.more == "and 2 mailboxes more"
    assert boxes_of([]).rows == ()


def test_the_sum_in_words() -> None:
    assert sum_words(Slot(stored=1204, octets=4_100_000), 1) == "1,204 mails, 4.1 MB, 1 session"


def test_paths_hold_nothing_but_numbers() -> None:
    assert re.fullmatch(r"[MLh0-9. -]*", path_of([1e-9, 3.3, None, 1e9], 2e9))
