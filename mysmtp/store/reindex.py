"""Making the catalogue anew from the mailbox files, while no server has the folder.

Blocks. Shows nothing: who calls is told how far it is.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mysmtp.errors import NoSuchMailbox, StartFailed, StoreFailed
from mysmtp.store.catalogue import Catalogue
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox

_MAILS = 20_000  # mails that are saved at once, with the mailboxes that hold them


@dataclass(slots=True)
class Tally:
    """What was read: how many mailboxes and mails, damaged records, files that could not be read."""

    mailboxes: int = 0
    mails: int = 0
    damaged: int = 0
    unread: int = 0


def reindex(path: Path, told: Callable[[int, int], None]) -> Tally:
    """Read every mailbox file of a folder and keep what is known of it; `told` hears octets read, and of how many.

    Raises StartFailed when there is no such folder, or someone else has it.
    """
    if not path.is_dir():
        raise StartFailed(f"{path} is no folder")
    folder = Folder(path)
    try:
        catalogue = Catalogue(folder)
        try:
            catalogue.clear()
            return _read_all(folder, catalogue, told)
        finally:
            catalogue.close()
    except StoreFailed as fault:
        raise StartFailed(f"{path} cannot be listed: {fault.__cause__}") from fault
    finally:
        folder.close()


def _read_all(folder: Folder, catalogue: Catalogue, told: Callable[[int, int], None]) -> Tally:
    files = tuple(folder.files())
    total, done, tally = _size_of(folder, (file for file, _ in files)), 0, Tally()

    def progress(octets: int) -> None:
        nonlocal done
        done += octets
        told(done, total)

    read: list[Mailbox] = []
    waiting = 0
    for file, name in files:
        mailbox = Mailbox(folder, file, name)
        try:
            mailbox.scan(progress)
        except (NoSuchMailbox, StoreFailed):
            tally.unread += 1
            continue
        tally.mailboxes += 1
        tally.mails += mailbox.index.mails
        tally.damaged += len(mailbox.damaged())
        read.append(mailbox)
        waiting += mailbox.index.mails
        if waiting > _MAILS:
            catalogue.save(read)
            read, waiting = [], 0
    catalogue.save(read)
    return tally


def _size_of(folder: Folder, files: Iterable[str]) -> int:
    sizes = 0
    for file in files:
        with suppress(OSError):
            sizes += os.stat(file, dir_fd=folder.descriptor, follow_symlinks=False).st_size
    return sizes
