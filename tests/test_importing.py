"""`mysmtp import` as a program: into a folder that nobody has, and through the server that has it."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mysmtp import importing
from mysmtp.importing import Tally, result_words
from mysmtp.keeper import keeper_of
from mysmtp.parcel import Parcel
from tests import nursery
from tests.client.terminals import ROOT, Terminal, environment
from tests.process import PostOfficeProcess

BOB = "bob@example.com"
MBOX = (
    b"From a@x Wed Mar 12 09:15:02 2025\nTo: bob@example.com, Carol <carol@x>\nSubject: 1\n\n>From here\n\n"
    b"From MAILER-DAEMON Wed Mar 12 09:15:03 2025\nSubject: to nobody\n\nx\n\n"
    b"From b@x Wed Mar 12 09:15:04 2025\r\nTo: Bob@Example.com\r\nSubject: 3\r\n\r\na\rb\0\xff\r\n"
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module", params=["nobody", "a server"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that a server has, or nobody."""
    place = tmp_path_factory.mktemp("place")
    if request.param == "nobody":
        yield place / "mailbox"
        return
    office = PostOfficeProcess(place).start()
    yield office.mailbox
    office.stop()


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command here; a time that it tells is made 0.0 s."""

    def run(*paths: str | Path, to: Sequence[str] = ()) -> tuple[int, str, str]:
        code = importing.run(folder, [Path(path) for path in paths], to)
        out, err = capsys.readouterr()
        return code, in_no_time(out), err

    return run


def in_no_time(words: str) -> str:
    return re.sub(r"\d+\.\d s", "0.0 s", words)


def lying(folder: Path, mailbox: str) -> Sequence[tuple[str, tuple[str, ...], bytes, datetime | None]]:
    """Return what lies in a mailbox."""
    found: list[Parcel] = []
    with keeper_of(folder) as keeper:
        while bundle := keeper.give_out(mailbox, found[-1].id if found else 0):
            found += bundle
    return [(each.sender, each.recipients, each.body, each.arrived) for each in found]


def test_an_mbox_goes_to_whom_it_was_for(run: Run, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(MBOX)
    code, out, err = run(path)
    offset = MBOX.index(b"From MAILER")
    assert err == f"mysmtp: skipped {path}, mail 2 at octet {offset}: no recipient in its header; give one with --to\n"
    assert (code, out) == (1, "imported 2 mails into 2 mailboxes, 0.0 MB, in 0.0 s; 1 skipped\n")
    first = ("a@x", (BOB, "carol@x"), MBOX[34 : offset - 1].replace(b">From", b"From"), moment(2))
    third = ("b@x", ("Bob@Example.com",), MBOX.partition(b"2025\r\n")[2], moment(4))
    assert lying(folder, BOB) == [first, third]
    assert lying(folder, "carol@x") == [first]


def moment(second: int) -> datetime:
    return datetime(2025, 3, 12, 9, 15, second, tzinfo=UTC)


def test_all_of_a_folder_to_one_mailbox(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = tmp_path / "mails"
    (mails / "box" / "cur").mkdir(parents=True)
    (mails / "box" / "new").mkdir()
    (mails / "box" / "cur" / "1741770902.M5.h:2,S").write_bytes(b"maildir\n")
    (mails / "1.eml").write_bytes(b"Return-Path: <r@x>\nDate: Wed, 12 Mar 2025 09:15:03 +0000\nSubject: \x1b\n\neml")
    (mails / "notes.txt").write_bytes(b"no mail")
    (tmp_path / "typed").write_bytes(MBOX)
    monkeypatch.setattr(sys, "stdin", (tmp_path / "typed").open("rb"))
    code, out, err = run(mails, tmp_path / "no\x1bthing", "-", to=["D@x"])
    assert (code, out) == (1, "imported 5 mails into 1 mailbox, 0.0 MB, in 0.0 s; 2 skipped\n")
    assert err.splitlines() == [
        f"mysmtp: skipped {mails}/: 1 file that holds no mail",
        f"mysmtp: skipped {tmp_path}/no\\x1bthing: no such file",
    ]
    found = lying(folder, "d@x")
    assert [mail[2][:8] for mail in found] == [b"To: bob@", b"Subject:", b"To: Bob@", b"Return-P", b"maildir\n"]
    assert found[1][0] == ""
    assert found[3][0::3] == ("r@x", moment(3))
    assert found[4][3] == moment(2).replace(microsecond=5)


def test_many_mails_and_a_large_one(run: Run, folder: Path, tmp_path: Path) -> None:
    large = b"x" * 1023 + b"\n"
    entries = [b"From a@x Wed Mar 12 09:15:02 2025\nSubject: %d\n\n" % number for number in range(450)]
    entries[300] += b"\n" + large * 3000
    path = tmp_path / "many.mbox"
    path.write_bytes(b"\n".join(entries) + b"\n")
    assert run(path, to=["many@x"]) == (
        0, f"imported 450 mails into 1 mailbox, {sum(map(len, entries)) / 1e6 - 450 * 34 / 1e6:.1f} MB, in 0.0 s\n", "",
    )  # fmt: skip
    found = lying(folder, "many@x")
    assert [mail[2][9:12].split(b"\n")[0] for mail in found] == [b"%d" % number for number in range(450)]
    assert found[300][2].endswith(large * 3000)


def test_a_terminal_is_shown_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.mbox").write_bytes(MBOX)
    words = ("-m", "mysmtp", "import", "--mailbox", str(tmp_path / "box"), str(tmp_path / "a.mbox"))
    with Terminal(*words) as terminal:
        terminal.until("skipped")
        terminal.until("bytes")
        terminal.until("imported 2 mails")
        assert terminal.finish() == 1


def test_as_a_program(tmp_path: Path) -> None:
    def mysmtp(*words: str, typed: bytes = MBOX) -> tuple[int, str, str]:
        where = environment(MYSMTP_MAILBOX=str(tmp_path / "new" / "folder"))
        done = nursery.run("import", *words, typed=typed, environment=where)
        return done.returncode, in_no_time(done.stdout.decode()), done.stderr.decode()

    assert mysmtp("--to", "a@x", "--to", "b@x", "-") == (0, "imported 3 mails into 2 mailboxes, 0.0 MB, in 0.0 s\n", "")
    assert mysmtp("--to", "", "-")[0] == mysmtp()[0] == 2
    mail = b"Subject: one\r\n\r\nFrom x\r\n"
    assert mysmtp("-", typed=b"To: one@x\n" + mail)[1] == "imported 1 mail into 1 mailbox, 0.0 MB, in 0.0 s\n"
    assert lying(tmp_path / "new" / "folder", "one@x")[0][2] == b"To: one@x\n" + mail
    assert mysmtp("-", typed=b"")[:2] == (0, "imported 0 mails into 0 mailboxes, 0.0 MB, in 0.0 s\n")
    assert [each[1] for each in lying(tmp_path / "new" / "folder", "b@x")] == [("a@x", "b@x")] * 3


def test_a_disk_that_is_full_ends_it_and_what_was_stored_is_said(tmp_path: Path) -> None:
    large = b"".join(b"From a@x Wed Mar 12 09:15:02 2025\n\n" + b"x" * 500_000 + b"\n\n" for _ in range(20))
    (tmp_path / "a.mbox").write_bytes(large)
    small = (
        "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000));"
        "runpy.run_module('mysmtp', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", small, "import", "--to", "b@x", str(tmp_path / "a.mbox")]
    where = environment(MYSMTP_MAILBOX=str(tmp_path / "box"))
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, env=where)
    assert done.returncode == 3
    assert done.stderr.startswith("mysmtp: 500 Failed to store message: File too large (")
    stored = len(lying(tmp_path / "box", "b@x"))
    assert 0 < stored < 20
    assert done.stdout.startswith(f"imported {stored} mails into 1 mailbox, ")


def test_a_folder_that_cannot_be_had(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert importing.run(tmp_path / "file", [tmp_path / "a.mbox"], ()) == 1
    assert capsys.readouterr() == ("", f"mysmtp: {tmp_path}/file is no folder\n")


def test_the_words() -> None:
    tally = Tally(1204, 84_200_000, 3, {"a", "b"})
    assert result_words(tally, 3.14) == "imported 1,204 mails into 2 mailboxes, 84.2 MB, in 3.1 s; 3 skipped"
    assert result_words(Tally(1, 5, 0, {"a"}), 0) == "imported 1 mail into 1 mailbox, 0.0 MB, in 0.0 s"
