"""What is followed: each session from its beginning to its end, its lines whole, those of a next server too."""

import time
from collections.abc import Callable

import pytest

from mysmtp.following import Follower
from mysmtp.reaching import Gone, pages_of
from tests.process import PostOfficeProcess

WAIT = 30.0


def lines_until(follower: Follower, office: PostOfficeProcess, words: str) -> list[str]:
    """Look until a line with these words is there; return all lines up to then."""
    pages, found, until = pages_of(office.url, office.mailbox), list[str](), time.monotonic() + WAIT
    while not any(words in line for line in found):
        assert time.monotonic() < until, found
        found += [line for happening in follower.look(pages) for line in happening.lines]
    return found


def test_a_session_is_followed_line_by_line_to_its_end(office: PostOfficeProcess) -> None:
    office.send("carol@example.com")
    pages, until = pages_of(office.url, office.mailbox), time.monotonic() + WAIT
    while pages.ask("/sessions.json")["open"]:  # it is over before anybody looks
        assert time.monotonic() < until
    follower = Follower({})
    assert list(follower.look(pages_of(office.url, office.mailbox))) == []
    with office.connect() as peer:
        peer.ask("HELO x", "MAIL FROM: a@x")
        port = peer.socket.getsockname()[1]
        found = lines_until(follower, office, "MAIL FROM")
        found += lines_until(follower, office, "S: ") if len(found) == 4 else []  # the reply may be told of next time
        assert found == [
            f"# My_SMTP from 127.0.0.1:{port}", r"C: HELO x\n", r"S: 200 OK\n", r"C: MAIL FROM: a@x\n", r"S: 200 OK\n",
        ]  # fmt: skip
        peer.ask("RCPT TO: bob@x")
        peer.say(b"DATA\n")
        peer.line()
        peer.say(b"one\ntw")
        assert r"C: one\n" in lines_until(follower, office, "one")  # and nothing yet of a line that is not complete
        peer.say(b"o\n.\n")
        assert peer.line().startswith(b"200 ")
        assert lines_until(follower, office, "stored succ")[:2] == [r"C: two\n", r"C: .\n"]
    (end,) = [line for line in lines_until(follower, office, "# ended") if line.startswith("# ended")]
    assert end.endswith("s: client closed; 1 stored")


def test_a_filter_shows_whole_what_comes_to_match(office: PostOfficeProcess) -> None:
    follower = Follower({"errors": "1"})
    pages = pages_of(office.url, office.mailbox)
    with office.connect() as good, office.connect() as bad:
        good.ask("HELO good")
        bad.ask("HELO bad")
        assert list(follower.look(pages)) == []
        bad.say(b"DATA\n")
        bad.line()
        lines = lines_until(follower, office, "S: 403")
        assert lines[1:3] == [r"C: HELO bad\n", r"S: 200 OK\n"]
        assert not any("good" in line for line in lines)
        assert any("Too early" in line for line in lines)


def test_what_is_advised_is_what_the_session_can_do(office: PostOfficeProcess) -> None:
    follower = Follower({})
    list(follower.look(pages_of(office.url, office.mailbox)))
    with office.connect("smtp") as peer:
        peer.say(b"EHLO x\r\nMAIL FROM:<a@x> BODY=BINARYMIME\r\nRCPT TO:<b@x>\r\nFOO\r\nQUIT\r\n")
        peer.rest()
    (words,) = [line for line in lines_until(follower, office, "# ended") if line.startswith("#  ")]
    assert words.endswith("To go on: BDAT <octets> LAST")


def test_after_a_restart_all_is_followed_that_is_new(start: Callable[..., PostOfficeProcess]) -> None:
    follower = Follower({})
    first = start()
    first.send("bob@x")
    list(follower.look(pages_of(first.url, first.mailbox)))
    first.stop()
    second = start()
    with second.connect() as peer:
        peer.ask("HELO again")
        assert r"C: HELO again\n" in lines_until(follower, second, "again")


def test_what_made_room_before_it_could_be_shown_is_counted(start: Callable[..., PostOfficeProcess]) -> None:
    office = start("--session-bytes", "4096", "--sessions-kept", "2")
    follower = Follower({})
    with office.connect() as peer:
        peer.ask("HELO x")
        lines_until(follower, office, "HELO x")
        peer.ask(*["HELO x"] * 50)
        lines = lines_until(follower, office, "made room")
        peer.ask("MAIL FROM: a@x")
        lines += lines_until(follower, office, "MAIL FROM")
    (words,) = [line for line in lines if "made room" in line]
    gone = int(words.split()[1])
    assert words == f"# {gone} entries made room for others before they could be shown"
    assert gone + sum(line[:2] in ("C:", "S:") for line in lines) in (101, 102)  # the last reply may be under way
    for _ in range(3):
        office.send("bob@x")
    kept = pages_of(office.url, office.mailbox).ask("/sessions.json")
    assert [each["session"] for each in kept["sessions"]] == [4, 3]
    assert kept["opened"] == 4
    with pytest.raises(Gone):
        pages_of(office.url, office.mailbox).ask("/sessions/1.json")
