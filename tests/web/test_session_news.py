"""A session's page that is open: with the news it is given it shows what a page shows that is opened then."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.message import Envelope, Message
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.store import open_store
from mysmtp.tape import Tape
from mysmtp.web import Endpoints, Setup, create_app
from mysmtp.web.presenting_session import NEWS
from tests.protocol.conversation import Client
from tests.web.conftest import ZONE, client_of
from tests.web.posts import NOON
from tests.web.test_session_pages import Office

_ROW = re.compile(r'<li id="l([0-9.]+)" .*?</li>', re.DOTALL)
_GONE = re.compile(r"came faster than they are shown|made room for others")


def place(name: str) -> tuple[int, int]:
    number, _, part = name.partition(".")
    return int(number), int(part or 0)


def rows_in(page: str) -> list[tuple[str, str]]:
    """Return the lines of a page, each with its name."""
    return [(found[1], found[0]) for found in _ROW.finditer(page)]


@dataclass
class OpenPage:
    """The lines of a page that stays open and takes over what is new, as static/sessions.js does."""

    client: FlaskClient
    query: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = rows_in(self.fresh())

    def fresh(self) -> str:
        return self.client.get(f"/sessions/1?{self.query}").text

    def look(self) -> str:
        """Take over what is new; return what was fetched."""
        known = f"&from={self.rows[-1][0]}" if self.rows else ""
        page = self.client.get(f"/sessions/1?news=1{known}&{self.query}").text
        told = rows_in(page)
        first = re.search('data-first="l([0-9.]+)"', page)
        assert first is not None
        if told:
            self.rows = [row for row in self.rows if place(row[0]) < place(first[1])] + told
        return page

    @property
    def since(self) -> list[tuple[str, str]]:
        """What stands after the last lines that were left out."""
        left_out = [at for at, (_, row) in enumerate(self.rows) if _GONE.search(row)]
        return self.rows[left_out[-1] + 1 if left_out else 0 :]


@contextmanager
def talking(dialect: Dialect, size: int = 10**6, framing: str = "lines") -> Iterator[tuple[Client, Tape, FlaskClient]]:
    """A session that has begun, its tape, and a browser to look at it."""
    with closing(open_store("memory:")) as store:
        office = Office(store, size)
        talker = office.open(dialect, framing=framing)
        tape = office.recorder.find(1)
        assert tape is not None
        nowhere = Endpoints(("127.0.0.1", 2525), ("127.0.0.1", 8025))
        setup = Setup(store, office.bus, endpoints=nowhere, now=lambda: NOON, zone=ZONE, recorder=office.recorder)
        yield talker, tape, client_of(create_app(setup))


TO_SMTP = b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n"


def test_a_long_message_whose_last_line_outgrows_what_is_kept_of_its_end_takes_no_line_away() -> None:
    """80 octets of the end of what is cut are kept: a line that is longer is not shown until it has ended."""
    with talking(SMTP) as (talker, _, client):
        talker.say(TO_SMTP + b"DATA\r\n")
        page = OpenPage(client)
        for said in (b"short line\r\n" * 900, b"y" * 100, b"y", b"\r\nthe last but one\r\n", b".\r\n", b"NOOP\r\n"):
            talker.say(said)
            compare([page])
        assert [name for name, _ in page.rows[:9]] == ["1", "2", "3", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6"]


def test_a_long_message_that_comes_line_by_line_shows_its_first_lines_and_its_last_one() -> None:
    with talking(SMTP) as (talker, _, client):
        talker.say(TO_SMTP + b"DATA\r\n")
        page = OpenPage(client)
        for number in range(40):
            talker.say(b"line %d\r\n" % number)
            compare([page])
            assert page.rows == rows_in(page.fresh())


def test_how_much_of_a_line_is_not_kept_is_told_anew_though_others_follow_it() -> None:
    with talking(SMTP) as (talker, _, client):
        talker.say(TO_SMTP + b"DATA\r\n")
        talker.say(b"short line\r\n" * 900)
        page = OpenPage(client, "whole=1")
        for _ in range(3):
            talker.say(b"short line\r\n" * 10)
            compare([page])


def test_a_chunk_that_ends_without_a_line_end_leaves_no_line_that_was_its_last_before() -> None:
    with talking(SMTP) as (talker, _, client):
        talker.say(TO_SMTP + b"BDAT 20000 LAST\r\n" + b"short line\r\n" * 900)
        page = OpenPage(client)
        talker.say(b"y" * (20_000 - 900 * 12) + b"NOOP\r\n")
        compare([page])


_LINE = st.one_of(
    st.integers(0, 75).map(lambda size: b"a" * size + b"\r\n"),
    st.integers(76, 200).map(lambda size: b"b" * size + b"\r\n"),
    st.sampled_from([b"\r\n", b"\n", b"c", b"\r", b"d" * 79, b"d" * 80, b"d" * 81, b"e\r\n" * 100, b"f" * 9000,
                     b"g" * 70 + b"\r\n" + b"g" * 9000, b".\r\n", b"\r\n.\r\n"]),
)  # fmt: skip
_PIECE = st.lists(_LINE, min_size=1, max_size=4).map(b"".join)
_COMMANDS = st.sampled_from(
    [TO_SMTP, TO_SMTP + b"DATA\r\n", b"NOOP\r\n", b"HELP\r\n", b"FOO\r\n" * 40, b"BDAT 99 LAST\r\n"]
)
_SEGMENT = st.sampled_from([
    b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x", b"DATA", b"DATA\n" + b"one\n" * 600, b"two\n" * 50,
    b"DATA " + b"h" * 9000, b"i" * 5000, b"j" * 70 + b"\nk", b".", b"GET_MAIL b@x 1", b"LIST b@x", b"FOO\n" * 40,
])  # fmt: skip
_FETCH = st.sampled_from([b"NOOP\r\n", b"RETR 1\r\n", b"RETR 2\r\n", b"TOP 1 30\r\n", b"NOOP\r\n" * 25, b"CAPA\r\n"])
_ANY = st.booleans()
ALMOST = b"short line\r\n" * 680  # of the 8 KiB that are kept of a message


def in_a_chunk(size: int) -> bytes:
    return b"BDAT %d\r\n" % size


def said_in(dialect: Dialect) -> st.SearchStrategy[tuple[Sequence[bytes], Sequence[bytes]]]:
    """How a session begins, and what is said then."""
    if dialect is MY_SMTP:
        return st.tuples(st.just([b"HELO x"]), st.lists(_SEGMENT, max_size=10))
    if dialect is POP3:
        return st.tuples(st.just([b"USER b@x\r\nPASS x\r\n"]), st.lists(_FETCH, max_size=10))
    reads = st.one_of(st.just(b"DATA\r\n"), st.integers(8150, 9000).map(in_a_chunk))
    begin = reads.map(lambda command: [TO_SMTP + command, ALMOST])
    return st.tuples(begin, st.lists(st.one_of(_PIECE, _PIECE, _PIECE, _COMMANDS), max_size=10))


@pytest.mark.parametrize("dialect", [SMTP, MY_SMTP, POP3], ids=lambda dialect: dialect.name)
@settings(max_examples=20, deadline=None)
@given(data=st.data(), query=st.sampled_from(["", "hex=1", "whole=1"]))
def test_with_its_news_a_page_shows_what_one_shows_that_is_opened_then(
    dialect: Dialect, data: st.DataObject, query: str
) -> None:
    """Whatever comes, whenever a page was opened, and however often it looked."""
    with talking(dialect, framing="auto") as (talker, _, client):
        for count in (20, 3000):
            talker.store.append(["b@x"], Message(Envelope("a@x", ("b@x",)), b"a line\r\n" * count, NOON))
        begin, said = data.draw(said_in(dialect))
        for octets in begin:
            talker.say(octets)
        pages = [OpenPage(client, query)]
        for octets in said:
            talker.say(octets)
            talker.wait(1.0)
            if data.draw(_ANY):
                compare(pages)
            if data.draw(_ANY):
                pages.append(OpenPage(client, query))
        talker.hang_up()
        compare(pages)


def compare(pages: Sequence[OpenPage]) -> None:
    fresh = rows_in(pages[0].fresh())
    for page in pages:
        page.look()
        since = page.since
        assert since[-len(fresh) :] == fresh[-len(since) :]
        assert len(since) >= min(len(fresh), NEWS - 1)
        names = [place(name) for name, _ in page.rows]
        assert names == sorted(set(names))


@settings(max_examples=20, deadline=None)
@given(said=st.lists(st.tuples(st.one_of(_PIECE, _COMMANDS, _COMMANDS), _ANY, _ANY), max_size=20),
       size=st.integers(2000, 6000))  # fmt: skip
def test_a_page_keeps_what_it_shows_when_that_has_made_room(
    said: Sequence[tuple[bytes, bool, bool]], size: int
) -> None:
    with talking(SMTP, size) as (talker, _, client):
        talker.say(TO_SMTP)
        pages = [OpenPage(client)]
        for octets, looks, opens in said:
            talker.say(octets)
            for page in pages if looks else ():
                kept = page.rows[:-3]  # of what is cut the last lines may change
                page.look()
                assert page.rows[: len(kept)] == kept
                assert octets_of(page.rows[-1][1]) == octets_of(rows_in(page.fresh())[-1][1])
            if opens:
                pages.append(OpenPage(client))


def octets_of(row: str) -> str:
    found = re.search("<bdi>.*?</bdi>", row, re.DOTALL)
    assert found is not None
    return found[0]
