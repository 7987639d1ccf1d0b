import gevent
import pytest
from gevent.event import Event

from mysmtp.signals import HubSignal


def test_one_waits_until_another_sets() -> None:
    signal, told = HubSignal(), list[str]()

    def wait() -> None:
        signal.wait()
        told.append("woken")

    waiting = gevent.spawn(wait)
    gevent.sleep(0)
    assert told == []
    signal.set()
    told.append("set")
    waiting.join(10)
    assert told == ["set", "woken"]


def test_what_is_set_already_is_not_waited_for() -> None:
    signal = HubSignal()
    signal.set()
    signal.wait()


def test_one_killed_between_set_and_wake_is_not_woken_from_what_it_waits_for_then() -> None:
    signal, other, told = HubSignal(), Event(), list[str]()

    def wait() -> None:
        try:
            signal.wait()
        except gevent.GreenletExit:
            assert other.wait(10)
            told.append("other")

    waiting = gevent.spawn(wait)
    gevent.sleep(0)
    waiting.kill(block=False)
    signal.set()
    gevent.sleep(0)
    gevent.sleep(0)
    assert told == []
    other.set()
    waiting.join(10)
    assert told == ["other"]


def test_a_switch_from_elsewhere_does_not_end_the_wait() -> None:
    signal = HubSignal()
    waiting = gevent.spawn(signal.wait)
    gevent.sleep(0)
    gevent.get_hub().loop.run_callback(waiting.switch)
    gevent.sleep(0)
    assert not waiting.dead
    signal.set()
    waiting.join(10)
    assert waiting.successful()


def test_killed_while_it_waits_it_ends() -> None:
    waiting = gevent.spawn(HubSignal().wait)
    gevent.sleep(0)
    waiting.kill()
    with pytest.raises(gevent.GreenletExit):
        raise waiting.value
