"""A disk that takes its time: only those who wait for it wait, and no more than a bound may."""

import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from tests.durability.ledger import Fate, Ledger, until
from tests.durability.load import FAILED, STORED, deliver
from tests.durability.strace import Strace, fault
from tests.process import PostOfficeProcess

Start = Callable[..., PostOfficeProcess]

_PATIENCE = 100  # seconds that clients wait for their mails to be stored: for as long as a test lets a sync take


def _send_aside(process: PostOfficeProcess, ledger: Ledger, size: int = 0) -> threading.Thread:
    def send() -> None:
        with process.connect() as peer:
            peer.socket.settimeout(_PATIENCE)
            deliver(peer, ledger, ledger.begin("a@x", size=size))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def _page(process: PostOfficeProcess) -> None:
    with urllib.request.urlopen(process.url, timeout=30) as answer:
        assert answer.status == 200


def _journal_has(process: PostOfficeProcess, octets: bytes) -> bool:
    return any(octets in file.read_bytes() for file in (process.mailbox / ".journal").iterdir())


def test_while_the_disk_takes_seconds_for_a_sync_others_are_served_at_once(traced: Start, ledger: Ledger) -> None:
    """The sync takes longer than anybody here waits for an answer, and is let end by the last line of the block."""
    process = traced()
    process.send("b@x")
    _page(process)
    with Strace(process, *fault("fdatasync", "delay_enter=90s"), trace="fdatasync"), process.connect() as peer:
        waiting = [_send_aside(process, ledger) for _ in range(5)]
        until(lambda: _journal_has(process, b"Mail 000000"), "a mail that waits for its sync")
        for _ in range(50):
            peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: b@x")
        for _ in range(5):
            _page(process)
        assert ledger.count(Fate.ACKNOWLEDGED) == 0, "a mail was acknowledged before its sync"
        assert all(thread.is_alive() for thread in waiting)
    for thread in waiting:
        thread.join(_PATIENCE)
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
        thread.join(_PATIENCE)
    assert ledger.count(Fate.UNKNOWN) == 0
    with process.connect() as peer:
        assert deliver(peer, ledger, ledger.begin("a@x")) == STORED != FAILED
    ledger.check(process, others={"b@x"})
