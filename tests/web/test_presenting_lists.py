from datetime import timedelta

import pytest

from mysmtp.message import MailSummary, Place
from mysmtp.web.glimpse import glimpse_of
from mysmtp.web.presenting import Clock
from mysmtp.web.presenting_lists import (
    damage_words,
    days_of,
    facts_of,
    page_of,
    row_of,
)
from tests.web.posts import NOON, summary

FORTY = [summary(mail_id) for mail_id in range(1, 41)]


def ids(mails: list[MailSummary], before: int | None) -> tuple[list[int], str, int | None, int | None]:
    page = page_of(mails, before, length=20)
    return [mail.id for mail in page.mails], page.words, page.newer, page.older


def test_the_newest_page_comes_first() -> None:
    assert ids(FORTY, None) == ([*range(40, 20, -1)], "40 to 21 of 40", None, 21)


def test_older_leads_to_the_rest_and_newer_back() -> None:
    assert ids(FORTY, 21) == ([*range(20, 0, -1)], "20 to 1 of 40", 0, None)


def test_pages_do_not_shift_as_mail_comes_in() -> None:
    more = [*FORTY, summary(41), summary(45)]
    assert ids(more, 21) == ([*range(20, 0, -1)], "20 to 1 of 42", 41, None)
    assert ids(more, 41)[0] == [*range(40, 20, -1)]


def test_a_page_of_few() -> None:
    assert ids(FORTY[:3], None) == ([3, 2, 1], "3 to 1 of 3", None, None)
    assert ids([], None) == ([], "", None, None)


def test_keys_of_deleted_mails_still_part_the_list() -> None:
    gone = [mail for mail in FORTY if mail.id != 21]
    assert ids(gone, 21)[0] == [*range(20, 0, -1)]


@pytest.mark.parametrize("before", [0, 1])
def test_below_the_oldest_the_oldest_page_is_shown(before: int) -> None:
    assert ids(FORTY, before) == ([*range(20, 0, -1)], "20 to 1 of 40", 0, None)


def test_rows_stand_under_their_days(clock: Clock) -> None:
    mails = [
        summary(4),
        summary(3, at=NOON - timedelta(hours=1)),
        summary(2, at=NOON - timedelta(days=1)),
        MailSummary(1, "<>", "12-03-2025", None, 0, b""),
    ]
    days = days_of(mails, clock)
    assert [(day.heading, [row.id for row in day.rows]) for day in days] == [
        ("Today", [4, 3]),
        ("Yesterday, 22 November", [2]),
        ("12 March 2025", [1]),
    ]
    assert days[2].rows[0].time is None


def test_a_date_that_is_none_stands_as_written(clock: Clock) -> None:
    days = days_of([MailSummary(2, "a@x", "so\x1bon", None, 1, b"x"), MailSummary(1, "a@x", "", None, 1, b"x")], clock)
    assert [day.heading for day in days] == ["so\\x1bon", "No date"]


def test_a_row(clock: Clock) -> None:
    mail = summary(7, sender="bob\u202e@x", preview=b"Lunch?\nAt noon")
    row = row_of(mail, clock, glimpse_of(mail))
    assert (row.id, row.sender, row.subject, row.snippet, row.size) == (7, "bob\\u202e@x", "Lunch?", "At noon", "14 B")
    assert row.time is not None
    assert row.time.text == "12:00:00"


def test_sums() -> None:
    assert facts_of(40, 0, 240) == "40 mails, 240 B"
    assert facts_of(1204, 1003, 240) == "1,204 mails, 1,003 new, 240 B"


def test_damage_in_words() -> None:
    assert damage_words([], "mailbox/") == ""
    assert damage_words([Place("f", 1204, 1390)], "mailbox/") == (
        "1 record of this file is damaged and not shown (bytes 1,204 to 1,390). "
        "Its bytes are kept in mailbox/.damaged/."
    )
    many = damage_words([Place("f", n, n + 1) for n in range(7)], "mailbox")
    assert many.startswith("7 records of this file are damaged and not shown (bytes 0 to 1, 1 to 2,")
    assert many.endswith("4 to 5 and 2 more). Their bytes are kept in mailbox/.damaged/.")
