"""What is written of a session: whole, or its beginning, its end and its length; and the mails that it is about."""

import mmap
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import PARTED_KEPT, PIECE_KEPT, TAIL_KEPT, Mail, Note
from mysmtp.events import MessageStored
from tests.tapes import new


def test_a_command_answered_at_once_is_one_row_and_two_entries_of_one_moment() -> None:
    tape = new()
    tape.asked, tape.asked_at = b"HELO x\n", 100.5
    tape.answered(b"200 OK\n", Note("", "HELO", "initial", "greeted"))
    tape.heard(101.0, b"LIST\n")
    command, reply, other = tape.entries()
    assert (command.number, command.kind, command.at, command.octets) == (1, "client", 0.5, b"HELO x\n")
    assert (reply.number, reply.kind, reply.at, reply.octets) == (2, "server", 0.5, b"200 OK\n")
    assert (command.verb, command.after, reply.verb, reply.after) == ("", "", "HELO", "greeted")
    assert (other.number, tape.last, tape.answers) == (3, 3, 1)
    assert tape.entries(2) == [reply, other]


def test_a_command_that_was_broken_off_is_kept() -> None:
    tape = new()
    tape.asked, tape.asked_at = b"NOOP\n", 101.0
    tape.close(104, "stopped")
    assert [(entry.kind, entry.octets, entry.at) for entry in tape.entries()] == [("client", b"NOOP\n", 1.0)]


def test_a_line_remembers_where_it_was_parted_and_the_rest_is_seen_before_it_is_complete() -> None:
    tape = new()
    tape.left(101, b"HE")
    tape.left(102, b"HELO")
    assert tape.rest == (102, b"HELO", False)
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
    tape.room = PIECE_KEPT
    tape.body(103, b"y" * 10)
    assert tape.entries()[-1].octets == b"y" * 10


def test_what_is_not_kept_of_a_message_is_counted_anew_after_a_reply_for_what_stands_before_it_was_read() -> None:
    tape = new()
    tape.room = PIECE_KEPT
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


def test_mails_stored_together_belong_to_one_reply_and_those_of_a_pipeline_to_theirs() -> None:
    tape, ok = new(), b"200 Message stored successfully\n"
    for mailbox, mail_id, copies in (("bob", 1, 2), ("carol", 1, 2), ("bob", 2, 1), ("bob", 3, 1)):
        tape.stored.append(MessageStored(1, mailbox, mail_id, 10, copies))
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
        tape.stored.append(MessageStored(1, "bob", number, 10, 1))
        tape.heard(109.0, b"NOOP %d\n" % number)
        tape.said(110.0, b"200 %d\n" % number, since=109.0)
    replies = [entry for entry in tape.entries() if entry.kind == "server"]
    assert len(replies) > 20
    assert tape.lost > 0
    assert all(entry.octets == b"200 %d\n" % mail.id for entry in replies for mail in entry.mails)
    assert all(entry.mails for entry in replies)
