"""Clients that end no line: how the framing is found, and the segments framing. Expectations: docs/protocol.md."""

from mysmtp.errors import ServerBusy, ShuttingDown
from tests.protocol.conversation import Client

GREETED = (b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@y")


def original(*commands: bytes, limit: int = 1_000_000) -> Client:
    """Return a client whose first command was found to have no end, and that has sent these since."""
    client = Client(framing="auto", limit=limit)
    for command in commands:
        assert client.say(command) + client.wait(0.3) == b"200 OK", command
    return client


def test_a_rest_without_lf_is_a_command_after_300_ms_and_no_sooner() -> None:
    client = Client(framing="auto")
    assert client.say(b"HELO x") == b""
    assert client.wait(0.299) == b""
    assert client.wait(0.001) == b"200 OK"
    assert client.dialog.framing == "segments"


def test_the_clock_of_a_rest_is_not_restarted_by_later_octets() -> None:
    client = Client(framing="auto")
    client.say(b"HE")
    client.wait(0.2)
    client.say(b"LO x")
    assert client.wait(0.1) == b"200 OK"


def test_an_lf_in_time_makes_it_lines() -> None:
    client = Client(framing="auto")
    client.say(b"HELO x")
    client.wait(0.2)
    assert client.say(b"\n") == b"200 OK\n"
    assert client.dialog.framing == "lines"
    assert client.say(b"QUIT") + client.wait(10) == b""


def test_a_refused_command_settles_nothing_and_the_next_rest_is_timed_anew() -> None:
    client = Client(framing="auto")
    assert client.say(b"DATA") + client.wait(0.3) == b"403 Send HELO first"
    assert client.dialog.framing == "undecided"
    assert client.say(b"LIST x\n") == b"403 Send HELO first\n"
    assert client.say(b"NONSENSE\nHELO") == b"400 Unknown command\n"
    assert client.wait(0.2) == b""
    assert client.say(b" x\n") == b"200 OK\n"
    assert client.dialog.framing == "lines"


def test_fixed_to_lines_no_rest_is_ever_a_command() -> None:
    client = Client(framing="lines")
    client.say(b"HELO x")
    assert client.wait(100) == b""
    assert client.dialog.deadline is None


def test_the_end_of_input_ends_a_first_command_as_a_pause_does() -> None:
    client = Client(framing="auto")
    client.say(b"HELO x")
    assert client.hang_up() == b"200 OK"


def test_each_recv_is_one_command_and_nul_ends_it() -> None:
    client = original(b"HELO x\0garbage", b"MAIL FROM: a@x", b"RCPT TO: b@y\0")
    assert client.say(b"QUIT\0") == b"200 Goodbye"


def test_an_inline_message_in_a_segment() -> None:
    client = original(*GREETED)
    assert client.say(b"DATA hello") == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"hello\n"]


def test_a_body_in_the_data_segment_ends_50_ms_after_an_lf() -> None:
    client = original(*GREETED)
    assert client.say(b"DATA\nHello\nBob\n") == b""
    assert client.dialog.unfinished == "message"
    assert client.wait(0.049) == b""
    assert client.wait(0.001) == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"Hello\nBob\n"]


def test_a_body_without_a_last_lf_ends_after_a_second_of_silence() -> None:
    client = original(*GREETED)
    client.say(b"data  \r\nHello")
    assert client.wait(0.9) == b""
    client.say(b" Bob")
    assert client.wait(0.999) == b""
    assert client.wait(0.001) == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"Hello Bob"]


def test_a_last_lone_dot_ends_a_body_at_once_and_other_dots_are_left_alone() -> None:
    client = original(*GREETED)
    assert client.say(b"DATA\n..two\n.one\n.\n") == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"..two\n.one\n"]


def test_a_lone_dot_in_the_middle_is_content() -> None:
    client = original(*GREETED)
    client.say(b"DATA\none\n.\ntwo\n")
    assert client.wait(0.05) == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"one\n.\ntwo\n"]


def test_an_empty_body_in_the_data_segment_is_a_mail() -> None:
    client = original(*GREETED)
    client.say(b"DATA\n")
    assert client.wait(0.05) == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b""]


def test_a_refused_data_segment_is_dropped_whole_and_answered_once() -> None:
    client = original(b"HELO x")
    assert client.say(b"DATA\nHELO y\nQUIT\n") + client.wait(0.05) == b"403 Send MAIL FROM first"
    assert client.dialog.framing == "segments"
    assert not client.dialog.closing


def test_a_body_over_the_limit_is_read_and_thrown_away() -> None:
    client = original(*GREETED, limit=100)
    client.say(b"DATA\n" + b"x" * 60)
    client.say(b"x" * 60 + b"\n")
    assert client.wait(0.05) == b"400 Message too large"
    assert client.dialog.state == "delivered"
    assert not client.store.mailboxes()


def test_data_alone_then_each_recv_is_a_line_or_more() -> None:
    client = original(*GREETED)
    assert client.say(b"DATA") == b"200 Enter message, end with a single dot (.) on a line of its own"
    assert client.say(b"Hello") == b""
    assert client.say(b"Bob\n..and dots") == b""
    assert client.say(b".") == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"Hello\nBob\n.and dots\n"]
    assert client.dialog.framing == "segments"


def test_any_other_segment_with_an_lf_turns_to_lines_for_good() -> None:
    client = original(b"HELO x")
    assert client.say(b"MAIL FROM: a@x\nRCPT TO: b@y") == b"200 OK\n"
    assert client.wait(10) == b""
    assert client.say(b"\n") == b"200 OK\n"
    assert client.dialog.framing == "lines"


def test_list_and_get_mail_go_out_as_one_send_without_dots() -> None:
    client = original(*GREETED)
    client.say(b"DATA\n.hidden\nx\n")
    client.wait(0.05)
    date = client.store.list("b@y")[0].date.encode()
    assert client.say(b"LIST b@y") == b"200 OK\n1: Email from a@x (" + date + b")"
    assert client.say(b"GET_MAIL b@y 1") == b"200 OK\nFrom: a@x\nDate: " + date + b"\n.hidden\nx"
    client.store.delete("b@y", [1])
    assert client.say(b"LIST b@y") == b"200 OK"


def test_end_of_input_ends_a_body_as_a_pause_does() -> None:
    client = original(*GREETED)
    client.say(b"DATA\nlast words")
    assert client.hang_up() == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"last words"]


def test_an_overlong_segment_is_refused() -> None:
    client = original(b"HELO x")
    assert client.say(b"LIST " + b"x" * 3000) == b"400 Line too long"
    assert client.say(b"QUIT") == b"200 Goodbye"


def test_what_follows_the_dot_in_its_segment_is_a_command_and_the_framing_stays() -> None:
    client = original(*GREETED)
    client.say(b"DATA")
    assert client.say(b"hello\n.\nHELO x") == b"200 Message stored successfully200 OK"
    assert client.dialog.framing == "segments"
    assert client.say(b"QUIT") == b"200 Goodbye"


def test_nul_ends_a_segment_inside_a_message_too() -> None:
    client = original(*GREETED)
    client.say(b"DATA")
    client.say(b"hello\0garbage")
    assert client.say(b".\0") == b"200 Message stored successfully"
    assert client.bodies("b@y") == [b"hello\n"]


def test_a_body_that_goes_on_line_by_line_is_progress() -> None:
    client = original(*GREETED)
    client.say(b"DATA\n")
    before = client.dialog.progress
    for _ in range(3):
        client.say(b"one more line\n")
    assert client.dialog.progress == before + 3


def test_farewells_are_said_in_the_framing_of_the_connection() -> None:
    assert original(b"HELO x").dialog.farewell(ShuttingDown()) == b"500 Server shutting down"
    assert Client().dialog.farewell(ServerBusy()) == b"500 Server busy\n"
