"""How far the mailbox files have followed the journal: a small file of its own beside the journal's. Blocks."""

import hashlib
import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mysmtp.store.disk import Disk, open_file, put, read_exactly

FILE = "marks"
_MAGIC = b"mySM"
_FORM = struct.Struct("<4sI16sQQ")  # magic, checksum of the rest, boot, batches written behind, batches checkpointed
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Marks:
    """What the mailbox files have: `written` to the system, `synced` to the disk, as numbers of batches.

    What is written survives the end of this process, but not of the machine: `same_boot` tells whether it counts.
    """

    written: int = 0
    synced: int = 0
    same_boot: bool = False


class Milestones:
    """The file of the marks, in the journal's folder; made at `open`."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._descriptor = -1
        self._boot = _boot()

    @property
    def is_open(self) -> bool:
        """Whether marks can be written."""
        return self._descriptor >= 0

    def open(self, folder: int) -> None:
        """Open the file in a folder, or make it. Raises OSError."""
        self._descriptor = open_file(folder, FILE, os.O_RDWR | os.O_CREAT)

    def read(self, folder: int) -> Marks:
        """Return the marks that an earlier run left; those of none where they are not whole. Raises OSError."""
        try:
            descriptor = open_file(folder, FILE, os.O_RDONLY)
        except FileNotFoundError:
            return Marks()
        try:
            octets = read_exactly(descriptor, _FORM.size, 0)
        finally:
            os.close(descriptor)
        if len(octets) != _FORM.size:
            return Marks()
        magic, checksum, boot, written, synced = _FORM.unpack(octets)
        if magic != _MAGIC or zlib.crc32(octets[8:]) != checksum:
            return Marks()
        return Marks(written, synced, boot == self._boot and any(boot))

    def write(self, marks: Marks) -> None:
        """Give marks to the system. Raises OSError."""
        rest = _FORM.pack(b"", 0, self._boot, marks.written, marks.synced)[8:]
        put(self._disk, self._descriptor, _MAGIC + struct.pack("<I", zlib.crc32(rest)) + rest, 0)

    def sync(self) -> None:
        """Return when the disk has what was written. Raises OSError."""
        self._disk.sync(self._descriptor)

    def close(self) -> None:
        """Let go of the file."""
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = -1


def _boot() -> bytes:
    """Return what tells this run of the machine from any other; zeros where the system does not say."""
    try:
        return hashlib.sha256(_BOOT.read_bytes()).digest()[:16]
    except OSError:
        return bytes(16)
