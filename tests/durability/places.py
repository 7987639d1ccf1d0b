"""File systems of our own to fill up, to cut off and to take away. Each says why when the machine has none for us."""

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, 2  # EXT4_IOC_SHUTDOWN: the file system ends as in a power cut


class NotHere(Exception):
    """This machine has no such file system for us; the text is the reason."""


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise NotHere(f"{command[0]} is not installed") from missing
    if done.returncode:
        raise NotHere(f"{' '.join(command)}: {done.stderr.strip()}")


@contextlib.contextmanager
def small_disk(place: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory, with its size for example as option. Raises NotHere."""
    place.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


class PowerCutDisk:
    """An ext4 in a file, whose power can be cut: what it had not been made to keep is gone. Raises NotHere."""

    def __init__(self, image: Path, place: Path) -> None:
        self._image = image
        self.place = place
        image.touch()
        os.truncate(image, 256 << 20)
        place.mkdir()
        _run("mkfs.ext4", "-q", "-F", str(image))
        self.mount()

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.place))

    def cut(self) -> None:
        """Let the file system end this moment; it stays mounted and fails."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.place)], check=True)


def another_boot(folder: Path) -> tuple[str, ...]:
    """Return the program of a server that believes the machine was started anew: after a power cut it would be."""
    fresh = folder / f"boot-{uuid.uuid4()}"
    fresh.write_text(f"{uuid.uuid4()}\n")
    return ("-m", "tests.durability.places", str(fresh))


def main() -> None:
    """Run app.py where the boot id of the system is that of a file: argv[1] is the file, the rest are options."""
    script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
    os.execvp("unshare", ["unshare", "-m", "sh", "-c", script, sys.argv[1], sys.executable, "app.py", *sys.argv[2:]])


if __name__ == "__main__":
    main()
