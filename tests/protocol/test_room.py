"""The room that mails share while they come in: what has none is thrown away, and all is given back."""

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.protocol.content import DottedContent, PausedContent
from mysmtp.protocol.readers import Gathered, Gathering, StrictContent
from mysmtp.protocol.room import NO_ROOM, Room

LIMIT = 1000
PIECES = st.lists(st.integers(0, 400).map(lambda length: b"x" * length), max_size=6)
FREE = st.integers(0, 1500)


@given(PIECES, FREE)
def test_a_message_that_does_not_fit_is_thrown_away_however_it_is_cut(pieces: list[bytes], free: int) -> None:
    room, whole = Room(free), b"".join(pieces)
    content = DottedContent(LIMIT, room)
    for piece in [*pieces, b"\n.\n"]:
        content.feed(piece)
    size = len(whole) + 1
    assert content.body == (None if size > LIMIT else NO_ROOM if size > free else whole + b"\n")
    assert room.free == free


@given(PIECES, FREE)
def test_so_is_one_whose_lines_end_with_both(pieces: list[bytes], free: int) -> None:
    room, whole = Room(free), b"".join(pieces)
    content = StrictContent(LIMIT, room)
    for piece in [*pieces, b"\r\n.\r\n"]:
        content.feed(piece)
    size = len(whole) + 2
    fits = size <= min(LIMIT, free)
    assert content.body == Gathered(whole + b"\r\n" if fits else None, bare=False, crowded=free < size <= LIMIT)
    assert room.free == free


@given(PIECES, FREE)
def test_so_is_one_in_segments(pieces: list[bytes], free: int) -> None:
    room, whole = Room(free), b"".join(pieces)
    content = PausedContent(b"DATA\n", LIMIT, room)
    for piece in pieces:
        content.add(piece)
    got = content.take()
    if len(whole) <= min(LIMIT, free):
        assert got == whole
    else:
        assert got is (None if len(whole) > LIMIT and (len(whole) > LIMIT + 4 or len(whole) <= free) else NO_ROOM)
    assert room.free == free


def test_what_a_mail_takes_others_lack_until_nobody_reads_it_any_more() -> None:
    room = Room(100)
    first, second = Gathering(LIMIT, room), Gathering(LIMIT, room)
    first.add(b"x" * 60)
    second.add(b"y" * 41)
    assert (second.crowded, room.free) == (True, 40)
    second.add(b"y")
    assert second.take() == Gathered(None, bare=False, crowded=True)
    del first
    assert room.free == 100
