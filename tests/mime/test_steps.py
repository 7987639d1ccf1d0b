"""Large parts are read step by step, to the very result of one call, and let other threads run between two steps."""

import binascii
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mysmtp.mime import charset, part, steps

STEP = steps.STEP
STEP_OF_TESTS = 8
CODECS = st.sampled_from(sorted(charset._ALLOWED - {"utf-7"}))
ODD = st.sampled_from(
    [b"\xe9", b"\xd8\x00", b"\x1b$B", b"\x1b(B", b"~{", b"~}", b"\x0e", b"\x0f", b"\x81", b"\xff", b"\n"]
)
OCTETS = st.lists(st.one_of(st.binary(max_size=8), ODD), max_size=12).map(b"".join)
_LONE = re.compile("[\ud800-\udfff]")


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "STEP", STEP_OF_TESTS)
        yield


def _text(decode: Callable[[], str]) -> str | None:
    try:
        return _LONE.sub("\ufffd", decode())
    except (UnicodeError, ValueError):
        return None


@given(OCTETS, CODECS, st.text(max_size=30), st.sampled_from(["strict", "replace"]))
@example(b"a\0" * 9, "utf-16", "", "strict")
@example(b"a\0\0\0" * 9, "utf-32", "", "strict")
def test_any_charset_gives_the_text_that_one_call_gives(octets: bytes, codec: str, text: str, errors: str) -> None:
    for each in (octets, text.encode(codec, "ignore"), text.encode(codec, "ignore") + octets):
        assert _text(partial(steps.decode, each, codec, errors)) == _text(partial(each.decode, codec, errors))


@given(st.lists(st.text(alphabet="aé+-€/\r", max_size=20), max_size=9))
def test_utf_7_is_cut_at_the_ends_of_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert steps.decode(text.encode("utf-7"), "utf-7") == text


@given(st.text(alphabet="\r\nab", max_size=40))
def test_line_ends(text: str) -> None:
    assert steps.with_lf(text) == text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.one_of(OCTETS, st.text(alphabet="=3DAf0 \t\r\nxé", max_size=60).map(str.encode)))
def test_quoted_printable(octets: bytes) -> None:
    assert steps.from_quoted_printable(octets) == binascii.a2b_qp(octets)


@given(OCTETS, st.integers(1, 9), st.sampled_from([b"", b"=", b"\r", b"QQ==", b"!", b" "]))
@example(b"", 4, b"QQ==QQ==")
def test_base64(octets: bytes, width: int, more: bytes) -> None:
    coded = binascii.b2a_base64(octets, newline=False)
    lines = b"".join(coded[at : at + width] + b"\r\n" for at in range(0, len(coded), width))
    assert steps.from_base64(lines) == octets
    found = steps.from_base64(lines + more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "from_base64", lambda _: None)
        assert found is None or found == part.decoded(lines + more, "base64")


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a"])).map(b"".join), st.integers(0, 9), st.integers(0, 60))
def test_a_pattern_of_a_few_octets_is_found_where_one_search_finds_it(octets: bytes, at: int, end: int) -> None:
    pattern = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
    found, wanted = steps.search(pattern, octets, at, min(end, len(octets)), 4), pattern.search(octets, at, end)
    assert (found and found.span()) == (wanted and wanted.span())


@pytest.mark.parametrize("before", range(3 * STEP_OF_TESTS))
def test_a_pattern_is_found_across_two_steps(before: int) -> None:
    found = steps.search(re.compile(rb"\r\n\r\n"), b"a" * before + b"\r\n\r\na", 0, before + 5, 4)
    assert found is not None
    assert found.start() == before


@given(st.binary(max_size=40))
def test_a_pattern_of_each_octet(octets: bytes) -> None:
    pattern = re.compile(rb"[\x00-\xf0]*+")
    assert steps.all_match(pattern, octets) == bool(pattern.fullmatch(octets))


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1"])
def test_a_large_text_lets_others_run(declared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "STEP", STEP)
    octets = (b"x" * 76 + b"\r\n") * 200_000
    calls: list[str] = []

    def note(_frame: FrameType, event: str, called: object) -> None:
        if event == "c_call" and "decode" in getattr(called, "__name__", ""):
            calls.append(event)

    sys.setprofile(note)
    try:
        charset.decode(octets, declared)
    finally:
        sys.setprofile(None)
    assert len(calls) >= len(octets) // STEP  # within one call no other thread runs, between two it may
