"""Addresses in plain text are found, whole and without what belongs to the sentence."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.linked import LONGEST, Piece, pieces


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see http://example.com/a?b=1&c#d now", ["http://example.com/a?b=1&c#d"]),
        (
            "(https://en.wikipedia.org/wiki/Mail_(disambiguation)).",
            ["https://en.wikipedia.org/wiki/Mail_(disambiguation)"],
        ),
        ("<http://x/>, <mailto:bob@x>", ["http://x/", "mailto:bob@x"]),
        ("HTTP://X/ and hTTps://y!?", ["HTTP://X/", "hTTps://y"]),
        ("[1]: http://x/y];", ["http://x/y"]),
        ('"http://x/y"', ["http://x/y"]),
        ("http://grüße.example/ä", ["http://grüße.example/ä"]),
        ("javascript:alert(1) ftp://x www.x.com data:text/html,x", []),
        ("http:// https://) mailto:. mailto:", []),
        ("http://x/\u202eevil \x00http://y", ["http://x/", "http://y"]),
        ("http://" + "x" * LONGEST, []),
        ("", []),
    ],
)
def test_addresses_become_links(text: str, urls: list[str]) -> None:
    assert [piece.url for piece in pieces(text) if piece.url] == urls


def test_the_rest_is_text() -> None:
    assert list(pieces("a http://x. b")) == [Piece("a "), Piece("http://x", "http://x"), Piece(". b")]


@given(st.lists(st.sampled_from(["http://", "https://", "mailto:", "x", ".", ")", "(", " ", "\n", "<", "@", "\u202e"])))
def test_the_pieces_are_the_whole_text(words: list[str]) -> None:
    text = "".join(words)
    found = list(pieces(text))
    assert "".join(piece.text for piece in found) == text
    assert all(piece.text for piece in found)
    assert all(piece.url is None or piece.url.lower().startswith(("http://", "https://", "mailto:")) for piece in found)


@pytest.mark.parametrize(
    "piece", ["http://", "http://x)", "http://)))) ", ")", "mailto:", "h", "http://x" + ")" * 4000 + " "]
)
def test_the_time_grows_with_the_length_only(piece: str) -> None:
    text = piece * (3_000_000 // len(piece))
    begun = time.process_time()
    for _ in pieces(text):
        pass
    assert time.process_time() - begun < 10  # measured: a second at most
