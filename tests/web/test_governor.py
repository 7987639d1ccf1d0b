"""The web's share while mail is busy: the arithmetic by hand, the door and the meter with gevent's own greenlets."""

import time
from collections.abc import Callable

import gevent
import pytest
from flask import Flask
from gevent.event import Event
from gevent.pool import Pool
from gevent.threadpool import ThreadPool

from mysmtp.web import governor as rules
from mysmtp.web.governor import (
    AFTERWARDS,
    AHEAD,
    EASY,
    LONGEST_EASE,
    MANY,
    QUIET,
    WAITING,
    Account,
    Crowded,
    Governor,
    charging,
)
from mysmtp.web.wsgi import WebServer
from tests.web.served import Served

HEAD = b"Host: localhost\r\nConnection: close\r\n"


def busy(now: float = 0.0, spent: float = AHEAD) -> Account:
    """An account that has used up what may be done ahead, just as mail comes in."""
    account = Account(now, share=0.1)
    account.spend(spent)
    account.hear()
    return account


def test_nobody_waits_while_no_mail_moves() -> None:
    account = Account(0.0, share=0.1)
    account.spend(50.0)
    assert account.owed(50.0) == 0.0


def test_some_work_may_be_done_ahead_while_mail_is_busy() -> None:
    account = busy(spent=AHEAD * 0.99)
    assert account.owed(0.0) == 0.0


def test_what_was_used_is_paid_for_with_ten_times_its_time() -> None:
    account = busy(spent=AHEAD + 0.02)
    assert account.owed(0.0) == pytest.approx(0.2)
    account.hear()
    assert account.owed(0.15) == pytest.approx(0.05)
    assert account.owed(0.2) == pytest.approx(0.0)


def test_over_a_second_the_web_has_its_share_and_no_more() -> None:
    account, now, worked = busy(), 0.0, 0.0
    while now < 10.0:
        account.hear()
        now += account.owed(now)
        account.spend(0.004)
        worked += 0.004
        now += 0.004
    assert worked == pytest.approx(1.0, abs=0.01)


def test_debts_are_forgotten_when_mail_has_been_quiet() -> None:
    account = busy(spent=5.0)
    assert account.owed(5.0) > 40
    assert account.owed(5.0 + QUIET - 0.01) > 40
    assert account.owed(5.0 + QUIET + 0.01) == 0.0
    account.hear()
    assert account.owed(5.0 + QUIET + 0.02) == 0.0  # and it begins anew with nothing owed


def test_a_web_that_holds_the_hub_does_not_make_mail_quiet() -> None:
    account = busy()
    account.owed(0.0)
    account.spend(2.0)
    assert account.owed(2.0) > 15


def test_work_done_ahead_does_not_pile_up() -> None:
    account = Account(0.0, share=0.1)
    account.owed(1000.0)
    account.hear()
    account.spend(AHEAD + 0.01)
    assert account.owed(1000.0) == pytest.approx(0.1)


class Time:
    """A clock that moves only while somebody sleeps; others run meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        gevent.sleep(0)


def indebted(clock: Time, owed: float = 1.0) -> Governor:
    """A governor whose web owes this many seconds, while mail is busy until `open`."""
    governor = Governor(0.1, clock=clock, sleep=clock.sleep)
    governor.hear()
    governor.spend(AHEAD + owed / 10)
    return governor


def test_a_lone_reader_never_sleeps() -> None:
    clock = Time()
    governor = Governor(0.1, clock=clock, sleep=clock.sleep)
    for _ in range(10):
        governor.hear()
        with governor.turn():
            governor.spend(0.008)
    assert clock.slept == []


def test_who_owes_sleeps_until_it_is_paid() -> None:
    clock = Time()
    governor = indebted(clock, owed=0.2)
    with governor.turn():
        assert clock.now == pytest.approx(0.2)


def test_first_come_first_served() -> None:
    clock = Time()
    governor = indebted(clock, owed=0.2)
    order: list[int] = []

    def ask(number: int) -> None:
        with governor.turn():
            order.append(number)
            governor.spend(0.01)
        governor.hear()

    gevent.joinall([gevent.spawn(ask, number) for number in range(5)], raise_error=True)
    assert order == [0, 1, 2, 3, 4]
    assert clock.now >= 0.2 + 4 * 0.09


def test_those_who_begin_at_once_are_counted_before_they_have_used_anything() -> None:
    clock = Time()
    governor = indebted(clock, owed=0.001)
    under_way, most = 0, 0
    ended = Event()

    def ask() -> None:
        nonlocal under_way, most
        governor.hear()
        with governor.turn():
            under_way += 1
            most = max(most, under_way)
            ended.wait()

    asking = [gevent.spawn(ask) for _ in range(20)]
    gevent.sleep(0)
    gevent.sleep(0)
    assert 0 < most < 20
    ended.set()
    governor.open()
    gevent.joinall(asking, raise_error=True)


def test_only_so_many_wait() -> None:
    blocked = Event()
    governor = Governor(0.1, clock=Time(), sleep=lambda _: blocked.wait())
    governor.hear()
    governor.spend(1.0)
    waiting = [gevent.spawn(governor.wait) for _ in range(WAITING)]
    gevent.sleep(0)
    with pytest.raises(Crowded), governor.turn():
        raise AssertionError("it was let in")
    governor.open()
    blocked.set()
    gevent.joinall(waiting, raise_error=True)
    with governor.turn():
        pass


def test_when_the_server_stops_everyone_passes() -> None:
    governor = Governor(0.1, clock=Time(), sleep=lambda _: governor.open())
    governor.hear()
    governor.spend(100.0)
    governor.wait()


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def work_in_pieces(wake: Event, threads: ThreadPool) -> None:
    burn(0.01)
    gevent.sleep(0)
    burn(0.01)
    wake.wait()
    burn(0.01)
    charging(threads.apply)(lambda: burn(0.01))
    burn(0.01)
    with gevent.Timeout(0.001, False):
        gevent.sleep(10)
    burn(0.01)


def test_a_connection_is_charged_for_its_own_work_wherever_it_runs() -> None:
    charges: list[float] = []
    pool = Pool(greenlet_class=lambda *run: rules.Metered(charges.append, *run))
    wake, threads = Event(), ThreadPool(1)
    worker = pool.spawn(work_in_pieces, wake, threads)
    for _ in range(5):  # work of others, in between
        burn(0.01)
        gevent.sleep(0)
    wake.set()
    worker.get()
    assert 0.06 <= sum(charges) < 0.1


def test_work_of_others_is_run_as_it_is() -> None:
    def offload(work: Callable[[], object]) -> object:
        assert work is given
        return work()

    def given() -> int:
        return 7

    assert charging(offload)(given) == 7  # type: ignore[arg-type]


def test_pages_are_charged_and_those_who_watch_never_wait(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.web.governor.QUIET", 1e9)
    served = Served(app)
    server: WebServer = served.server
    used = [server.governor.spent]
    served.ask(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")

    def look() -> None:
        used.append(server.governor.spent)
        server.governor.hear()
        server.governor.spend(1000.0)

    served.call(look)
    assert used[1] - used[0] > 0.0001
    for path in (b"/livez", b"/readyz"):
        assert served.ask(b"GET " + path + b" HTTP/1.1\r\n" + HEAD + b"\r\n").startswith(b"HTTP/1.1 200 ")
    with served.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
    served.stop()


def test_a_crowd_hears_503(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.web.governor.WAITING", 0)
    monkeypatch.setattr("mysmtp.web.wsgi.REFUSED_AFTER", 0.0)
    served = Served(app)
    answer = served.ask(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"Retry-After: 2\r\n" in answer
    assert b"Content-Security-Policy: " in answer
    assert answer.endswith(b"Try again in a while.\n")
    served.stop()


class Hours:
    """A clock that goes on while somebody sleeps; mail is busy all the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.governor = Governor(0.1, clock=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.governor.hear()


def test_what_pages_do_by_themselves_takes_a_part_of_the_share() -> None:
    hours = Hours()
    hours.governor.hear()
    used, began = 0.0, hours.now
    while hours.now < 20.0:
        hours.governor.ease()
        hours.governor.spend(0.03)
        hours.now += 0.03
        used += 0.03
    assert used / (hours.now - began) == pytest.approx(0.1 * EASY, rel=0.1)


def test_and_all_that_is_wanted_while_mail_is_quiet() -> None:
    hours = Hours()
    hours.governor.spend(50.0)
    hours.now = 51.0
    hours.governor.ease()
    assert hours.now == 51.0


def test_they_wait_a_while_at_most_whatever_was_used_meanwhile() -> None:
    hours = Hours()
    hours.governor.hear()
    hours.governor.ease()
    hours.now += 10.0
    hours.governor.hear()
    hours.governor.spend(0.9)  # somebody opened many pages
    began = hours.now
    hours.governor.ease()
    assert hours.now - began == pytest.approx(LONGEST_EASE, abs=0.01)


def test_a_flood_that_stands_still_for_a_moment_is_taken_to_go_on() -> None:
    account = Account(0.0)
    for _ in range(2 * MANY):
        account.hear()
    assert account.is_flooded(1.5)
    assert account.is_busy(1.5)
    assert not account.is_busy(1.5 + 2 * QUIET)
    assert account.is_flooded(1.5 + AFTERWARDS - 0.1)
    assert not account.is_flooded(1.5 + AFTERWARDS)


def test_a_mail_now_and_then_is_no_flood() -> None:
    account, now = Account(0.0), 0.0
    for _ in range(50):
        now += 0.2
        account.hear()
        assert not account.is_flooded(now)
