"""Many large mails at once, over real sockets: one too many is refused for now, and leaves everything as it was."""

import contextlib
import json
import socket
import struct
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mysmtp.store.textfile import TextFileStore
from tests.durability import sweeps
from tests.durability.ledger import until
from tests.process import Peer, PostOfficeProcess

ROOM = 1_000_000
LINE = b"x" * 98 + b"\r\n"
MOST = LINE * 9_000  # of the room
SOME = LINE * 2_000  # more than is left
STORED = b"250 2.0.0 Message stored\r\n"
REFUSED = b"452 4.3.1 No room to store the message now\r\n"  # RFC 5321 section 4.2.2, RFC 3463 section 3.4

Send = Callable[[Peer], bytes]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    """A server with room for one large mail at a time."""
    options = ("--max-incoming-size", "1MB", "--max-message-size", "1MB", "--lmtp-port", "0")
    process = PostOfficeProcess(tmp_path_factory.mktemp("small"), *options).start()
    yield process
    process.stop()


def _say(peer: Peer, *commands: bytes) -> None:
    for command in commands:
        peer.say(command + b"\r\n")
        while (reply := peer.line())[3:4] == b"-":
            continue
        assert reply[:1] in b"23", (command, reply)


def _begin(peer: Peer) -> None:
    _say(peer, b"EHLO x", b"MAIL FROM:<a@x>", b"RCPT TO:<holder@y>")


def _received(office: PostOfficeProcess, peer: Peer) -> int:
    """Return how many octets the server has read from a client, as it tells on its page."""
    host, port = peer.socket.getsockname()
    with urllib.request.urlopen(f"{office.url}/sessions.json") as answer:
        sessions = json.load(answer)["sessions"]
    return sum(int(session["received"]) for session in sessions if session["peer"] == f"{host}:{port}")


@contextlib.contextmanager
def _holding(office: PostOfficeProcess, last: bytes = b"DATA") -> Iterator[Peer]:
    """A client in the middle of a large mail: what is sent as DATA, or a whole chunk."""
    with office.connect("smtp") as peer:
        peer.line()
        _begin(peer)
        if last == b"DATA":
            _say(peer, last)
            peer.say(MOST)
            until(lambda: _received(office, peer) >= len(MOST), "the server has read what it is to hold")
        else:
            peer.say(b"BDAT %d\r\n" % len(MOST) + MOST)
            assert peer.line().startswith(b"250 ")
        yield peer


def by_data(peer: Peer, octets: bytes = SOME) -> bytes:
    _say(peer, b"RSET", b"MAIL FROM:<a@x>", b"RCPT TO:<b@y>", b"DATA")
    peer.say(octets + b".\r\n")
    return peer.line()


def by_chunks(peer: Peer) -> bytes:
    _say(peer, b"RSET", b"MAIL FROM:<a@x>", b"RCPT TO:<b@y>")
    peer.say(b"BDAT %d\r\n" % len(SOME) + SOME)
    first = peer.line()
    peer.say(b"BDAT 5 LAST\r\nend\r\n")
    last = peer.line()
    assert first.startswith(b"250 2.0.0 ") or first == last == REFUSED
    return last


def by_lmtp(peer: Peer) -> bytes:
    _say(peer, b"RSET", b"MAIL FROM:<a@x>", b"RCPT TO:<b@y>", b"RCPT TO:<c@y>", b"DATA")
    peer.say(SOME + b".\r\n")
    of_each = {peer.line(), peer.line()}
    assert len(of_each) == 1
    return of_each.pop()


def by_lines(peer: Peer) -> bytes:
    peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: b@y", "DATA")
    peer.say(SOME + b".\r\n")
    return _in_words_of_smtp(peer.line().strip())


def by_segments(peer: Peer) -> bytes:
    for command in (b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@y"):
        peer.say(command)
        assert peer.recv() == b"200 OK"
    peer.say(b"DATA\n" + SOME + b".\n")
    return _in_words_of_smtp(peer.recv())


def _in_words_of_smtp(reply: bytes) -> bytes:
    return {b"200 Message stored successfully": STORED, b"500 Failed to store message": REFUSED}[reply]


@pytest.mark.parametrize(
    ("door", "hello", "send"),
    [
        ("smtp", b"EHLO x", by_data),
        ("smtp", b"EHLO x", by_chunks),
        ("lmtp", b"LHLO x", by_lmtp),
        ("my_smtp", b"", by_lines),
        ("my_smtp", b"", by_segments),
    ],
)
def test_a_mail_too_many_is_refused_for_now_and_its_session_goes_on(
    small: PostOfficeProcess, door: str, hello: bytes, send: Send
) -> None:
    with _holding(small) as holder, small.connect(door) as peer:
        if hello:
            peer.line()
            _say(peer, hello)
        assert [send(peer), send(peer)] == [REFUSED, REFUSED]
        holder.say(b".\r\n")
        assert holder.line() == STORED
        assert send(peer) == STORED


def _reset(peer: Peer) -> None:
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (b"DATA", _reset),
        (b"DATA", Peer.close),
        (b"BDAT", Peer.close),
        (b"BDAT", lambda peer: peer.say(b"RSET\r\n")),
        (b"BDAT", _begin),
    ],
)
def test_a_mail_that_comes_to_nothing_gives_its_room_back(
    small: PostOfficeProcess, last: bytes, end: Callable[[Peer], None]
) -> None:
    with _holding(small, last) as holder, small.connect("smtp") as peer:
        peer.line()
        _say(peer, b"EHLO x")
        assert by_data(peer) == REFUSED
        end(holder)
        until(lambda: by_data(peer) == STORED, "the room is there again")
        assert by_data(peer, LINE * 9_900) == STORED


def test_a_mail_too_large_is_refused_for_good_however_full_it_is(small: PostOfficeProcess) -> None:
    with _holding(small) as holder, small.connect("smtp") as peer:
        peer.line()
        _say(peer, b"EHLO x")
        assert by_data(peer) == REFUSED
        assert by_data(peer, LINE * 11_000) == b"552 5.3.4 Message too large\r\n"
        holder.say(b".\r\n")
        assert holder.line() == STORED


def _megabytes(office: PostOfficeProcess, kind: str) -> float:
    with open(f"/proc/{office.popen.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(kind)) / 1000


def _send(office: PostOfficeProcess, box: str, body: bytes) -> bytes:
    with office.connect("smtp") as peer:
        peer.line()
        _say(peer, b"EHLO x", b"MAIL FROM:<a@x>", b"RCPT TO:<%b>" % box.encode(), b"DATA")
        peer.say(body + b".\r\n")
        return peer.line()


def test_many_large_mails_at_once_take_little_memory_and_survive_a_kill(
    start: Callable[..., PostOfficeProcess],
) -> None:
    office = start("--max-message-size", "30MB", "--search", "off")
    before = _megabytes(office, "VmRSS")
    bodies = [(f"b{number % 2}@y", b"%d\r\n" % number + LINE * 80_000) for number in range(4)]
    with ThreadPoolExecutor() as threads:
        assert set(threads.map(lambda each: _send(office, *each), bodies)) == {STORED}
    most = _megabytes(office, "VmHWM") - before
    assert most < 40, most  # of 32 MB of mail, each of which has several copies on its way
    sweeps.kill(office)
    start().stop()
    store = TextFileStore(office.mailbox)
    found = [
        (box.name, store.read(box.name, each.id).body) for box in store.mailboxes() for each in store.list(box.name)
    ]
    store.close()
    assert sorted(found) == sorted(bodies)
