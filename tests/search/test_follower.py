"""Following a store a step at a time: what is half done is never taken for done."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from mysmtp.contracts import run_here
from mysmtp.losable import IN_MEMORY
from mysmtp.search.follower import KEPT, Follower
from mysmtp.search.index import MailIndex
from mysmtp.search.query import read_query
from mysmtp.search.sheet import sheet_of
from mysmtp.search.tables import Tables
from mysmtp.store.textfile import TextFileStore
from tests.calls import calls_of
from tests.search.searching import BOB, Office
from tests.web.posts import message

T = TypeVar("T")


def test_what_is_gone_is_hidden_before_it_is_forgotten(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.send("word", "a@x")
    office.send("word", "b@x")
    assert len(office.find("word")) == 2
    monkeypatch.setattr("mysmtp.search.index.PATIENCE", -1.0)
    monkeypatch.setattr("mysmtp.search.follower._MAILS", 1)
    for _ in range(3):
        office.send("more", "a@x")
    office.store.delete("b@x", [1])
    found = office.index.find(read_query("word"))
    assert [hit.mailbox for hit in found.hits] == ["a@x"]
    assert found.unsearched == 2


def test_what_goes_while_it_is_compared_is_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.search.follower.KEPT", 0)
    store, tables = TextFileStore(folder), Tables(IN_MEMORY)
    for text in ("one", "two"):
        store.append([BOB], message(text))
    follower = Follower(store, tables, run_here)
    follower.survey()
    while follower.step():
        pass
    (box,) = follower.boxes.values()
    assert set(tables.prints(box.number)) == {1, 2}
    store._boxes.held(f"{BOB}.txt", BOB).index.forget()  # so that all is compared
    follower.survey(frozenset([BOB]))
    store.delete(BOB, [1])
    while follower.step():
        pass
    assert set(tables.prints(box.number)) == {2}
    store.close()


def test_a_state_counts_once_all_of_it_is_indexed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.search.follower._MAILS", 1)
    store, tables = TextFileStore(folder), Tables(IN_MEMORY)
    for text in ("one", "two"):
        store.append([BOB], message(text))
    follower = Follower(store, tables, run_here)
    follower.survey()
    assert follower.step()
    assert tables.boxes()[BOB][1] == ""
    assert follower.unsearched == 1
    assert follower.step()
    assert tables.boxes()[BOB][1] == store.states()[BOB]
    assert not follower.step()
    again = Follower(store, tables, run_here)
    again.survey()
    assert (again.unsearched, again.step()) == (0, False)
    store.close()


def test_a_mailbox_that_comes_back_is_indexed_anew(folder: Path) -> None:
    store, tables = TextFileStore(folder), Tables(IN_MEMORY)
    store.append([BOB], message("one"))
    follower = Follower(store, tables, run_here)
    follower.survey()
    while follower.step():
        pass
    file = folder / f"{BOB}.txt"
    file.rename(folder / "aside")
    follower.survey()
    (folder / "aside").rename(file)
    follower.survey()
    while follower.step():
        pass
    (box,) = follower.boxes.values()
    assert set(tables.prints(box.number)) == {1}
    assert tables.totals().mails == 1
    store.close()


def test_much_is_forgotten_a_little_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.search.follower._GONE", 2)
    monkeypatch.setattr("mysmtp.search.follower.KEPT", 0)
    store, tables = TextFileStore(folder), Tables(IN_MEMORY)
    for _ in range(5):
        store.append([BOB, "b@x"], message("one"))
    follower = Follower(store, tables, run_here)
    follower.survey()
    while follower.step():
        pass
    store.delete(BOB, [1, 2, 3, 4])
    (folder / "b@x.txt").unlink()
    follower.survey()
    box = follower.boxes[BOB]
    left = []
    while follower.step():
        left.append(tables.totals()[0])
        assert tables.boxes()[BOB][1] == (store.states()[BOB] if not box.gone else box.saved)
    assert left == [8, 6, 4, 2, 1, 1]
    assert tables.prints(box.number).keys() == {5}
    assert list(follower.boxes) == list(tables.boxes()) == [BOB]
    store.close()


def test_what_is_put_back_is_found_again_without_being_read(office: Office) -> None:
    for number in range(20):
        office.send(f"number {number} word", "a@x" if number % 2 else "b@x")
    assert len(office.find("word")) == 20
    office.store.delete("a@x", range(1, 11))
    office.store.delete("b@x", [3])
    found = office.index.find(read_query("word"))
    assert (found.total, found.searched, found.unsearched) == (9, 9, 0)
    assert not office.index.step()
    office.store.restore("a@x", range(1, 11))
    assert calls_of(sheet_of, lambda: office.find("word")) == 0
    assert len(office.find("word")) == 19


def test_what_is_gone_is_forgotten_after_a_while(folder: Path) -> None:
    store, tables, seconds = TextFileStore(folder), Tables(IN_MEMORY), [1.0]
    follower = Follower(store, tables, run_here, lambda: seconds[0])

    def followed() -> tuple[int, int]:
        follower.survey()
        while follower.step():
            pass
        return tables.totals()[0], follower.hidden

    for _ in range(4):
        store.append([BOB], message("one"))
    assert followed() == (4, 0)
    store.delete(BOB, [1, 2])
    assert followed() == (4, 2)
    seconds[0] += KEPT / 2
    store.delete(BOB, [3])
    assert followed() == (4, 3)
    assert tables.boxes()[BOB][1] != store.states()[BOB]  # a start before that would find what is gone
    seconds[0] += KEPT / 2
    assert followed() == (1, 0)
    assert tables.boxes()[BOB][1] == store.states()[BOB]
    store.close()


class Killed(BaseException):
    """As gevent ends a greenlet that waits."""


class Killer:
    """An Offload whose caller is killed while it waits: for the last of so many works, which is done all the same.

    Threads of the store, which offload too, are left alone.
    """

    def __init__(self) -> None:
        self.left = 0
        self._thread = threading.get_ident()

    def __call__(self, work: Callable[[], T], /) -> T:
        done = work()
        self.left -= threading.get_ident() == self._thread
        if self.left == 0 and threading.get_ident() == self._thread:
            raise Killed
        return done


def test_whoever_is_killed_while_it_waits_loses_no_mail(folder: Path) -> None:
    killer, ended = Killer(), False
    store = TextFileStore(folder, offload=killer)
    index = MailIndex(store, offload=killer)
    for at in range(1, 60):
        index.clear()
        store.append([BOB, "b@x"], message("word"))
        if at % 3 == 0:
            store.delete(BOB, [at])
        killer.left = at
        with suppress(Killed):
            index.find(read_query("word"))
        ended, killer.left = killer.left > 0, 0
        found, unsearched = index.matches(read_query("word"))
        assert unsearched == 0
        assert sorted(found[BOB]) == [mail.id for mail in store.list(BOB)]
        assert sorted(found["b@x"]) == list(range(1, at + 1))
        if ended:
            break
    assert ended
    index.close()
    store.close()
