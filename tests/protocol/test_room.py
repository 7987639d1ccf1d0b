"""The room that mails share while they come in: what has none is thrown away, and all is given back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.contracts import run_here
from mysmtp.protocol import kept
from mysmtp.protocol.content import DottedContent, PausedContent
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.readers import Gathered, Gathering, StrictContent
from mysmtp.protocol.room import NO_ROOM, Room
from mysmtp.protocol.smtp import SMTP
from mysmtp.store.folder import Folder
from mysmtp.store.spool import Spool
from tests.protocol.conversation import Client

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    opened = Folder(tmp_path_factory.mktemp("spools"))
    yield opened
    opened.close()


def _octets(body: object) -> bytes:
    return body if isinstance(body, bytes) else b"".join(body.pieces()) if isinstance(body, Spool) else b"(none)"


@pytest.fixture(autouse=True, scope="module")
def small_steps() -> Iterator[None]:
    """Have mails of some octets be large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "SPOOLED_FROM", 300)
        patch.setattr(kept, "_STEP", 100)
        yield


@given(PIECES, st.integers(-1, 600))
def test_a_large_mail_leaves_the_memory_to_others_in_any_protocol(
    folder: Folder, pieces: list[bytes], memory: int
) -> None:
    whole = b"".join(pieces)
    room = Room(10_000, memory, lambda: Spool(folder.descriptor, run_here))
    gathering, dotted, paused = Gathering(10_000, room), DottedContent(10_000, room), PausedContent(b"", 10_000, room)
    for piece in pieces:
        gathering.add(piece)
        dotted.feed(piece)
        paused.add(piece)
        assert memory - room.memory < 3 * 300
    dotted.feed(b"\n.\n")
    paused.add(b"\n.\n")
    bodies = (gathering.take().octets, dotted.body, paused.take())
    assert [_octets(body) for body in bodies] == [whole, whole + b"\n", whole + b"\n"]
    assert len(whole) < 300 or all(isinstance(body, Spool) for body in bodies)
    assert (room.free, room.memory) == (10_000, memory)


def test_a_disk_that_takes_no_more_is_a_want_of_room(tmp_path: Path) -> None:
    gone = Folder(tmp_path / "gone")
    descriptor = gone.descriptor
    gone.close()
    room = Room(10_000, 10_000, lambda: Spool(descriptor, run_here))
    gathering = Gathering(10_000, room)
    for _ in range(5):
        gathering.add(b"x" * 100)
    assert gathering.take() == Gathered(None, bare=False, crowded=True)
    assert (room.free, room.memory) == (10_000, 10_000)


@pytest.mark.parametrize(
    ("dialect", "end", "replies"),
    [(SMTP, b"\r\n", ("250", "452")), (LMTP, b"\r\n", ("250", "452")), (MY_SMTP, b"\n", ("200", "500"))],
)
@pytest.mark.parametrize(("missing", "copies"), [(0, 3), (1, 0)])
def test_a_mail_whose_copies_the_disk_has_no_room_for_is_refused(
    dialect: Dialect, end: bytes, replies: tuple[str, str], missing: int, copies: int
) -> None:
    """It lies in the journal, and once in each of three mailboxes."""
    body = b"x" * 10_000 + end
    client = Client(dialect=dialect, room=Room(10**6, disk=lambda: 4 * len(body) - missing))
    hello = {"smtp": b"EHLO x", "lmtp": b"LHLO x", "my_smtp": b"HELO x"}[dialect.name]
    for line in (hello, b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"RCPT TO:<c@x>", b"RCPT TO:<d@x>", b"DATA"):
        client.say(line + end)
    said = client.say(body + b"." + end).decode().splitlines()
    assert {reply[:3] for reply in said} == {replies[missing]}
    assert len(client.store.mailboxes()) == copies
