"""The file of logins: a line ``user:hash`` for each, the hash made by argon2; empty lines and ``#`` lines are remarks.

Users are compared as mailboxes are. What reads files or works out hashes here takes its time: call it off the hub.
"""

import errno
import fcntl
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from mysmtp.address import mailbox_name
from mysmtp.errors import PasswordsUnreadable

# Second recommendation of OWASP's password storage cheat sheet: 19 MiB, about 20 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASH = re.compile(r"\$argon2(id|i|d)\$v=[0-9]+\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")


def parse(octets: bytes) -> Mapping[str, str]:
    """Return the hash of each user, by the name of its mailbox. Raises ValueError that tells the line at fault."""
    try:
        lines = octets.decode().split("\n")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if _is_remark(line):
            continue
        user, hashed = _taken_apart(line)
        if not _is_user(user) or not _HASH.fullmatch(hashed):
            raise ValueError(f"line {number} is not a user, a colon and a hash of argon2")
        if mailbox_name(user) in found:
            raise ValueError(f"line {number} is about a user who stands further up already")
        found[mailbox_name(user)] = hashed
    return found


def check_user(user: str) -> None:
    """Raise ValueError, in words, if no such user can stand in the file."""
    if not _is_user(user):
        raise ValueError("a user is one line, with neither spaces around it nor # before it")


def _is_user(word: str) -> bool:
    return bool(word) and word == word.strip() and not word.startswith("#") and word.isprintable()


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _taken_apart(line: str) -> tuple[str, str]:
    """Return user and hash; a user may have colons in it, a hash has none."""
    user, _, hashed = line.rstrip("\r").rpartition(":")
    return user, hashed


def rewritten(octets: bytes, user: str, hashed: str | None) -> bytes:
    """Return the file with this hash for a user, or without the user (None); all else stays as it is.

    Raises KeyError when a user who is to go is not there, ValueError as `parse`.
    """
    known = parse(octets)
    name, lines = mailbox_name(user), octets.decode().split("\n")
    own = None if hashed is None else f"{user}:{hashed}"
    if name not in known:
        if own is None:
            raise KeyError(user)
        return b"\n".join([*filter(None, [octets.removesuffix(b"\n")]), own.encode(), b""])
    changed = (own if not _is_remark(line) and mailbox_name(_taken_apart(line)[0]) == name else line for line in lines)
    return "\n".join(line for line in changed if line is not None).encode()


def store(path: Path, user: str, password: str | None) -> bool:
    """Put the hash of a password into the file, which is made if it is not there; None takes the user out.

    Returns whether the user was there before. The file is replaced whole, and read by its owner alone. Raises OSError,
    and what `rewritten` raises.
    """
    path = path.resolve()  # a link stays one
    hashed = None if password is None else _HASHER.hash(password)
    with _alone_in(path.parent):
        try:
            owner = path.stat()
            octets = _read(path, owner)
        except FileNotFoundError:
            octets, owner = b"", None
        was_there = mailbox_name(user) in parse(octets)
        _replace(path, rewritten(octets, user, hashed), owner)
    return was_there


def _read(path: Path, status: os.stat_result) -> bytes:
    """Return what is in the file. Raises OSError where it is a device, a pipe or the like, which might never end."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no plain file")
    return path.read_bytes()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other `store` is at work in this folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, octets: bytes, owner: os.stat_result | None) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None:
                with suppress(PermissionError):  # only root may give a file away
                    os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(octets)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class PasswordFile:
    """A file of logins, read again when it has changed. Making one raises PasswordsUnreadable, as `check` does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._nobody = _HASHER.hash(secrets.token_hex())
        self._looked: tuple[int, int, int] | None = None
        self._hashes: Mapping[str, str] = {}
        self._look()

    def check(self, user: str, password: str) -> bool:
        """Tell whether a user has this password; for one who is unknown that takes as long."""
        self._look()
        hashed = self._hashes.get(mailbox_name(user))
        try:
            return _HASHER.verify(hashed or self._nobody, password) and hashed is not None
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            raise PasswordsUnreadable(f"the hash of {user} in {self._path} cannot be used: {error}") from error

    def _look(self) -> None:
        try:
            status = self._path.stat()
            looked = (status.st_ino, status.st_size, status.st_mtime_ns)
            if looked != self._looked:
                self._hashes, self._looked = parse(_read(self._path, status)), looked
        except OSError as error:
            raise PasswordsUnreadable(f"cannot read {self._path}: {error.strerror}") from error
        except ValueError as error:
            raise PasswordsUnreadable(f"cannot read {self._path}: {error}") from error
