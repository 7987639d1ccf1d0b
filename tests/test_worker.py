"""One native thread for greenlets: what comes of the work, who is woken, and who is not."""

from collections.abc import Iterator

import gevent
import pytest
from gevent import monkey
from gevent.event import Event

from mysmtp.worker import Worker

own_thread = monkey.get_original("_thread", "get_ident")
Gate = monkey.get_original("_thread", "allocate_lock")


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def test_work_is_done_in_another_thread_and_the_hub_goes_on(worker: Worker) -> None:
    gate, told = Gate(), list[str]()
    gate.acquire()

    def block() -> int:
        gate.acquire()
        return int(own_thread())

    asked = gevent.spawn(worker, block)
    gevent.sleep(0)
    told.append("the hub goes on")
    gate.release()
    assert asked.get(timeout=20) != own_thread()
    assert told


def test_what_is_raised_is_raised_and_the_next_work_is_done(worker: Worker) -> None:
    with pytest.raises(ZeroDivisionError):
        worker(lambda: 1 // 0)
    assert worker(lambda: 6 * 7) == 42


def test_all_that_ask_at_once_get_their_own_answer_in_order(worker: Worker) -> None:
    done = list[int]()

    def work(number: int) -> int:
        done.append(number)
        return number

    asked = [gevent.spawn(worker, lambda number=number: work(number)) for number in range(500)]
    gevent.joinall(asked, timeout=30)
    assert [each.value for each in asked] == done == list(range(500))


def test_one_who_is_killed_is_not_woken_from_what_it_waits_for_then(worker: Worker) -> None:
    gate, other, told = Gate(), Event(), list[str]()
    gate.acquire()

    def ask() -> None:
        try:
            worker(gate.acquire)
        except gevent.GreenletExit:
            assert other.wait(20)
            told.append("other")

    asked = gevent.spawn(ask)
    gevent.sleep(0)
    asked.kill(block=False)
    gate.release()
    assert worker(lambda: "after it") == "after it"
    assert told == []
    other.set()
    asked.join(20)
    assert told == ["other"]


def test_a_switch_from_elsewhere_does_not_end_the_wait(worker: Worker) -> None:
    gate = Gate()
    gate.acquire()
    asked = gevent.spawn(worker, gate.acquire)
    gevent.sleep(0)
    gevent.get_hub().loop.run_callback(asked.switch)
    gevent.sleep(0)
    assert not asked.dead
    gate.release()
    assert asked.get(timeout=20) is True
