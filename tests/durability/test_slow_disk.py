"""A disk that takes its time: only those who wait for it wait, and no more than a bound may."""

import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from tests.durability.ledger import Fate, Ledger, until
from tests.durability.load import FAILED, STORED, deliver
from tests.durability.strace import Strace, fault
from tests.durability.sweeps import QUIET
from tests.process import PostOfficeProcess

Start = Callable[..., PostOfficeProcess]

_PROMPT = 1.0  # seconds for an answer that needs no disk, on a machine that is busy with other tests


def _send_aside(process: PostOfficeProcess, ledger: Ledger, size: int = 0) -> threading.Thread:
    def send() -> None:
        with process.connect() as peer:
            deliver(peer, ledger, ledger.begin("a@x", size=size))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def _slowest(do: Callable[[], object], times: int) -> float:
    slowest = 0.0
    for _ in range(times):
        since = time.monotonic()
        do()
        slowest = max(slowest, time.monotonic() - since)
    return slowest


def _page(process: PostOfficeProcess) -> None:
    with urllib.request.urlopen(process.url, timeout=30) as answer:
        assert answer.status == 200


def test_while_the_disk_takes_seconds_for_a_sync_others_are_served_at_once(start: Start, ledger: Ledger) -> None:
    process = start(*QUIET)  # its hub is watched: a sync on it would be reported
    process.send("b@x")
    _page(process)
    with Strace(process, *fault("fdatasync", "delay_enter=3s"), trace="fdatasync"), process.connect() as peer:
        waiting = [_send_aside(process, ledger) for _ in range(5)]
        assert _slowest(lambda: peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: b@x"), 50) < _PROMPT
        assert _slowest(lambda: _page(process), 5) < 2 * _PROMPT
        assert ledger.count(Fate.ACKNOWLEDGED) == 0, "a mail was acknowledged before its sync"
        assert any(thread.is_alive() for thread in waiting)
    for thread in waiting:
        thread.join(20)
    assert ledger.count(Fate.ACKNOWLEDGED) == 5
    ledger.check(process, others={"b@x"})


def test_no_more_waits_for_a_disk_that_hangs_than_fits_the_queue(traced: Start, ledger: Ledger) -> None:
    process = traced()
    process.send("b@x")
    with Strace(process, *fault("fdatasync", "delay_enter=60s"), trace="fdatasync"):
        first = _send_aside(process, ledger)
        until(lambda: ledger.sent, "one mail is under way")
        large: list[Thread] = []
        while not ledger.count(Fate.REFUSED) and len(large) < 320:  # as 64 MB wait
            large += [_send_aside(process, ledger, size=1_000_000) for _ in range(80)]
            with suppress(AssertionError):
                ledger.wait_for(Fate.REFUSED, 1, 5)
        assert ledger.count(Fate.REFUSED)
        assert ledger.count(Fate.ACKNOWLEDGED) == 0
    for thread in (first, *large):
        thread.join(60)
    assert ledger.count(Fate.UNKNOWN) == 0
    with process.connect() as peer:
        assert deliver(peer, ledger, ledger.begin("a@x")) == STORED != FAILED
    ledger.check(process, others={"b@x"})
