from datetime import timedelta

import pytest

from mysmtp.message import MailboxSummary, MailSummary
from mysmtp.web.presenting import Clock
from mysmtp.web.presenting_boxes import BoxPage, key_of, place_of, side_of, side_row, table_of, totals_of
from tests.web.posts import NOON, summary


def box(name: str, newest: MailSummary | None = None) -> MailboxSummary:
    return MailboxSummary(name, 1 if newest else 0, newest.size if newest else 0, 1, newest)


def test_the_table_has_the_newest_first(clock: Clock) -> None:
    foreign = MailSummary(1, "a@x", "12-03-2025", None, 3, b"old")
    boxes = [box("a", foreign), box("b"), box("c", summary(1, at=NOON - timedelta(days=3))), box("d", summary(1))]
    page = table_of(boxes, clock)
    assert [(row.name, row.when and row.when.text) for row in page.boxes] == [
        ("d", "12:00:00"),
        ("c", "20 Nov 2026"),
        ("a", "12 Mar 2025"),
        ("b", None),
    ]


def test_long_names_part_where_they_may_be_cut(clock: Clock) -> None:
    row = side_row(box("very.long.name.of.a.tester@staging.example.com"))
    assert (row.head, row.tail) == ("very.long.name.of.a.", "tester@staging.example.com")
    runs = [side_row(box(f"nightly-test-run-{number}@x")) for number in (1204, 1205)]
    assert [row.tail for row in runs] == ["n-1204@x", "n-1205@x"], "what tells them apart is not cut out"
    short = side_row(box("user17@staging.subdomain.example.com"))
    assert (short.head, short.tail) == ("user17@staging.subdomain.example.com", "")
    assert side_row(box("bob@example.com")).tail == ""


def test_the_side_always_holds_the_current_mailbox(clock: Clock) -> None:
    boxes = [box(f"{number:03}") for number in range(200)]
    names = [row.name for row in side_of(boxes, "150", length=10)]
    assert len(names) == 10
    assert names[2] == "150", "high enough to be in view"
    assert [row.name for row in side_of(boxes[:3], "001", length=10)] == ["000", "001", "002"]


def test_sums() -> None:
    assert totals_of([box("a", summary(1)), box("b")]) == "2, with 1 mail, 6 B"


def minutes(*ages: int) -> list[MailboxSummary]:
    """Return a mailbox for each age of its newest mail; the first is a, the second b."""
    return [box(chr(97 + at), summary(1, at=NOON - timedelta(minutes=age))) for at, age in enumerate(ages)]


def names(page: BoxPage) -> str:
    return "".join(row.name for row in page.boxes)


def after(boxes: list[MailboxSummary], clock: Clock, key: str | None) -> BoxPage:
    assert key is not None
    return table_of(boxes, clock, place_of(key) if key else None, length=3)


def test_pages_of_the_table_there_and_back(clock: Clock) -> None:
    boxes = [*minutes(0, 1, 2, 3, 3, 3, 3), box("x"), box("y")]
    first = table_of(boxes, clock, length=3)
    assert (names(first), first.words, first.newer) == ("abc", "1 to 3 of 9", None)
    second = after(boxes, clock, first.older)
    assert (names(second), second.words, second.newer) == ("def", "4 to 6 of 9", "")
    third = after(boxes, clock, second.older)
    assert (names(third), third.words, third.older) == ("gxy", "7 to 9 of 9", None)
    assert names(after(boxes, clock, third.newer)) == "def"


def test_a_page_does_not_shift_as_mailboxes_move_up(clock: Clock) -> None:
    key = table_of(minutes(0, 1, 2, 3, 4), clock, length=3).older
    moved = minutes(0, 1, -2, -1, 4)  # c, the place itself, and d have got mail since
    assert names(after(moved, clock, key)) == "e"
    assert names(after(minutes(0, 1, 2, 3, 4, -1, -1), clock, key)) == "de"


def test_below_the_last_the_last_page_is_shown(clock: Clock) -> None:
    assert names(after(minutes(0, 1, 2, 3), clock, "0.0.0.z")) == "bcd"
    assert names(after([], clock, "0.0.0.z")) == ""


@pytest.mark.parametrize("name", ["bob@example.com", "a.b%2F/7@x", "j\udcffrgen@x", ".", "a\nb"])
def test_keys_are_read_as_they_were_written(name: str) -> None:
    for rank in ((-1_790_000_000_418_000, 0, -1), (0, -739_000, -1), (0, 0, 0), (5, 0, -1)):
        assert place_of(key_of((rank, name))) == (rank, name)
        key_of((rank, name)).encode()  # fit for an address


@pytest.mark.parametrize("key", ["", "x", "9", "1.2.3.a", "1.2.1.", "１.2.1.a", "9" * 30 + ".0.1.a"])
def test_what_is_no_key(key: str) -> None:
    assert place_of(key) is None
