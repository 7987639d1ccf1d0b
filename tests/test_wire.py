"""The wire format goes there and back again, octet for octet, and steers no terminal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.wire import lines_of, spelled, unspelled


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"RCPT TO: b@x\r\n", r"RCPT TO: b@x\r\n"),
        (b"HELO x", "HELO x"),
        ("é \\ \t".encode(), r"é \\ \t"),
        (b"\x1b[2J\0\xff", r"\x1b[2J\x00\xff"),
        ("\u009b\u202e".encode(), r"\xc2\x9b\xe2\x80\xae"),  # not \x9b, which is the octet 9B
        (b"", ""),
    ],
)
def test_octets_are_spelled(octets: bytes, text: str) -> None:
    assert spelled(octets) == text
    assert unspelled(text) == octets


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_any_octets_go_there_and_back_on_one_line(octets: bytes) -> None:
    text = spelled(octets)
    assert unspelled(text) == octets
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in text)


@pytest.mark.parametrize("text", ["\\", "a\\q", "\\xZZ", "\\x1"])
def test_what_was_not_spelled_so_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no escape"):
        unspelled(text)


def test_lines_are_cut_after_each_newline_only() -> None:
    assert lines_of(b"a\rb\n\nc") == [b"a\rb\n", b"\n", b"c"]
    assert lines_of(b"") == []
