"""Logins asked in turn: an address guesses as slowly as it is told to, and hinders nobody elsewhere."""

import time

import gevent
import pytest
from gevent.event import Event

from mysmtp.contracts import run_here
from mysmtp.errors import PasswordsUnreadable
from mysmtp.logins import AT_ONCE, Logins


@pytest.mark.parametrize(
    ("peers", "together"),
    [
        ([f"192.0.2.1:{port}" for port in range(10)], AT_ONCE),
        ([f"[2001:db8::{port}]:25" for port in range(10)], AT_ONCE),
        ([f"[fe80::1%eth0]:{port}" for port in range(10)], AT_ONCE),
        ([f"192.0.2.{number}:25" for number in range(10)], 10),
        ([f"[2001:db8:0:{number}::1]:25" for number in range(10)], 10),
    ],
)
def test_of_one_address_few_are_asked_at_once(peers: list[str], together: int) -> None:
    begun: list[str] = []
    go_on = Event()

    def known(user: str, _password: str) -> bool:
        begun.append(user)
        go_on.wait()
        return True

    logins = Logins(known, run_here)
    greenlets = [gevent.spawn(logins.check, peer, peer, "x") for peer in peers]
    gevent.idle()
    assert begun == peers[:together]
    go_on.set()
    gevent.joinall(greenlets, timeout=20, raise_error=True)
    assert begun == peers
    assert [greenlet.value for greenlet in greenlets] == [True] * len(peers)
    assert not logins._gates  # nothing is kept of who has gone


def test_a_wrong_one_takes_its_place_for_a_while_and_a_right_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.logins.WRONG_TAKES", 0.1)
    logins = Logins(lambda _user, password: password == "right", run_here)
    began = time.monotonic()
    guesses = [gevent.spawn(logins.check, "192.0.2.1:25", "alice", "wrong") for _ in range(3 * AT_ONCE)]
    elsewhere = gevent.spawn(logins.check, "192.0.2.2:25", "alice", "right")
    ended: list[gevent.Greenlet] = []
    for each in (*guesses, elsewhere):
        each.link(ended.append)
    gevent.joinall([*guesses, elsewhere], timeout=20)
    gevent.idle()
    assert len(ended) == len(guesses) + 1
    assert ended[0] is elsewhere
    assert elsewhere.value is True
    assert [guess.value for guess in guesses] == [False] * len(guesses)
    assert time.monotonic() - began >= 0.3


def test_what_cannot_be_asked_is_raised_and_gives_its_place_back() -> None:
    def known(_user: str, _password: str) -> bool:
        raise PasswordsUnreadable

    logins = Logins(known, run_here)
    for _ in range(2 * AT_ONCE):
        with pytest.raises(PasswordsUnreadable):
            logins.check("192.0.2.1:25", "alice", "x")
