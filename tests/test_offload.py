import threading
from collections.abc import Callable
from typing import Any

import pytest

from mysmtp.contracts import run_here
from mysmtp.offload import to_the_end


class Killed(BaseException):
    """Stands for what gevent raises in a greenlet that is killed."""


def test_results_and_faults_pass_through() -> None:
    assert to_the_end(run_here, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        to_the_end(run_here, lambda: 1 // 0)


def test_a_killed_caller_waits_for_the_work_to_end() -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go_on.wait(30)
        ended.set()

    def offload(task: Callable[[], Any]) -> Any:
        threading.Thread(target=task).start()
        began.wait(30)
        threading.Timer(0.02, go_on.set).start()
        raise Killed

    with pytest.raises(Killed):
        to_the_end(offload, work)
    assert ended.is_set()


def test_work_that_has_not_begun_when_its_caller_is_killed_never_does() -> None:
    kept: list[Callable[[], Any]] = []
    done: list[int] = []

    def offload(task: Callable[[], Any]) -> Any:
        kept.append(task)
        raise Killed

    with pytest.raises(Killed):
        to_the_end(offload, lambda: done.append(1))
    kept[0]()
    assert not done
