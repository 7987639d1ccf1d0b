"""Searching a store: what is found by what, and that it is true of the mailboxes at the moment it is asked."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.contracts import MessageStore
from mysmtp.powers import Followed, Marking
from mysmtp.search.found import COUNTED
from mysmtp.search.index import MailIndex, Unsearchable
from mysmtp.search.query import Unreadable, read_query
from mysmtp.search.tables import Tables
from mysmtp.store import open_store
from mysmtp.store.disk import Disk
from mysmtp.store.textfile import TextFileStore
from tests.search.searching import BOB, Office
from tests.store.mails import ORIGINAL
from tests.web.letters import rich, simple
from tests.web.posts import NOON, message

PIECES = (
    *(
        "from:",
        "to:",
        "in:",
        "subject:",
        "hello",
        "lunch",
        " ",
        "-",
        '"',
        "*",
        "(",
        ")",
        "NEAR",
        " OR ",
        " NOT ",
        "^",
        "+",
    ),
    *("is:unread", "has:attachment", "before:2026-11-01", "larger:1k", "{subject}:", "'; DROP TABLE mail; --", "\x00"),
)


@pytest.fixture(scope="module")
def full() -> Iterator[Office]:
    """Mails of many kinds in bob@example.com: 1 plain, 2 and 3 letters, 4 with files, 5 HTML alone; 6 to two others."""
    store = open_store("memory:")
    office = Office(store, MailIndex(store, zone=UTC))
    office.send("Hello Bob,\nlunch on Monday?\n")
    office.send(simple("Invoice 17", "Thank you for your order.\n"), sender="shop@store.example")
    office.send(simple("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Müller says: you thank me 日本語 🎉\n", more="X-Mailer: Pine\n"))
    office.send(rich(name="report 2026.pdf"))
    office.send(simple("Page", "<p>Half-<b>pr</b>ice</p><style>.red{}</style><td>one</td><td>two</td>", "text/html"))
    office.send("For both", "carol@example.com", "dave@example.com", at=NOON + timedelta(days=2))
    yield office
    office.index.close()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("lunch", [1]),
        ("LUNCH monday", [1]),
        ("lunch invoice", []),
        ('"thank you"', [2]),
        ("thank you", [2, 3]),
        ("gruße", [3]),
        ("GRÜSSE", [3]),
        ("muller", [3]),
        ("本語", [3]),
        ("🎉", [3]),
        ("price", [5]),
        ("half-price", [5]),
        ("onetwo", []),
        ("red", []),
        ("inv*", [2]),
        ("subject:invoice", [2]),
        ("subject:hello", [1]),
        ("subject:thank", []),
        ("body:order", [2]),
        ("body:invoice", []),
        ("from:shop", [2]),
        ("from:store.example", [2]),
        ("from:Alice", [1, 2, 3, 4, 5]),
        ("to:bob invoice", [2]),
        ("header:pine", [3]),
        ("header:x-mailer", [3]),
        ("pine", [3]),
        ("header:invoice", [2]),
        ("filename:report", [4]),
        ("filename:pdf", [4]),
        ('filename:"report 2026.pdf"', [4]),
        ("has:attachment", [4]),
        ("in:bob has:attachment", [4]),
        ("in:bob@example.com -has:attachment", [1, 2, 3, 5]),
        ("in:bob -from:shop -lunch", [3, 4, 5]),
        ("larger:300 in:bob", [4]),
        ("smaller:40 in:bob", [1]),
        ("in:nobody", []),
        ("in:bob -in:example.com", []),
        ("after:2026-11-24 in:bob", []),
        ("before:2026-11-24 lunch", [1]),
        ("lunch -after:2026-11-24", [1]),
        ("from:nobody", []),
    ],
)
def test_what_finds_what(full: Office, text: str, ids: list[int]) -> None:
    assert [mail_id for box, mail_id in sorted(full.find(text)) if box == BOB] == ids


def test_all_mailboxes_are_searched_newest_first(full: Office) -> None:
    assert [box for box, _ in full.find("example")] == ["dave@example.com", "carol@example.com", *[BOB] * 5]
    assert full.find("in:carol") == [("carol@example.com", 1)]
    assert full.find("after:2026-11-25") == [("dave@example.com", 1), ("carol@example.com", 1)]


def test_mailboxes_are_named_in_any_case(office: Office) -> None:
    office.send("word", "É@x")
    office.send("word", "bob@x")
    office.send("word", "bobby@bob@x")
    assert office.find("in:É@X") == [("É@x", 1)]
    assert office.find("in:Bob@x") == [("bob@x", 1)]
    assert office.find("in:bob") == [("bobby@bob@x", 1), ("bob@x", 1)]


def test_the_whole_is_counted(full: Office) -> None:
    found = full.index.find(read_query("example"), most=2)
    assert (found.total, found.more, found.mailboxes) == (7, False, 3)
    assert (found.searched, found.boxes, found.unsearched, found.cut, found.files_cut) == (7, 3, 0, 0, 0)


def test_others_are_counted_where_nothing_is_found(full: Office) -> None:
    others = [read_query(text) for text in ("example", "lunch", "lunch invoice")]
    found = full.index.find(read_query("lunch invoice"), instead=others)
    assert [(each.total, each.more) for each in found.instead] == [(7, False), (1, False), (0, False)]
    assert full.index.find(read_query("lunch"), instead=others).instead == ()


@pytest.mark.parametrize("words", [2, 256])
def test_beginnings_of_few_words_and_of_many_find_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch, words: int
) -> None:
    monkeypatch.setattr("mysmtp.search.tables._WORDS", words)
    for text in ("invoice", "invite him", "invent", "invoi", "in", "inw", "on\U0010ffffinv\u00e9s", "no invoice\u00e9"):
        office.send(simple("inventory", text))
    assert office.ids("invo*") == [1, 4, 8]
    assert office.ids("body:inv*") == [1, 2, 3, 4, 7, 8]
    assert office.ids("subject:inv* -invi*") == [1, 3, 4, 5, 6, 7, 8]
    assert office.ids("no-inv*") == [8]
    assert office.ids("invz*") == []


def test_what_a_hit_tells(full: Office) -> None:
    (hit,) = full.index.find(read_query("invoice")).hits
    sheet = hit.sheet
    assert (sheet.subject, sheet.letter, sheet.attached, sheet.cut) == ("Invoice 17", True, 0, False)
    assert sheet.sender.split("\n") == ["shop@store.example", "Alice <alice@example.com>"]
    assert sheet.recipients.split("\n") == [BOB]
    assert (sheet.size, sheet.arrived) == (len(simple("Invoice 17", "Thank you for your order.\n")), 1795435201418000)


def test_all_matches_by_mailbox(full: Office) -> None:
    found, unsearched = full.index.matches(read_query("-lunch"))
    assert {name: sorted(ids) for name, ids in found.items()} == {
        BOB: [2, 3, 4, 5], "carol@example.com": [1], "dave@example.com": [1],
    }  # fmt: skip
    assert unsearched == 0


def test_days_are_those_of_the_reader() -> None:
    store = open_store("memory:")
    office = Office(store, MailIndex(store, zone=timezone(timedelta(hours=2))))
    office.send("late", at=datetime(2026, 11, 23, 21, 59, 59, tzinfo=UTC))
    office.send("late", at=datetime(2026, 11, 23, 22, 0, tzinfo=UTC))
    assert office.ids("after:2026-11-24") == [2]
    assert office.ids("before:2026-11-24") == [1]
    assert office.ids("late before:0001-01-01") == []
    assert office.ids("late after:9999-12-31") == []
    assert office.ids("late before:9999-12-31") == [1, 2]


def test_pages_are_keyed(office: Office) -> None:
    for number in range(1, 8):
        office.send(f"number {number}")
    query = read_query("number")

    def page(before: int | None) -> tuple[list[int], int | None, int | None]:
        found = office.index.find(query, before, most=3)
        return [hit.id for hit in found.hits], found.newer, found.older

    first, newer, older = page(None)
    assert (first, newer) == ([7, 6, 5], None)
    second, newer, older = page(older)
    assert (second, newer) == ([4, 3, 2], 0)
    third, newer, older = page(older)
    assert (third, older) == ([1], None)
    assert page(newer)[0] == [4, 3, 2]
    assert page(1)[0] == [7, 6, 5]
    assert page(1 << 62)[0] == [7, 6, 5]
    office.send("number 8")
    assert page(None)[0] == [8, 7, 6]


def test_what_is_round_a_mail_in_what_is_found(full: Office) -> None:
    example, dave, carol = read_query("example"), ("dave@example.com", 1), ("carol@example.com", 1)
    order = [dave, carol, *((BOB, mail_id) for mail_id in (5, 4, 3, 2, 1))]
    for at, (mailbox, mail_id) in enumerate(order):
        near = full.index.nearby(example, mailbox, mail_id, most=3)
        assert near is not None
        assert near.newer == (order[at - 1] if at else None)
        assert near.older == (order[at + 1] if at + 1 < len(order) else None)
        assert near.above == min(at, 3)
        assert full.index.find(example, near.key + 1, 1).hits[0].id == mail_id
    other = full.index.nearby(read_query("invoice"), BOB, 4)  # which does not find it
    assert other is not None
    assert (other.newer, other.older, other.above) == (None, (BOB, 2), 0)
    assert full.index.nearby(example, BOB, 99) is None
    assert full.index.nearby(example, "nobody@x", 1) is None


def test_more_than_is_counted_is_said(office: Office) -> None:
    octets = b"".join(b"===START_EMAIL===\nFrom: a@x\nDate: 01-02-2026\nmany\n===END_EMAIL===\n\n" for _ in range(1500))
    office.send("few")
    office.index.find(read_query("few"))
    store_file(office, "many@x").write_bytes(octets)
    assert office.index.catch_up(30) is False
    found = office.index.find(read_query("many"))
    assert (found.total, found.more, found.hits[0].id) == (COUNTED, True, 1500)
    matches, _ = office.index.matches(read_query("many"))
    assert sorted(matches["many@x"]) == list(range(1, 1501))


def test_new_and_read(office: Office) -> None:
    for number in range(4):
        office.send(f"number {number}")
    office.send("number", "carol@x")
    assert isinstance(office.store, Marking)
    office.store.mark(BOB, [1, 3], seen=True)
    assert office.find("number is:unread") == [("carol@x", 1), (BOB, 4), (BOB, 2)]
    assert office.find("is:read") == [(BOB, 3), (BOB, 1)]
    assert office.find("-is:unread") == [(BOB, 3), (BOB, 1)]
    assert office.find("is:read is:unread") == []


def store_file(office: Office, mailbox: str) -> Path:
    assert isinstance(office.store, Followed)
    place = office.store.hidden_place("x")
    assert place is not None
    return place[0].parent.parent / f"{mailbox}.txt"


def test_what_is_deleted_is_not_found_and_comes_back(office: Office) -> None:
    office.send("one word")
    office.send("another word")
    assert office.ids("word") == [1, 2]
    office.store.delete(BOB, [1])
    assert office.ids("word") == [2]
    office.store.restore(BOB, [1])
    assert office.ids("one") == [1]
    assert office.ids("word") == [1, 2]


def test_what_others_do_to_the_files_is_followed(office: Office) -> None:
    office.send("first")
    assert office.ids("first") == [1]
    file = store_file(office, BOB)
    with file.open("ab") as opened:
        opened.write(ORIGINAL)
    assert office.ids("from:charlie") == [3]
    was = file.stat()
    file.write_bytes(file.read_bytes().replace(b"no newline", b"by another"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
    assert office.ids("newline") == []
    assert office.ids('"by another"') == [3]
    assert office.ids("first") == [1]
    file.rename(file.with_name("carol@x.txt"))
    assert office.find("from:charlie") == [("carol@x", 3)]
    file.with_name("carol@x.txt").unlink()
    assert office.find("example") == []


def test_only_what_changed_is_read_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        office.send(f"number {number}")
    assert office.ids("number") == [1, 2, 3]
    file = store_file(office, BOB)
    with file.open("r+b") as opened:
        opened.write(b"===GONE__EMAIL===")
    read: list[int] = []
    assert isinstance(office.store, Followed)
    really = office.store.read_some

    def read_some(mailbox: str, ids: list[int], octets: int) -> object:
        read.extend(ids)
        return really(mailbox, ids, octets)

    monkeypatch.setattr(office.store, "read_some", read_some)
    assert office.ids("number") == [2, 3]
    assert read == []


def test_an_index_is_kept_over_a_restart(office: Office, store: MessageStore, folder: Path) -> None:
    office.send("kept")
    assert office.ids("kept") == [1]
    office.index.close()
    again = Office(store, MailIndex(store))
    assert (folder / ".index" / "search.db").stat().st_size > 0
    assert again.ids("kept") == [1]
    again.send("more")
    assert again.find("more") == [(BOB, 2)]
    again.index.close()


def test_mails_of_one_moment_keep_their_order(office: Office) -> None:
    for _ in range(40):
        office.send("same", at=NOON)
    assert [mail_id for _, mail_id in office.find("same")] == list(range(40, 0, -1))


def test_mail_that_waits_to_be_indexed_is_counted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.search.index.PATIENCE", -1.0)
    monkeypatch.setattr("mysmtp.search.follower._MAILS", 2)
    for number in range(5):
        office.send(f"number {number}")
    found = office.index.find(read_query("number"))
    assert (len(found.hits), found.unsearched) == (2, 3)
    assert office.index.catch_up(30) is False
    assert office.index.unsearched == 0
    assert len(office.index.find(read_query("number")).hits) == 5


def test_mail_that_cannot_be_read_now_is_counted_and_leaves_nothing_to_do(folder: Path) -> None:
    full = [True]

    def write(descriptor: int, octets: bytes | memoryview) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, "full")
        return os.write(descriptor, octets)

    store = TextFileStore(folder, disk=Disk(write=write))
    index = MailIndex(store)
    store.append([BOB], message("hello\n"))
    assert index.find(read_query("hello")).unsearched == 1
    assert index.step() is False
    full[0] = False
    found = index.find(read_query("hello"))
    assert (len(found.hits), found.unsearched) == (1, 0)
    index.close()
    store.close()


@pytest.mark.parametrize("damage", ["garbage", "other", "version", "words", "emptied", "sheet", "cut"])
def test_a_damaged_index_is_made_again(office: Office, folder: Path, damage: str) -> None:
    for number in range(30):
        office.send(f"word{number} common " + "x" * 50)
    assert len(office.ids("common")) == 30
    office.index.close()
    path = folder / ".index" / "search.db"
    if damage == "garbage":
        path.write_bytes(b"no database at all" * 1000)
    elif damage == "cut":
        os.truncate(path, 8192)
    else:
        with sqlite3.connect(path) as database:
            database.execute(
                {
                    "other": "DROP TABLE mail",
                    "version": "UPDATE made SET by = 'older'",
                    "emptied": "INSERT INTO words(words) VALUES ('delete-all')",
                    "words": "UPDATE words_data SET block = zeroblob(100) WHERE id > 10",
                    "sheet": "UPDATE sheet SET octets = zeroblob(9)",
                }[damage]
            )
        database.close()
    assert len(office.ids("common")) == 30
    office.send("word30 common")
    assert len(office.ids("common")) == 31
    assert office.index.unsearched == 0


def test_an_index_that_cannot_be_written_is_said(office: Office, folder: Path) -> None:
    office.send("hello")
    (folder / ".index").mkdir(exist_ok=True)
    (folder / ".index" / "search.db").symlink_to(folder / "elsewhere")
    with pytest.raises(Unsearchable):
        office.find("hello")
    (folder / ".index" / "search.db").unlink()
    assert office.ids("hello") == [1]


def test_forgetting_everything(office: Office, folder: Path) -> None:
    office.send("hello")
    assert office.ids("hello") == [1]
    office.index.clear()
    assert list((folder / ".index").glob("search*")) == []
    assert office.ids("hello") == [1]


def test_an_index_whose_process_was_killed_is_checked_and_kept(office: Office, folder: Path) -> None:
    office.send("hello")
    assert office.ids("hello") == [1]
    assert not (folder / ".index" / "search.db.closed").exists()
    copy = {path.name: path.read_bytes() for path in (folder / ".index").glob("search.db*")}
    office.index.close()
    assert (folder / ".index" / "search.db.closed").exists()
    (folder / ".index" / "search.db.closed").unlink()
    for name, octets in copy.items():
        (folder / ".index" / name).write_bytes(octets)
    assert office.ids("hello") == [1]
    assert not list((folder / ".index").glob("*.damaged"))


@settings(max_examples=150)
@given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_any_search_is_answered_or_refused_in_words(full: Office, text: str) -> None:
    try:
        query = read_query(text)
    except Unreadable:
        return
    full.index.find(query)


def test_what_is_forgotten_leaves_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.search.follower.KEPT", 0)
    store = open_store("memory:")
    office = Office(store, MailIndex(store))
    office.send("only here")
    assert office.ids("only") == [1]
    store.delete(BOB, [1])
    assert office.ids("only") == []
    tables = office.index._tables
    assert isinstance(tables, Tables)
    tables.check()
    assert tables.totals().mails == 0
    tables._database.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(words, 'row')")
    assert tables._database.execute("SELECT term FROM terms").fetchall() == []
