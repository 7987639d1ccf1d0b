"""kill -9 at random moments and at single system calls; the long form is `python -m tests.durability`."""

import random
from collections.abc import Callable
from pathlib import Path

from tests.durability import sweeps
from tests.durability.ledger import Fate, Ledger, snapshot, until
from tests.durability.load import deliver
from tests.process import PostOfficeProcess

Start = Callable[..., PostOfficeProcess]

# The Nth call of its name in the thread that comes to it first: journal, files, marks, checkpoint, stop.
SITES = (("pwrite64", 1), ("pwrite64", 6), ("fdatasync", 1), ("fdatasync", 2), ("write", 2), ("openat", 3),
         ("fsync", 1), ("unlinkat", 2), ("sendto", 2))  # fmt: skip


def test_nothing_acknowledged_is_lost_by_kills_at_random_moments(tmp_path: Path) -> None:
    figures = sweeps.random_kills(tmp_path, 5, random.Random(), longest=0.3)
    assert figures.acknowledged >= 100


def test_nothing_acknowledged_is_lost_by_kills_at_system_calls(tmp_path: Path) -> None:
    figures = sweeps.kill_at_each(tmp_path, SITES)
    assert figures.kills == len(SITES)


def test_a_file_that_was_removed_after_its_mails_were_written_does_not_come_back(traced: Start, ledger: Ledger) -> None:
    process = traced()
    with process.connect() as peer:
        deliver(peer, ledger, ledger.begin("gone@x", "kept@x"))
        marks = process.mailbox / ".journal" / "marks"
        before = marks.read_bytes()
        until(lambda: marks.read_bytes() != before and process.file("gone@x").stat().st_size, "the files are written")
    process.file("gone@x").unlink()
    ledger.removed.add("gone@x")
    sweeps.kill(process)
    again = traced()
    assert not process.file("gone@x").exists()
    with again.connect() as peer:
        peer.ask("HELO x")
        peer.say(b"LIST gone@x\n")
        assert peer.line().startswith(b"401 ")
    ledger.check(again)


def test_an_unclean_stop_leaves_no_lock_and_a_second_server_is_told_while_one_lives(
    traced: Start, ledger: Ledger, tmp_path: Path
) -> None:
    process = traced()
    with process.connect() as peer:
        deliver(peer, ledger, ledger.begin("a@x"))
    second = PostOfficeProcess(tmp_path)
    second.launch()
    assert second.wait() == 1
    second.stop()
    assert "is in use by another mysmtp" in process.log.read_text()
    sweeps.kill(process)
    ledger.check(traced())


def test_a_start_writes_nothing_when_there_is_nothing_to_do(traced: Start, ledger: Ledger) -> None:
    process = traced()
    with process.connect() as peer:
        for _ in range(20):
            deliver(peer, ledger, ledger.begin("a@x", "b@x"))
    sweeps.kill(process)
    process = traced()
    ledger.check(process)
    before = snapshot(process.mailbox)
    sweeps.kill(process)
    process = traced()
    assert snapshot(process.mailbox) == before
    process.signal()
    assert process.wait() == 0
    assert snapshot(process.mailbox) == before
    assert not (process.mailbox / ".journal").exists()
    assert ledger.count(Fate.ACKNOWLEDGED) == 20
