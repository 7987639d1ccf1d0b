"""Where mail rests. `open_store` is the door: everything else of this room is behind `contracts.MessageStore`.

Knows no protocol, no sockets, no pages.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mysmtp.config import Durability
from mysmtp.contracts import MessageStore, Offload, Signal, run_here
from mysmtp.errors import StartFailed
from mysmtp.store.disk import Disk, no_sync
from mysmtp.store.memory import MemoryStore
from mysmtp.store.textfile import TextFileStore

__all__ = ["open_store"]


def open_store(
    url: str,
    *,
    offload: Offload = run_here,
    commit_offload: Offload | None = None,
    signal: Callable[[], Signal] = threading.Event,
    durability: Durability = "sync",
    sync: Callable[[int], None] | None = None,
) -> MessageStore:
    """Open the store of a URL: ``file:<folder>``, which is made if it is not there, or ``memory:``.

    `offload` runs what blocks on the disk, `commit_offload` (default: the same) the syncs that senders wait for, by
    way of what `signal` makes. With `durability` ``"os"`` a mail counts as stored once the system has it, before the
    disk has. `sync` brings an open file to the disk (default: fdatasync). Raises StartFailed with one line for users.
    """
    scheme, colon, place = url.partition(":")
    if scheme == "memory" and colon and not place:
        return MemoryStore()
    if scheme != "file" or not place:
        raise StartFailed(f"{url!r} names no store; write file:<folder> or memory:")
    disk = Disk() if sync is None else Disk(sync=sync, sync_folder=sync)
    if durability == "os":
        disk = replace(disk, sync=no_sync, sync_folder=no_sync, sync_all=no_sync)
    return TextFileStore(Path(place), offload=offload, commit_offload=commit_offload, signal=signal, disk=disk)
