"""The end of a message and its dots, checked against a plain line-by-line reading of the rule."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.protocol.content import DottedContent, PausedContent
from tests.protocol.conversation import cut


def by_the_rule(octets: bytes) -> tuple[bytes, bytes] | None:
    """Return the message and what follows it, None if its end has not come: one line after the other."""
    body = b""
    while b"\n" in octets:
        line, _, octets = octets.partition(b"\n")
        line += b"\n"
        if line in (b".\n", b".\r\n"):
            return body, octets
        body += line[1:] if line.startswith(b".") else line
    return None


def read(pieces: list[bytes], limit: int = 10**6) -> tuple[bytes | None, bytes] | None:
    content = DottedContent(limit)
    for at, piece in enumerate(pieces):
        rest = content.feed(piece)
        if rest is not None:
            assert isinstance(content.body, bytes | None)
            return content.body, rest + b"".join(pieces[at + 1 :])
    return None


def test_every_string_of_eight_over_the_octets_that_matter_whole_and_bytewise() -> None:
    for length in range(9):
        for octets in map(bytes, product(b"\r\n.x", repeat=length)):
            expected = by_the_rule(octets)
            assert read([octets]) == expected, octets
            assert read([octets[at : at + 1] for at in range(length)]) == expected, octets


@settings(max_examples=300)
@given(st.text(alphabet="\r\n.x", max_size=60), st.lists(st.integers(0, 60)))
def test_any_cut_gives_the_same_message(text: str, places: list[int]) -> None:
    octets = text.encode() + b"\n.\n"
    assert read(cut(octets, places)) == by_the_rule(octets)


@given(st.binary(max_size=50), st.integers(0, 50))
def test_the_limit_is_of_the_message_not_of_its_dots(body: bytes, limit: int) -> None:
    stuffed = b"".join(b"." + line if line.startswith(b".") else line for line in (body + b"\n").splitlines(True))
    octets = stuffed + b".\n" if b"\r" not in stuffed else b"x\n.\n"
    whole = by_the_rule(octets)
    assert whole is not None
    got = read([octets], limit)
    assert got == (whole[0] if len(whole[0]) <= limit else None, whole[1])


@given(st.text(alphabet="\r\n.x", max_size=40), st.lists(st.integers(0, 40)), st.integers(0, 40))
def test_a_message_that_ends_with_a_pause_keeps_all_but_a_last_lone_dot(
    text: str, places: list[int], limit: int
) -> None:
    octets = text.encode()
    content = PausedContent(b"DATA\n", limit)
    for piece in cut(octets, places):
        content.add(piece)
    body = octets
    for lone_dot in (b".\r\n", b".\n", b"."):
        if octets == lone_dot or octets.endswith(b"\n" + lone_dot):
            body = octets.removesuffix(lone_dot)
            break
    assert content.take() == (body if len(body) <= limit else None)
    assert content.pause == (0.05 if octets.endswith(b"\n") or not octets else 1.0)
