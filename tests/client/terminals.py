"""A pseudo-terminal with a program in it: what a person types, and every octet they would be shown."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
_WHERE = b"\x1b[6n"


def environment(**more: str) -> dict[str, str]:
    """Return an environment without settings of the machine the tests run on."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MYSMTP_", "LC_", "NO_COLOR"))}
    return {**kept, "LANG": "C.UTF-8", "TERM": "xterm", **more}


class Terminal:
    """Runs `python ...` with a pty for its three streams."""

    def __init__(self, *arguments: str, **more: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, 100))
        self._program = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment(**more), stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.seen = b""
        self._read_to = 0
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()
        self._program.wait()
        os.close(self._ours)

    @property
    def pid(self) -> int:
        return self._program.pid

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, text: str) -> None:
        """Wait for `text`, escapes in it or not, after what was waited for before."""
        between = rb"(?:\x1b\[[0-9;?]*[A-Za-z]|\r)*"
        wanted = re.compile(between.join(re.escape(char.encode()) for char in text))
        deadline = time.monotonic() + PATIENCE
        while not (match := wanted.search(self.seen, self._read_to)):
            assert self._more(deadline - time.monotonic()), f"no {text!r} in {self.seen[self._read_to :]!r}"
        self._read_to = match.end()

    def finish(self) -> int:
        """Read to the program's end; return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._more(deadline - time.monotonic()):
            pass
        return self._program.wait(PATIENCE)

    def _more(self, seconds: float) -> bool:
        if not select.select([self._ours], [], [], max(0.0, seconds))[0]:
            return False
        try:
            piece = os.read(self._ours, 65536)
        except OSError:  # the program has closed its end
            return False
        self.seen += piece
        while self.seen.count(_WHERE) > self._told:  # a terminal tells where its cursor is when asked
            os.write(self._ours, b"\x1b[1;1R")
            self._told += 1
        return bool(piece)
