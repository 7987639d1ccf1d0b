"""`mysmtp passwd`: as a script calls it, and as a person does."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mysmtp.commands.logins import passwd
from mysmtp.passwords import PasswordFile
from tests.process import ROOT


def run(*words: object, given: bytes = b"") -> tuple[int, str]:
    result = CliRunner().invoke(passwd, [str(word) for word in words], input=given)
    return result.exit_code, result.output


def test_a_script_adds_changes_and_removes(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    assert run(path, "bob@example.com", given="se cret é\nrest".encode()) == (0, "added bob@example.com\n")
    assert PasswordFile(path).check("bob@example.com", "se cret é")
    assert run(path, "Bob@example.com", given=b"other\r\n") == (0, "changed Bob@example.com\n")
    assert PasswordFile(path).check("bob@example.com", "other")
    assert run(path, "bob@example.com", "--delete") == (0, "removed bob@example.com\n")
    assert run(path, "bob@example.com", "--delete") == (1, f"mysmtp: no user bob@example.com in {path}\n")


@pytest.mark.parametrize(
    ("user", "given", "code", "words"),
    [
        ("bob", b"", 2, "a password is needed"),
        ("bob", b"\n", 2, "a password is needed"),
        ("bob", b"\xff\n", 2, "a password is UTF-8"),
        ("bob", b"a\tb\n", 2, "a password has no control characters"),
        (" bob", b"x\n", 2, "a user is one line, with neither spaces around it nor # before it"),
        ("#bob", b"x\n", 2, "a user is one line"),
        ("bo\nb", b"x\n", 2, "control character"),
        ("", b"x\n", 2, "a user is one line"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(tmp_path: Path, user: str, given: bytes, code: int, words: str) -> None:
    ended = run(tmp_path / "logins", user, given=given)
    assert ended[0] == code
    assert words in ended[1]
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "logins"
    assert run(path, "bob", given=b"x\n") == (1, f"mysmtp: {path}: No such file or directory\n")
    (tmp_path / "bad").write_bytes(b"bob\n")
    assert run(tmp_path / "bad", "bob", given=b"x\n") == (
        1,
        f"mysmtp: {tmp_path}/bad: line 1 is not a user, a colon and a hash of argon2\n",
    )


def test_a_person_is_asked_twice_and_sees_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mysmtp", "passwd", str(path), "bob"]
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as run:
        os.close(theirs)
        seen = b""
        for question in (b"Password: ", b"Again: "):
            while question not in seen:
                seen += os.read(ours, 1000)
            os.write(ours, b"se cret\n")
        while b"added bob" not in seen:
            seen += os.read(ours, 1000)
        assert run.wait(20) == 0
    os.close(ours)
    assert b"cret" not in seen
    assert PasswordFile(path).check("bob", "se cret")
