"""A disk that is full: what no longer fits is refused, what was taken stays, and space alone makes it well again."""

import contextlib
import poplib
import smtplib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.durability import sweeps
from tests.durability.ledger import Fate, Ledger, until
from tests.durability.load import FAILED, STORED, Load, deliver
from tests.durability.places import NotHere, small_disk
from tests.process import PostOfficeProcess

Disk = Callable[..., Path]
NO_ROOM = (452, b"4.3.1 No room to store the message now")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount small disks; the servers on them are to be ended by the test."""
    mounted: list[AbstractContextManager[Path]] = []

    def mount(options: str, name: str = "disk") -> Path:
        disk = small_disk(tmp_path / name, options)
        try:
            place = disk.__enter__()
            mounted.append(disk)
            return place
        except NotHere as reason:
            pytest.skip(f"a small disk needs the right to mount: {reason}")

    yield mount
    for each in mounted:
        each.__exit__(None, None, None)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., PostOfficeProcess]]:
    """Start servers on a disk, their logs elsewhere; at the end all are ended."""
    running: list[PostOfficeProcess] = []

    def begin(disk: Path, *options: str) -> PostOfficeProcess:
        running.append(sweeps.server(disk, *options))
        running[-1].log = tmp_path / "server.log"
        return running[-1].start()

    yield begin
    for process in running:
        process.stop()


def _reply(process: PostOfficeProcess, ledger: Ledger, *mailboxes: str, size: int = 0) -> bytes:
    with process.connect() as peer:
        return deliver(peer, ledger, ledger.begin(*mailboxes, size=size))


def _reply_by_smtp(process: PostOfficeProcess) -> tuple[int, bytes]:
    with smtplib.SMTP(*process.doors["smtp"], local_hostname="x", timeout=30) as client:
        client.ehlo()
        client.mail("alice@x")
        client.rcpt("never-seen-before@x")
        return client.data(b"hi\r\n")


def _is_ready(process: PostOfficeProcess) -> bool:
    try:
        with urllib.request.urlopen(f"{process.url}/readyz", timeout=30) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False


def _all_is_written(process: PostOfficeProcess, ledger: Ledger) -> bool:
    try:
        return _is_ready(process) and not ledger.lost(process.mailbox)
    except AssertionError:  # a record that is being written this moment
        return False


def _survive(process: PostOfficeProcess, ledger: Ledger, free: Callable[[], object], *mailboxes: str) -> None:
    """A full disk refuses, and goes on to answer; `free` makes room; then all is well, also after a kill."""
    with process.connect() as peer:
        peer.ask("HELO x", "MAIL FROM: a@x")
    assert ledger.count(Fate.ACKNOWLEDGED) > 0
    free()
    until(lambda: _reply(process, ledger, *mailboxes) == STORED, "mail is taken again")
    until(lambda: _all_is_written(process, ledger), "all files are written")
    ledger.check(process)
    sweeps.kill(process)
    again = sweeps.server(process.mailbox.parent)
    again.log = process.log  # the search index may have begun again meanwhile and taken the last file there is room for
    again.start()
    ledger.check(again)
    sweeps.kill(again)


def test_a_disk_without_space(disk: Disk, serve: Callable[[Path], PostOfficeProcess], ledger: Ledger) -> None:
    place = disk("size=56m")
    ballast = place / "ballast"
    ballast.write_bytes(bytes(50 << 20))  # leaves a journal and 2 MiB; then room for any journal
    process = serve(place)
    with smtplib.SMTP(*process.doors["smtp"], local_hostname="x", timeout=30) as client:
        client.ehlo()
        assert client.mail("alice@x", ["SIZE=4000000"]) == NO_ROOM  # T37: twice as much is needed; said before 354
        assert client.mail("alice@x", ["SIZE=1000"])[0] == 250
    with Load(process, ledger, clients=4):
        ledger.wait_for(Fate.REFUSED, 4, 30)
    _survive(process, ledger, ballast.unlink, "a@x", "b@x")


def test_a_large_mail_leaves_the_last_room_to_those_that_fit(
    disk: Disk, serve: Callable[[Path], PostOfficeProcess]
) -> None:
    place = disk("size=24m")
    process = serve(place)
    large, small = b"x" * 998 + b"\r\n", b"hi\r\n"
    with smtplib.SMTP(*process.doors["smtp"], local_hostname="x", timeout=30) as client:
        for body, reply in ((large * 15_000, 452), (small, 250), (large * 15_000, 452), (small, 250)):
            client.ehlo()
            client.mail("alice@x")
            client.rcpt("b@y")
            assert client.data(body)[0] == reply


def test_large_mails_are_fetched_from_a_full_disk(disk: Disk, serve: Callable[[Path], PostOfficeProcess]) -> None:
    place = disk("size=24m")
    process = serve(place)
    lines = 2 * [b"Subject: x", b"", *[b"x" * 998] * 2_000]
    with smtplib.SMTP(*process.doors["smtp"], local_hostname="x", timeout=30) as client:
        client.sendmail("a@x", ["b@x"], b"\r\n".join(lines) + b"\r\n")
    pop = poplib.POP3(*process.doors["pop3"], timeout=30)
    with contextlib.closing(pop):
        pop.user("b@x")
        pop.pass_("")
        assert len(pop.list()[1]) == 1  # and by now it is in its file
        with (place / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(bytes(4096)):
                pass
        assert pop.retr(1)[1:] == (lines, sum(map(len, lines)) + 2 * len(lines))
        assert pop.top(1, 1)[1] == lines[:3]
        with process.connect() as peer:
            peer.ask("HELO x", "GET_MAIL b@x 1")
            assert peer.body().splitlines()[2:] == lines


def test_a_disk_without_room_for_one_more_file(
    disk: Disk, serve: Callable[..., PostOfficeProcess], ledger: Ledger
) -> None:
    place = disk("size=64m,nr_inodes=20")
    ballast = [place / f"ballast{number}" for number in range(4)]
    for file in ballast:
        file.touch()
    process = serve(place, "--search", "off")  # whose index lets go of a file now and then
    names = iter(f"box{number}@x" for number in range(1000))
    until(lambda: _reply(process, ledger, next(names)) == FAILED, "a new mailbox is refused")
    assert _reply_by_smtp(process) == NO_ROOM
    assert _reply(process, ledger, "box0@x") == STORED

    def free() -> None:
        for file in ballast:
            file.unlink()

    _survive(process, ledger, free, "late@x")


def test_a_disk_too_small_for_a_journal_refuses_until_there_is_room(
    disk: Disk, serve: Callable[[Path], PostOfficeProcess], ledger: Ledger
) -> None:
    place = disk("size=12m")
    ballast = place / "ballast"
    ballast.write_bytes(bytes(10 << 20))
    process = serve(place)
    assert _reply(process, ledger, "a@x") == FAILED
    assert _reply_by_smtp(process) == NO_ROOM
    assert not process.file("a@x").exists() or process.file("a@x").stat().st_size == 0
    ballast.unlink()
    assert _reply(process, ledger, "a@x") == STORED
    ledger.check(process)


@pytest.mark.parametrize("options", ["size=16k", "size=1m,ro"])
def test_an_index_that_cannot_be_written_costs_no_mail(
    disk: Disk, serve: Callable[[Path], PostOfficeProcess], ledger: Ledger, tmp_path: Path, options: str
) -> None:
    disk(options, "mailbox/.index")
    for _ in range(2):
        process = serve(tmp_path)
        ledger.check(process)
        for number in range(30):
            assert _reply(process, ledger, "a@x", f"box{number}@x") == STORED
        ledger.check(process)
        process.signal()
        assert process.wait() == 0
    process = serve(tmp_path)
    assert _reply(process, ledger, "a@x") == STORED
    sweeps.kill(process)
    ledger.check(serve(tmp_path))
