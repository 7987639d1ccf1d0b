"""Keeping the octets of what is damaged: copied once beside the mailboxes, never moved, never served.

Blocks. A copy that cannot be made is told of in the log and costs nobody a mail.
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from mysmtp.store.disk import open_file
from mysmtp.text import visible

log = logging.getLogger(__name__)

FOLDER = ".damaged"
_CHUNK = 1 << 20
_STEM = 180  # octets of the mailbox file's name that the copy's name keeps


def keep(folder: int, file: str, descriptor: int, start: int, end: int) -> None:
    """Copy the octets `start` to `end` of an open mailbox file, unless that copy is there."""
    try:
        digest = hashlib.sha256()
        for piece in _pieces(descriptor, start, end):
            digest.update(piece)
        with suppress(FileExistsError):
            os.mkdir(FOLDER, dir_fd=folder)
        inside = _open(folder)
        try:
            with suppress(FileExistsError):
                _copy(inside, f"{_stem(file)}.{start}.{digest.hexdigest()[:16]}", _pieces(descriptor, start, end))
        finally:
            os.close(inside)
    except OSError as fault:
        log.warning("what is damaged in %s could not be copied: %s", visible(file), fault.strerror or fault)


def moved(folder: int, file: str, places: Mapping[int, int]) -> None:
    """Name the copies of a file's damage by where it lies now; `places` gives the new place of each old one."""
    with suppress(OSError):
        inside = _open(folder)
        try:
            for name in os.listdir(inside):  # noqa: PTH208  there is no Path of a descriptor
                place, _, digest = name.removeprefix(f"{_stem(file)}.").partition(".")
                if place.isdigit() and int(place) in places and name == f"{_stem(file)}.{place}.{digest}":
                    now = f"{_stem(file)}.{places[int(place)]}.{digest}"
                    os.rename(name, now, src_dir_fd=inside, dst_dir_fd=inside)
        finally:
            os.close(inside)


def _stem(file: str) -> str:
    return file.encode()[:_STEM].decode(errors="ignore")


def _open(folder: int) -> int:
    return os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def _copy(inside: int, name: str, pieces: Iterator[bytes]) -> None:
    """Make one file, whole or not at all. Raises FileExistsError when it is there."""
    descriptor = open_file(inside, name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "wb") as copy:
            copy.writelines(pieces)
    except OSError:
        os.unlink(name, dir_fd=inside)
        raise


def _pieces(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    while start < end and (piece := os.pread(descriptor, min(_CHUNK, end - start), start)):
        yield piece
        start += len(piece)
