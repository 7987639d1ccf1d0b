"""The folder is taken away, put back or replaced under load: 500 meanwhile, and on it goes."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.durability import sweeps
from tests.durability.ledger import Fate, Ledger, snapshot, until
from tests.durability.load import STORED, Load, deliver
from tests.process import PostOfficeProcess

Start = Callable[..., PostOfficeProcess]


def test_a_folder_that_was_moved_away_is_waited_for(traced: Start, ledger: Ledger, tmp_path: Path) -> None:
    process = traced()
    with Load(process, ledger, clients=3):
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
        process.mailbox.rename(tmp_path / "away")
        ledger.wait_for(Fate.REFUSED, 5)
        (tmp_path / "away").rename(process.mailbox)
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
    ledger.check(process)
    sweeps.kill(process)
    ledger.check(traced())


def test_another_folder_in_its_place_takes_the_next_mails(traced: Start, ledger: Ledger, tmp_path: Path) -> None:
    process = traced()
    with Load(process, ledger, clients=3):
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
        process.mailbox.rename(tmp_path / "away")
        ledger.wait_for(Fate.REFUSED, 5)
        process.mailbox.mkdir()
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
    process.signal()
    assert process.wait() == 0
    assert snapshot(process.mailbox)
    ledger.check_files([tmp_path / "away", process.mailbox])


def test_a_folder_that_was_removed_with_all_its_mail_is_begun_anew(traced: Start, ledger: Ledger) -> None:
    process = traced()
    with Load(process, ledger, clients=3):
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
        until(lambda: _removed(process.mailbox), "the folder is removed")
        ledger.wait_for(Fate.REFUSED, 5)
    process.mailbox.mkdir()
    fresh = Ledger()
    with process.connect() as peer:
        until(lambda: deliver(peer, fresh, fresh.begin("p@x", "q@x")) == STORED, "mail is taken again")
    sweeps.kill(process)
    fresh.check(traced(), others=[file.stem for file in process.mailbox.glob("*.txt") if file.stem[0] not in "pq"])


def test_the_journal_removed_under_load_is_made_anew(traced: Start, ledger: Ledger) -> None:
    process = traced()
    journal = process.mailbox / ".journal"
    with Load(process, ledger, clients=3):
        for _ in range(3):
            ledger.wait_for(Fate.ACKNOWLEDGED, 20)
            until(lambda: _removed(journal), "the journal is removed")
            until(journal.exists, "the journal is there again")
        ledger.wait_for(Fate.ACKNOWLEDGED, 20)
    ledger.check(process)
    sweeps.kill(process)
    ledger.check(traced())


def _removed(folder: Path) -> bool:
    """Remove a folder into which someone still writes; tell whether it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
