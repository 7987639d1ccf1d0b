import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mysmtp.contracts import run_here
from mysmtp.errors import StoreFailed
from mysmtp.message import Envelope, Message
from mysmtp.store import commit
from mysmtp.store.commit import Committer, Delivery, Ticket
from mysmtp.store.folder import Folder
from mysmtp.store.large import large_draft
from mysmtp.store.spool import Spool
from mysmtp.store.textformat import draft
from mysmtp.store.write import Encoded
from tests.store.mails import mail

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Killed(BaseException):
    """Stands for what gevent raises in a greenlet that is killed."""


class Bench:
    """A committer whose first batch stops until told to go on, so that others come to wait."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.batches: list[list[Ticket]] = []
        self.began, self.go_on = threading.Event(), threading.Event()
        self.committer = Committer(self.work)
        self.told: list[Sequence[int]] = []
        self.fault = fault

    def work(self, batch: Sequence[Ticket]) -> None:
        self.batches.append(list(batch))
        if len(self.batches) == 1:
            self.began.set()
            assert self.go_on.wait(30)
        if self.fault and len(self.batches) == 1:
            raise self.fault
        for ticket in batch:
            ticket.settle([ticket.delivery.mail.size])

    def ticket(self, size: int, stored: Callable[[Sequence[int]], None] | None = None) -> Ticket:
        return self.submit(draft(mail(b"x" * size)), stored)

    def submit(self, encoded: Encoded, stored: Callable[[Sequence[int]], None] | None = None) -> Ticket:
        ticket = Ticket(Delivery(encoded, ()), stored or self.told.append)
        self.committer.submit(ticket)
        return ticket


def test_those_who_wait_share_a_batch_in_the_order_they_came() -> None:
    bench = Bench()
    tickets = [bench.ticket(1)]
    assert bench.began.wait(30)
    tickets += [bench.ticket(size) for size in range(2, 20)]
    assert bench.committer.waiting == 18
    bench.go_on.set()
    for ticket in tickets:
        ticket.wait()
    assert [len(batch) for batch in bench.batches] == [1, 18]
    assert bench.told == [[size] for size in range(1, 20)]
    assert [ticket.ids for ticket in tickets] == bench.told
    bench.committer.close()


def test_a_batch_weighs_no_more_than_it_may_but_any_mail_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "_BATCH", 5000)
    bench = Bench()
    tickets = [bench.ticket(1)]
    assert bench.began.wait(30)
    tickets += [bench.ticket(size) for size in (1000, 1000, 1000, 20_000, 10, 10)]
    bench.go_on.set()
    for ticket in tickets:
        ticket.wait()
    sizes = [[ticket.delivery.mail.size for ticket in batch] for batch in bench.batches]
    assert sizes == [[1], [1000, 1000], [1000], [20_000], [10, 10]]
    bench.committer.close()


@pytest.mark.parametrize("fault", [OSError("no"), ValueError("no"), Killed()])
def test_a_batch_that_fails_is_refused_and_the_next_is_done(fault: BaseException) -> None:
    bench = Bench(fault)
    first = bench.ticket(1)
    bench.go_on.set()
    with pytest.raises(StoreFailed) as told:
        first.wait()
    assert told.value.__cause__ is fault
    assert bench.told == []
    second = bench.ticket(2)
    second.wait()
    assert bench.told == [[2]]
    bench.committer.close()


def test_news_that_cannot_be_told_cost_nobody_a_mail(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_ids: Sequence[int]) -> None:
        raise ValueError("a broken listener")

    bench = Bench()
    bench.go_on.set()
    bench.ticket(1, fails).wait()
    bench.ticket(2).wait()
    assert [record.message for record in caplog.records] == ["the news of a stored mail could not be told"]
    bench.committer.close()


def test_one_who_does_not_wait_stops_nobody() -> None:
    bench = Bench()
    bench.ticket(1)  # its client was killed: nobody waits
    assert bench.began.wait(30)
    other = bench.ticket(2)
    bench.go_on.set()
    other.wait()
    assert bench.told == [[1], [2]]
    bench.committer.close()


def test_a_disk_that_is_too_far_behind_refuses_instead_of_filling_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "_QUEUE", 10_000)
    bench = Bench()
    tickets = [bench.ticket(1)]
    assert bench.began.wait(30)
    with pytest.raises(StoreFailed) as told:
        tickets += [bench.ticket(1000) for _ in range(50)]
    assert "the disk is too far behind" in str(told.value.__cause__)
    assert told.value.for_want_of_room
    taken = bench.committer.waiting
    assert 3 <= taken <= 11
    bench.go_on.set()
    for ticket in tickets:
        ticket.wait()
    bench.ticket(1000).wait()
    bench.committer.close()


def test_recipients_fill_the_memory_too_and_what_lies_in_a_file_does_not(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(commit, "_QUEUE", 12_000)
    bench = Bench()
    tickets = [bench.ticket(1)]
    assert bench.began.wait(30)
    many = Message(Envelope("a@x", tuple(f"{'b' * 60}{number}@x" for number in range(100))), b"x", NOON)
    opened = Folder(folder)
    body = Spool(opened.descriptor, run_here)
    body.add(b"x" * 50_000)
    for encoded in (large_draft(mail(body), body, opened.descriptor), large_draft(mail(body), body, opened.descriptor)):
        tickets.append(bench.submit(encoded))
    tickets += [bench.submit(draft(many)), bench.submit(draft(many))]
    with pytest.raises(StoreFailed):
        bench.submit(draft(many))
    bench.go_on.set()
    for ticket in tickets:
        ticket.wait()
    bench.committer.close()
    opened.close()


def test_closing_settles_what_was_taken_and_takes_no_more() -> None:
    bench = Bench()
    first, second = bench.ticket(1), bench.ticket(2)
    closing = threading.Thread(target=bench.committer.close)
    closing.start()
    bench.go_on.set()
    closing.join(30)
    assert (first.done, second.done) == (True, True)
    with pytest.raises(StoreFailed):
        bench.ticket(3)


def test_a_committer_that_was_never_asked_closes_at_once(tmp_path: Path) -> None:
    Bench().committer.close()
