"""Rows of what was found: which of a mail's texts is shown, and where it begins."""

from dataclasses import replace

from mysmtp.search.found import Hit
from mysmtp.search.query import read_query
from mysmtp.search.sheet import Sheet
from mysmtp.web.marks import Marks
from mysmtp.web.presenting import Clock
from mysmtp.web.presenting_search import BEFORE, row_of
from tests.web.test_marks import bracketed

PLAIN = Sheet(
    "Hello", "alice@x", "bob@x", "Hello\nsecond line", "", "", False, False, False, False, 18, 0, "01-01-1970"
)


def snippet(sheet: Sheet, query: str, clock: Clock) -> str:
    return bracketed(row_of(Hit(1, "bob@x", 1, sheet), Marks(read_query(query)), clock).snippet)


def test_a_plain_mail_shows_what_follows_its_first_line(clock: Clock) -> None:
    assert snippet(PLAIN, "hello", clock) == "second line"
    assert snippet(PLAIN, "second", clock) == "[second] line"
    assert snippet(PLAIN, "from:alice -second", clock) == "second line"


def test_the_first_mark_stands_near_enough_to_be_seen(clock: Clock) -> None:
    sheet = replace(PLAIN, letter=True, body="word " * 10 + "needle in it")
    assert snippet(sheet, "needle", clock).index("[needle]") <= BEFORE + len("… word ")


def test_a_snippet_begins_a_little_before_the_first_mark(clock: Clock) -> None:
    sheet = replace(PLAIN, letter=True, body="word " * 500 + "needle " + "tail " * 500)
    shown = snippet(sheet, "needle", clock)
    assert shown.startswith("… word")
    assert "[needle] tail" in shown
    assert len(shown) < 300


def test_a_mark_far_away_is_not_looked_for(clock: Clock) -> None:
    sheet = replace(PLAIN, letter=True, body="word " * 20_000 + "needle")
    assert snippet(sheet, "needle", clock).startswith("word word")


def test_another_text_is_shown_where_only_that_was_found(clock: Clock) -> None:
    sheet = replace(PLAIN, recipients="bob@x\nCarol <carol@x>", files="a.pdf\nb.pdf", header="X-A: one\nX-B: two")
    assert snippet(sheet, "carol", clock) == "To: [Carol] <[carol]@x>"
    assert snippet(sheet, "filename:b", clock) == "File: [b].pdf"
    assert snippet(sheet, "two", clock) == "Header: X-B: [two]"
    assert snippet(sheet, "is:unread", clock) == "second line"


def test_what_a_row_says(clock: Clock) -> None:
    row = row_of(
        Hit(1, "bob\x1b@x", 7, replace(PLAIN, subject="", letter=True, sender="")), Marks(read_query("x")), clock
    )
    assert (row.id, row.box, row.lacking, bracketed(row.sender)) == (7, "bob\\x1b@x", "no subject", "<>")
    assert row.time is not None
    assert row_of(Hit(1, "b", 7, replace(PLAIN, arrived=None)), Marks(read_query("x")), clock).time is None
