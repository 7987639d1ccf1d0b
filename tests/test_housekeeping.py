"""`mysmtp delete` and `mysmtp compact` as programs: in a folder that nobody has, and through the server that has it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mysmtp.housekeeping import ids_words, result_lines
from mysmtp.message import Compaction
from mysmtp.store.rewrite import frame
from tests import nursery
from tests.client.terminals import environment
from tests.process import PostOfficeProcess
from tests.store.mails import BOB, put
from tests.store.test_compact import LONG_AGO
from tests.store.test_rewrite import FOREIGN, gone, own

Run = Callable[..., subprocess.CompletedProcess[str]]


def mysmtp(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = nursery.run(words[0], "--mailbox", str(folder), *words[1:], environment=environment())
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(params=["nobody", "a server"])
def run(request: pytest.FixtureRequest, tmp_path: Path, start: Callable[..., PostOfficeProcess]) -> Run:
    """Run a command on a folder with Bob's mails 1 to 5, 2 deleted long ago; a server has it, or nobody."""
    folder = tmp_path / "mailbox"
    folder.mkdir()
    octets = own(1) + gone(own(2)) + own(3) + FOREIGN % 4 + own(5)
    put(folder / f"{BOB}.txt", octets, age=LONG_AGO)
    put(folder / "carol@x.txt", own(1), age=LONG_AGO)
    if request.param == "a server":
        start()
    return lambda *words: mysmtp(folder, *words)


def told(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


def test_mails_are_deleted_and_put_back(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mailbox" / f"{BOB}.txt"
    before = path.read_bytes()
    assert told(run("delete", "Bob@example.com", "3", "5")) == (0, "deleted 3, 5\n", "")
    assert path.read_bytes() == before.replace(own(3), gone(own(3))).replace(own(5), gone(own(5)))
    code, out, err = told(run("delete", BOB, "3", "4", "9"))
    assert (code, out, err) == (1, "deleted 4\n", "mysmtp: 401 Email not found (no such mail: 3, 9)\n")
    assert told(run("delete", BOB, "3", "4", "5", "--undo")) == (0, "put back 3, 4, 5\n", "")
    assert path.read_bytes() == before


def test_all_mails_are_deleted_and_put_back(run: Run) -> None:
    assert told(run("delete", BOB, "--all")) == (0, "deleted 1, 3, 4, 5\n", "")
    assert told(run("delete", BOB, "--all")) == (0, "deleted nothing\n", "")
    assert told(run("delete", BOB, "--all", "--undo")) == (0, "put back 1, 2, 3, 4, 5\n", "")


def test_a_mailbox_that_is_not_there(run: Run) -> None:
    words = "mysmtp: 401 Requested email does not exist (n\\x1bobody@x)\n"
    assert told(run("delete", "n\x1bobody@x", "1")) == (1, "", words)
    assert told(run("compact", "n\x1bobody@x")) == (1, "", words)


def test_room_is_freed_once_nobody_can_undo(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mailbox" / f"{BOB}.txt"
    size = len(gone(own(2)))
    numbered = len(b" id=4")
    done = run("compact", BOB, "carol@x")
    lines = [f"{BOB}  freed {size - numbered} octets", "carol@x  nothing done: it has no deleted mails"]
    assert told(done) == (0, "".join(f"{line}\n" for line in lines), "")
    assert path.read_bytes().count(b"GONE") == 0
    assert told(run("delete", BOB, "5"))[0] == 0
    code, out, _ = told(run("compact"))
    assert code == 0
    assert out.startswith(f"{BOB}  nothing done: its file was changed less than a minute ago\n")
    assert out.endswith("2 mailboxes, 0 octets freed\n")


def test_nothing_named_compacts_all(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "mailbox" / "dora@x.txt", gone(own(7)), age=LONG_AGO)
    code, out, err = told(run("compact"))
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith("dora@x  freed ")
    assert out.splitlines()[2].startswith("3 mailboxes, ")
    assert (tmp_path / "mailbox" / "dora@x.txt").read_bytes() == frame(7)


def test_odd_names_reach_their_mailboxes(run: Run, tmp_path: Path) -> None:
    for name, file in (("a/b@x", "a%2fb@x"), ("100%@x", "100%25@x"), ("..", "%2e."), ("jörg@x", "jörg@x")):
        put(tmp_path / "mailbox" / f"{file}.txt", own(1), age=LONG_AGO)
        assert told(run("delete", name, "1")) == (0, "deleted 1\n", ""), name
        assert (tmp_path / "mailbox" / f"{file}.txt").read_bytes() == gone(own(1))


def test_a_server_tells_its_pages(start: Callable[..., PostOfficeProcess], tmp_path: Path) -> None:
    office = start()
    office.send(BOB)
    assert (tmp_path / "mailbox" / ".lock").read_text() == f"{office.popen.pid} {office.url}\n"
    assert told(mysmtp(office.mailbox, "delete", BOB, "1")) == (0, "deleted 1\n", "")
    with office.connect() as peer:
        peer.ask("HELO x", f"LIST {BOB}")
        assert peer.body() == b""


@pytest.mark.parametrize("words", [(BOB,), (BOB, "1", "--all"), (BOB, "0"), (BOB, "x")])
def test_what_is_no_command(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert mysmtp(tmp_path, "delete", *words).returncode == 2


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = mysmtp(tmp_path / "nowhere", "delete", BOB, "1")
    assert told(done) == (1, "", f"mysmtp: {tmp_path / 'nowhere'} is no folder\n")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("", 1, "is in use by another mysmtp: stop that one, or choose another folder"),
        ("1 http://192.0.2.1:80\n", 4, "is not to be reached from here: http://192.0.2.1:80"),
        ("1 ftp://127.0.0.1:80\n", 4, "is not to be reached from here: ftp://127.0.0.1:80"),
        ("1 http://127.0.0.1:1\n", 4, "does not answer: [Errno 111] Connection refused"),
    ],
)
def test_who_has_the_folder_and_cannot_be_asked(
    start: Callable[..., PostOfficeProcess], line: str, code: int, words: str
) -> None:
    office = start()
    (office.mailbox / ".lock").write_text(line)
    done = mysmtp(office.mailbox, "delete", BOB, "1")
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.endswith(f"{words}\n")


def test_the_words() -> None:
    assert ids_words("deleted", [1, 2]) == "deleted 1, 2"
    assert ids_words("deleted", range(1200)) == "deleted 1,200 mails"
    results = [Compaction("a\x1b@x", "done", 1234567), Compaction("b@x", "nothing", reason="n"),
               Compaction("c@x", "failed", reason="No space left on device")]  # fmt: skip
    assert result_lines(results, named=False) == [
        "a\\x1b@x  freed 1,234,567 octets",
        "c@x  failed: No space left on device",
        "3 mailboxes, 1,234,567 octets freed",
    ]
    assert result_lines(results, named=True)[1] == "b@x  nothing done: n"
