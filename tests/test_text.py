"""What steers a terminal becomes visible; everything else stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.text import clipped, shown, visible


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"plain", "plain"),
        ("Grüße 🎉 日本 مرحبا".encode(), "Grüße 🎉 日本 مرحبا"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"\x1b]0;pwned\x07", "\\x1b]0;pwned\\x07"),
        (b"a\rb\x08\x7f\x0e", "a\\x0db\\x08\\x7f\\x0e"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        (b"\x9b31m", "\\x9b31m"),
        ("\u202eevil".encode(), "\\u202eevil"),
        ("\u2028".encode(), "\\u2028"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"two\nlines\t", "two\\x0alines\\x09"),
    ],
)
def test_what_does_not_print_is_escaped(octets: bytes, text: str) -> None:
    assert shown(octets) == text


def test_what_the_caller_keeps_stays() -> None:
    assert shown(b"two\nlines\t\x1b", keep="\n\t") == "two\nlines\t\\x1b"


@given(st.binary())
def test_no_octets_become_a_control_character(octets: bytes) -> None:
    assert not {unicodedata.category(char) for char in shown(octets)} & {"Cc", "Cs", "Zl", "Zp"}


@given(st.text())
def test_text_is_shown_once_and_for_all(text: str) -> None:
    assert visible(visible(text)) == visible(text)


def test_long_text_says_that_it_was_cut() -> None:
    assert clipped("x" * 1500) == "x" * 1000 + "… (1,500 characters)"
    assert clipped("short") == "short"
