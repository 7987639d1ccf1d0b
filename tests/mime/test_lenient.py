"""What is no proper base64 or uuencode comes to what the standard library makes of it, in any steps."""

from collections.abc import Iterator
from email.message import Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mysmtp.mime import lenient, steps


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "STEP", 8)
        patch.setattr(lenient, "MOST_LINES", 20)
        yield


def _of_the_library(octets: bytes, encoding: str) -> bytes:
    message = Message()
    message["Content-Transfer-Encoding"] = encoding
    message.set_payload(octets.decode("ascii", "surrogateescape"))
    content = message.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


SIGNS = st.lists(st.sampled_from([b"A", b"Q", b"z", b"9", b"+", b"/", b"=", b"==", b"\n", b"\r\n", b"!", b"\xff"]))


@given(SIGNS.map(b"".join))
@example(b"=" + b"AB\n" * 20)
@example(b"QQ=" + b"=" * 40 + b"QUJD")
def test_base64_with_faults(octets: bytes) -> None:
    wanted = _of_the_library(octets, "base64")
    if wanted == b"".join(octets.splitlines()):  # which it gives up; a character too many keeps us from nothing
        return
    assert lenient.from_base64(octets) == wanted


def test_a_character_of_base64_too_many_is_passed_over() -> None:
    assert lenient.from_base64(b"QUJD\nR") == b"ABC"


UU = st.lists(
    st.sampled_from(
        [b"begin 644 x", b"begin x", b"%:&5L;&\\", b"`", b"end", b" end ", b"#86)C", b"#86)Cxx", b"", b" ", b"\xff1"]
    ),
    max_size=8,
)


@given(UU, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.booleans())
def test_uuencode(lines: list[bytes], end: bytes, begins: bool) -> None:
    octets = end.join([b"begin 644 x"] * begins + lines)
    found = lenient.from_uuencode(octets)
    assert (octets if found is None else found) == _of_the_library(octets, "x-uuencode")


def test_uuencode_of_more_lines_than_anybody_sends_stays_as_it_is() -> None:
    octets = b"begin 644 x\n" + b"#86)C\n" * 20
    assert lenient.from_uuencode(octets) == b"abc" * 20
    assert lenient.from_uuencode(octets + b"#86)C\n") is None
