"""Lines that were said before: answered as if they never had been, whoever said them; and what is not remembered."""

from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.events import CommandAnswered, Event, LineReceived, ReplySent
from mysmtp.protocol import phrases
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.phrases import Phrasebook
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.tape import Tape
from tests.protocol.conversation import Client, cut, play
from tests.protocol.taped import recorded, sides

LINES = {
    "my_smtp": (
        MY_SMTP,
        "HELO x|helo  x|MAIL FROM: a@x|MAIL FROM: a@y|MAIL FROM: b|RCPT TO: b@x|DATA|DATA hi|.|LIST b@x",
    ),
    "smtp": (
        SMTP,
        "EHLO x|HELO x|MAIL FROM:<a@x>|MAIL FROM:<a@x> SIZE=9|RCPT TO:<b@x>|DATA|.|RSET|NOOP|BDAT 2|BDAT x|HELP",
    ),
    "lmtp": (LMTP, "LHLO x|MAIL FROM:<a@x>|RCPT TO:<b@x>|RCPT TO:<c@x>|DATA|.|RSET|VRFY|VRFY x"),
    "pop3": (POP3, "USER b@x|PASS y|PASS|STAT|LIST|LIST 1|LIST 0|RETR 1|DELE 1|RSET|UIDL 1|TOP 1 0|NOOP|CAPA"),
}


@pytest.mark.parametrize("unheard", [True, False])
@pytest.mark.parametrize("name", LINES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_line_is_answered_and_noted_the_same_whether_it_was_said_before_or_not(
    name: str, unheard: bool, data: st.DataObject
) -> None:
    dialect, lines = LINES[name]
    said = data.draw(st.lists(st.sampled_from(lines.split("|")), max_size=30))
    known = Phrasebook()
    for _ in range(3):  # in the third all is known, and may be said in another order than it was learnt
        client, tape = recorded(dialect, framing="lines", phrases=known, unheard=unheard)
        fresh, of_fresh = recorded(dialect, framing="lines")
        for line in said:
            octets = f"{line}{client.end}".encode()
            expected = b"".join(fresh.say(octets[at : at + 1]) for at in range(len(octets)))  # never a whole line
            assert client.say(octets) == expected, line
        assert (tape.received, tape.sent) == (of_fresh.received, of_fresh.sent)
        assert (tape.state, tape.answers, tape.refused) == (of_fresh.state, of_fresh.answers, of_fresh.refused)
        assert _told(tape) == _told(of_fresh)
        assert _traces(client) == _traces(fresh)
        said.reverse()


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=40)
@given(data=st.data())
def test_lines_that_were_said_before_are_answered_and_noted_once_however_they_are_cut(
    name: str, data: st.DataObject
) -> None:
    dialect, lines = LINES[name]
    known = Phrasebook()
    lines = lines.replace("|BDAT x", "")  # which ends the session
    if dialect.crlf:
        lines = lines.replace("|DATA|.", "")  # after which a client has to wait
    said = data.draw(st.lists(st.sampled_from(lines.split("|")), max_size=30))
    for _ in range(2):
        client, tape = recorded(dialect, framing="lines", phrases=known, unheard=True)
        fresh, of_fresh = recorded(dialect, framing="lines")
        octets = "".join(f"{line}{client.end}" for line in said).encode()
        places = data.draw(st.lists(st.integers(0, len(octets)), max_size=6))
        answered = b"".join(client.say(piece) for piece in cut(octets, places))
        assert answered == b"".join(fresh.say(octets[at : at + 1]) for at in range(len(octets)))
        assert sides(tape) == (octets.replace(b"PASS y", b"PASS ****"), answered)
        assert (tape.received, tape.sent, tape.rest) == (len(octets), len(answered), None)
        assert (tape.state, tape.answers, tape.refused) == (of_fresh.state, of_fresh.answers, of_fresh.refused)


def test_a_line_that_was_said_before_is_known_where_it_was_parted() -> None:
    client, tape = recorded(framing="lines", unheard=True)
    for piece in (b"HELO x\n", b"HELO", b" x\n", b"HELO x\n"):
        client.say(piece)
    assert [entry.pieces for entry in tape.entries() if entry.kind == "client"] == [(), (4,), ()]


def test_lines_said_before_are_noted_once_where_a_connection_has_just_turned_to_lines() -> None:
    client, tape = recorded(framing="auto", unheard=True)
    client.say(b"HELO x")
    client.wait(0.4)
    client.say(b"HELO y\nHELO y\nMAIL FROM: a@x\nHELO y\nHE")
    client.say(b"LO y\nHELO y\n")
    expected = b"HELO xHELO y\nHELO y\nMAIL FROM: a@x\nHELO y\nHELO y\nHELO y\n"
    assert (sides(tape)[0], tape.answers) == (expected, 7)


@pytest.mark.parametrize(
    ("dialect", "lines"),
    [
        (MY_SMTP, "HELO x|MAIL FROM: a@x|RCPT TO: b@x|DATA"),
        (SMTP, "HELO x|MAIL FROM:<a@x>|RCPT TO:<b@x>|DATA"),
        (LMTP, "LHLO x|MAIL FROM:<a@x>|RCPT TO:<b@x>|DATA"),
        (MY_SMTP, "QUIT"),
        (SMTP, "QUIT"),
    ],
)
def test_a_brief_verb_is_answered_at_once_by_one_short_line(dialect: Dialect, lines: str) -> None:
    book = Phrasebook()
    for _ in range(2):
        client, tape = recorded(dialect, framing="lines", phrases=book, unheard=True)
        for line in lines.split("|"):
            said = client.say(f"{line}{client.end}".encode())
            assert line == "LHLO x" or (said.count(b"\n") == 1 and len(said) < 128)
        assert client.dialog.closing == (lines == "QUIT")
        assert all(reply.mails == () and not reply.mark for reply in tape.entries() if reply.kind == "server")
    brief = {verb for verb, rule in dialect.verbs.items() if rule.brief}
    assert brief <= {"HELO", "MAIL", "RCPT", "DATA", "QUIT"}  # all of them are above
    assert dialect.patience is None or brief.isdisjoint(dialect.patience.idle_verbs)
    assert not any(rule.looks or rule.mask for rule in dialect.verbs.values() if rule.brief)


def test_who_overhears_what_was_said_before_is_told_of_it_all_the_same() -> None:
    client = Client(unheard=True)
    news: list[Event] = []
    client.say(b"HELO x\n")
    client.say(b"HELO x\n")
    client.bus.attach(news.append, LineReceived, CommandAnswered, ReplySent)
    client.say(b"HELO x\n")
    assert [type(each) for each in news] == [LineReceived, CommandAnswered, ReplySent]


def _traces(client: Client) -> list[tuple[str, int, str]]:
    """Return which mails were stored, and by what path of replies."""
    store = client.store
    mails = [(box.name, each.id) for box in store.mailboxes() for each in store.list(box.name)]
    traces = [(name, mail_id, store.read(name, mail_id).trace) for name, mail_id in mails]
    return [(name, mail_id, trace.shape if trace else "") for name, mail_id, trace in traces]


def _told(tape: Tape) -> list[tuple[object, ...]]:
    """Return what crossed and what was made of it, with the pieces of one message as one."""
    told: list[tuple[object, ...]] = []
    for kind, entries in groupby(tape.entries(), key=lambda each: each.kind):
        if kind == "body":
            told.append((kind, b"".join(each.octets for each in entries)))
        else:
            told += [(kind, each.octets, each.verb, each.before, each.after, each.fault) for each in entries]
    return told


def test_what_one_client_said_is_known_when_the_next_one_says_it() -> None:
    book = Phrasebook()
    for _ in range(2):
        play("C: HELO x\nS: 200 OK\nC: MAIL FROM: a@x\nS: 200 OK", Client(phrases=book))
    assert {line for line, phrase in book.known.items() if phrase.is_read} == {b"HELO x\n", b"MAIL FROM: a@x\n"}


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        (POP3, b"PASS hunter2\r\n"),
        (SMTP, b"AUTH PLAIN AGEAaHVudGVyMg==\r\n"),
        (MY_SMTP, b"DATA a whole mail\n"),
        (MY_SMTP, b"HELO " + b"x" * 200 + b"\n"),
        (MY_SMTP, b"NONSENSE\n"),
    ],
)
def test_secrets_mails_long_lines_and_nonsense_are_not_kept(dialect: Dialect, line: bytes) -> None:
    client = Client(dialect=dialect)
    client.say(line)
    client.say(line)
    assert not client.phrases.known


def test_an_argument_that_does_not_parse_is_refused_each_time() -> None:
    play(
        """
        C: HELO x
        S: 200 OK
        C: MAIL FROM:
        S: 400 Invalid syntax: MAIL FROM: takes one email
        C: MAIL FROM:
        S: 400 Invalid syntax: MAIL FROM: takes one email
        """
    )


def test_the_book_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "_MOST", 5)
    client = Client()
    for number in range(13):
        assert client.say(b"HELO x%d\n" % number) == b"200 OK\n"
        assert len(client.phrases.known) <= 5
