"""Clients that go away in the middle: what was not promised is there wholly or not at all; nobody else notices."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mysmtp.transparency import stuff
from tests.durability import sweeps
from tests.durability.ledger import Fate, Ledger, until
from tests.durability.load import STORED, deliver
from tests.durability.strace import Strace, fault
from tests.process import Peer, PostOfficeProcess

Start = Callable[..., PostOfficeProcess]


def _reset(peer: Peer) -> None:
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@pytest.fixture
def watched(start: Start) -> Iterator[PostOfficeProcess]:
    """A server that is expected to say nothing about what its clients do, and to keep no descriptor of theirs."""
    process = start(*sweeps.QUIET)
    before = _connections(process)
    yield process
    until(lambda: _connections(process) == before, "the connections are let go of")
    assert "Traceback" not in process.log.read_text()


def _connections(process: PostOfficeProcess) -> int:
    found = 0
    for link in Path(f"/proc/{process.popen.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += str(link.readlink()).startswith("socket:")
    return found


def test_a_reset_in_each_state_of_a_session(watched: PostOfficeProcess, ledger: Ledger) -> None:
    mail = ledger.begin("a@x")
    steps = [
        b"HELO x\n",
        b"MAIL FROM: a@x\n",
        b"RCPT TO: a@x\n",
        b"DATA\n",
        stuff(mail.body)[:20],
        stuff(mail.body)[20:],
    ]
    for count in range(len(steps) + 1):
        peer = watched.connect()
        for number, step in enumerate(steps[:count]):
            peer.say(step)
            if number < 4:
                assert peer.line().startswith(b"200 ")
        _reset(peer)
    ledger.settle(mail, Fate.REFUSED)  # it never came to its end
    with watched.connect() as peer:
        assert deliver(peer, ledger, ledger.begin("a@x")) == STORED
    ledger.check(watched)


def test_end_of_input_after_the_dot_and_before_it(watched: PostOfficeProcess, ledger: Ledger) -> None:
    for end, reply, fate in ((b".\n", STORED, Fate.ACKNOWLEDGED), (b".", b"", Fate.REFUSED), (b"", b"", Fate.REFUSED)):
        mail = ledger.begin("a@x", "b@x")
        with watched.connect() as peer:
            peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: a@x", "RCPT TO: b@x", "DATA")
            peer.say(stuff(mail.body) + end)
            peer.socket.shutdown(socket.SHUT_WR)
            assert peer.rest() == reply
        ledger.settle(mail, fate)
    ledger.check(watched)


def test_a_client_that_dies_between_its_dot_and_the_reply_has_sent_its_mail(
    start: Start, traced: Start, ledger: Ledger
) -> None:
    process = traced()
    with process.connect() as peer:
        deliver(peer, ledger, ledger.begin("b@x"))
    mail = ledger.begin("a@x", "b@x")
    with Strace(process, *fault("fdatasync", "delay_enter=300ms:when=1"), trace="fdatasync"):
        peer = process.connect()
        peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: a@x", "RCPT TO: b@x", "DATA")
        peer.say(stuff(mail.body) + b".\n")
        until(lambda: process.file("a@x").exists(), "the mail is on its way to the disk")
        _reset(peer)
        until(lambda: process.file("a@x").stat().st_size, "the mail is written")
    ledger.settle(mail, Fate.ACKNOWLEDGED)  # nobody was told, and yet it stays
    ledger.check(process)
    sweeps.kill(process)
    ledger.check(traced())
