"""The tape of one session: all that crossed, in order; bounded in memory, and honest about what it left out."""

import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import PIECE_KEPT, Note, Told
from mysmtp.tape import Standing
from tests.tapes import new


def test_entries_are_numbered_from_one_with_seconds_since_the_beginning() -> None:
    tape = new()
    tape.heard(100.5, b"HELO x\n")
    tape.said(100.75, b"200 OK\n", Note("", "HELO", "initial", "greeted"))
    first, second = tape.entries()
    assert (first.number, first.kind, first.at, first.octets) == (1, "client", 0.5, b"HELO x\n")
    assert (second.number, second.kind, second.at, second.octets) == (2, "server", 0.75, b"200 OK\n")
    assert (second.verb, second.before, second.after) == ("HELO", "initial", "greeted")
    assert tape.entries(2) == [second]
    assert (tape.last, tape.answers) == (2, 1)


def test_what_the_session_is_at_is_told_by_the_conversation_and_stays_as_it_was_at_its_end() -> None:
    class Talk:
        state, framing, reading, received, sent = "greeted", "lines", "", 7, 7

    talk, tape = Talk(), new()
    tape.begin(talk)
    talk.state, talk.reading, talk.received, talk.sent = "recipient known", "DATA", 43, 87
    at_last = ("recipient known", "lines", "DATA", 43, 87)
    assert (tape.state, tape.framing, tape.reading, tape.received, tape.sent) == at_last
    tape.close(1001.0, "client closed")
    over = weakref.ref(talk)
    del talk
    assert over() is None  # nothing else of it is kept
    assert (tape.state, tape.framing, tape.reading, tape.received, tape.sent) == at_last


def test_a_refusal_is_counted_with_its_reason() -> None:
    tape = new()
    tape.turned_down(b"403 Send HELO first\n")
    tape.said(101, b"403 Send HELO first\n", Note("x", "RCPT", "initial", "initial", Told("OutOfOrder")))
    assert tape.entries()[0].fault == Told("OutOfOrder")
    assert (tape.refused, tape.last_refusal) == (1, b"403 Send HELO first\n")


def test_a_rest_is_kept_when_the_connection_closes() -> None:
    tape = new()
    tape.left(101, b"HELO")
    tape.close(104, "client closed")
    assert [(entry.octets, entry.at, entry.pieces) for entry in tape.entries()] == [(b"HELO", 1.0, ())]
    assert (tape.ended, tape.reason) == (4.0, "client closed")


@pytest.mark.parametrize(
    ("sent", "asked", "holds"),
    [
        ("ÉMIL@x", "ÉMIL@x", True),
        ("ÉMIL@x", "émil@X", True),
        ("émil@x", "ÉMIL", True),
        ("ÉMIL@x", "mil@", True),
        ("ÉMIL@x", "emil", False),
        ("straße@x", "STRAßE", True),
        ("STRASSE@x", "straße", True),  # its capitals are SS
        ("ΣΟΦΟΣ@x", "σοφος", True),
        ("BOB@x", "bob", True),
        ("bob@x", "BOBBY", False),
    ],
)
def test_what_was_sent_is_found_whatever_its_case(sent: str, asked: str, holds: bool) -> None:
    tape = new()
    tape.heard(101, f"RCPT TO: {sent}\n".encode())
    tape.said(101, b"200 OK\n", Note("", "RCPT", "sender known", "recipient known"))
    assert tape.mentions(asked) is holds


def test_octets_that_are_not_utf_8_do_not_hide_what_stands_beside_them() -> None:
    tape = new()
    tape.heard(101, b"HELO \xff\xc9 " + "ÉMIL".encode() + b"\n")
    assert tape.mentions("émil")
    assert tape.mentions("helo")


def test_a_line_that_is_not_complete_is_searched_too() -> None:
    tape = new()
    tape.left(101, b"RCPT TO: Bob@")
    assert tape.mentions("bob@")


def test_peer_and_user_are_found_whatever_their_case() -> None:
    tape = new()
    tape.answered_login("ÉMIL", taken=False)
    assert tape.mentions("émil")
    assert tape.mentions("127.0.0.1")


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from("hbs"), st.integers(0, 3 * PIECE_KEPT)), max_size=60),
    st.integers(2048, 40_000),
)
def test_it_never_takes_more_than_it_may_and_counts_what_it_lost(story: list[tuple[str, int]], limit: int) -> None:
    tape, longest = new(limit), PIECE_KEPT + 1000
    for number, (kind, length) in enumerate(story):
        octets = b"z" * length
        if kind == "h":
            tape.heard(number, octets)
        elif kind == "b":
            tape.body(number, octets)
        else:
            tape.said(number, octets)
        assert tape.size <= limit + 2 * longest  # one that does not fit may stand in each half
    numbers = [entry.number for entry in tape.entries()]
    assert numbers == list(range(tape.lost + 1, tape.last + 1))


def test_news_changes_the_version_and_nothing_else_does() -> None:
    tape = new()
    seen = [tape.version]
    tape.heard(101, b"HELO x\n")
    seen.append(tape.version)
    tape.begin(Standing(received=10))  # octets of a line that is not complete came
    seen.append(tape.version)
    tape.close(102, "done")
    assert len({*seen, tape.version}) == 4
    tape.entries()
    assert tape.version == tape.version
