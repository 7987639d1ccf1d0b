"""Settings: sizes in words, endpoints as URLs, one table for all."""

from dataclasses import fields

import pytest

from mysmtp.config import OPTIONS, Config, endpoint, parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("500", 500), ("500kB", 500_000), ("25MiB", 26_214_400), (" 1 gb ", 10**9), ("1KiB", 1024), ("7B", 7)],
)
def test_sizes_in_words(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1.5MB", "12 parsecs", "0", "１"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size; write for example 500kB or 25MiB"):
        parse_size(text)


def test_a_size_is_shown_as_it_can_be_given() -> None:
    for size in (1, 1000, 1024, 25 * 1024**2, 3 * 1024**3):
        assert parse_size(show_size(size)) == size
    assert show_size(25 * 1024**2) == "25MiB"


def test_every_setting_is_an_option_and_the_other_way_round() -> None:
    assert [option.field for option in OPTIONS] == [field.name for field in fields(Config)]


def test_endpoints_are_urls() -> None:
    assert endpoint("http", ("127.0.0.1", 8025)) == "http://127.0.0.1:8025"
    assert endpoint("my_smtp", ("::1", 2525)) == "my_smtp://[::1]:2525"
