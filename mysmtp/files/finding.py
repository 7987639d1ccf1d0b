"""Which files hold mail: what a PATH that somebody typed comes to. Looks at names and first octets; reads no mail.

A path that is typed may be a symbolic link. In a folder none is followed, for whoever made the folder would choose by
it which files of this machine are read.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mysmtp.files.mbox import is_mbox
from mysmtp.mime.fields import begins_with_header

Kind = Literal["mbox", "eml", "maildir"]

_LOOKED_AT = 64 << 10  # octets of a file whose name does not tell what it is
_DEEPEST = 100  # folders in folders
_OTHERS = (
    (stat.S_ISDIR, "a folder, where a Maildir has mails only"), (stat.S_ISFIFO, "a pipe, no file"),
    (stat.S_ISSOCK, "a socket, no file"), (stat.S_ISCHR, "a device, no file"), (stat.S_ISBLK, "a device, no file"),
)  # fmt: skip
_NUMBER = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class Source:
    """A file with mail in it, and its size in octets: an mbox, or one mail (of a Maildir, which tells when it came)."""

    path: Path
    kind: Kind
    size: int


@dataclass(frozen=True, slots=True)
class Passed:
    """What is not read, and why, in words."""

    what: str
    why: str


def find(path: Path) -> Iterator[Source | Passed]:
    """Give what is found at a path: the file itself, or all mail in the folder, by name. Never raises."""
    yield from _find(path, 0)


def _find(path: Path, depth: int) -> Iterator[Source | Passed]:
    try:
        yield from _in_folder(path, depth) if path.is_dir() else [_file(path)]
    except OSError as fault:
        yield Passed(str(path), fault.strerror or str(fault))


def _file(path: Path) -> Source | Passed:
    """Return what a file is that somebody named."""
    if not path.exists():
        return Passed(str(path), "no such file")
    kind = _kind_of(path)
    if kind == "strange":
        return Passed(str(path), "neither an mbox nor a mail with a header")
    return kind if isinstance(kind, Passed) else Source(path, kind, path.stat().st_size)


def _in_folder(folder: Path, depth: int) -> Iterator[Source | Passed]:
    if depth > _DEEPEST:
        yield Passed(f"{folder}/", f"it lies more than {_DEEPEST} folders deep")
        return
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: _natural(entry.name))
    maildir = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)} >= {"cur", "new"}
    strange = 0
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            if maildir and entry.name in ("cur", "new", "tmp"):
                yield from _of_maildir(path) if entry.name != "tmp" else ()
            else:
                yield from _find(path, depth + 1)
        elif entry.is_symlink():
            yield _link(path)
        elif not maildir and not entry.name.startswith("."):
            kind = _kind_of(path)
            if kind == "strange":
                strange += 1
            else:
                yield kind if isinstance(kind, Passed) else Source(path, kind, path.stat().st_size)
    if strange:
        yield Passed(
            f"{folder}/", "1 file that holds no mail" if strange == 1 else f"{strange:,} files that hold no mail"
        )


def _of_maildir(folder: Path) -> Iterator[Source | Passed]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: _natural(entry.name))
    for entry in entries:
        path, status = folder / entry.name, entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            yield _link(path)
        elif not entry.name.startswith("."):
            plain = stat.S_ISREG(status.st_mode)
            yield Source(path, "maildir", status.st_size) if plain else _no_file(path, status.st_mode)


def _link(path: Path) -> Passed:
    return Passed(str(path), "a symbolic link; name what it leads to, to import that")


def _no_file(path: Path, mode: int) -> Passed:
    return Passed(str(path), next((words for is_it, words in _OTHERS if is_it(mode)), "no file"))


def _kind_of(path: Path) -> "Kind | Literal['strange'] | Passed":
    """Return what a file is, by its name or by how it begins."""
    if not path.is_file():
        return _no_file(path, path.stat().st_mode)
    try:
        with path.open("rb") as stream:
            beginning = stream.read(_LOOKED_AT)
    except OSError as fault:
        return Passed(str(path), fault.strerror or str(fault))
    suffix = path.suffix.lower()
    if suffix == ".eml":
        return "eml"
    if is_mbox(beginning):
        return "mbox"
    if suffix in (".mbox", ".mbx"):
        return Passed(str(path), "it does not begin with a From line, as an mbox does" if beginning else "it is empty")
    return "eml" if begins_with_header(beginning) else "strange"


def _natural(name: str) -> list[str | int]:
    """Return what to sort names by so that 9.eml comes before 10.eml."""
    return [int(piece) if place % 2 else piece for place, piece in enumerate(_NUMBER.split(name))]
