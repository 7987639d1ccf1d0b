"""Where a mail ends in SMTP, against an automaton that knows the rule and nothing else; counted content; answers.

Expectations: RFC 5321 sections 2.3.8 and 4.5.2, RFC 3030 section 2.
"""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.protocol.readers import AnswerLine, CountedContent, Gathered, Gathering, StrictContent
from tests.protocol.conversation import cut

# The sixteen ends that are none, as servers were found to take them; then the only one.
FALSE_ENDS = [
    b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r",
    b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n. \r\n", b"\r\n.\t\r\n",
    b"\n\n.\r\n", b"\r\n..\r\n",
]  # fmt: skip
HARMLESS = FALSE_ENDS[10:14] + FALSE_ENDS[15:]  # those in which no CR or LF stands alone


def automaton(octets: bytes) -> tuple[bytes, bool, bytes] | None:
    """Return the mail, whether a CR or LF stood alone in it, and what follows it; None if its end has not come.

    One octet after the other. States: how much of CR LF . CR LF was just seen, as the beginning of a line or not.
    """
    mail, bare, seen = bytearray(), False, b"\r\n"
    for at, char in enumerate(octets[at : at + 1] for at in range(len(octets))):
        after_cr = seen.endswith(b"\r")
        if seen == b"\r\n.\r" and char == b"\n":
            return bytes(mail[:-1]), bare, octets[at + 1 :]
        if seen == b"\r\n" and char == b".":
            seen = b"\r\n."  # the dot is no content, whatever follows
            continue
        bare |= after_cr != (char == b"\n")
        if char == b"\r":
            seen = b"\r\n.\r" if seen == b"\r\n." else b"\r"
        else:
            seen = b"\r\n" if after_cr and char == b"\n" else b""
        mail += char
    return None


def read(pieces: list[bytes], limit: int = 10**6) -> tuple[Gathered, bytes] | None:
    content = StrictContent(limit)
    for at, piece in enumerate(pieces):
        rest = content.feed(piece)
        if rest is not None:
            return content.body, rest + b"".join(pieces[at + 1 :])
    return None


def expected(octets: bytes) -> tuple[Gathered, bytes] | None:
    found = automaton(octets)
    return found and (Gathered(found[0], found[1]), found[2])


def test_every_string_of_eight_over_the_octets_that_matter_at_every_split() -> None:
    """87,380 strings (T3), each whole and octet by octet; those of seven also in two at every place."""
    for length in range(9):
        for octets in map(bytes, product(b"\r\n.x", repeat=length)):
            right = expected(octets)
            assert read([octets]) == right, octets
            assert read([octets[at : at + 1] for at in range(length)]) == right, octets
            for at in range(1, length if length < 8 else 0):
                assert read([octets[:at], octets[at:]]) == right, (octets, at)


def test_the_automaton_is_right_about_what_everybody_knows() -> None:
    assert automaton(b".\r\n") == (b"", False, b"")
    assert automaton(b"..\r\n.\r\nQUIT\r\n") == (b".\r\n", False, b"QUIT\r\n")
    assert automaton(b"a\r\n.b\r\n.\r\n") == (b"a\r\nb\r\n", False, b"")
    assert automaton(b"a\n.\n") is None
    assert automaton(b"a\n.\n\r\n.\r\n") == (b"a\n.\n\r\n", True, b"")


@pytest.mark.parametrize("octets", [b".\n", b".\r", b"\n.\r\n", b"\r.\r\n"])
def test_at_the_very_start_only_a_dot_with_cr_lf_ends(octets: bytes) -> None:
    assert read([octets]) is None
    assert read([b".\r\n"]) == (Gathered(b"", bare=False), b"")


@pytest.mark.parametrize("end", FALSE_ENDS)
def test_no_false_end_is_an_end(end: bytes) -> None:
    octets = b"one\r\n\r\nbody" + end + b"MAIL FROM:<s@e>\r\n"
    assert read([octets]) is None
    found = read([octets, b".\r\n"])
    assert found
    assert found[0].bare == (end not in HARMLESS)


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"x", b"\r\n.\r\n", b"\0", b"\xff"]), max_size=40),
    st.lists(st.integers(0, 99)),
)
def test_any_cut_gives_the_same_mail(words: list[bytes], places: list[int]) -> None:
    octets = b"".join(words)
    assert read(cut(octets, places)) == expected(octets)


def test_what_is_too_large_is_read_to_its_end_and_thrown_away() -> None:
    assert read([b"x" * 8 + b"\r\n.\r\nQUIT"], limit=10) == (Gathered(b"x" * 8 + b"\r\n", bare=False), b"QUIT")
    assert read([b"x" * 9, b"\r\n.\r\nQUIT"], limit=10) == (Gathered(None, bare=False), b"QUIT")
    content = StrictContent(10)
    assert content.feed(b"x" * 100_000) is None
    assert content.feed(b"\n\r\n.\r\n") == b""
    assert content.body == Gathered(None, bare=True)


@given(st.binary(max_size=30), st.lists(st.integers(0, 99)), st.integers(0, 30))
def test_counted_octets_are_taken_whatever_they_are(octets: bytes, places: list[int], size: int) -> None:
    gathering = Gathering(1000)
    content = CountedContent(gathering, size)
    rest, pieces = content.feed(b""), cut(octets, places)
    while rest is None and pieces:
        rest = content.feed(pieces.pop(0))
    assert (rest is None) == (size > len(octets))
    if rest is not None:
        assert rest + b"".join(pieces) == octets[size:]
        assert gathering.take().octets == octets[:size]


def test_a_cr_and_its_lf_may_come_in_two_chunks() -> None:
    gathering = Gathering(1000)
    for piece in (b"a\r", b"\nb\r", b"\n"):
        gathering.add(piece)
    assert gathering.take() == Gathered(b"a\r\nb\r\n", bare=False)
    gathering.add(b"\r")
    assert gathering.take().bare


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (b"aGk=\r\n", b"aGk="),
        (b"\r\n", b""),
        (b"*\r\n", b"*"),
        (b"a\n", b"a"),
        (b"x" * 21 + b"\r\n", None),
        (b"a\r\r\n", b"a\r"),
    ],
)
def test_an_answer_is_one_line_however_it_is_cut(octets: bytes, line: bytes | None) -> None:
    for pieces in ([octets + b"QUIT"], [bytes([octet]) for octet in octets + b"QUIT"]):
        content, rest = AnswerLine(20), None
        while rest is None:
            rest = content.feed(pieces.pop(0))
        assert content.body == line
        assert rest + b"".join(pieces) == b"QUIT"
