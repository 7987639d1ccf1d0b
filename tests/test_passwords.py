"""The file of logins: how it is read, what one change leaves of all else, and whose password is whose."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp import passwords
from mysmtp.address import mailbox_name
from mysmtp.errors import PasswordsUnreadable
from mysmtp.passwords import PasswordFile, parse, rewritten, store

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$+H4vXYFWoXb2B34RuwJIpQ"  # in names of tests: the same each run
)
OTHER = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$zuuTlDKh5erYK0vi9wsRYw"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mysmtp.passwords._HASHER", QUICK)


def test_each_line_is_a_user_and_a_hash() -> None:
    text = f'# remarks\n\nalice:{HASH}\r\n   \nBob@Example.COM:{OTHER}\n  # more\n"a:b"@x:{HASH}\nü ü:{OTHER}'
    assert parse(text.encode()) == {"alice": HASH, "bob@example.com": OTHER, '"a:b"@x': HASH, "ü ü": OTHER}
    assert parse(b"") == {}


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"\xff:x", "it is not UTF-8"),
        (b"alice", "line 1 is not a user, a colon and a hash of argon2"),
        (b"# one\nalice:secret\n", "line 2 is not a user, a colon and a hash of argon2"),
        (b"alice:$2y$05$abcdefghijklmnopqrstuv", "line 1 is not"),
        (f":{HASH}".encode(), "line 1 is not"),
        (f" alice:{HASH}".encode(), "line 1 is not"),
        (f"al\0ice:{HASH}".encode(), "line 1 is not"),
        (f"alice:{HASH} # mine".encode(), "line 1 is not"),
        (f"alice:{HASH}\n\nALICE:{OTHER}\n".encode(), "line 3 is about a user who stands further up already"),
    ],
)
def test_what_is_none_is_told_by_its_line(octets: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(octets)


_users = st.text(min_size=1, max_size=12).filter(passwords._is_user)
_remarks = st.sampled_from(["", "   ", "# remark", "  # bob:x", "\r"])


@st.composite
def _files(draw: st.DrawFn) -> str:
    users = draw(st.lists(_users, max_size=5, unique_by=mailbox_name))
    lines = [f"{user}:{HASH}{draw(st.sampled_from(['', chr(13)]))}" for user in users]
    mixed = draw(st.permutations(lines + draw(st.lists(_remarks, max_size=4))))
    return "\n".join(mixed) + draw(st.sampled_from(["", "\n"]))


def _without(text: str, name: str) -> list[str]:
    """Return the lines that are not about this user, without those that are empty."""
    return [
        line
        for line in text.split("\n")
        if line.strip() and (line.lstrip().startswith("#") or mailbox_name(line.rpartition(":")[0]) != name)
    ]


@settings(max_examples=60)
@given(_files(), _users, st.booleans(), st.randoms())
def test_a_change_is_of_one_user_and_leaves_all_else_as_it_was(text: str, user: str, known: bool, rnd: Random) -> None:
    before = dict(parse(text.encode()))
    if before and known:
        user = rnd.choice(sorted(before))
    name = mailbox_name(user)
    after = rewritten(text.encode(), user, OTHER)
    assert parse(after) == {**before, name: OTHER}
    assert _without(after.decode(), name) == _without(text, name)
    gone = rewritten(after, user, None)
    assert parse(gone) == {other: hashed for other, hashed in before.items() if other != name}
    with pytest.raises(KeyError):
        rewritten(gone, user, None)


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with suppress(ValueError):
        assert b"$argon2" in octets or parse(octets) == {}


def test_a_password_is_put_in_changed_and_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    assert store(path, "alice", "one") is False
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"one" not in path.read_bytes()
    path.write_bytes(b"# mine\n" + path.read_bytes())
    path.chmod(0o644)
    assert store(path, "Bob@x", " tw o é") is False
    assert store(path, "Alice", "three") is True
    assert path.stat().st_mode & 0o777 == 0o600
    logins = PasswordFile(path)
    assert logins.check("alice", "three")
    assert logins.check("BOB@X", " tw o é")
    for user, password in (("alice", "one"), ("alice", ""), ("bob@x", "tw o é"), ("carol", "three"), ("", "")):
        assert not logins.check(user, password)
    assert store(path, "alice", None) is True
    assert not logins.check("alice", "three")
    assert path.read_bytes().startswith(b"# mine\nBob@x:$argon2id$")
    with pytest.raises(KeyError):
        store(path, "alice", None)
    assert [each.name for each in tmp_path.iterdir()] == ["logins"]


def test_a_link_stays_one_and_a_bad_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "logins"
    link.symlink_to(tmp_path / "there" / "real")
    store(link, "alice", "one")
    assert link.is_symlink()
    assert PasswordFile(link).check("alice", "one")
    (tmp_path / "bad").write_bytes(b"alice\n")
    with pytest.raises(ValueError, match="line 1"):
        store(tmp_path / "bad", "bob", "x")
    assert (tmp_path / "bad").read_bytes() == b"alice\n"
    with pytest.raises(FileNotFoundError):
        store(tmp_path / "nowhere" / "logins", "bob", "x")


@pytest.mark.parametrize("made", [lambda path: os.mkfifo(path), lambda path: path.symlink_to("/dev/zero")])
def test_what_might_never_end_is_not_read(tmp_path: Path, made: Callable[[Path], None]) -> None:
    made(tmp_path / "logins")
    with pytest.raises(OSError, match="it is no plain file"):
        store(tmp_path / "logins", "alice", "one")
    with pytest.raises(PasswordsUnreadable, match="it is no plain file"):
        PasswordFile(tmp_path / "logins")


def test_two_changes_at_once_are_both_made(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    users = [f"user{number}" for number in range(12)]
    threads = [threading.Thread(target=store, args=(path, user, user)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(parse(path.read_bytes())) == sorted(users)


def test_a_file_that_is_gone_or_garbled_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    with pytest.raises(PasswordsUnreadable, match=r"cannot read .*logins: No such file or directory"):
        PasswordFile(path)
    store(path, "alice", "one")
    logins = PasswordFile(path)
    whole = path.read_bytes()
    path.write_bytes(b"alice\n")
    with pytest.raises(PasswordsUnreadable, match=r"cannot read .*logins: line 1 is not"):
        logins.check("alice", "one")
    path.write_bytes(b"alice:$argon2id$v=19$m=8,t=1,p=1$x$x\n")
    with pytest.raises(PasswordsUnreadable, match=r"the hash of alice in .*logins cannot be used"):
        logins.check("alice", "one")
    path.unlink()
    with pytest.raises(PasswordsUnreadable, match="No such file"):
        logins.check("alice", "one")
    path.write_bytes(whole)
    assert logins.check("alice", "one")
