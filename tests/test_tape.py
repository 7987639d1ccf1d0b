"""The tape of one session: all that crossed, in order; bounded in memory, and honest about what it left out."""

import mmap
import weakref
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import PARTED_KEPT, PIECE_KEPT, TAIL_KEPT, Mail, Note, Told
from mysmtp.tape import Tape

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def new(limit: int = 64 * 1024) -> Tape:
    return Tape(7, "my_smtp", "127.0.0.1:4", began=NOON, start=100.0, limit=limit)


def test_entries_are_numbered_from_one_with_seconds_since_the_beginning() -> None:
    tape = new()
    tape.heard(100.5, b"HELO x\n")
    tape.said(100.75, b"200 OK\n", Note("", "HELO", "initial", "greeted"))
    first, second = tape.entries()
    assert (first.number, first.kind, first.at, first.octets) == (1, "client", 0.5, b"HELO x\n")
    assert (second.number, second.kind, second.at, second.octets) == (2, "server", 0.75, b"200 OK\n")
    assert (second.verb, second.before, second.after) == ("HELO", "initial", "greeted")
    assert tape.entries(2) == [second]
    assert (tape.last, tape.answers, tape.sent, tape.state) == (2, 1, 7, "greeted")


def test_a_refusal_is_counted_with_its_reason() -> None:
    tape = new()
    tape.turned_down(b"403 Send HELO first\n")
    tape.said(101, b"403 Send HELO first\n", Note("x", "RCPT", "initial", "initial", Told("OutOfOrder")))
    assert tape.entries()[0].fault == Told("OutOfOrder")
    assert (tape.refused, tape.last_refusal) == (1, b"403 Send HELO first\n")


def test_a_line_remembers_where_it_was_parted_and_the_rest_is_seen_before_it_is_complete() -> None:
    tape = new()
    tape.left(101, b"HE")
    tape.left(102, b"HELO")
    assert tape.rest == (102, b"HELO")
    tape.heard(103, b"HELO x\n")
    tape.heard(103, b"QUIT\n")
    assert [entry.pieces for entry in tape.entries()] == [(2, 4), ()]
    assert tape.rest is None


def test_a_line_that_drips_remembers_the_first_places_only() -> None:
    tape = new()
    for length in range(1, 1000):
        tape.left(101, b"x" * length)
    tape.heard(103, b"x" * 1000)
    assert tape.entries()[0].pieces == tuple(range(1, PARTED_KEPT + 1))


def test_a_rest_is_kept_when_the_connection_closes() -> None:
    tape = new()
    tape.left(101, b"HELO")
    tape.close(104, "client closed")
    assert [(entry.octets, entry.at, entry.pieces) for entry in tape.entries()] == [(b"HELO", 1.0, ())]
    assert (tape.ended, tape.reason) == (4.0, "client closed")


def test_where_a_password_was_parted_is_not_told() -> None:
    tape = new()
    tape.left(101, b"PASS ****")
    tape.heard(102, b"PASS ****\r\n", masked=True)
    assert tape.entries()[0].pieces == ()
    assert tape.entries()[0].masked


@settings(max_examples=40)
@given(st.lists(st.binary(min_size=1, max_size=9000), min_size=1, max_size=12))
def test_a_long_message_keeps_its_beginning_its_end_and_its_length(pieces: list[bytes]) -> None:
    tape, whole = new(10**9), b"".join(pieces)
    for piece in pieces:
        tape.body(101, piece)
    entries = tape.entries()
    assert b"".join(entry.octets for entry in entries) == whole[:PIECE_KEPT]
    assert sum(entry.cut for entry in entries) == max(0, len(whole) - PIECE_KEPT)
    assert entries[-1].tail == whole[PIECE_KEPT:][-TAIL_KEPT:]


def test_the_next_message_has_room_of_its_own() -> None:
    tape = new()
    tape.body(101, b"x" * 2 * PIECE_KEPT)
    tape.said(102, b"200 Message stored successfully\n")
    tape.read("DATA")
    tape.body(103, b"y" * 10)
    assert tape.entries()[-1].octets == b"y" * 10


def test_what_is_not_kept_of_a_message_is_counted_anew_after_a_reply_for_what_stands_before_it_was_read() -> None:
    tape = new()
    tape.read("BDAT")
    tape.body(101, b"x" * (PIECE_KEPT + 10))
    tape.body(102, b"y" * 10)
    tape.said(103, b"250 stored\r\n")  # to the mail before, which the disk has confirmed meanwhile
    before = tape.entries()
    tape.body(104, b"z" * 5)
    tape.body(105, b"z" * 5)
    entries = tape.entries()
    assert entries[: len(before)] == before
    assert [(entry.kind, len(entry.octets), entry.cut) for entry in entries] == [
        ("body", PIECE_KEPT, 0),
        ("body", 0, 20),
        ("server", 12, 0),
        ("body", 0, 10),
    ]


def test_a_long_reply_and_a_long_line_are_cut_too() -> None:
    tape = new()
    tape.said(101, b"200 OK\n" + b"x" * PIECE_KEPT + b"\n.\n")
    tape.heard(102, b"y" * (PIECE_KEPT + 1))
    reply, line = tape.entries()
    assert (len(reply.octets), reply.cut, reply.tail[-3:]) == (PIECE_KEPT, 10, b"\n.\n")
    assert (len(line.octets), line.cut, line.tail) == (PIECE_KEPT, 1, b"y")
    assert tape.sent == 7 + PIECE_KEPT + 3


@pytest.mark.parametrize("length", [20, 2000, 2 * PIECE_KEPT])
def test_a_reply_that_lies_in_a_file_holds_it_no_longer_than_it_is_said(length: int) -> None:
    tape, mapped = new(10**9), mmap.mmap(-1, length)
    for _ in range(10):  # from here on it is long until entries are pressed
        tape.heard(100, b"NOOP\r\n")
    closed = weakref.ref(mapped)
    tape.said(101, memoryview(mapped))
    del mapped
    assert closed() is None
    assert [len(entry.octets) + entry.cut for entry in tape.entries(11)] == [length]


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


def test_mails_stored_together_belong_to_one_reply_and_those_of_a_pipeline_to_theirs() -> None:
    tape, ok = new(), b"200 Message stored successfully\n"
    for mailbox, mail_id, copies in (("bob", 1, 2), ("carol", 1, 2), ("bob", 2, 1), ("bob", 3, 1)):
        tape.stored(mailbox, mail_id, copies)
    assert tape.mails == 3
    for at in (110.0, 111.0, 112.0, 113.0):
        tape.said(at, ok, Note("", "DATA", "rcpt", "greeted"), since=109.0)
    tape.said(114, b"200 OK\n")
    told = [entry.mails for entry in tape.entries()]
    assert told == [(Mail("bob", 1), Mail("carol", 1)), (Mail("bob", 2),), (Mail("bob", 3),), (), ()]
    assert [entry.waited for entry in tape.entries()] == [1.0, 2.0, 3.0, 0.0, 0.0]
    assert [entry.mails for entry in tape.entries(2)] == told[1:]


def test_mails_stay_with_their_replies_when_older_ones_make_room() -> None:
    tape = new(20_000)
    for number in range(1, 500):
        tape.stored("bob", number, 1)
        tape.heard(109.0, b"NOOP %d\n" % number)
        tape.said(110.0, b"200 %d\n" % number, since=109.0)
    replies = [entry for entry in tape.entries() if entry.kind == "server"]
    assert len(replies) > 20
    assert tape.lost > 0
    assert all(entry.octets == b"200 %d\n" % mail.id for entry in replies for mail in entry.mails)
    assert all(entry.mails for entry in replies)


def test_news_changes_the_version_and_nothing_else_does() -> None:
    tape = new()
    seen = [tape.version]
    tape.heard(101, b"HELO x\n")
    seen.append(tape.version)
    tape.received += 3  # octets of a line that is not complete
    seen.append(tape.version)
    tape.close(102, "done")
    assert len({*seen, tape.version}) == 4
    tape.entries()
    assert tape.version == tape.version
