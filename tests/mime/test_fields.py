"""Where a header begins and ends, and what its fields are (RFC 5322 section 2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.fields import begins_with_header, read_header
from mysmtp.mime.limits import Limits


@pytest.mark.parametrize(
    "body",
    [
        b"Subject: hi\n\ntext",
        b"subject:hi\r\n\r\ntext",
        b"X-Odd: 1\nTo: bob@x\n\n",
        b"From : a@b\n\ntext",
        b"Subject : hi\n\ntext",  # obsolete, RFC 5322 section 4.5
        b"From alice@x Mon Nov 23 13:00:00 2026\nFrom: alice@x\n\ntext",
        b"From: a@b\nSubject: no body",
        b"From: a@b\nSubject: hi\nno empty line before this",
        b"Subject: folded\n line\n\ntext",
        b"Received: from x\n\n",
    ],
)
def test_a_mail_begins_with_a_header(body: bytes) -> None:
    assert begins_with_header(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"Hello Bob,\nThis is a test email.\n",
        b"Hello Bob,\n\nSubject: hi\n\n",
        b"Subject: a lonely line",
        b"To: you and me\nthe rest is text\n",
        b"Note: call me back\n\nBye",
        b"http://example.com/\n\nlook at this",
        b"Dear Bob: hi\n\ntext",
        b"\nSubject: hi\n\ntext",
        b" Subject: hi\n\ntext",
        b": nothing\n\ntext",
        "Überschrift: hi\n\ntext".encode(),
        b"From here on all is text\n\n",
    ],
)
def test_a_text_does_not(body: bytes) -> None:
    assert not begins_with_header(body)


NAMES = st.text(st.sampled_from("abcXYZ-019!#"), min_size=1, max_size=12).map(str.encode)
VALUES = st.binary(max_size=40).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))
LINE_ENDS = st.sampled_from([b"\n", b"\r\n"])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=10), st.binary(max_size=50), LINE_ENDS)
def test_whatever_stands_in_a_header_it_is_found_again(
    lines: list[tuple[bytes, bytes]], body: bytes, line_end: bytes
) -> None:
    octets = b"Subject: x" + line_end + b"".join(name + b":" + value + line_end for name, value in lines) + line_end
    assert begins_with_header(octets + body)
    header = read_header(octets + body)
    assert header.end == len(octets)
    assert [(field.name.encode(), field.raw) for field in header.fields[1:]] == lines


@given(st.text(st.characters(exclude_characters=":"), max_size=200))
def test_a_text_without_a_colon_never_begins_with_a_header(text: str) -> None:
    assert not begins_with_header(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=300), st.integers(0, 20))
def test_a_header_ends_within_its_octets(octets: bytes, start: int) -> None:
    header = read_header(octets, min(start, len(octets)))
    assert start >= len(octets) or start <= header.end <= len(octets)


def test_fields_keep_their_order_their_octets_and_their_case() -> None:
    header = read_header(b"B: 1\nA:  two\n three\nb:\t=?utf-8?q?=C3=A9?=\n\nbody")
    assert [(field.name, field.raw, field.value) for field in header.fields] == [
        ("B", b" 1", "1"),
        ("A", b"  two\n three", "two three"),
        ("b", b"\t=?utf-8?q?=C3=A9?=", "é"),
    ]
    assert [field.raw for field in header.all("b")] == [b" 1", b"\t=?utf-8?q?=C3=A9?="]


@pytest.mark.parametrize("empty_line", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_beyond_a_cap_the_body_is_still_found(empty_line: bytes) -> None:
    limits = Limits(header=200, fields=5)
    many = b"\n".join(b"X: %d" % number for number in range(20)) + empty_line + b"body"
    header = read_header(many, limits=limits)
    assert len(header.fields) == 5
    assert many[header.end :] == b"body"
    assert header.problems == ["more than 5 header fields; the others are not shown"]
    long = b"X: " + b"y" * 1000 + empty_line + b"body"
    header = read_header(long, limits=limits)
    assert long[header.end :] == b"body"
    assert header.problems == ["the header is longer than 200 octets; the rest is not shown"]


def test_a_field_that_is_too_long_is_shown_in_part_and_kept_whole() -> None:
    header = read_header(b"X: " + b"y" * 50 + b"\n\n", limits=Limits(field=10))
    assert header.fields[0].value == "y" * 9
    assert len(header.fields[0].raw) == 51
    assert header.problems == ["X: 51 octets long, of which 10 are shown"]
