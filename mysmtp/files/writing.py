"""Mails into files: an mbox, a Maildir, a folder of .eml. Nothing that is there is replaced unless that is asked for.

The octets of a mail are written as they are; an mbox alone changes line ends, and adds what the format needs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from mysmtp.files.mbox import entry_of
from mysmtp.parcel import Parcel
from mysmtp.store.names import SUFFIX, file_name

_LONGEST_STEM = 250  # octets, before `.mbox`; file systems take 255 in all


class Exists(Exception):
    """Something stands where the mails were to go; `str(fault)` names it."""


class Writer:
    """Where mails go. `close` when all are written; `drop` when something went wrong."""

    def add(self, parcel: Parcel) -> None:
        """Write one mail. Raises OSError."""
        raise NotImplementedError

    def close(self) -> None:
        """Make what was written whole. Raises OSError."""

    def drop(self) -> None:
        """Leave nothing half written behind."""


class MboxStream(Writer):
    """An mbox into a stream that somebody else opened."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def add(self, parcel: Parcel) -> None:
        for piece in entry_of(parcel.sender, moment_of(parcel), parcel.body):
            self._stream.write(piece)

    def close(self) -> None:
        self._stream.flush()


class MboxFile(MboxStream):
    """An mbox: written beside its place, and put there when it is whole. Raises Exists, OSError."""

    def __init__(self, path: Path, force: bool) -> None:
        if not force and os.path.lexists(path):
            raise Exists(str(path))
        self._path, self._beside = path, path.with_name(f".{os.getpid()}.part")
        super().__init__(self._beside.open("wb"))

    def close(self) -> None:
        super().close()
        self._stream.close()
        self._beside.replace(self._path)

    def drop(self) -> None:
        with suppress(OSError):
            self._stream.close()
        self._beside.unlink(missing_ok=True)


class EmlFolder(Writer):
    """A folder with a file for each mail, named by its id. Raises Exists, OSError."""

    def __init__(self, folder: Path, force: bool) -> None:
        _make(folder, force)
        self._folder = folder

    def add(self, parcel: Parcel) -> None:
        _put(self._folder / f".{parcel.id}.part", self._folder / f"{parcel.id:06}.eml", parcel)


class Maildir(Writer):
    """A Maildir (https://cr.yp.to/proto/maildir.html) whose mails are new. Raises Exists, OSError."""

    def __init__(self, folder: Path, force: bool) -> None:
        _make(folder, force)
        for each in ("cur", "new", "tmp"):
            (folder / each).mkdir(exist_ok=True)
        self._folder = folder

    def add(self, parcel: Parcel) -> None:
        moment = moment_of(parcel)
        name = f"{int(moment.timestamp())}.M{moment.microsecond}I{parcel.id}.mysmtp"
        _put(self._folder / "tmp" / name, self._folder / "new" / name, parcel)


@contextmanager
def finished(writer: Writer) -> Iterator[Writer]:
    """Give a writer; what it wrote is whole afterwards, or, after an exception, nothing half is left."""
    try:
        yield writer
        writer.close()
    except BaseException:
        writer.drop()
        raise


def moment_of(parcel: Parcel) -> datetime:
    """Return when a mail came; of one whose day alone is known, the first moment of it here; else 1970."""
    if parcel.arrived is not None:
        return parcel.arrived
    with suppress(ValueError, OverflowError):
        return datetime.strptime(parcel.date, "%d-%m-%Y").astimezone()
    return datetime.fromtimestamp(0, UTC)


def name_of(mailbox: str, mbox: bool) -> str:
    """Return what to call a mailbox's folder, or its mbox: one component, whatever the mailbox's name holds."""
    stem = file_name(mailbox).removesuffix(SUFFIX)
    if not mbox:
        return stem
    return f"{stem}.mbox" if len(stem.encode()) <= _LONGEST_STEM else f"{stem}.mbx"


def _make(folder: Path, force: bool) -> None:
    if not force and folder.exists() and any(folder.iterdir()):
        raise Exists(f"{folder}/")
    folder.mkdir(parents=True, exist_ok=True)


def _put(beside: Path, path: Path, parcel: Parcel) -> None:
    try:
        beside.write_bytes(parcel.body)
        moment = moment_of(parcel).timestamp()
        with suppress(OSError, OverflowError):  # not every file system has every year
            os.utime(beside, (moment, moment))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
