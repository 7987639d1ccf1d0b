"""What the log tells of each event, and the wire format."""

import logging
from collections.abc import Callable

import pytest

from mysmtp.events import (
    Bus,
    CommandAnswered,
    Event,
    LineReceived,
    MailboxChanged,
    MessageStored,
    ReplySent,
    SessionClosed,
    SessionOpened,
    TlsBegun,
)
from mysmtp.inspector.crossings import Unplayable
from mysmtp.inspector.script import Heard, Secured, Send, read
from mysmtp.narrator import Narrator, WirePrinter, narrate


def answered(verb: str, argument: str, code: int = 200, text: str = "OK", after: str = "greeted") -> CommandAnswered:
    mark = "" if code < 400 else "x" if code < 500 else "X"
    return CommandAnswered(3, verb, argument, code, text, "initial", after, mark)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (answered("HELO", "example.com"), "HELO received from example.com session=3"),
        (answered("MAIL", "FROM: alice@example.com"), "MAIL received, sender alice@example.com session=3"),
        (answered("MAIL", "FROM: <mallory:alice@x>"), "MAIL received, sender <mallory:alice@x> session=3"),
        (answered("RCPT", "TO:<bob@x>"), "RCPT received, recipient <bob@x> session=3"),
        (answered("DATA", "hi", after="delivered"), "DATA received, message stored. session=3"),
        (answered("LIST", "bob@x"), "LIST answered for bob@x session=3"),
        (answered("LIST", ""), "LIST received. session=3"),
        (answered("USER", "bob@x"), "USER received, mailbox bob@x session=3"),
        (answered("RETR", "1"), "RETR received. session=3"),
        (answered("RCPT", "", 403, "Send HELO first"), "RCPT refused: 403 Send HELO first session=3"),
        (answered("", "", 400, "Unknown command"), "line refused: 400 Unknown command session=3"),
        (answered("DATA", "", 500, "Failed to store message"), "DATA failed: 500 Failed to store message session=3"),
        (answered("HELO", "\x1b[2J\n2026 forged"), "HELO received from \\x1b[2J\\x0a2026 forged session=3"),
        (SessionOpened(3, "my_smtp", "127.0.0.1:5"), "connected: my_smtp from 127.0.0.1:5 session=3"),
        (SessionClosed(3, "done"), "closed: done session=3"),
        (MessageStored(3, "bob@x", 4, 33), "stored as bob@x 4, 33 octets session=3"),
        (MailboxChanged(0, "bob@x"), "mails of bob@x were deleted or put back session=0"),
    ],
)
def test_one_event_one_line(event: Event, line: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "mysmtp"):
        narrate(event)
    assert [record.getMessage() for record in caplog.records] == [line]


def test_a_long_field_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "mysmtp"):
        narrate(answered("HELO", "x" * 2000))
    assert len(caplog.records[0].getMessage()) < 1100


def test_the_wire_is_cut_at_lf_only_and_long_content_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "mysmtp.wire"):
        printer = WirePrinter()
        printer(LineReceived(1, b"HELO x\rQUIT\n"))
        printer(ReplySent(1, b"200 OK\n1: a\n."))
        printer(LineReceived(1, b"x" * 10_000_000))
    lines = [record.getMessage() for record in caplog.records]
    assert lines[:4] == ["C: HELO x\\rQUIT\\n", "S: 200 OK\\n", "S: 1: a\\n", "S: ."]
    assert lines[4:] == [f"C: {'x' * 1000}", "# 9999000 octets are left out here"]
    assert all(len(line) < 1100 for line in lines)


def test_what_is_printed_of_the_wire_plays_again(caplog: pytest.LogCaptureFixture) -> None:
    printer = WirePrinter()
    with caplog.at_level(logging.INFO, "mysmtp.wire"):
        for event in (ReplySent(1, b"220 x\r\n"), LineReceived(1, b"STARTTLS\r\n"), ReplySent(1, b"220 \xff\r\n"),
                      TlsBegun(1, "TLSv1.3 X\n")):  # fmt: skip
            printer(event)
    assert caplog.messages[-1] == "# TLS begins: TLSv1.3 X\\x0a"
    assert read("\n".join(caplog.messages)).steps == (
        Heard(b"220 x\r\n"), Send(b"STARTTLS\r\n"), Heard(b"220 \xff\r\n"), Secured(),
    )  # fmt: skip


def test_lines_of_parallel_sessions_are_told_apart_and_not_played_as_one(caplog: pytest.LogCaptureFixture) -> None:
    printer = WirePrinter()
    with caplog.at_level(logging.INFO, "mysmtp.wire"):
        for event in (LineReceived(1, b"HELO x\n"), LineReceived(2, b"HELO y\n"), ReplySent(2, b"200 OK\n"),
                      ReplySent(1, b"200 OK\n")):  # fmt: skip
            printer(event)
    assert caplog.messages == [
        "C: HELO x\\n", "# Here follows session 2", "C: HELO y\\n", "S: 200 OK\\n", "# Here follows session 1",
        "S: 200 OK\\n",
    ]  # fmt: skip
    with pytest.raises(Unplayable, match="several sessions, from line 2 on"):
        read("\n".join(caplog.messages))


def test_what_comes_by_the_thousand_is_told_up_to_a_measure_each_second(caplog: pytest.LogCaptureFixture) -> None:
    bus, seconds = Bus(), list[tuple[float, Callable[[], None]]]()
    Narrator(bus, lambda after, call: seconds.append((after, call)), most=3)
    told = ["stored as bob@x 1, 33 octets session=3"] * 3
    with caplog.at_level(logging.INFO, "mysmtp"):
        for _ in range(10):
            bus.publish(MessageStored(3, "bob@x", 1, 33))
        assert caplog.messages == [*told, "more than 3 lines in a second: the rest of it is not told here"]
        assert MessageStored not in bus.wanted  # nobody need make what nobody is told
        ((after, start_anew),) = seconds
        assert after == 1.0
        caplog.clear()
        start_anew()
        bus.publish(MessageStored(3, "bob@x", 1, 33))
        bus.publish(MessageStored(3, "bob@x", 1, 33))
        assert caplog.messages == told[:2]
        assert len(seconds) == 2
