"""However many pages of mails are asked for at once, few mails are in memory; a page keeps the beginning of one."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from mysmtp.contracts import run_here
from mysmtp.events import Bus
from mysmtp.message import Envelope, Message, StoredMail
from mysmtp.store import open_store
from mysmtp.web import Setup, create_app
from mysmtp.web.opening import BEGINNING, MOST, Opening
from tests.web.conftest import ENDPOINTS, client_of
from tests.web.letters import rich

T = TypeVar("T")
BODY = b"Subject: x\r\n\r\n" + b"x" * BEGINNING
READERS = 3 * MOST


class Reads:
    """A store of one mail that counts the mails which were read and are still looked at."""

    def __init__(self) -> None:
        self._store = open_store("memory:")
        self._store.append(["a@x"], Message(Envelope("b@x", ("a@x",)), BODY, datetime(2026, 1, 2, tzinfo=UTC)))
        self._count = threading.Condition()
        self.read_and_held = self.most = 0
        self.full, self.too_many = threading.Event(), threading.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def read(self, mailbox: str, mail_id: int) -> StoredMail:
        with self._count:
            self.read_and_held += 1
            self.most = max(self.most, self.read_and_held)
            if self.read_and_held >= MOST:
                self.full.set()
            if self.read_and_held > MOST:
                self.too_many.set()
        return self._store.read(mailbox, mail_id)

    def let_go(self, work: Callable[[], T]) -> T:
        """Look at a mail, once as many as may be are there: the Offload of the test."""
        assert self.full.wait(30)
        self.too_many.wait(0.2)  # a moment in which one too many would come in
        found = work()
        with self._count:
            self.read_and_held -= 1
        return found


def test_those_who_come_when_enough_mails_are_open_wait() -> None:
    store = Reads()
    opening = Opening(store, store.let_go)  # type: ignore[arg-type]
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(lambda _: opening.open("a@x", 1, lambda mail: len(mail.body)), range(READERS)))
    assert [size for _, size in found] == [len(BODY)] * READERS
    assert {mail.body for mail, _ in found} == {BODY[:BEGINNING]}
    assert store.most == MOST


def test_what_is_looked_at_beside_a_mail_is_fetched_by_whoever_asks() -> None:
    store = Reads()
    opening = Opening(store._store, run_here)
    mail, found = opening.open_with(threading.get_ident, "a@x", 1, lambda mail, where: (len(mail.body), where))
    assert (mail.summary.id, found) == (1, (len(BODY), threading.get_ident()))


def nameless_in(folder: Path) -> int:
    """Count the open files of this process that lie in a folder and have no name."""
    there = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return sum(each.startswith(f"{folder}/") and each.endswith(" (deleted)") for each in there)


def test_a_large_part_lies_on_the_disk_while_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.web.parts._LARGE", 5)
    store = open_store(f"file:{tmp_path}/mailbox")
    store.append(["a@x"], Message(Envelope("b@x", ("a@x",)), rich(), datetime(2026, 1, 2, tzinfo=UTC)))
    client = client_of(create_app(Setup(store, Bus(), endpoints=ENDPOINTS)))
    store.list("a@x")
    before = nameless_in(tmp_path / "mailbox")
    saved = client.get("/mailbox/a@x/1/part/1.2")
    assert nameless_in(tmp_path / "mailbox") == before + 1
    assert (saved.data, saved.content_length) == (b"%PDF-", 5)
    assert saved.headers["Content-Disposition"] == 'attachment; filename="letter.pdf"'
    saved.close()
    del saved
    store.close()
