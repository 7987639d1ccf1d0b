from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from mysmtp.web.presenting import (
    Clock,
    count_words,
    day_of,
    door_name,
    file_words,
    first_words,
    plain,
    sender_words,
    size_words,
    title_of,
    unparted,
)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (0, "0 B"),
        (412, "412 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (2100, "2.1 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (84_000, "84 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_200_000, "1.2 MB"),
        (26_214_400, "26 MB"),
        (4_100_000_000, "4.1 GB"),
    ],
)
def test_sizes_are_in_thousands(octets: int, words: str) -> None:
    assert size_words(octets) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 mails"), (1, "1 mail"), (1204, "1,204 mails")])
def test_counts(number: int, words: str) -> None:
    assert count_words(number, "mail") == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"Lunch?\nHi Alice,\n lunch at 12:30?\n", ("Lunch?", "Hi Alice, lunch at 12:30?")),
        (b"\r\n \r\n  Late start  \r\nthen\r\n", ("Late start", "then")),
        (b"", ("", "")),
        (b"\n \n", ("", "")),
        ("Grüße".encode(), ("Grüße", "")),
        (b"\x1b[31mred", ("\\x1b[31mred", "")),
        ("‮evil".encode(), ("\\u202eevil", "")),
        (b"\xff\xfe", ("\\xff\\xfe", "")),
        (b"a\x00b", ("a\\x00b", "")),
        (b"one\x85\xe2\x80\xa8two", ("one\\x85\\u2028two", "")),
    ],
)
def test_first_words(octets: bytes, words: tuple[str, str]) -> None:
    assert first_words(octets, cut=False) == words


def test_a_character_cut_by_the_preview_is_left_out() -> None:
    assert first_words("Grüße"[:3].encode()[:-1], cut=True) == ("Gr", "")
    assert first_words("Grüße"[:3].encode()[:-1], cut=False) == ("Gr\\xc3", "")


def test_titles_end() -> None:
    assert title_of(b"x" * 10_000) == "x" * 160 + "…"
    assert title_of(b"\n\nHello\nyou") == "Hello"


def test_the_null_sender_is_shown() -> None:
    assert sender_words("") == "<>"
    assert sender_words("<>") == "<>"
    assert sender_words("a\u202e@x") == "a\\u202e@x"


def test_plain_keeps_what_it_is_told_to_keep() -> None:
    assert plain("a\tb\nc\rd", keep="\n\t") == "a\tb\nc\\x0dd"


@pytest.mark.parametrize(
    ("moment", "heading"),
    [
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "Today"),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "Yesterday, 22 November"),
        (datetime(2026, 11, 21, tzinfo=UTC), "21 November 2026"),
        (datetime(2025, 3, 12, tzinfo=UTC), "12 March 2025"),
        (datetime(2026, 11, 24, tzinfo=UTC), "24 November 2026"),
    ],
)
def test_headings_of_days(clock: Clock, moment: datetime, heading: str) -> None:
    assert clock.heading(clock.local(moment).date()) == heading


def test_times_are_local() -> None:
    zone = timezone(timedelta(hours=2))
    clock = Clock(datetime(2026, 11, 22, 23, 0, tzinfo=UTC), zone)
    assert clock.today == date(2026, 11, 23)
    when = clock.when(datetime(2026, 11, 22, 22, 30, 5, tzinfo=UTC), "")
    assert when is not None
    assert (when.text, when.full) == ("00:30:05", "Mon 23 Nov 2026, 00:30:05")
    assert when.iso == "2026-11-23T00:30:05+02:00"


@pytest.mark.parametrize(
    ("micros", "zone", "exact"),
    [
        (418_999, timezone(timedelta(hours=2)), "Mon 23 Nov 2026, 00:30:05.418 +02:00"),
        (0, timezone(timedelta(hours=-3, minutes=-30)), "Sun 22 Nov 2026, 19:00:05.000 -03:30"),
        (7_000, UTC, "Sun 22 Nov 2026, 22:30:05.007 +00:00"),
    ],
)
def test_the_exact_moment_has_its_milliseconds_and_its_zone(micros: int, zone: timezone, exact: str) -> None:
    moment = datetime(2026, 11, 22, 22, 30, 5, micros, tzinfo=UTC)
    clock = Clock(moment, zone)
    assert [when.exact for when in (clock.time(moment), clock.when(moment, ""), clock.full(moment, "")) if when] == [
        exact
    ] * 3


def test_a_date_without_a_time_shows_no_time(clock: Clock) -> None:
    assert clock.time(None) is None
    when = clock.full(None, "12-03-2025")
    assert when is not None
    assert (when.iso, when.text) == ("2025-03-12", "12 Mar 2025")
    assert clock.when(None, "yesterday") is None


@pytest.mark.parametrize("text", ["", "31-02-2025", "2025-03-12", "x", "１２-03-2025x"])
def test_what_is_no_date(text: str) -> None:
    assert day_of(text) is None


def test_the_ports_have_the_names_of_their_protocols() -> None:
    assert [door_name(door) for door in ("my_smtp", "my_smtps", "smtps", "lmtp", "pop3s")] == [
        "My_SMTP", "My_SMTPS", "SMTPS", "LMTP", "POP3S",
    ]  # fmt: skip


def test_how_many_files_are_attached() -> None:
    assert [file_words(files) for files in (0, 1, 2, None)] == ["", "1 file", "2 files", "files"]


@pytest.mark.parametrize(
    ("spelled", "html"),
    [
        ("HELO <x>", "HELO &lt;x&gt;"),
        (r"<\x1b>\r", '&lt;<span class="esc">\\x1b</span>&gt;<span class="esc">\\r</span>'),
        (r"C:\\new", 'C:<span class="esc">\\\\</span>new'),  # a backslash that was sent, and no line end
    ],
)
def test_an_escape_is_one_piece_of_a_page(spelled: str, html: str) -> None:
    assert unparted(spelled) == html
