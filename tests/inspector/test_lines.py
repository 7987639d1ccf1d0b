"""Lines of a transcript: cut where a person reads a line, however the octets came."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import PIECE_KEPT
from mysmtp.inspector.lines import Line, lines_from
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.smtp import SMTP
from mysmtp.tape import Tape
from tests.protocol.conversation import cut
from tests.protocol.taped import NOON, lines, taped

MAIL = [*lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA")]
BODY = b"Subject: hi\r\n\r\none\r\n..two\r\n.\r\n"


def lines_of(tape: Tape, state: str = "connected") -> list[Line]:
    return list(lines_from(tape.entries(), state))


@settings(max_examples=40)
@given(st.lists(st.integers(0, len(BODY)), max_size=8))
def test_a_message_has_the_same_lines_however_it_came_and_shows_where_it_was_parted(places: list[int]) -> None:
    pieces = cut(BODY, places)
    body = [line for line in lines_of(taped(SMTP, *MAIL, *pieces)) if line.body]
    assert [line.octets for line in body] == BODY.splitlines(keepends=True)
    assert len({line.name for line in body}) == len(body)
    inside = {place % (len(BODY) + 1) for place in places} - {0, len(BODY)}
    begin, parted = 0, set()
    for line in body:
        parted |= {begin + place for place in line.pieces}
        begin += len(line.octets)
    starts = {sum(map(len, BODY.splitlines(keepends=True)[:n])) for n in range(6)}
    assert parted == inside - starts


def test_a_reply_of_several_lines_tells_its_code_once_and_the_state_follows_it() -> None:
    found = lines_of(taped(SMTP, *lines("EHLO x", "NOOP")))
    replies = [line for line in found if line.side == "S" and line.entry.verb == "EHLO"]
    assert replies[0].code == "250"
    assert {line.code for line in replies[1:]} == {""}
    assert {line.number for line in replies} == {3}
    assert [line.name for line in replies[:3]] == ["3", "3.1", "3.2"]
    assert [line.state for line in found][-1] == "greeted"


def test_each_recipient_of_lmtp_has_a_reply_of_its_own_code() -> None:
    said = [*lines("LHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "RCPT TO:<c@x>", "DATA"), b"Hi\r\n.\r\n"]
    found = [line for line in lines_of(taped(LMTP, *said)) if line.side == "S" and line.entry.verb == "DATA"]
    assert [line.code for line in found] == ["354", "250", "250"]


def test_the_gap_is_the_time_since_the_line_before() -> None:
    found = lines_of(taped(MY_SMTP, *lines("HELO x", "LIST b", end="\n"), pause=2.0), "initial")
    assert [(line.at, line.gap) for line in found] == [(2.0, 2.0), (2.0, 0.0), (6.0, 4.0), (6.0, 0.0)]


def test_what_was_left_out_of_a_long_message_is_told_and_its_end_is_there() -> None:
    long = b"x" * 99 + b"\r\n"
    count = PIECE_KEPT // len(long) + 50
    body = [line for line in lines_of(taped(SMTP, *MAIL, long * count + b".\r\n")) if line.body]
    assert body[-1].octets == b".\r\n"
    (told,) = [line for line in body if line.cut]
    assert sum(len(line.octets) for line in body[:-1]) + told.cut == len(long) * count + 3


def test_a_line_that_is_cut_was_parted_where_it_came_apart_and_the_end_of_the_message_was_not() -> None:
    tape = taped(SMTP, *MAIL, b"x" * (PIECE_KEPT - 100) + b"\r\none", b"y" * 200 + b"\r\nlast\r\n.\r\n")
    cut_line, last = [line for line in lines_of(tape) if line.body][-2:]
    assert (cut_line.octets, cut_line.pieces) == (b"one" + b"y" * 95, (3,))
    assert (last.octets, last.pieces) == (b".\r\n", ())


def test_a_segment_with_several_lines_is_one_entry_of_many_lines() -> None:
    tape = Tape(1, "my_smtp", "", began=NOON, start=0.0)
    tape.heard(1.0, b"DATA\nHello\nthere")
    assert [(line.name, line.octets, line.end) for line in lines_from(tape.entries(), "initial")] == [
        ("1", b"DATA\n", b"\n"), ("1.1", b"Hello\n", b"\n"), ("1.2", b"there", b""),
    ]  # fmt: skip
