"""A large mail goes through files instead of memory, and comes out as any other would: every octet, in every record."""

import errno
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mysmtp.contracts import run_here
from mysmtp.errors import StoreFailed
from mysmtp.message import Message
from mysmtp.store import quoting, spool
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.large import large_draft
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.pouring import Pouring
from mysmtp.store.quoting import quoted, unquoted
from mysmtp.store.spool import Spool
from mysmtp.store.textfile import TextFileStore
from mysmtp.store.textformat import draft, quote, unquote
from mysmtp.store.write import write_records
from tests.store.disks import Faults
from tests.store.mails import ORIGINAL, mail

MARKER = b"===START_EMAIL==="
WORDS = (
    b"\n", b"\r\n", b"\r", b">", b">>>>>>>>>>>>>>>>>>>>>>>>", b"=", b"===", MARKER, MARKER[:9], MARKER[9:],
    b"===END_EMAIL===", b"===GONE__EMAIL===", b"x", b"x" * 40, b"\0",
)  # fmt: skip
PIECES = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(b"".join), max_size=8)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    opened = Folder(tmp_path_factory.mktemp("spools"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True, scope="module")
def small_steps() -> Iterator[None]:
    """Have everything that is large be so in small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoting, "_LONG", 20)
        patch.setattr(spool, "STEP", 7)
        yield


def spooled(folder: int, *pieces: bytes) -> Spool:
    made = Spool(folder, run_here)
    for piece in pieces:
        made.add(piece)
    return made


@given(PIECES)
@example([b">" * 30, b">", MARKER + b"\n" + MARKER])
@example([b"x" * 30, MARKER, b"\n", MARKER[:5], MARKER[5:]])
@example([b">" * 30 + MARKER[:-1], b"x\n", b">" * 30 + MARKER[:-1], b"=\n"])
def test_lines_are_quoted_however_they_are_cut(pieces: list[bytes]) -> None:
    assert b"".join(quoted(pieces)) == quote(b"".join(pieces))


@given(PIECES, st.sampled_from(["", "bob@example.com", "é@x"]))
def test_a_record_is_the_one_that_any_mail_has(held: Folder, pieces: list[bytes], full_name: str) -> None:
    whole = b"".join(pieces)
    body = spooled(held.descriptor, *pieces)
    made, plain = large_draft(mail(body), body, held.descriptor), draft(mail(whole))
    record, expected = made.record(12, full_name), plain.record(12, full_name)
    assert b"".join(body.pieces()) == whole
    assert (b"".join(record.pieces()), bytes(record), len(record)) == (expected, expected, len(expected))
    assert bytes(record.whole()) == expected
    assert [record.end(count) for count in (1, 3, 30, 90)] == [expected[-count:] for count in (1, 3, 30, 90)]
    assert (made.size, made.summary(3)) == (plain.size, plain.summary(3))


@given(PIECES)
@example([b">" * 30, b">", MARKER + b"\n>" + MARKER])
@example([b">" + MARKER[:-1], b"x\n", b">" * 30 + MARKER[:-1], b"=\n"])
def test_and_unquoted(pieces: list[bytes]) -> None:
    assert b"".join(unquoted(pieces)) == unquote(b"".join(pieces))


@given(PIECES)
def test_a_mail_goes_out_piece_by_piece_as_it_came(held: Folder, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    file = f"{zlib.crc32(whole):x}@x.txt"
    (held.path / file).unlink(missing_ok=True)
    box = Mailbox(held, file, file.removesuffix(".txt"))
    write_records(box, Disk(), [draft(mail(b"other")), draft(mail(whole))], "")
    pouring = Pouring()
    found = pouring.pour(
        box, 2, lambda pieces: (each.upper() for each in pieces), lambda summary: b"head of %d:" % summary.id
    )
    assert found is not None
    assert (bytes(found[1]), found[0].size) == (b"head of 2:" + whole.upper(), len(whole))
    (held.path / file).unlink()


def test_one_that_is_damaged_or_not_ours_is_read_as_a_whole(held: Folder) -> None:
    (held.path / "odd.txt").write_bytes(ORIGINAL + draft(mail(b"whole" * 20)).record(3))
    box = Mailbox(held, "odd.txt", "odd")
    pouring = Pouring()
    assert [pouring.pour(box, number, iter, lambda _: b"") is None for number in (1, 2, 3, 4)] == [
        True,
        True,
        False,
        True,
    ]
    octets = (held.path / "odd.txt").read_bytes()
    with (held.path / "odd.txt").open("r+b") as file:
        file.seek(octets.index(b"wholewhole"))
        file.write(b"W")
    assert pouring.pour(box, 3, iter, lambda _: b"") is None


def test_only_so_many_are_on_their_way_out(held: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    (held.path / "many.txt").write_bytes(draft(mail(b"x")).record(1))
    box = Mailbox(held, "many.txt", "many")
    monkeypatch.setattr("mysmtp.store.pouring._MOST", 2)
    pouring = Pouring()
    found = [pouring.pour(box, 1, iter, lambda _: b"") for _ in range(2)]
    with pytest.raises(StoreFailed):
        pouring.pour(box, 1, iter, lambda _: b"")
    found.clear()
    assert pouring.pour(box, 1, iter, lambda _: b"")


def test_a_few_go_out_by_way_of_memory_where_the_disk_has_no_room(
    held: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    (held.path / "full.txt").write_bytes(draft(mail(b"a mail")).record(1))
    box = Mailbox(held, "full.txt", "full")
    monkeypatch.setattr("mysmtp.store.pouring._FEW", 2)
    monkeypatch.setattr("mysmtp.store.pouring.nameless", full)
    pouring = Pouring()
    found = [pouring.pour(box, 1, iter, lambda _: b"x") for _ in range(2)]
    assert [each and bytes(each[1]) for each in found] == [b"xa mail"] * 2
    with pytest.raises(StoreFailed) as fault:
        pouring.pour(box, 1, iter, lambda _: b"")
    assert fault.value.for_want_of_room
    found.clear()
    assert pouring.pour(box, 1, iter, lambda _: b"")


def test_what_was_taken_off_its_end_is_gone(held: Folder) -> None:
    body = spooled(held.descriptor, b"a" * 10, b"b" * 10)
    body.shorten(7)
    assert (b"".join(body.pieces()), len(body)) == (b"a" * 10 + b"b" * 3, 13)


def test_it_stays_while_its_pieces_are_given(held: Folder) -> None:
    assert b"".join(spooled(held.descriptor, b"x" * 30).pieces()) == b"x" * 30


def test_no_file_of_it_can_be_found_and_none_stays_open(held: Folder) -> None:
    body = spooled(held.descriptor, b"x" * 100)
    made = large_draft(mail(body), body, held.descriptor)
    assert [path.name for path in held.path.iterdir() if "incoming" in path.name] == []
    descriptors = [body._descriptor, made.descriptor]
    del body, made
    assert not any(Path(f"/proc/self/fd/{each}").exists() for each in descriptors)


def test_a_system_without_nameless_files_has_files_that_lose_their_name(
    held: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("os.O_TMPFILE")
    body = spooled(held.descriptor, b"x" * 100)
    assert b"".join(body.pieces()) == b"x" * 100
    assert [path.name for path in held.path.iterdir() if "incoming" in path.name] == []


def test_a_disk_that_takes_no_spool_says_so(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "there")
    descriptor = folder.descriptor
    folder.close()
    with pytest.raises(StoreFailed):
        Spool(descriptor, run_here)


BODIES = [b"\n" + MARKER + b"\r\n" * 30 + b"%d" % number for number in range(4)]


def _large(store: TextFileStore, body: bytes) -> Message:
    made = store.spool()
    made.add(body)
    return mail(made)


@pytest.fixture
def store(quiet_store: TextFileStore) -> TextFileStore:
    return quiet_store


def test_large_mails_and_small_ones_lie_in_one_file(store: TextFileStore, faults: Faults) -> None:
    for number, body in enumerate(BODIES):
        store.append(["a@x", "b@x"], _large(store, body) if number % 2 else mail(body))
    for box in ("a@x", "b@x"):
        assert [store.read(box, each.id).body for each in store.list(box)] == BODIES
        assert faults.count("write", box) == 4  # a large record is written as a whole, and what is between them
    store.append(["a@x"], mail(b"more"))
    assert store.read("a@x", 5).body == b"more"
    assert faults.count("write", "a@x") == 5


def test_one_that_cannot_be_written_to_its_file_is_read_from_the_tray(
    store: TextFileStore, folder: Path, faults: Faults
) -> None:
    store.append(["a@x"], _large(store, BODIES[0]))
    faults.plan["write"] = ("a@x", errno.ENOSPC)
    assert store.read("a@x", 1).body == BODIES[0]
    assert (folder / "a@x.txt").read_bytes() == b""
    faults.plan.clear()
    assert store.read("a@x", 1).body == BODIES[0]
    assert (folder / "a@x.txt").read_bytes() == draft(mail(BODIES[0])).record(1)


@pytest.mark.parametrize("call", ["overwrite", "sync"])
def test_one_that_the_journal_does_not_take_is_refused(store: TextFileStore, faults: Faults, call: str) -> None:
    store.append(["a@x"], mail(b"first"))
    faults.plan[call] = ("1", errno.EIO)
    with pytest.raises(StoreFailed):
        store.append(["a@x"], _large(store, BODIES[0]))
    faults.plan.clear()
    store.append(["a@x"], _large(store, BODIES[1]))
    assert [store.read("a@x", each.id).body for each in store.list("a@x")] == [b"first", BODIES[1]]


def test_one_that_is_in_the_journal_only_is_found_after_a_crash(
    store: TextFileStore, folder: Path, tmp_path: Path
) -> None:
    store.append(["a@x"], _large(store, BODIES[0]))
    store.append(["a@x", "b@x"], _large(store, BODIES[1]))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    (crashed / ".journal").mkdir()
    for file in (folder / ".journal").iterdir():
        (crashed / ".journal" / file.name).write_bytes(file.read_bytes())
    found = TextFileStore(crashed)
    try:
        assert [found.read("a@x", each.id).body for each in found.list("a@x")] == BODIES[:2]
        assert found.read("b@x", 1).body == BODIES[1]
    finally:
        found.close()


def test_a_spool_leaves_room_for_what_is_to_become_of_it(held: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    body = spooled(held.descriptor, b"x" * 30)
    monkeypatch.setattr(spool, "free_on", lambda _: 99)
    body.add(b"x" * 19)
    with pytest.raises(StoreFailed) as fault:
        body.add(b"x")
    assert fault.value.for_want_of_room
