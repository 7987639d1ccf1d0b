import threading
from collections.abc import Callable, Sequence

import pytest

from mysmtp.store.commit import GroupCommit


class Killed(BaseException):
    """Stands for what gevent raises in a greenlet that is killed."""


Tell = Callable[[Sequence[int]], None]


class Bench:
    """A group commit whose first batch stops until told to go on, so that others come to wait."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.batches: list[list[int]] = []
        self.began, self.go_on = threading.Event(), threading.Event()
        self.results: dict[int, object] = {}
        self.fault = fault
        self.commit: GroupCommit[int, int] = GroupCommit(self.work, most=5)
        self.threads: list[threading.Thread] = []

    def work(self, items: Sequence[int], tell: Tell) -> None:
        self.batches.append(list(items))
        if len(self.batches) == 1:
            self.began.set()
            assert self.go_on.wait(30)
            if self.fault:
                raise self.fault
        tell([item * 10 for item in items])

    def submit(self, item: int) -> None:
        try:
            self.results[item] = self.commit.submit(item)
        except BaseException as fault:  # noqa: BLE001  what came is what the test looks at
            self.results[item] = fault

    def until_waiting(self, count: int) -> None:
        """Return once so many are in the queue."""
        pause = threading.Event()
        while self.commit.waiting < count:
            pause.wait(0.001)

    def run(self, followers: int) -> None:
        self.threads = [
            threading.Thread(target=self.submit, args=(item,), daemon=True) for item in range(followers + 1)
        ]
        self.threads[0].start()
        assert self.began.wait(30)
        for thread in self.threads[1:]:
            thread.start()
        self.until_waiting(followers)
        self.go_on.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def test_a_batch_weighs_no_more_than_it_may_but_any_item_is_done() -> None:
    bench = Bench()
    bench.commit = GroupCommit(bench.work, most=6, weigh=lambda item: item)
    bench.run(5)
    assert all(bench.results[item] == item * 10 for item in range(6))
    assert bench.batches[0] == [0]
    assert all(len(batch) == 1 or sum(batch) <= 6 for batch in bench.batches)


def test_one_alone_is_a_batch() -> None:
    bench = Bench()
    bench.run(0)
    assert (bench.batches, bench.results) == ([[0]], {0: 0})


def test_those_who_wait_share_batches_in_the_order_they_came() -> None:
    bench = Bench()
    bench.run(12)
    assert bench.results == {item: item * 10 for item in range(13)}
    assert [len(batch) for batch in bench.batches] == [1, 5, 5, 2]


@pytest.mark.parametrize("fault", [Killed(), ValueError("no")])
def test_a_leader_that_dies_tells_its_batch_and_hands_on(fault: BaseException) -> None:
    bench = Bench(fault)
    bench.run(3)
    assert bench.results[0] is fault
    assert [bench.results[item] for item in (1, 2, 3)] == [10, 20, 30]
    bench.submit(4)
    assert bench.results[4] == 40


@pytest.mark.parametrize("told", [True, False])
def test_others_in_the_batch_of_a_killed_leader_are_done_once(told: bool) -> None:
    batches: list[list[int]] = []
    bench = Bench()

    def work(items: Sequence[int], tell: Tell) -> None:
        batches.append(list(items))
        if len(batches) == 1:
            bench.work(items, tell)
        elif len(batches) == 2:
            if told:
                tell([item * 10 for item in items])
            raise Killed
        else:
            tell([item * 10 for item in items])

    bench.commit = GroupCommit(work, most=5)
    bench.run(7)
    leader, *others = batches[1]
    assert isinstance(bench.results[leader], Killed)
    assert all(bench.results[item] == item * 10 for item in range(8) if item != leader)
    assert sorted(item for batch in batches for item in batch) == sorted([*range(8), *([] if told else others)])


@pytest.mark.parametrize("promoted", [False, True])
def test_one_killed_while_it_waits_leaves_no_trace(monkeypatch: pytest.MonkeyPatch, promoted: bool) -> None:
    """Killed while it waits, or just when it was its turn to lead: those behind it are served all the same."""
    bench = Bench()
    real = threading.Event.wait
    waiting = threading.Event()

    def wait(event: threading.Event, timeout: float | None = None) -> bool:
        if threading.current_thread().name != "victim":
            return real(event, timeout)
        if promoted:
            real(event, timeout)
        waiting.set()
        raise Killed

    names = ["leader", "victim", "other"]
    threads = [
        threading.Thread(target=bench.submit, args=(item,), name=name, daemon=True) for item, name in enumerate(names)
    ]
    threads[0].start()
    assert bench.began.wait(30)
    monkeypatch.setattr(threading.Event, "wait", wait)
    threads[1].start()
    if promoted:
        bench.until_waiting(1)
    else:
        threads[1].join(30)
    threads[2].start()
    bench.until_waiting(2 if promoted else 1)
    bench.go_on.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert waiting.is_set()
    assert isinstance(bench.results[1], Killed)
    assert (bench.results[0], bench.results[2]) == (0, 20)
    assert bench.batches == [[0], [2]]
