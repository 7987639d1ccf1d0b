"""Disks that fail: each call the store makes, with each error; a clear 500, no lie, and no restart to be well again."""

import resource
from collections.abc import Callable

import pytest

from tests.durability import sweeps
from tests.durability.ledger import Fate, Ledger, until
from tests.durability.load import FAILED, STORED, deliver
from tests.durability.strace import Strace, fault
from tests.process import PostOfficeProcess

Start = Callable[..., PostOfficeProcess]

# What fails, how, where (in the mailbox folder; all places without), and whether a mail is refused meanwhile.
FAULTS = [
    ("pwrite64", "EIO", "", True),
    ("pwrite64", "ENOSPC", "", True),
    ("pwrite64", "EDQUOT", "", True),
    ("fdatasync", "EIO", "", True),
    ("fdatasync", "ENOSPC", "", True),
    ("fsync", "EIO", "", False),
    ("write", "EIO", "a@x.txt", True),
    ("write", "ENOSPC", "a@x.txt", True),
    ("write", "EROFS", "a@x.txt", True),
    ("openat", "EMFILE", ".", True),
    ("openat", "EROFS", ".", True),
    ("openat", "EIO", ".journal", False),
    ("ftruncate", "EIO", "", False),
]


def _send(process: PostOfficeProcess, ledger: Ledger, *mailboxes: str) -> bytes:
    with process.connect() as peer:
        reply = deliver(peer, ledger, ledger.begin(*mailboxes))
        assert reply in (STORED, FAILED), reply
        return reply


def _is_refused_now(process: PostOfficeProcess, ledger: Ledger) -> bool:
    """Send to known mailboxes and to a new one; tell whether any mail was refused."""
    new = f"new{len(ledger.sent)}@x"
    return FAILED in [_send(process, ledger, *boxes) for boxes in (("a@x",), ("a@x", "b@x", "c@x"), (new,))]


def _suffer(process: PostOfficeProcess, ledger: Ledger, what: str, refuses: bool = True) -> None:
    if refuses:
        until(lambda: _is_refused_now(process, ledger), f"a mail is refused by {what}")
    else:
        _is_refused_now(process, ledger)
    with process.connect() as peer:
        peer.ask("HELO x", "MAIL FROM: a@x")  # it goes on


@pytest.fixture
def known(traced: Start, ledger: Ledger) -> PostOfficeProcess:
    """A server that has written to its mailboxes before."""
    process = traced()
    assert [_send(process, ledger, "a@x"), _send(process, ledger, "b@x", "c@x")] == [STORED, STORED]
    return process


def test_after_each_fault_the_server_is_well_again_by_itself(
    traced: Start, known: PostOfficeProcess, ledger: Ledger
) -> None:
    for call, error, place, refuses in FAULTS:
        with Strace(known, *fault(call, f"error={error}", place and known.mailbox / place), trace=call):
            _suffer(known, ledger, f"{error} of {call} {place}", refuses)
        until(lambda: not _is_refused_now(known, ledger), f"mail is taken again after {error} of {call} {place}")
    ledger.check(known)
    sweeps.kill(known)
    ledger.check(traced())


@pytest.mark.parametrize(
    ("call", "error", "place"),
    [("pwrite64", "EIO", ""), ("fdatasync", "EIO", ".journal/1"), ("write", "ENOSPC", "a@x.txt")],
)
def test_a_refused_mail_does_not_come_back_after_a_kill(
    traced: Start, known: PostOfficeProcess, ledger: Ledger, call: str, error: str, place: str
) -> None:
    with Strace(known, *fault(call, f"error={error}", place and known.mailbox / place), trace=call):
        _suffer(known, ledger, f"{error} of {call} {place}")
        sweeps.kill(known)
    ledger.check(traced())


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_a_disk_that_fails_once_costs_the_mails_of_that_moment_and_no_others(
    traced: Start, known: PostOfficeProcess, ledger: Ledger, call: str
) -> None:
    with Strace(known, *fault(call, "error=EIO:when=1", known.mailbox / ".journal/1"), trace=call):
        assert _send(known, ledger, "a@x") == FAILED
        sends = [_send(known, ledger, "a@x", "b@x") for _ in range(3)]
    assert sends == [STORED] * 3
    sweeps.kill(known)
    ledger.check(traced())


def test_a_write_that_is_cut_short_is_taken_back_and_done_again(
    traced: Start, known: PostOfficeProcess, ledger: Ledger
) -> None:
    file = known.file("a@x")
    for _ in range(10):  # so that this file is longer than what the journal has to write
        assert _send(known, ledger, "a@x") == STORED
    sweeps.kill(known)
    known = traced()
    assert _send(known, ledger, "b@x") == STORED
    limit_of_files(known, file.stat().st_size + 100)
    assert _send(known, ledger, "a@x") == STORED
    until(lambda: "its mails wait in the journal" in known.log.read_text(), "the file cannot be written")
    assert _send(known, ledger, "a@x") == FAILED
    assert _send(known, ledger, "b@x") == STORED
    ledger_is_whole_so_far(known, ledger)
    limit_of_files(known, resource.RLIM_INFINITY)
    until(lambda: _send(known, ledger, "a@x") == STORED, "the mailbox takes mail again")
    ledger.check(known)


def test_a_journal_that_is_cut_short_refuses_and_goes_on(
    traced: Start, known: PostOfficeProcess, ledger: Ledger
) -> None:
    limit_of_files(known, 2500)
    until(lambda: _send(known, ledger, "a@x", "b@x") == FAILED, "the journal takes no more")
    limit_of_files(known, resource.RLIM_INFINITY)
    assert _send(known, ledger, "a@x") == STORED
    sweeps.kill(known)
    ledger.check(traced())


def test_few_descriptors_refuse_connections_and_lose_nothing(known: PostOfficeProcess, ledger: Ledger) -> None:
    with Strace(known, *fault("accept4", "error=EMFILE:when=1..3"), trace="accept4"):
        assert _send(known, ledger, "a@x") == STORED
    ledger.check(known)


def limit_of_files(process: PostOfficeProcess, octets: int) -> None:
    """Let no file grow over this size: what goes over it is written in part, then not at all."""
    _, hard = resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (octets, hard))


def ledger_is_whole_so_far(process: PostOfficeProcess, ledger: Ledger) -> None:
    """What is in a file that cannot be written to is whole; what it lacks is served from elsewhere."""
    with process.connect() as peer:
        peer.ask("HELO x", "LIST a@x")
        listed = peer.body().count(b"\n")
    fates = [ledger.fates[mail.number] for mail in ledger.sent.values() if "a@x" in mail.mailboxes]
    assert listed == fates.count(Fate.ACKNOWLEDGED)
