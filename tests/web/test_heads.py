import io

import pytest

from mysmtp.web.heads import check_framing, read_head, split_target


@pytest.mark.parametrize(("lengths", "encodings"), [(None, None), (["4"], None), ([" 4 "], None), (None, ["Chunked"])])
def test_one_way_to_say_how_long(lengths: list[str] | None, encodings: list[str] | None) -> None:
    check_framing(lengths, encodings)


@pytest.mark.parametrize(
    ("target", "authority", "path"),
    [
        ("/", None, "/"),
        ("/http://x/", None, "/http://x/"),
        ("*", None, "*"),
        ("http://127.0.0.1:8025/a%2F?b=c", "127.0.0.1:8025", "/a%2F?b=c"),
        ("http://x", "x", "/"),
        ("Http://x?y", "x", "/?y"),
        ("http://[::1]:8025/", "[::1]:8025", "/"),
        ("http://a@b/", "a@b", "/"),
        ("/search?q=\xc3\xbc", None, "/search?q=\xc3\xbc"),
    ],
)
def test_targets(target: str, authority: str | None, path: str) -> None:
    assert split_target(target) == (authority, path)


@pytest.mark.parametrize(
    "target", ["", "x", "https://x/", "http:x", "http:///x", "http://?x", "x:25", "http://x/#y", "/?x=\xff"]
)
def test_what_is_no_target(target: str) -> None:
    with pytest.raises(ValueError, match="target"):
        split_target(target)


def test_a_head_ends_with_its_empty_line() -> None:
    stream = io.BytesIO(b"A: b\r\n\r\nbody")
    assert read_head(stream) == b"A: b\r\n\r\n"
    assert stream.read() == b"body"
