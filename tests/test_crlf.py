"""Mails in lines that end with CR LF: what is changed, how long it gets, the top of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.crlf import after_lines, in_crlf_lines, size_in_crlf_lines, top_of

BODIES = [
    (b"", b""),
    (b"\n", b"\r\n"),
    (b"\r\n", b"\r\n"),
    (b"one\ntwo\n", b"one\r\ntwo\r\n"),
    (b"one\r\ntwo\r\n", b"one\r\ntwo\r\n"),
    (b"one\r\ntwo\n", b"one\r\ntwo\r\n"),
    (b"no end", b"no end\r\n"),
    (b"one\ntwo", b"one\r\ntwo\r\n"),
    (b"ends with CR\r", b"ends with CR\r\r\n"),
    (b"a\rb\r\r\nc\n\r", b"a\rb\r\r\nc\r\n\r\r\n"),
    (b"\0\xff\n", b"\0\xff\r\n"),
]


@pytest.mark.parametrize(("body", "lines"), BODIES)
def test_every_line_ends_with_both_and_nothing_else_changes(body: bytes, lines: bytes) -> None:
    assert in_crlf_lines(body) == lines
    assert size_in_crlf_lines(body) == len(lines)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"x", b"."])).map(b"".join))
def test_the_size_is_that_of_what_is_sent_and_a_second_time_changes_nothing(body: bytes) -> None:
    lines = in_crlf_lines(body)
    assert size_in_crlf_lines(body) == len(lines)
    assert in_crlf_lines(lines) == lines
    assert b"\n" not in lines.replace(b"\r\n", b"")
    assert lines == b"" or lines.endswith(b"\r\n")


MAIL = b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n"


@pytest.mark.parametrize(
    ("mail", "lines", "top"),
    [
        (MAIL, 0, b"A: 1\r\nB: 2\r\n\r\n"),
        (MAIL, 1, b"A: 1\r\nB: 2\r\n\r\none\r\n"),
        (MAIL, 2, b"A: 1\r\nB: 2\r\n\r\none\r\n\r\n"),
        (MAIL, 3, MAIL),
        (MAIL, 4, MAIL),
        (MAIL, 10**30, MAIL),
        (b"", 0, b""),
        (b"\r\nbody\r\nmore\r\n", 0, b"\r\n"),
        (b"\r\nbody\r\nmore\r\n", 1, b"\r\nbody\r\n"),
        (b"\r\nbody\r\nmore\r\n", 9, b"\r\nbody\r\nmore\r\n"),
        (b"no empty\r\nline\r\n", 0, b"no empty\r\nline\r\n"),
        (b"ends: so\r\n\r\n", 0, b"ends: so\r\n\r\n"),
        (b"\r\n\r\n\r\n", 0, b"\r\n"),
    ],
)
def test_the_top_is_the_header_its_empty_line_and_so_many_lines(mail: bytes, lines: int, top: bytes) -> None:
    assert b"".join(top_of([mail], lines)) == top
    assert b"".join(top_of((bytes([octet]) for octet in mail), lines)) == top


@given(st.lists(st.sampled_from([b"", b"\r\n", b"\r\n\r\n", b"x", b"\r", b"y\r\n"])), st.integers(0, 9))
def test_the_top_is_the_same_however_the_mail_is_cut_and_all_of_it_is_taken(pieces: list[bytes], lines: int) -> None:
    whole = b"".join(pieces)
    header, empty, rest = (b"\r\n" + whole).partition(b"\r\n\r\n")
    following = [line + b"\r\n" for line in rest.split(b"\r\n")]
    following[-1] = following[-1].removesuffix(b"\r\n")
    left = iter(pieces)
    assert b"".join(top_of(left, lines)) == (header + empty + b"".join(following[:lines]))[2:]
    assert [*left] == []


@given(st.text("\nx").map(str.encode), st.data())
def test_the_place_after_so_many_lines(octets: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(octets)))
    lines = data.draw(st.integers(0, octets.count(b"\n", start)))
    place = start
    for _ in range(lines):
        place = octets.index(b"\n", place) + 1
    assert after_lines(octets, start, lines) == place
