"""What a dialog writes on its tape: exactly what crossed, whatever the protocol and the framing; and no password."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import REMARK_KEPT, Mail, Told
from mysmtp.errors import ShuttingDown
from mysmtp.events import LineReceived
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from tests.protocol.conversation import cut
from tests.protocol.taped import recorded, sides, taped

SECRET = "hunter2"


CONVERSATIONS = {
    "my_smtp": (
        MY_SMTP,
        b"RCPT TO: bob@x\nHELO x\r\nMAIL FROM: a@y\nMAIL FROM: a@x\nRCPT TO: bob@x\nRCPT TO: carol@x\nDATA\n"
        b"Hello\r\n..dot\n.\nHELO x\nLIST bob@x\nGET_MAIL bob@x 1\n\n\xff\x00\nMAIL FROM: a@x\nRCPT TO: b@x\n"
        b"DATA at once\nQUIT\n",
    ),
    "smtp": (
        SMTP,
        b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<bob@x>\r\nBDAT 5 LAST\r\nHello"
        b"MAIL FROM:<a@x>\r\nRCPT TO:<nobody>\r\nNOOP\nRSET\r\nQUIT\r\n",
    ),
    "lmtp": (
        LMTP,
        b"LHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<bob@x>\r\nRCPT TO:<bob@x>\r\nBDAT 3 LAST\r\n\0\r\nQUIT\r\n",
    ),
    "pop3": (POP3, b"NOOP\r\nUSER bob@x\r\nCAPA\r\nQUIT\r\n"),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
@settings(max_examples=40)
@given(places=st.lists(st.integers(0, 400), max_size=6))
def test_the_tape_holds_what_crossed_octet_for_octet(name: str, places: list[int]) -> None:
    dialect, said = CONVERSATIONS[name]
    client, tape = recorded(dialect)
    answered = bytes(client.dialog.greet())
    for piece in cut(said, places):
        answered += client.say(piece)
    answered += client.hang_up()
    assert sides(tape) == (said, answered)
    assert (tape.received, tape.sent) == (len(said), len(answered))
    # The states before and after follow one from the other.
    steps = [(entry.before, entry.after) for entry in tape.entries() if entry.kind == "server"]
    assert steps[0][0] == dialect.initial
    assert all(one[1] == other[0] for one, other in pairwise(steps))
    assert tape.state == client.dialog.state


SEGMENTS = (b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x\0junk", b"DATA\nHello\n", b"more\n", b"LIST b@x", b"QUIT")


def test_segments_are_recorded_as_they_came() -> None:
    client, tape = recorded(framing="auto")
    answered = b""
    for segment in SEGMENTS:
        answered += client.say(segment)
        if not segment.startswith(b"DATA"):
            answered += client.wait(0.4)
    client.hang_up()
    assert [entry.octets for entry in tape.entries() if entry.kind in ("client", "body")] == list(SEGMENTS)
    assert sides(tape)[1] == answered
    assert tape.framing == "segments"


def test_a_connection_that_turns_to_lines_is_recorded_once() -> None:
    client, tape = recorded(framing="auto")
    client.say(b"HELO x")
    client.wait(0.4)
    client.say(b"MAIL FROM: a@x\nRCPT")
    client.say(b" TO: b@x\nLIST b@x\n")
    assert sides(tape)[0] == b"HELO xMAIL FROM: a@x\nRCPT TO: b@x\nLIST b@x\n"
    assert tape.framing == "lines"


def test_a_command_without_its_newline_stands_there_while_it_is_waited_for() -> None:
    client, tape = recorded(framing="auto")
    client.say(b"HELO x")
    assert tape.rest == (1000.0, b"HELO x", False)
    client.wait(0.4)
    assert tape.rest is None
    heard, said = tape.entries()
    assert (heard.octets, heard.at, round(said.at, 6)) == (b"HELO x", 0.0, 0.3)


def test_what_was_stored_stands_with_the_reply_that_says_so() -> None:
    client, tape = recorded()
    client.say(b"HELO x\nMAIL FROM: a@x\nRCPT TO: bob@x\nRCPT TO: carol@x\nDATA one\n")
    client.say(b"HELO x\nMAIL FROM: a@x\nRCPT TO: bob@x\nDATA two\n" * 2)
    stored = [entry.mails for entry in tape.entries() if entry.verb == "DATA"]
    assert stored == [(Mail("bob@x", 1), Mail("carol@x", 1)), (Mail("bob@x", 2),), (Mail("bob@x", 3),)]


def test_a_refusal_tells_its_fault() -> None:
    client, tape = recorded()
    client.say(b"RCPT TO: bob@x\nHELO x\nMAIL FROM: a@y\nnonsense\n")
    client.dialog.farewell(ShuttingDown())
    faults = [entry.fault for entry in tape.entries() if entry.kind == "server"]
    names = [fault.name if fault else "" for fault in faults]
    assert names == ["OutOfOrder", "", "DomainMismatch", "UnknownCommand", "ShuttingDown"]
    assert faults[2] == Told("DomainMismatch", "y is not x")


ENCODED = base64.b64encode(f"\0me\0{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("dialect", "lines"),
    [
        (POP3, f"USER bob@x\r\nPASS {SECRET}\r\n"),
        (POP3, f"pass {SECRET}\r\n"),
        (POP3, f"APOP bob {SECRET}\r\n"),
        (SMTP, f"EHLO x\r\nAUTH PLAIN {ENCODED}\r\n"),
        (SMTP, f"EHLO x\r\nAUTH PLAIN\r\n{ENCODED}\r\n"),
        (SMTP, f"EHLO x\r\nAUTH LOGIN\r\n{ENCODED}\r\n{base64.b64encode(SECRET.encode()).decode()}\r\n"),
    ],
)
def test_no_password_comes_on_the_tape_however_it_is_cut(dialect: Dialect, lines: str) -> None:
    octets = lines.encode()
    for place in range(len(octets)):
        client, tape = recorded(dialect)
        seen = b""
        for piece in cut(octets, [place]):
            client.say(piece)
            seen += tape.rest[1] if tape.rest else b""
        client.hang_up()
        seen += b"".join(entry.octets for entry in tape.entries())
        assert SECRET.encode() not in seen
        assert ENCODED.encode() not in seen
        assert base64.b64encode(SECRET.encode()) not in seen
        assert b"****\r\n" in seen


def test_tls_is_noted_and_what_was_dropped_with_it_is_not_taken_for_a_command() -> None:
    client, tape = recorded(SMTP, upgrades=True)
    client.say(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@x>\r\n")
    client.dialog.upgraded("TLSv1.3 AES")
    client.say(b"EHLO y\r\n")
    assert [entry.kind for entry in tape.entries()] == [
        "client",
        "server",
        "client",
        "server",
        "tls",
        "client",
        "server",
    ]
    assert b"evil" not in sides(tape)[0]
    assert tape.tls == "TLSv1.3 AES"


def test_what_is_being_read_is_told() -> None:
    client, tape = recorded()
    client.say(b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\nHello\n")
    assert tape.reading == "DATA"
    client.say(b".\n")
    assert tape.reading == ""


def test_a_client_that_turns_to_lines_in_the_middle_of_a_pipeline_is_noted_once() -> None:
    client, tape = recorded(framing="auto")
    rest = b"MAIL FROM: a@x\nRCPT TO: bob@x\nDATA\nHello\n.\nHELO y\n"
    client.say(b"HELO x")
    client.wait(1.0)
    client.say(rest)
    client.say(b"HELO z\n")
    assert sides(tape)[0] == b"HELO x" + rest + b"HELO z\n"


def test_a_chunk_that_ends_in_no_line_end_leaves_no_rest() -> None:
    client, tape = recorded(SMTP)
    client.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n")
    client.say(b"BDAT 2 LAST\r\nHi")
    assert tape.rest is None
    client.say(b"NOOP\r\n")
    assert tape.entries()[-2].octets == b"NOOP\r\n"
    assert tape.entries()[-2].pieces == ()


def test_what_is_ahead_of_the_framing_swallows_nothing_once_the_framing_threw_it_away() -> None:
    client, tape = recorded(framing="auto")
    client.say(b"HELO x")
    client.wait(1.0)
    client.say(b"HELO y\n" + b"x" * 5000)  # turns to lines; what follows is too long to be one
    client.say(b"\n")
    said = (b"HELO z\n", b"MAIL FROM: a@z\n", b"RCPT TO: b@z\n")
    for line in said:
        client.say(line)
    assert [entry.octets for entry in tape.entries() if entry.kind == "client"][-3:] == list(said)


@pytest.mark.parametrize("apart", [True, False])
def test_refusals_that_repeat_what_was_said_take_no_more_memory_than_is_allowed(apart: bool) -> None:
    client, tape = recorded(tape_size=400_000, unheard=True)
    client.say(b"HELO " + b"y" * 2000 + b"\n")
    for _ in range(300):
        lines = [b"MAIL FROM: a@b\n"] * 10
        for octets in lines if apart else [b"".join(lines)]:
            client.say(octets)
    assert tape.refused == 3000
    remarks = [len(entry.fault.remark) for entry in tape.entries() if entry.fault]
    assert max(remarks) == REMARK_KEPT
    assert tape.size + sum(remarks) < 400_000


@pytest.mark.parametrize("name", CONVERSATIONS)
@settings(max_examples=40)
@given(
    length=st.integers(2040, 2060),
    framing=st.sampled_from(["lines", "auto"]),
    places=st.lists(st.integers(0, 2200), max_size=6),
)
def test_a_line_that_is_too_long_is_on_the_tape_whole_and_once(
    name: str, length: int, framing: str, places: list[int]
) -> None:
    dialect, said = CONVERSATIONS[name]
    said = b"X" * length + b"yyy\r\n" + said
    client, tape = recorded(dialect, framing=framing)
    client.dialog.greet()
    for piece in cut(said, places):
        client.say(piece)
    client.hang_up()
    assert sides(tape)[0] == said[: tape.received]
    assert client.dialog.closing


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc",
        b"\x16\x03\x01\nHELO x\n",
        b"Z" * 3000 + b"Y" * 63_000 + b"\nHELO x\n",
        b"Z" * 70_000,
        b"Z" * 70_000 + b"\nHELO x\n",
    ],
    ids=["TLS", "TLS, a line end", "a long line", "no line end", "a very long line"],
)
@pytest.mark.parametrize("size", [1 << 20, 16_384, 2000])
@pytest.mark.parametrize("dialect", [MY_SMTP, SMTP])
def test_what_closes_the_connection_is_on_the_tape_once(said: bytes, size: int, dialect: Dialect) -> None:
    client, tape = recorded(dialect, framing="auto")
    client.dialog.greet()
    for piece in cut(said, range(size, len(said), size)):
        if not client.dialog.closing:
            client.say(piece)
    assert client.dialog.closing
    tape.close(client.clock.now, "done")
    heard = [entry for entry in tape.entries() if entry.kind in ("client", "skipped")]
    kept = b"".join(entry.octets for entry in heard)
    assert sum(len(entry.octets) + entry.cut for entry in heard) == tape.received
    assert kept[:2049] == said[: tape.received][:2049]


def test_nothing_of_a_password_in_a_line_that_is_too_long_is_told() -> None:
    client, tape = recorded(SMTP)
    client.dialog.greet()
    client.say(b"EHLO x\r\n")
    for piece in (b"AUTH PLAIN " + b"hunter2" * 300, b"hunter2" * 300, b"hunter2\r", b"\n", b"NOOP\r\n"):
        client.say(piece)
    assert sides(tape)[0] == b"EHLO x\r\nAUTH PLAIN ****\r\nNOOP\r\n"
    assert b"hunter2" not in repr(client.events).encode()


@pytest.mark.parametrize(
    "said",
    [
        [b"HELO x", b"HELO x\nMA"],
        [b"HELO x", b"\nMAIL FROM: a@x\nRCPT TO: "],
        [b"HELO x", b"HELO x\nMA", b"IL FR", b"OM: a@x"],
    ],
)
def test_a_client_that_turns_to_lines_in_the_middle_of_one_and_hangs_up_is_noted_once(said: list[bytes]) -> None:
    tape = taped(MY_SMTP, *said)
    assert sides(tape)[0] == b"".join(said)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_password_on_a_line_that_turns_to_lines_is_masked_as_far_as_it_came(end: bytes) -> None:
    tape = taped(MY_SMTP, b"HELO x", b"HELO x\nPASS hun", b"ter2" + end)
    assert sides(tape)[0] == b"HELO xHELO x\nPASS ****" + b"****" + end


@pytest.mark.parametrize("parts", [(b"AGJv", b"YgBodW50"), (b"AGJvYgBodW50",)])
def test_a_login_that_is_left_in_the_middle_is_no_message_and_leaves_a_trace(parts: tuple[bytes, ...]) -> None:
    client, tape = recorded(SMTP)
    for piece in (b"EHLO x\r\n", b"AUTH PLAIN\r\n", *parts):
        client.say(piece)
    assert client.dialog.unfinished == "login"
    assert (tape.rest, tape.reading) == ((1000.0, b"****", True), "AUTH")
    client.hang_up()
    tape.close(1001.0, "client closed")
    assert sides(tape)[0] == b"EHLO x\r\nAUTH PLAIN\r\n****"
    assert tape.entries()[-1].masked


@pytest.mark.parametrize("parts", [(b"*\r\n",), (b"*", b"\r\n"), (b"*\r", b"\n"), (b"*\n",)])
def test_that_a_login_was_cancelled_is_told(parts: tuple[bytes, ...]) -> None:
    """A lone asterisk is no answer but the wish for none (RFC 4954, section 4)."""
    client, tape = recorded(SMTP)
    for piece in (b"EHLO x\r\n", b"AUTH PLAIN\r\n", *parts):
        client.say(piece)
    told = tape.entries()[-2]
    assert (told.octets, told.masked) == (b"".join(parts), False)
    assert LineReceived(1, b"".join(parts)) in client.events
