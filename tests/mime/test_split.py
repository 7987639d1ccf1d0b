"""Where the parts of a multipart lie (RFC 2046 section 5.1.1)."""

import email
from email.message import Message
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.split import split


def parts(octets: bytes, boundary: bytes = b"b", most: int = 100) -> list[bytes]:
    return [octets[start:end] for start, end in split(octets, 0, len(octets), boundary, most).spans]


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"--b\none\n--b\ntwo\n--b--\n", [b"one", b"two"]),
        (b"--b\r\none\r\n--b\r\ntwo\r\n--b--", [b"one", b"two"]),
        (b"--b\rone\r--b--", [b"one"]),
        (b"preamble\n--b\none\n\n--b--\nepilogue\n--b\nno part", [b"one\n"]),
        (b"--b \t\none\n--b-- \n", [b"one"]),
        (b"--bb\nno\n--b\none --b\nx--b\n--bx\n--b--", [b"one --b\nx--b\n--bx"]),
        (b"--b\n--b\none\n--b--", [b"one"]),
        (b"--b\none", [b"one"]),
        (b"--b\none\n", [b"one"]),
        (b"--b--\n", []),
        (b"nothing", []),
        (b"", []),
        (b"--b", []),
    ],
)
def test_parts(octets: bytes, found: list[bytes]) -> None:
    assert parts(octets) == found


def test_only_what_lies_between_start_and_end_is_looked_at() -> None:
    octets = b"--b\nno\n--b\none\n--b--\n--b\nno\n--b--"
    assert split(octets, 7, 15, b"b", 10).spans == [(11, 14)]


def test_no_more_parts_than_allowed() -> None:
    found = split(b"--b\nx\n" * 50, 0, 300, b"b", 10)
    assert len(found.spans) == 10
    assert found.problems == ["more than 10 parts; the others are not shown"]


@pytest.mark.parametrize("octets", [b"--b\nx\n", b"no line", b""])
def test_what_is_missing_is_told(octets: bytes) -> None:
    assert split(octets, 0, len(octets), b"b", 10).problems
    assert split(octets, 0, len(octets), b"", 10).problems


LINES = st.sampled_from([b"--b", b"--b--", b"--b ", b"--bb", b"x", b"", b" --b", b"a: b", b"--"])


@given(st.lists(LINES, max_size=12), st.sampled_from([b"\n", b"\r\n"]))
def test_the_standard_library_finds_the_same(lines: list[bytes], line_end: bytes) -> None:
    """But for two boundary lines in a row, where it takes a closing one for another, and for one at the end."""
    body = line_end.join([*lines, b""])
    head = b"Content-Type: multipart/mixed; boundary=b" + line_end * 2
    other = email.message_from_bytes(head + body)
    mine = parts(body)
    ends_on_one = bool(lines) and lines[-1].rstrip() == b"--b"
    if not ends_on_one and not any(
        one.startswith(b"--b") and two.rstrip() in (b"--b", b"--b--") for one, two in pairwise(lines)
    ):
        its = cast("list[Message]", other.get_payload()) if other.is_multipart() else []
        assert len(mine) == len(its)
