"""A trace of the system calls shows the order of things: what must be on the disk is, before anybody is told."""

from collections.abc import Iterator, Sequence

import pytest

from tests.durability import sweeps
from tests.durability.ledger import Ledger, until
from tests.durability.load import STORED, deliver
from tests.durability.strace import Call, Strace

_WATCHED = "pwrite64,write,fdatasync,fsync,syncfs,openat,sendto"


def _first(calls: Sequence[Call], name: str, *pieces: str, after: float = 0.0) -> Call:
    """Return the first call of this name, begun after a moment, that shows all these pieces."""
    for call in calls:
        if call.name == name and call.begun >= after and all(piece in call.text for piece in pieces):
            return call
    raise AssertionError(
        f"no {name} of {pieces} after {after} in\n" + "\n".join(f"{c.begun} {c.name} {c.text[:150]}" for c in calls)
    )


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Call]]:
    """Return what a server did for the first mail of a folder, a second one, and until its checkpoint."""
    tmp_path, ledger = tmp_path_factory.mktemp("order"), Ledger()
    process = sweeps.server(tmp_path).start()
    marks = process.mailbox / ".journal" / "marks"
    strace = Strace(process, trace=_WATCHED, output=tmp_path / "trace")
    with strace, process.connect() as peer:
        assert deliver(peer, ledger, ledger.begin("bob@x", "eve@x")) == STORED
        assert deliver(peer, ledger, ledger.begin("bob@x")) == STORED
        until(lambda: marks.exists() and marks.read_bytes()[-8:] > bytes(8), "a checkpoint")
    yield [call for call in strace.calls() if "/.index" not in call.text]  # derived, and on no disk before anything
    process.stop()


def test_a_mail_is_written_and_synced_in_the_journal_before_its_reply(calls: list[Call]) -> None:
    steps = [
        name
        for call in calls
        for name, piece in (("pwrite64", '"mySJ'), ("fdatasync", "/.journal/1>"), ("sendto", "200 Message stored"))
        if call.name == name and piece in call.text
    ]
    assert steps == ["fdatasync", *["pwrite64", "fdatasync", "sendto"] * 2]  # the first is of the journal's new file


def test_a_new_journal_has_its_length_and_names_on_the_disk_before_the_first_mail(calls: list[Call]) -> None:
    made = _first(calls, "openat", '"1"', "O_CREAT")
    zeros = [call for call in calls if call.name == "pwrite64" and '"\\0\\0\\0\\0' in call.text]
    length = _first(calls, "fdatasync", "/.journal/1", after=zeros[-1].ended)
    name = _first(calls, "fsync", "/mailbox/.journal>", after=made.ended)
    mail = _first(calls, "pwrite64", '"mySJ')
    assert max(length.ended, name.ended) <= mail.begun
    assert _first(calls, "fsync", "/mailbox>").ended <= mail.begun  # the folder of the journal has a name as well


def test_the_journal_forgets_only_what_is_on_the_disk_in_files_whose_names_are_too(calls: list[Call]) -> None:
    told = _first(calls, "sendto", "200 Message stored")
    forgotten = [call for call in calls if call.name == "fdatasync" and "/.journal/marks>" in call.text][-1]
    for mailbox in ("bob@x", "eve@x"):
        written = _first(calls, "write", f"/{mailbox}.txt>", "===START_EMAIL===")
        synced = _first(calls, "fdatasync", f"/{mailbox}.txt>", after=written.ended)
        named = _first(calls, "fsync", "/mailbox>", after=written.ended)
        assert told.ended <= written.begun
        assert max(synced.ended, named.ended) <= forgotten.begun
