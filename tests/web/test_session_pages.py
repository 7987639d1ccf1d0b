"""The pages of sessions: the list and its filters, the transcript, stepping, two side by side, what is taken along."""

import base64
import dataclasses
import json
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.errors import PasswordsUnreadable
from mysmtp.events import Bus, Event, LoginAnswered, SessionClosed, SessionOpened
from mysmtp.protocol.dialect import Check, Dialect, anybody
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.recorder import Recorder
from mysmtp.tape import Standing
from mysmtp.web import Endpoints, Setup, create_app
from mysmtp.web.presenting_session import NEWS
from tests.protocol.conversation import Client, Clock
from tests.web.conftest import ZONE, client_of
from tests.web.posts import NOON

SCRIPT = "<script>alert(1)</script>"


class Office:
    """Clients whose sessions are recorded, without a socket."""

    def __init__(self, store: MessageStore, session_bytes: int = 10**6) -> None:
        self.bus = Bus()
        self.store = store
        self.clock = Clock(0.0)
        self.check: Check = anybody
        self.recorder = Recorder(self.bus, session_bytes=session_bytes, clock=self.clock, moment=lambda: NOON)

    def open(
        self,
        dialect: Dialect = MY_SMTP,
        peer: str = "127.0.0.1:4",
        *,
        upgrades: bool = False,
        login_first: bool = False,
        framing: str = "lines",
    ) -> Client:
        number = self.recorder.opened + 1
        self.bus.publish(SessionOpened(number, dialect.name, peer))
        client = Client(
            dialect=dialect,
            store=self.store,
            clock=self.clock,
            tape=self.recorder.tape(number),
            check=self.check,
            upgrades=upgrades,
            login_first=login_first,
            framing=framing,
        )
        client.dialog._session.id = number
        client.stored.attach(lambda event: self.bus.publish(_of(event, number)))
        client.bus.attach(lambda event: self.bus.publish(_of(event, number)), LoginAnswered)
        client.dialog.greet()
        return client

    def talk(self, *said: str, dialect: Dialect = MY_SMTP, ends: bool = True, peer: str = "127.0.0.1:4") -> int:
        client = self.open(dialect, peer)
        for line in said:
            self.clock.now += 1
            client.say(line.encode("utf-8", "surrogateescape") + client.end.encode())
        number = self.recorder.opened
        if ends:
            client.hang_up()
            self.bus.publish(SessionClosed(number, "client closed"))
        return number


def _of(event: Event, session: int) -> Event:
    return dataclasses.replace(event, session=session)


@pytest.fixture
def office(store: MessageStore, request: pytest.FixtureRequest) -> Office:
    return Office(store, getattr(request, "param", 10**6))


@pytest.fixture
def client(office: Office) -> FlaskClient:
    endpoints = Endpoints(("127.0.0.1", 2525), ("127.0.0.1", 8025), ("127.0.0.1", 1025))
    app = create_app(
        Setup(office.store, office.bus, endpoints=endpoints, now=lambda: NOON, zone=ZONE, recorder=office.recorder)
    )
    return client_of(app)


MAIL_OF_SMTP = ("MAIL FROM:<a@x>", "RCPT TO:<b@x>")
MAIL = ("HELO x", "MAIL FROM: alice@x", "RCPT TO: bob@example.com", "DATA Lunch?")


def rows(page: str) -> list[str]:
    """Return the lines of a transcript as text: `S 200 OK\\n`."""
    found = re.findall(r'<li id="l[0-9.]+" class="([cst])[^"]*"[^>]*>.*?<bdi>(.*?)</bdi>', page, re.DOTALL)
    return [f"{side.upper()} {re.sub('<[^>]+>', '', text)}" for side, text in found]


def test_a_page_without_sessions_tells_where_to_connect(client: FlaskClient) -> None:
    page = client.get("/sessions").text
    assert "No conversations yet" in page
    assert "<code>127.0.0.1:1025</code> (SMTP)" in page
    assert "0 open, 0 since the start" in page


def test_the_list_tells_of_each_session_newest_first(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL)
    office.talk("MAIL FROM: a@x", "MAIL FROM: a@x", "MAIL FROM: a@x")
    office.talk("EHLO x", dialect=SMTP, ends=False)
    page = client.get("/sessions").text
    assert re.findall(r'id="session-(\d+)"', page) == ["3", "2", "1"]
    assert "1 open, 3 since the start" in page
    assert "403 Send HELO first, 3 times" in page
    assert re.search(r"Session 1: </span><bdi>1 stored</bdi>", page)
    assert '<li id="session-3" class="openrow">' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("protocol=smtp", ["3"]),
        ("state=open", ["3"]),
        ("state=ended", ["4", "2", "1"]),
        ("state=stored", ["1"]),
        ("state=nothing", ["4", "3", "2"]),
        ("state=1", ["3"]),
        ("errors=1", ["4", "2"]),
        ("address=BOB@example", ["1"]),
        ("address=10.0.0.9", ["4"]),
        ("protocol=my_smtp&errors=1", ["2"]),
        ("protocol=nonsense&state=nonsense", ["4", "3", "2", "1"]),
        ("before=3", ["2", "1"]),
        ("address=nobody", []),
    ],
)
def test_the_list_is_filtered_by_a_form(client: FlaskClient, office: Office, query: str, found: list[str]) -> None:
    office.talk(*MAIL)
    office.talk("MAIL FROM: a@x")
    office.talk("EHLO x", dialect=SMTP, ends=False)
    office.talk("STAT", dialect=POP3, peer="10.0.0.9:1")
    page = client.get(f"/sessions?{query}").text
    assert re.findall(r'id="session-(\d+)"', page) == found
    if not found:
        assert "No session is like that" in page


def test_an_address_that_is_not_ascii_is_found_as_it_was_sent_and_in_other_case(
    client: FlaskClient, office: Office
) -> None:
    office.talk("HELO x", "MAIL FROM: a@x", "RCPT TO: ÉMIL@x")
    office.talk("HELO x", "MAIL FROM: a@x", "RCPT TO: emil@x")
    for asked in ("ÉMIL@x", "émil@X"):
        page = client.get("/sessions", query_string={"address": asked}).text
        assert re.findall(r'id="session-(\d+)"', page) == ["1"]


def test_a_filter_that_is_not_known_is_told_of_and_a_program_is_refused(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL)
    page = client.get("/sessions", query_string={"protocol": SCRIPT, "state": "4"}).text
    assert (
        "There is no protocol &lt;script&gt;alert(1)&lt;/script&gt;.</bdi> Sessions of every protocol are shown."
        in page
    )
    assert "There is no state 4.</bdi> Sessions of every state are shown." in page
    assert "There is no" not in client.get("/sessions?protocol=smtp&state=").text
    refused = client.get("/sessions.json?protocol=nope")
    assert refused.status_code == 400
    assert "There is no protocol nope." in refused.text


def test_a_long_list_is_paged_by_key(client: FlaskClient, office: Office) -> None:
    for _ in range(120):
        office.talk("HELO x")
    first = client.get("/sessions").text
    assert 'rel="next" href="/sessions?before=71"' in first
    second = client.get("/sessions?before=71").text
    assert "70 to 21" in second
    assert 'rel="prev" href="/sessions"' in second
    assert 'rel="prev" href="/sessions?before=71"' in client.get("/sessions?before=21").text


def test_the_transcript_tells_every_line_and_why_it_was_refused(client: FlaskClient, office: Office) -> None:
    office.talk("RCPT TO: bob@x", *MAIL)
    page = client.get("/sessions/1").text
    assert rows(page)[:4] == [r"C RCPT TO: bob@x\n", r"S 403 Send HELO first\n", r"C HELO x\n", r"S 200 OK\n"]
    assert "<b>Too early.</b> RCPT TO needs state 2, sender known; this session is in state 0" in page
    assert "Next: <code>HELO &lt;domain&gt;</code>" in page
    assert '<a href="/mailbox/bob@example.com/1"><bdi>bob@example.com 1</bdi></a>' in page
    assert "moves to state 1, greeted" in page
    assert "The client closed it, after" in page
    assert "data-watch" not in page


def test_the_drawing_shows_each_refusal_whole_and_in_the_colour_of_its_class(
    client: FlaskClient, office: Office
) -> None:
    office.talk("RCPT TO: bob@x", "FOO", "FOO")
    office.talk("RCPT TO:<bob@x>", dialect=SMTP)
    mine, theirs = (client.get(f"/sessions/{number}").text for number in (1, 2))
    assert re.findall('class="ref"[^>]*>(.*?)<', mine) == ["403 ×1", "400 ×2"]
    places = [int(y) for y in re.findall('class="ref" x="266" y="([0-9]+)"', mine)]
    assert places[0] < places[1]  # in the order in which they came
    assert re.findall('class="ref hard"[^>]*>(.*?)<', theirs) == ["503 ×1"]


def test_what_else_was_refused_has_the_colour_of_its_class_too(client: FlaskClient, office: Office) -> None:
    office.talk("RCPT TO:<bob@x>", "FOO", "HELO", "EXPN", "FOO", dialect=SMTP)  # 503, 500, 501, 502, 500: none of 4xx
    page = client.get("/sessions/1").text
    assert re.findall('class="ref( [a-z]+)?"[^>]*>(.*?)<', page) == [(" hard", "503 ×1"), (" hard", "other ×4")]
    assert re.findall('class="refbar( [a-z]+)?"', page) == [" hard", " hard"]
    assert "Refused in state 0: 503 ×1, other ×4." in page  # the same in words


def test_a_refusal_for_now_has_one_colour_wherever_it_stands(client: FlaskClient, office: Office) -> None:
    """4xx is amber, 5xx red: at its code, on the line, in the list, on the drawing."""

    def unreadable(_user: str, _password: str) -> bool:
        raise PasswordsUnreadable

    office.check = unreadable
    office.talk("EHLO x", _plain_of("bob"), dialect=SMTP)  # 454, which is no fault of the client
    page, rows = client.get("/sessions/1").text, client.get("/sessions").text
    assert '<span class="code k4">454</span>' in page
    assert re.findall('class="stop ([a-z]+)"', page) == ["soft"]
    assert re.findall('class="ref( [a-z]+)?"[^>]*>(.*?)<', page) == [("", "454 ×1")]
    assert re.findall('<path class="(x[^"]*)"', rows) == ["x"]
    office.talk("EHLO x", "FOO", dialect=SMTP)
    assert re.findall('class="stop ([a-z]+)"', client.get("/sessions/2").text) == ["hard"]
    assert re.findall('<path class="(x[^"]*)"', client.get("/sessions").text) == ["x h", "x"]


def test_tls_is_said_to_be_taken_where_it_was_offered(client: FlaskClient, office: Office) -> None:
    for upgrades in (False, True):
        office.open(SMTP, upgrades=upgrades).say(b"EHLO x\r\nDATA\r\n")
    assert "<code>RSET</code>" in client.get("/sessions/1").text
    assert "<code>STARTTLS</code>" not in client.get("/sessions/1").text
    assert "<code>STARTTLS</code>" in client.get("/sessions/2").text


def codes(row: str) -> list[str]:
    """Return the commands that stand under a refusal as what is taken there."""
    return re.findall("<code>(.*?)</code>", row.partition("Taken here:")[2])


def test_where_tls_began_it_is_told_as_taken_before_and_not_after(client: FlaskClient, office: Office) -> None:
    talker = office.open(SMTP, upgrades=True)
    talker.say(b"DATA\r\nEHLO x\r\nDATA\r\nSTARTTLS\r\n")
    talker.dialog.upgraded("TLSv1.3 AES")
    talker.say(b"EHLO x\r\nDATA\r\n")
    page = client.get("/sessions/1").text
    refused = [codes(row) for row in re.findall(r'<li id="l[0-9.]+".*?</li>', page, re.DOTALL) if "Too early" in row]
    assert [("STARTTLS" in each, "RSET" in each) for each in refused] == [(False, True), (True, True), (False, True)]
    assert "STARTTLS ×1" in page  # on the map
    office.open(SMTP).say(b"EHLO x\r\n")
    assert "STARTTLS" not in client.get("/sessions/2").text


def test_who_has_to_log_in_first_is_told_so(client: FlaskClient, office: Office) -> None:
    talker = office.open(SMTP, login_first=True)
    talker.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\n")
    page = client.get("/sessions/1").text
    assert "<b>Log in first.</b> This server takes mail only of who is logged in. Next: <code>AUTH PLAIN</code>" in page
    assert "RFC 4954, section 6" in page
    assert "MAIL FROM:&lt;email&gt;" not in codes(page)


def test_the_lines_that_are_counted_are_those_that_are_seen(client: FlaskClient, office: Office) -> None:
    talking = office.open()
    talking.say(b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\n")
    talking.say(b"one\ntwo\nthree\n")  # three lines that come as one piece
    page = client.get("/sessions/1").text
    assert len(rows(page)) == 11
    assert "<b>11</b> lines," in page


def test_no_gap_parts_a_code_from_the_hyphen_that_tells_of_more_lines(client: FlaskClient, office: Office) -> None:
    office.talk("EHLO x", dialect=SMTP)
    page = client.get("/sessions/1").text
    assert '<span class="code k2">250-</span>' in page
    assert r"S 250-localhost greets you\r\n" in rows(page)


def test_a_mail_leads_back_to_the_line_that_stored_it(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL)
    page = client.get("/mailbox/bob@example.com/1").text
    assert '<a href="/sessions/1#l8">Session 1</a>' in page
    other = Office(office.store)
    other.talk("HELO x")
    nowhere = Endpoints(("127.0.0.1", 1), ("127.0.0.1", 2))
    app = create_app(Setup(office.store, other.bus, endpoints=nowhere, recorder=other.recorder))
    # A session of another run may have this number: it did not store the mail.
    assert "/sessions/1" not in client_of(app).get("/mailbox/bob@example.com/1").text


def test_a_mail_leads_back_to_its_session_when_the_line_that_stored_it_made_room(store: MessageStore) -> None:
    office = Office(store, session_bytes=20_000)
    office.talk(*MAIL, *["HELO x"] * 300, peer="127.0.0.1:4")
    nowhere = Endpoints(("127.0.0.1", 1), ("127.0.0.1", 2))
    client = client_of(create_app(Setup(store, office.bus, endpoints=nowhere, recorder=office.recorder)))
    assert '<a href="/sessions/1">Session 1</a>' in client.get("/mailbox/bob@example.com/1").text
    other = Office(store, session_bytes=20_000)
    other.talk(*["HELO x"] * 300, peer="127.0.0.1:5")
    app = create_app(Setup(store, other.bus, endpoints=nowhere, recorder=other.recorder))
    assert "/sessions/1" not in client_of(app).get("/mailbox/bob@example.com/1").text


def test_what_a_peer_sends_is_shown_and_never_obeyed(client: FlaskClient, office: Office) -> None:
    evil = f"{SCRIPT}\x1b[2J\u202e\u009b31m\udcff"
    office.talk(evil, f"HELO {evil}", f"MAIL FROM: {SCRIPT}@x", f"HELO {SCRIPT}", f"MAIL FROM: a@{SCRIPT}",
                f"RCPT TO: {SCRIPT}@b", f"DATA {evil}", peer=SCRIPT)  # fmt: skip
    office.talk(f"EHLO {SCRIPT}", f"VRFY {SCRIPT}", f"{SCRIPT} :", dialect=SMTP)
    office.talk(f"USER {SCRIPT}", "PASS x", f"RETR {SCRIPT}", dialect=POP3, ends=False)
    waiting = office.open(SMTP)
    waiting.say(f"EHLO x\r\nAUTH LOGIN {_plain_of(SCRIPT)}\r\n{SCRIPT}".encode())
    for path in ("/sessions", "/sessions/1", "/sessions/2", "/sessions/3", "/sessions/4", "/sessions/1?hex=1",
                 "/sessions/1?step=2", "/sessions/1/beside/2", f"/sessions?address={SCRIPT}",
                 f"/sessions?state={SCRIPT}&protocol={SCRIPT}", "/sessions?news=1",
                 "/sessions/1?news=1&from=1"):  # fmt: skip
        page = client.get(path).text
        assert SCRIPT not in page, path
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", page), path
    for kind in ("txt", "wire", "swaks", "json"):
        reply = client.get(f"/sessions/1.{kind}")
        assert reply.mimetype == ("application/json" if kind == "json" else "text/plain")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", reply.text), kind


def test_a_password_is_hidden(client: FlaskClient, office: Office) -> None:
    office.talk("USER bob", "PASS hunter2", "QUIT", dialect=POP3)
    page = client.get("/sessions/1").text
    assert "hunter2" not in page
    assert 'PASS <span class="hid">(hidden)</span>' in page


def test_stepping_shows_the_session_as_it_was(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL)
    page = client.get("/sessions/1?step=4").text
    assert "Step <b>4</b> of 8" in page
    assert re.search(r'<li id="l4" class="s sel"', page)
    assert re.search(r'<li id="l5" class="c later"', page)
    assert "State: 2, sender known" in page
    assert 'href="/sessions/1?step=5#l5"' in page
    assert "State: 0, delivered" in client.get("/sessions/1?step=99").text
    assert client.get("/sessions/1?step=x").status_code == 400


def test_of_a_long_message_it_is_told_what_is_kept_and_what_is_not(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL[:3], "DATA", *["x" * 99] * 1000, ".")  # 8 KiB of 100,000 octets are kept
    assert re.search(
        r"[0-9]+ lines, [0-9.]+ kB not shown here\. Between them 9[0-9] kB were not kept\.",
        client.get("/sessions/1").text,
    )


def test_a_connection_lost_in_the_middle_of_a_message_is_told_so(client: FlaskClient, office: Office) -> None:
    for before in ((), ("DATA", "one", ".")):
        office.talk(
            "EHLO x", *MAIL_OF_SMTP, *before, *MAIL_OF_SMTP[: 2 * len(before)], "DATA", "half", dialect=SMTP, ends=False
        )
        office.bus.publish(SessionClosed(office.recorder.opened, "connection lost: Connection reset by peer"))
    page = client.get("/sessions").text
    assert "<bdi>connection lost in the middle of a message; nothing stored</bdi>" in page
    assert "<bdi>1 stored, connection lost in the middle of another</bdi>" in page
    told = (
        r"Connection lost: Connection reset by peer, after [0-9.]+ s, in the middle of a message; none of it was stored"
    )
    assert re.search(told, client.get("/sessions/1").text)
    office.talk("EHLO x", dialect=SMTP, ends=False)
    office.bus.publish(SessionClosed(3, "connection lost: Connection reset by peer"))
    assert "in the middle" not in client.get("/sessions/3").text


def test_who_takes_the_port_for_another_or_ends_no_line_is_told_in_the_list(
    client: FlaskClient, office: Office
) -> None:
    for said, words in (
        (b"GET / HTTP/1.1\r\n\r\n", "spoke HTTP, not SMTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "spoke TLS, not SMTP"),
        (b"EHLO x", "ended no line"),
    ):
        peer = office.open(SMTP)
        peer.say(said)
        peer.hang_up()
        office.bus.publish(SessionClosed(office.recorder.opened, "done"))
        assert words in client.get("/sessions").text
        assert "The server closed it without a reply" in client.get(f"/sessions/{office.recorder.opened}").text


def test_hex_and_long_messages_are_shown_on_demand(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL[:3], "DATA", *["a line"] * 50, ".")
    page = client.get("/sessions/1").text
    assert "30 lines, 210 B not shown here." in page
    assert rows(page).count(r"C a line\n") == 20
    assert rows(client.get("/sessions/1?whole=1").text).count(r"C a line\n") == 50
    octets = re.findall('<span class="hex">(.*?)</span>\n', client.get("/sessions/1?hex=1").text)
    assert octets[0] == "<span>0000  <span>48 45 4c 4f 20 78 0a</span></span>"
    said = b"MAIL FROM: alice@x\n".hex(" ")  # halves, so that a narrow page parts them there
    first = f"<span>0000  <span>{said[:23]}</span> <span>{said[24:47]}</span></span>"
    assert octets[2] == f"{first}<span>0010  <span>{said[48:]}</span></span>"


def test_a_session_of_very_many_lines_is_paged(client: FlaskClient, office: Office) -> None:
    office.talk(*["HELO x"] * 300)
    page = client.get("/sessions/1").text
    assert len(rows(page)) == 400
    assert 'href="/sessions/1?from=1">Earlier lines</a>' in page
    assert len(rows(client.get("/sessions/1?from=590").text)) == 11


@pytest.mark.parametrize("ends", [True, False])
def test_a_page_that_ends_before_the_newest_line_leads_on_and_is_not_live(
    client: FlaskClient, office: Office, ends: bool
) -> None:
    office.talk(*["HELO x"] * 300, ends=ends)
    first, second = (client.get(f"/sessions/1?from={begin}").text for begin in (1, 401))
    assert (len(rows(first)), len(rows(second))) == (400, 200)
    assert 'href="/sessions/1?from=401">Later lines</a>' in first
    assert "Later lines" not in second
    assert ("data-watch" in first, "live</span>" in first) == (False, False)
    assert ("data-watch" in second, "live</span>" in second) == (not ends, not ends)
    assert 'data-watch="1"' in news(client, 1, 599) or ends
    assert "Later lines" not in client.get("/sessions/1?step=1").text


def test_a_page_of_lines_that_are_not_there_shows_the_last_one(client: FlaskClient, office: Office) -> None:
    office.talk("HELO x")
    assert rows(client.get("/sessions/1?from=9").text) == ["S 200 OK\\n"]


def news(client: FlaskClient, session: int, known: int) -> str:
    return client.get(f"/sessions/{session}?news=1&from={known}").text


def test_a_page_that_is_open_is_given_what_came_after_the_line_it_ends_with(
    client: FlaskClient, office: Office
) -> None:
    talker = office.open()
    talker.say(b"HELO x\nMAIL FROM: a@x\n")
    page = client.get("/sessions/1").text
    talker.say(b"RCPT TO: bob@")
    assert rows(news(client, 1, 4)) == ["S 200 OK\\n"]
    talker.say(b"x\n")
    later = news(client, 1, 4)
    assert rows(page) + rows(later)[1:] == rows(client.get("/sessions/1").text)
    for part in ("facts", "doctor", "strip", "steps", "map-title", "machine", "wait"):
        assert f'id="{part}"' in later
    assert "<header" not in later


def test_of_more_lines_than_anybody_reads_it_is_given_the_newest_and_told_how_many_were_left_out(
    client: FlaskClient, office: Office
) -> None:
    talker = office.open()
    talker.say(b"HELO x\n")
    client.get("/sessions/1?news=1&from=2")
    for _ in range(100):
        talker.say(b"LIST bob@x\n")
    page = news(client, 1, 2)
    assert len(rows(page)) == 1 + NEWS
    assert f"{200 - NEWS} lines came faster than they are shown." in page
    assert 'href="/sessions/1?from=3">Show</a>' in page


@pytest.mark.parametrize("office", [4000], indirect=True)
def test_it_is_told_how_many_lines_made_room_before_they_could_be_shown(client: FlaskClient, office: Office) -> None:
    talker = office.open()
    tape = office.recorder.find(1)
    assert tape is not None
    talker.say(b"HELO x\n")
    page = news(client, 1, 2)
    assert "made room" not in page
    while tape.lost < 10:
        talker.say(b"LIST bob@x\n")
    told = news(client, 1, 2)
    assert f"{tape.lost - 2} lines made room for others before they could be shown.</span>" in told  # nothing to show


def test_lines_that_came_too_fast_are_told_beside_those_that_are_folded(client: FlaskClient, office: Office) -> None:
    talker = office.open()
    talker.say(b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\n")
    for _ in range(30):
        talker.say(b"LIST b@x\n")
    talker.say(b"DATA\n" + b"a line\n" * 60)
    page = news(client, 1, 6)
    assert "53 lines came faster than they are shown." in page  # 62 of LIST and DATA, and 21 of 60, but for 30
    assert "39 lines, 273 B not shown here." in page
    assert len(rows(page)) == 1 + NEWS


def test_a_page_begins_at_the_line_that_its_address_names(client: FlaskClient, office: Office) -> None:
    office.talk("EHLO x", "NOOP", dialect=SMTP)
    whole = rows(client.get("/sessions/1").text)
    assert rows(client.get("/sessions/1?from=3").text) == whole[2:]
    assert rows(client.get("/sessions/1?from=3.2").text) == whole[4:]
    for odd in ("x", "3.", ".3", "3.2.1", "-3", "\u0663", "1234567890"):
        assert client.get(f"/sessions/1?from={odd}").status_code == 400


def test_a_long_message_is_folded_alike_however_often_the_page_looked(client: FlaskClient, office: Office) -> None:
    talker = office.open()
    talker.say(b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\n")
    tape = office.recorder.find(1)
    assert tape is not None
    for part in range(5):
        talker.say(b"".join(b"line %d of part %d\n" % (line, part) for line in range(15)))
        assert rows(news(client, 1, tape.last))[-1] == rf"C line 14 of part {part}\n"
    assert "54 lines" in news(client, 1, tape.last)
    assert "54 lines" in client.get("/sessions/1").text


def test_what_has_come_of_a_line_is_shown_as_it_came(client: FlaskClient, office: Office) -> None:
    ago = '<span id="ago">last octet [0-9,]+ s ago[.]</span></p>'
    office.open(SMTP).say(b"EHLO x\r\nMAIL <\x1b")
    come = r'<code><bdi>MAIL &lt;<span class="esc">\\x1b</span></bdi></code> has come; '
    assert re.search(f">Waiting for the end of the line: {come}{ago}", client.get("/sessions/1").text)
    office.open(SMTP).say(b"EHLO x\r\n")
    assert re.search(f">Waiting for the next command; {ago}", client.get("/sessions/2").text)
    office.talk("HELO x")
    assert '"ago"' not in client.get("/sessions/3").text


def test_two_sessions_side_by_side(client: FlaskClient, office: Office) -> None:
    office.talk("HELO x", "MAIL FROM: a@x")
    office.talk("HELO x", "MAIL FROM: a@y")
    assert client.get("/sessions/1/beside?other=2").location == "/sessions/1/beside/2"
    page = client.get("/sessions/1/beside/2").text
    assert page.count('class="same"') == 2
    assert page.count('class="differs"') == 2
    assert "2 lines differ" in page
    assert "not compared" not in page
    assert client.get("/sessions/1/beside/9").status_code == 404
    assert client.get("/sessions/1/beside").status_code == 400


def test_of_very_long_sessions_it_is_told_how_much_is_compared(client: FlaskClient, office: Office) -> None:
    for _ in range(2):
        office.talk(*["HELO x"] * 301)
    page = client.get("/sessions/1/beside/2").text
    assert "Both said the same, octet for octet, in their first 600 lines; what follows is not compared" in page
    office.talk("HELO x")
    assert (
        "598 lines only on the left, in the first 600 lines of each; what follows is not compared"
        in client.get("/sessions/1/beside/3").text
    )


def test_of_a_very_long_line_it_is_told_how_much_is_not_shown(client: FlaskClient, office: Office) -> None:
    for end in ("a", "b"):
        office.talk("HELO x", "LIST " + "x" * 2030 + end, "LIST y")
    page = client.get("/sessions/1/beside/2").text
    assert page.count("… 37 B not shown") == 2  # 5 + 2031 + 1 octets, 2000 of which are shown


def test_what_is_taken_along(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL)
    assert client.get("/sessions/1.wire").text.startswith("C: HELO x\\n\nS: 200 OK\\n\n")
    assert "swaks --server 127.0.0.1 --port 1025" in client.get("/sessions/1.swaks").text
    assert "# Session 1: My_SMTP" in client.get("/sessions/1.txt").text
    told = json.loads(client.get("/sessions/1.json?after=6").text)
    assert [entry["number"] for entry in told["entries"]] == [7, 8]
    assert [each["session"] for each in json.loads(client.get("/sessions.json").text)["sessions"]] == [1]


@pytest.mark.parametrize(
    ("smtp", "others", "told"),
    [
        (("127.0.0.1", 1025), {"smtps": ("127.0.0.1", 1465)}, "swaks --server 127.0.0.1 --port 1025 --helo x "),
        (None, {"smtps": ("127.0.0.1", 1465)}, "swaks --server 127.0.0.1 --port 1465 --tls-on-connect --helo x "),
        (None, {"lmtp": ("127.0.0.1", 1024)}, "# SMTP is off here: there is no port that swaks could send to."),
    ],
)
def test_swaks_is_told_a_port_that_is_open_or_that_none_is(
    office: Office, smtp: tuple[str, int] | None, others: dict[str, tuple[str, int]], told: str
) -> None:
    office.talk(*MAIL)
    office.talk("HELO x")
    endpoints = Endpoints(("127.0.0.1", 2525), ("127.0.0.1", 8025), smtp, others=others)
    app = create_app(
        Setup(office.store, office.bus, endpoints=endpoints, now=lambda: NOON, zone=ZONE, recorder=office.recorder)
    )
    text = client_of(app).get("/sessions/1.swaks").text
    assert told in text
    assert text.count("--port") == told.count("--port")
    assert client_of(app).get("/sessions/2.swaks").text == "# This session sent no mail.\n"


def test_what_a_program_is_told_of_all_sessions(client: FlaskClient, office: Office) -> None:
    office.talk(*MAIL)
    told = json.loads(client.get("/sessions.json").text)
    assert told["ports"] == {"my_smtp": "my_smtp://127.0.0.1:2525", "smtp": "smtp://127.0.0.1:1025"}
    assert told["started"] == NOON.isoformat()
    assert told["sessions"][0]["words"] == "1 stored"


def test_only_open_sessions_and_those_of_late_are_told_where_that_is_asked(client: FlaskClient, office: Office) -> None:
    office.talk("HELO x")  # ended a second after noon, which it is
    office.recorder.tapes()[0].began -= timedelta(seconds=20)
    office.talk("HELO y", ends=False)
    office.recorder.tapes()[0].began -= timedelta(seconds=20)
    for recent, sessions in (("18", [2]), ("19", [2, 1]), ("20", [2, 1])):
        told = json.loads(client.get(f"/sessions.json?recent={recent}").text)
        assert [each["session"] for each in told["sessions"]] == sessions
    assert client.get("/sessions.json?recent=x").status_code == 400


@pytest.mark.parametrize("path", ["/sessions/9", "/sessions/0", "/sessions/9.txt", "/sessions/99999999999999999999"])
def test_a_session_that_is_not_kept_is_not_found(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    number = path.removeprefix("/sessions/").removesuffix(".txt")
    assert f"<h1>No session {number}</h1>" in answer.text
    assert '<a href="/sessions">Sessions</a>' in answer.text


def test_a_framing_may_still_be_settled_only_while_the_session_is_open(client: FlaskClient, office: Office) -> None:
    office.talk("RCPT TO: b@x")
    office.talk("RCPT TO: b@x", ends=False)
    for tape in office.recorder.tapes():
        tape.begin(Standing("initial", "undecided"))
    assert "framing never settled" in client.get("/sessions/1").text
    assert "framing not settled yet" in client.get("/sessions/2").text


def test_where_nothing_is_recorded_there_is_no_link_to_sessions(store: MessageStore, bus: Bus) -> None:
    app = create_app(Setup(store, bus, endpoints=Endpoints(("127.0.0.1", 1), ("127.0.0.1", 2))))
    assert "/sessions" not in client_of(app).get("/").text


def test_the_doctor_tells_what_the_client_should_do_otherwise(client: FlaskClient, office: Office) -> None:
    office.talk("EHLO x", "MAIL FROM : a@x", dialect=SMTP)
    page = client.get("/sessions/1").text
    assert "What this client should do otherwise" in page
    assert "The client puts a space before the colon" in page
    assert 'href="/sessions/1?step=4#l4">Step 4</a>' in page


def test_a_session_that_has_said_nothing_yet_has_a_page(client: FlaskClient, office: Office) -> None:
    office.open()
    page = client.get("/sessions/1").text
    assert "Nothing was said yet." in page
    assert "Waiting for the next command" in page
    office.bus.publish(SessionClosed(1, "client closed"))
    assert "Nothing was said.</li>" in client.get("/sessions/1").text


def test_only_what_may_still_change_is_called_not_live_and_is_refreshed(client: FlaskClient, office: Office) -> None:
    office.talk("HELO x")
    office.talk("HELO x", ends=False)
    for path in ("/sessions/1", "/sessions/1?step=1", "/sessions/1/beside/1"):
        ended = client.get(f"{path}{'&' if '?' in path else '?'}every=2")
        assert "Refresh" not in ended.headers
        for word in ("Not live", "Refresh", "every 2 s", "Stop<"):
            assert word not in ended.text
        assert "Complete: it has ended" in ended.text or "Complete: both have ended" in ended.text
    for path in ("/sessions/2", "/sessions/1/beside/2", "/sessions/2/beside/1", "/sessions"):
        assert 'Not live. <a href="' in client.get(path).text
        assert client.get(f"{path}?every=2").headers["Refresh"] == "2"


def _plain_of(user: str) -> str:
    return f"AUTH PLAIN {base64.b64encode(f'{chr(0)}{user}{chr(0)}tiger'.encode()).decode()}"


def test_the_user_of_a_login_is_told_though_its_line_is_masked(office: Office, client: FlaskClient) -> None:
    number = office.talk("EHLO x", _plain_of(f"alice{SCRIPT}"), dialect=SMTP)
    page = client.get(f"/sessions/{number}").text
    assert "logged in as <b><bdi>alice&lt;script&gt;alert(1)&lt;/script&gt;</bdi></b>" in page
    assert "tiger" not in page
    assert f"# Login taken, user alice{SCRIPT}\n" in client.get(f"/sessions/{number}.txt").text
    told = json.loads(client.get(f"/sessions/{number}.json").data)
    assert told["login"] == {"user": f"alice{SCRIPT}", "taken": True}
    assert f">Session {number}: <" in client.get("/sessions?address=ALICE").text


def test_so_is_the_user_of_one_that_was_refused(office: Office, client: FlaskClient) -> None:
    office.check = lambda _user, _password: False
    number = office.talk("USER bob@x", "PASS tiger", dialect=POP3)
    assert "login refused, user <b><bdi>bob@x</bdi></b>" in client.get(f"/sessions/{number}").text
    assert json.loads(client.get(f"/sessions/{number}.json").data)["login"] == {"user": "bob@x", "taken": False}


def test_where_nobody_logged_in_nothing_is_said_of_it(office: Office, client: FlaskClient) -> None:
    number = office.talk("HELO x")
    assert "logged in" not in client.get(f"/sessions/{number}").text
    assert json.loads(client.get(f"/sessions/{number}.json").data)["login"] is None
