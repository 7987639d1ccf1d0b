"""Encoded words as RFC 2047 writes them, and as programs do."""

import time
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.words import decode_words, text_of, unfolded


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?ISO-8859-1?Q?a?=", "a"),  # RFC 2047 section 8
        ("=?ISO-8859-1?Q?a?= b", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?=   =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a_b?=", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        ("=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ?=", "Grüße"),  # no padding
        ("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),  # a character cut in two
        ("=?utf-8?q?two words?=", "two words"),  # spaces within
        ("a=?utf-8?q?b?=c", "abc"),  # no space around
        ("=?utf-8?q?what??=", "what?"),
        ("=?us-ascii*en?q?hi?=", "hi"),  # RFC 2231 section 5
        ("=?utf-8?q?=ff?=", "\ufffd"),
        ("=?x-evil?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?unicode_escape?q?=5Cud800?=", "\\ud800"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("=?utf-8?q?=1B=5B2J=00?=", "\\x1b[2J\\x00"),
        ("=?utf-8?q?=E2=80=AEevil?=", "\\u202eevil"),
        ("no words \x07", "no words \\x07"),
        ("=?utf-8?q??=", ""),
    ],
)
def test_encoded_words(written: str, read: str) -> None:
    assert decode_words(written).text == read


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80), st.sampled_from(["utf-8", None]))
def test_what_python_encodes_is_read(text: str, charset: str | None) -> None:
    written = Header(text, "utf-8", maxlinelen=60).encode()
    assert decode_words(unfolded(written.encode()).decode()).text == text


def test_octets_beyond_ascii_are_utf_8_or_a_problem() -> None:
    assert text_of("é".encode()).problem == ""
    assert text_of(b"\xe9").text == "é"
    assert "UTF-8" in text_of(b"\xe9").problem


@given(st.text(st.sampled_from("=?utf-8qQbB_ \t\r\nAg"), max_size=200))
def test_no_text_makes_it_raise(text: str) -> None:
    decode_words(text).text.encode()


@pytest.mark.parametrize("piece", ["=?", "=?a?q?", "=?a?b?", "=?a?q??= ", "?=", "=?a?q?b?c"])
def test_the_time_grows_with_the_length_only(piece: str) -> None:
    text = piece * 200_000
    begun = time.process_time()
    decode_words(text)
    assert time.process_time() - begun < 5  # half a second; squared it would be hours
