"""The reel that all sessions write on: each reads its own, in order, and a busy one costs no other what it said."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.block import Block
from mysmtp.entry import PIECE_KEPT, Mail
from mysmtp.events import MessageStored
from mysmtp.reel import Reel
from mysmtp.tape import Tape
from tests.tapes import tapes

TAPES = 3


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, TAPES - 1), st.integers(0, 700), st.sampled_from("hbsmr")), max_size=300))
def test_each_session_reads_what_it_wrote_whoever_writes_between(story: list[tuple[int, int, str]]) -> None:
    reel = Reel()
    all_tapes = tapes(reel, TAPES)
    wrote: list[list[tuple[str, bytes, tuple[Mail, ...]]]] = [[] for _ in all_tapes]
    for number, (whose, length, act) in enumerate(story):
        tape, octets = all_tapes[whose], b"%d " % number + b"x" * length
        if act == "h":
            tape.heard(number, octets)
            wrote[whose].append(("client", octets, ()))
        elif act == "b":
            tape.room = PIECE_KEPT
            tape.body(number, octets)
            wrote[whose].append(("body", octets, ()))
        elif act == "s":
            tape.said(number, octets)
            wrote[whose].append(("server", octets, ()))
        elif act == "m":
            tape.stored.append(MessageStored(1, "bob", number, 10, 1))
            tape.said(number, octets, since=number - 0.5)
            wrote[whose].append(("server", octets, (Mail("bob", number),)))
        else:
            tape.entries(max(1, tape.last - 3))  # somebody looks
    for tape, expected in zip(all_tapes, wrote, strict=True):
        entries = tape.entries()
        assert [(entry.kind, entry.octets, entry.mails) for entry in entries] == expected[tape.lost :]
        assert [entry.number for entry in entries] == list(range(tape.lost + 1, tape.last + 1))
        assert tape.last == len(expected)
        assert all(entry.waited == (0.5 if entry.mails else 0.0) for entry in entries)
    assert sum(tape.size for tape in all_tapes) <= TAPES * (8000 + 1000)


def test_who_says_little_keeps_it_while_another_says_a_thousand_times_more() -> None:
    quiet, busy = tapes(Reel(), 2)
    quiet.heard(1.0, b"EHLO quiet\r\n")
    quiet.stored.append(MessageStored(1, "bob", 1, 10, 1))
    quiet.said(2.0, b"250 stored\r\n", since=1.0)
    for number in range(2000):
        busy.heard(3.0, b"NOOP %d\r\n" % number)
    assert [(entry.octets, entry.mails) for entry in quiet.entries()] == [
        (b"EHLO quiet\r\n", ()),
        (b"250 stored\r\n", (Mail("bob", 1),)),
    ]
    assert (quiet.lost, quiet.last) == (0, 2)
    assert busy.lost + len(busy.entries()) == 2000
    assert len(busy.entries()) > 20


def said_little_for_long() -> Tape:
    """Return the tape of a session that said 400 lines, while another said 40 after each."""
    quiet, busy = tapes(Reel(), 2)
    for number in range(400):
        quiet.heard(1.0, b"NOOP %d\r\n" % number)
        for _ in range(40):
            busy.heard(3.0, b"NOOP\r\n")
    return quiet


def test_who_says_little_for_long_keeps_the_newest_of_it() -> None:
    quiet = said_little_for_long()
    entries = quiet.entries()
    assert 20 < len(entries) < 400
    assert [entry.octets for entry in entries] == [b"NOOP %d\r\n" % number for number in range(quiet.lost, 400)]


def test_what_sessions_said_that_nobody_keeps_makes_room() -> None:
    reel = Reel()
    stays, *others = tapes(reel, 200)
    stays.heard(1.0, b"HELO x\r\n")
    for tape in others:
        for _ in range(20):
            tape.heard(2.0, b"NOOP\r\n")
        tape.forget()
    for _ in range(3000):
        stays.heard(3.0, b"NOOP\r\n")
    stays.entries()
    assert not any(owner is not stays for block in reel.blocks for owner in block.counts)
    assert reel.limit == 4000


@contextmanager
def threads_that_take_turns_often() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def test_other_threads_may_read_while_one_writes() -> None:
    one, other = tapes(Reel(), 2, 100_000)
    writing, troubles = True, []

    def look() -> None:
        seen = 0
        while writing:
            try:
                entries = one.entries(max(1, one.last - 30))
                numbers = [entry.number for entry in entries]
                said = [b"%d\r\n" % number for number in numbers]
                mails = [(Mail("bob", number),) if number % 2 else () for number in numbers]
                assert [entry.octets for entry in entries] == said
                assert [entry.mails for entry in entries] == mails
                assert numbers == list(range(numbers[0], numbers[-1] + 1)) if numbers else not seen
                seen = max(seen, *numbers, 0)
            except Exception as trouble:  # noqa: BLE001  told below, in the thread of the test
                troubles.append(trouble)
                return

    threads = [Thread(target=look) for _ in range(2)]
    with threads_that_take_turns_often():
        for thread in threads:
            thread.start()
        for number in range(1, 20_001):
            if number % 2:
                one.stored.append(MessageStored(1, "bob", number, 10, 1))
                one.said(2.0, b"%d\r\n" % number, since=1.0)
            else:
                one.heard(1.0, b"%d\r\n" % number)
            other.heard(1.0, b"NOOP\r\n")
        writing = False
        for thread in threads:
            thread.join()
    assert not troubles
    assert (one.last, other.last) == (20_000, 20_000)


def test_who_reads_moves_nothing_on_the_reel_for_another_may_be_writing() -> None:
    reel = Reel()
    (tape,) = tapes(reel, 1)
    tape.heard(1.0, b"NOOP\r\n")
    tape.stored.append(MessageStored(1, "bob", 1, 10, 1))  # its reply is about to be written
    before = reel.rows.copy()
    assert [(entry.number, entry.mails) for entry in tape.entries()] == [(1, ())]
    assert (tape.last, tape.mails) == (1, 1)
    assert reel.rows == before
    tape.said(1.0, b"250 stored\r\n", since=0.5)
    assert [entry.mails for entry in tape.entries()] == [(), (Mail("bob", 1),)]


def test_who_says_little_for_long_holds_it_in_a_few_blocks() -> None:
    quiet = said_little_for_long()
    assert len(quiet.entries()) > 20
    gc.collect()
    assert sum(isinstance(each, Block) and set(each.counts) == {quiet} for each in gc.get_objects()) < 20


def test_sessions_that_nobody_keeps_make_room_behind_one_that_has_said_much() -> None:
    reel = Reel()
    kept = tapes(reel, 20, 30_000)
    first, second, *_ = kept
    for _ in range(1000):
        first.heard(1.0, b"NOOP\r\n")
    for number in range(1, 501):
        (short,) = tapes(reel, 1, 30_000)
        short.heard(2.0, b"QUIT\r\n")
        for _ in range(7):
            short.said(2.0, b"221 Bye\r\n")
        second.stored.append(MessageStored(1, "bob", number, 10, 1))
        second.said(2.0, b"250 %d\r\n" % number, since=1.0)
        short.forget()
    assert [first.last, second.last] == [1000, 500]
    assert first.lost == 0  # so its block is the oldest still
    told = [(entry.number, entry.octets, entry.mails) for entry in second.entries()]
    assert told == [(at, b"250 %d\r\n" % at, (Mail("bob", at),)) for at in range(1, 501)]
    forgotten = {owner for block in reel.blocks for owner in block.counts} - set(kept)
    assert len(forgotten) < 200
    assert len(reel.blocks) < 12


def test_who_reads_a_session_goes_through_no_other_again_and_again() -> None:
    reel = Reel()
    all_tapes = tapes(reel, 40, 10**6)
    quiet, busy = all_tapes[1:], all_tapes[0]
    for _ in range(10):
        for tape in quiet:
            tape.heard(1.0, b"NOOP\r\n")
        for _ in range(1000):
            busy.heard(1.0, b"NOOP\r\n")

    def steps() -> int:
        """Return how many steps reading all that say little takes: lines, calls, and what generators give."""
        count = 0

        def step(*_: Any) -> Any:
            nonlocal count
            count += 1
            return step

        before = sys.gettrace()
        sys.settrace(step)
        try:
            assert sum(len(tape.entries()) for tape in quiet) == 390
        finally:
            sys.settrace(before)
        return count

    quiet[0].entries()
    assert steps() < 39 * 1000  # one pass through all entries for each would be ten times that, and more


def test_octets_that_come_one_by_one_are_set_aside_in_time() -> None:
    reel = Reel()
    all_tapes = tapes(reel, 20)
    for _ in range(500):
        for tape in all_tapes:
            tape.body(1.0, b"x")
    assert len(reel.rows) <= reel.due
    assert sum(tape.size for tape in all_tapes) <= 20 * (8000 + 1000)


def test_a_session_that_nobody_keeps_holds_nothing_itself() -> None:
    quiet = said_little_for_long()
    quiet.forget()
    gc.collect()
    assert not any(isinstance(each, Block) and set(each.counts) == {quiet} for each in gc.get_objects())
