"""The dot rule of RFC 5321 section 4.5.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.transparency import END, stuff


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (b"", b""),
        (b"a", b"a\n"),
        (b".a\n..b\n.\n", b"..a\n...b\n..\n"),
        (b"a.\n\n.", b"a.\n\n..\n"),
        (b"\r.\n", b"\r.\n"),
    ],
)
def test_every_line_that_begins_with_a_dot_gets_one_more(body: bytes, wire: bytes) -> None:
    assert stuff(body) == wire


@given(st.binary())
def test_what_was_stuffed_is_read_back_line_by_line(body: bytes) -> None:
    lines = stuff(body).split(b"\n")[:-1]
    assert END not in [line + b"\n" for line in lines]
    assert b"".join(line.removeprefix(b".") + b"\n" for line in lines).removesuffix(b"\n") == body.removesuffix(b"\n")
