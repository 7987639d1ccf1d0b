"""A maildrop over a store: what it holds stays as it was, and what others did meanwhile does no harm."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from mysmtp.contracts import MessageStore
from mysmtp.errors import NoSuchMail
from mysmtp.message import Envelope, Message
from mysmtp.protocol.maildrop import Maildrop
from mysmtp.store import open_store

T = TypeVar("T")

BOX = "bob@y"
LONG = b"x" * 300 + b"\n"  # longer than what a list keeps of a mail


class Watched:
    """A store that counts how often a mail was read by itself."""

    def __init__(self, store: MessageStore) -> None:
        self.read_ids: list[int] = []
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def read(self, mailbox: str, mail_id: int) -> object:
        self.read_ids.append(mail_id)
        return self._store.read(mailbox, mail_id)


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MessageStore:
    return open_store("memory:" if request.param == "memory" else f"file:{tmp_path}/box")


@pytest.fixture
def files(tmp_path: Path) -> Callable[[], MessageStore]:
    """Open a store of files; each time the same folder."""
    return lambda: open_store(f"file:{tmp_path}/box")


def put(store: MessageStore, *bodies: bytes, mailbox: str = BOX) -> None:
    for body in bodies:
        store.append([mailbox], Message(Envelope("a@x", (mailbox,)), body, datetime.now(UTC)))


def drop_of(store: MessageStore) -> Maildrop:
    return Maildrop(store, BOX)


def sizes(drop: Maildrop) -> list[tuple[int, int]]:
    lines = (line.split() for line in drop.scan_listings().splitlines())
    return [(int(number), int(size)) for number, size in lines]


def test_mails_are_numbered_over_what_was_not_deleted(store: MessageStore) -> None:
    put(store, b"one\n", b"two\r\n", LONG, b"")
    store.delete(BOX, [2])
    drop = drop_of(store)
    assert sizes(drop) == [(1, 5), (2, 302), (3, 0)]
    assert (len(drop), drop.octets) == (3, 307)
    assert [drop.read(number) for number in (1, 2, 3)] == [b"one\r\n", b"x" * 300 + b"\r\n", b""]
    assert [drop.size(number) for number in (1, 2, 3)] == [5, 302, 0]


def test_a_mailbox_that_is_not_there_is_empty_and_is_not_made(store: MessageStore) -> None:
    drop = drop_of(store)
    assert (len(drop), drop.octets, list(drop.unique_ids()), drop.remove_marked()) == (0, 0, [], ())
    assert list(store.mailboxes()) == []


@pytest.mark.parametrize("number", [0, 2, 10**30])
def test_other_numbers_are_of_no_mail(store: MessageStore, number: int) -> None:
    put(store, b"one\n")
    drop = drop_of(store)
    asks: list[Callable[[int], object]] = [drop.size, drop.read, drop.mark, drop.unique_id]
    for ask in asks:
        with pytest.raises(NoSuchMail):
            ask(number)


def test_it_stays_as_it_was_when_more_comes_in_and_some_goes(store: MessageStore) -> None:
    put(store, LONG, LONG + LONG)
    drop = drop_of(store)
    put(store, b"three\n")
    store.delete(BOX, [1])
    (_, gone), (_, there) = sizes(drop)
    assert (gone in (301, 302), there) == (True, 604), "of what is gone, the size it was kept in will do"
    with pytest.raises(NoSuchMail):
        drop.read(1)
    with pytest.raises(NoSuchMail):
        drop.read(3)


def test_a_mark_hides_a_mail_until_it_is_taken_back(store: MessageStore) -> None:
    put(store, b"one\n", b"four\n")
    drop = drop_of(store)
    drop.mark(1)
    assert (len(drop), drop.octets, sizes(drop)) == (1, 6, [(2, 6)])
    assert [number for number, _ in drop.unique_ids()] == [2]
    with pytest.raises(NoSuchMail):
        drop.read(1)
    drop.unmark()
    assert (len(drop), drop.octets, drop.read(1)) == (2, 11, b"one\r\n")
    assert list(drop.remove_marked()) == []
    assert [mail.id for mail in store.list(BOX)] == [1, 2]


def test_what_is_marked_is_removed_once(store: MessageStore) -> None:
    put(store, b"one\n", b"two\n", b"three\n")
    one, other = drop_of(store), drop_of(store)
    for drop in (one, other):
        drop.mark(1)
        drop.mark(3)
    assert list(one.remove_marked()) == [1, 3]
    assert list(other.remove_marked()) == []
    assert [mail.id for mail in store.list(BOX)] == [2]


def test_mails_in_files_are_measured_together_and_none_is_read_by_itself(files: Callable[[], MessageStore]) -> None:
    store = files()
    put(store, b"short\n", LONG, b"a\r\n" * 100, b"", LONG.replace(b"\n", b"\r\n") * 2, LONG * 2 + b"x")
    watched = Watched(store)
    for more in (0, 302):
        drop = Maildrop(watched, BOX)  # type: ignore[arg-type]
        assert [size for _, size in sizes(drop)][:6] == [7, 302, 300, 0, 604, 607]
        assert drop.octets == 1820 + more
        put(store, LONG)
    assert watched.read_ids == []
    store.close()


def test_a_file_that_is_another_one_by_now_is_read_mail_by_mail(
    files: Callable[[], MessageStore], tmp_path: Path
) -> None:
    store = files()
    put(store, LONG, LONG + LONG)
    drop = drop_of(store)
    path = tmp_path / "box" / "bob@y.txt"
    _, record = path.read_bytes().split(b"===START_EMAIL=== id=1 ")[1].split(b"===START_EMAIL===")
    path.write_bytes(b"===START_EMAIL===" + record)
    assert sizes(drop) == [(1, 301), (2, 604)], "of what is gone, the size it was kept in"
    drop = drop_of(store)
    path.unlink()
    assert sizes(drop) == [(1, 602)]
    store.close()


def test_unique_ids_outlive_the_server_and_are_short_and_printable(files: Callable[[], MessageStore]) -> None:
    store = files()
    put(store, b"one\n", LONG)
    before = list(drop_of(store).unique_ids())
    store.close()
    store = files()
    assert list(drop_of(store).unique_ids()) == before
    store.delete(BOX, [1])
    assert [unique for _, unique in drop_of(store).unique_ids()] == [before[1][1]]
    store.close()
    assert all(0 < len(unique) <= 70 and all("!" <= char <= "~" for char in unique) for _, unique in before)


def test_the_unique_ids_of_all_are_those_of_each_whoever_wrote_the_mails(
    files: Callable[[], MessageStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mysmtp.store.showing._MANY", 2)
    store = files()
    put(store, *[b"%d\n" % number for number in range(5)])
    store.delete(BOX, [2])
    original = b"===START_EMAIL===\nFrom: a@x\nDate: 01-01-2026\none\n===END_EMAIL==="
    with (tmp_path / "box" / "bob@y.txt").open("ab") as file:
        file.write(original + b"\n\n" + original)
    drop = drop_of(store)
    ids = list(drop.unique_ids())
    assert ids == [(number, drop.unique_id(number)) for number in range(1, 7)]
    assert [unique.split(".")[0] for _, unique in ids] == ["1", "3", "4", "5", "6", "7"]
    for number in (1, 5, 6):
        drop.mark(number)
    assert list(drop.remove_marked()) == [1, 6, 7]
    store.close()


def test_a_mailbox_removed_and_begun_anew_shares_no_unique_id(
    files: Callable[[], MessageStore], tmp_path: Path
) -> None:
    store = files()
    put(store, b"one\n", b"two\n")
    before, drop = drop_of(store), drop_of(store)
    ids = {unique for _, unique in before.unique_ids()}
    (tmp_path / "box" / "bob@y.txt").unlink()
    before.mark(2)
    assert list(before.remove_marked()) == [], "there is no mailbox to delete it from"
    put(store, b"one\n", b"two\n")
    after = drop_of(store)
    assert ids.isdisjoint(unique for _, unique in after.unique_ids())
    with pytest.raises(NoSuchMail):
        drop.read(1)
    drop.mark(1)
    assert list(drop.remove_marked()) == [], "what has this id now is another mail"
    assert len(drop_of(store)) == 2
    store.close()


def test_mails_of_the_original_program_have_lasting_ids_too(files: Callable[[], MessageStore], tmp_path: Path) -> None:
    store = files()
    file = tmp_path / "box" / "bob@y.txt"

    def written(body: str) -> list[str]:
        file.write_text(f"===START_EMAIL===\nFrom: a@x\nDate: 01-01-2026\n{body}\n===END_EMAIL===\n")
        return [unique for _, unique in drop_of(store).unique_ids()]

    one = written("one")
    assert len(one) == 1
    assert written("two") != one
    assert written("one") == one
    store.close()


def test_lines_of_many_mails_are_made_where_they_stop_nobody(tmp_path: Path) -> None:
    away: list[object] = []

    def offload(work: Callable[[], T]) -> T:
        away.append(work)
        return work()

    store = open_store(f"file:{tmp_path}/box", offload=offload)
    put(store, b"one\n", b"two\n")
    drop = drop_of(store)
    first = drop.scan_listings()
    away.clear()
    assert (drop.scan_listings(), len(away)) == (first, 1)
    store.close()
