"""A server that is told to end, frozen or started and ended at once keeps its word."""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mysmtp.transparency import stuff
from tests.durability import sweeps
from tests.durability.ledger import Fate, Ledger, until
from tests.durability.load import Load, deliver
from tests.process import PostOfficeProcess

Start = Callable[..., PostOfficeProcess]


def test_signals_at_random_moments_under_load_lose_nothing(tmp_path: Path) -> None:
    figures = sweeps.random_ends(tmp_path, 2, random.Random())
    assert figures.acknowledged > 100


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once_and_loses_nothing(
    start: Start, traced: Start, ledger: Ledger, number: signal.Signals
) -> None:
    process = start()
    with process.connect() as peer, process.connect() as unfinished:
        for _ in range(10):
            deliver(peer, ledger, ledger.begin("a@x", "b@x"))
        unfinished.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: a@x", "DATA")
        process.signal(number)
        until(lambda: "stopping" in process.log.read_text(), "it waits for the message under way")
        process.signal(number)
        assert process.wait() == 130
        assert unfinished.rest() == b""  # which is told of the stop at the end of the ten seconds it would have
    ledger.check(traced())
    assert ledger.count(Fate.ACKNOWLEDGED) == 10


def test_a_message_under_way_may_be_finished_after_the_signal(start: Start, traced: Start, ledger: Ledger) -> None:
    process = start()
    mail = ledger.begin("a@x")
    with process.connect() as peer:
        peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: a@x", "DATA")
        process.signal()
        until(lambda: "stopping" in process.log.read_text(), "it waits for the message under way")
        peer.say(stuff(mail.body) + b".\n")
        assert peer.rest() == b"200 Message stored successfully\n500 Server shutting down\n"
        ledger.settle(mail, Fate.ACKNOWLEDGED)
    assert process.wait() == 0
    assert not (process.mailbox / ".journal").exists()
    ledger.check(traced())


def test_a_server_that_was_frozen_goes_on(traced: Start, ledger: Ledger) -> None:
    process = traced()
    with Load(process, ledger, clients=3):
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
        process.freeze()
        process.thaw()
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
        process.freeze()
        os.kill(process.popen.pid, signal.SIGKILL)
    ledger.check(traced())
