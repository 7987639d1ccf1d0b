"""Whatever a client says, in whatever pieces: its session is recorded octet for octet, once, and counted rightly."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import FLOWING, Entry
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.tape import Tape
from tests.protocol.conversation import cut
from tests.protocol.taped import recorded

LONG = b"X" * 2100  # octets, over the limit of a line
FLOOD = b"Z" * 70_000  # over that of a connection
OF_MAIL = (
    b"MAIL FROM:<a@x>\r\n", b"RCPT TO:<bob@x>\r\n", b"RCPT TO:<c@x>\r\n", b"DATA\r\n", b".\r\n", b"hi\r\n", b"..d\r\n",
    b"BDAT 5 LAST\r\nHello", b"BDAT 3\r\nabc", b"BDAT 0 LAST\r\n", b"BDAT x\r\n", b"NOOP\r\n", b"NOOP\n", b"RSET\r\n",
    b"QUIT\r\n", b"VRFY a\r\n", b"bare\nlf\r\n", b"\r\n", b"\xff\0\r\n", b"MAIL FROM:<a@x> SIZE=9999999999\r\n",
    b"BDAT 20000 LAST\r\n" + b"q" * 20_000, LONG, LONG + b"\r\n", FLOOD, b"\x16\x03\x01",
)  # fmt: skip
SAID: dict[str, tuple[Dialect, bytes, tuple[bytes, ...]]] = {
    "my_smtp": (MY_SMTP, b"HELO x\nMAIL FROM: a@x\nRCPT TO: bob@x\n", (
        b"HELO x\n", b"HELO x\r\n", b"MAIL FROM: a@x\n", b"MAIL FROM: a@y\n", b"RCPT TO: bob@x\n", b"DATA\n",
        b"DATA\r\n", b".\n", b".\r\n", b"hi\n", b"..x\n", b"DATA at once\n", b"LIST bob@x\n", b"GET_MAIL bob@x 1\n",
        b"QUIT\n", b"\n", b"\xff\0\n", b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x", b"DATA", b"DATA\nhello\n",
        b"RCPT TO: b@x\0junk", b" \n", b"foo bar\n", LONG, LONG + b"\n", FLOOD, b"\x16\x03\x01",
    )),
    "smtp": (SMTP, b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<bob@x>\r\n", (b"EHLO x\r\n", b"HELO x\r\n", *OF_MAIL)),
    "lmtp": (LMTP, b"LHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<bob@x>\r\n", (b"LHLO x\r\n", *OF_MAIL)),
    "pop3": (POP3, b"USER bob@x\r\n", (
        b"CAPA\r\n", b"STAT\r\n", b"NOOP\r\n", b"LIST\r\n", b"RETR 1\r\n", b"QUIT\r\n", b"NOOP\n", b"xx\r\n", b"\r\n",
        LONG, LONG + b"\r\n", FLOOD, b"\x16\x03\x01",
    )),
}  # fmt: skip


@pytest.mark.parametrize("unheard", [True, False])
@pytest.mark.parametrize("name", SAID)
@settings(max_examples=40)
@given(data=st.data())
def test_any_session_is_recorded_as_it_crossed(name: str, unheard: bool, data: st.DataObject) -> None:
    dialect, begins, pool = SAID[name]
    line = st.one_of(st.just(begins), st.sampled_from(pool))
    pieces = [b"".join(lines) for lines in data.draw(st.lists(st.lists(line, min_size=1, max_size=3), max_size=8))]
    if data.draw(st.booleans()):
        said = b"".join(pieces)
        pieces = list(cut(said, data.draw(st.lists(st.integers(0, len(said)), max_size=8))))
    client, tape = recorded(dialect, framing=data.draw(st.sampled_from(["auto", "lines"])), unheard=unheard)
    heard, answered = b"", bytes(client.dialog.greet())
    for piece in pieces:
        if not client.dialog.closing:
            heard += piece
            answered += client.say(piece) + client.wait(data.draw(st.sampled_from([0.0, 0.05, 0.4, 1.2])))
            _check(tape, heard, answered)
    answered += client.hang_up()
    tape.close(client.clock.now, "client closed")
    _check(tape, heard, answered)


def _check(tape: Tape, heard: bytes, answered: bytes) -> None:
    entries = tape.entries()
    rest = tape.rest[1] if tape.rest is not None else b""
    assert _fits([entry for entry in entries if entry.kind in ("client", *FLOWING)], rest, heard)
    replies = [entry for entry in entries if entry.kind == "server"]
    assert _fits(replies, b"", answered)
    assert (tape.received, tape.sent, tape.last) == (len(heard), len(answered), len(entries))
    assert tape.answers == len(replies)
    assert tape.refused == sum(bool(reply.mark) for reply in replies)
    assert tape.mails == sum(bool(reply.mails) for reply in replies)
    assert all(one.after == other.before for one, other in pairwise(replies))
    assert all(one.at <= other.at for one, other in pairwise(entries))
    assert not replies or replies[-1].after == tape.state


def _fits(entries: list[Entry], rest: bytes, crossed: bytes) -> bool:
    """Tell whether these entries are what crossed, but for what was cut."""
    at = 0
    for entry in entries:
        if crossed[at : at + len(entry.octets)] != entry.octets:
            return False
        at += len(entry.octets) + entry.cut
        if not crossed[:at].endswith(entry.tail):
            return False
    return crossed[at:] == rest
