"""strace, attached to a running server: it watches system calls, lets them fail, makes them slow, or kills at one.

Attached and not started with it, so that calls are counted from a known moment, and a fault ends when it lets go.
strace counts the calls of each thread by itself; a session of one client keeps each kind of work in one thread.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.process import PostOfficeProcess

# Errors and delays are injected on entry to the call: the call is not made, or made later.
_CALL = re.compile(r"^(\d+)\s+([\d.]+) (?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: when it was begun and when it ended (seconds), its arguments and result as strace shows them."""

    name: str
    begun: float
    ended: float
    text: str


class Strace:
    """A tracer of a server, from `with` to its end. `options` as of strace."""

    def __init__(self, process: PostOfficeProcess, *options: str, trace: str, output: Path | None = None) -> None:
        self._output = output
        self._process = process
        self._command = [
            "strace", "-f", "-ttt", "-yy", "-s", "400", "-p", str(process.popen.pid), "-o", str(output or "/dev/null"),
            "-e", "signal=none", "-e", f"trace={trace}", *options,
        ]  # fmt: skip

    def __enter__(self) -> "Strace":
        self._popen = subprocess.Popen(self._command, stderr=subprocess.PIPE)
        assert self._popen.stderr is not None
        said = b""
        while b" attached" not in said:
            line = self._popen.stderr.readline()
            said += line
            assert line, said
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.popen.poll() is None:
            self._popen.terminate()  # it lets go of the server first
        else:
            self._popen.kill()  # of a server that was killed it may wait for the end of a thread for ever
        self._popen.communicate(timeout=20)

    def calls(self) -> list[Call]:
        """Return what was traced, by the moment it was begun; to be asked after the end."""
        assert self._output is not None
        found: list[Call] = []
        begun: dict[str, tuple[str, float, str]] = {}
        for line in self._output.read_text(errors="replace").splitlines():
            match = _CALL.match(line)
            if not match:
                continue
            thread, moment, name, rest, resumed, end = match.groups()
            if resumed:
                name, since, start = begun.pop(thread)
                found.append(Call(name, since, float(moment), start + end))
            elif rest.endswith("<unfinished ...>"):
                begun[thread] = (name, float(moment), rest.removesuffix("<unfinished ...>"))
            else:
                found.append(Call(name, float(moment), float(moment), rest))
        return sorted(found, key=lambda call: call.begun)


def fault(call: str, how: str, path: Path | str | None = None) -> list[str]:
    """Return the options that let a call fail: `how` as strace has it, ``error=EIO:when=1+`` for example."""
    return ["-e", f"inject={call}:{how}", *(["-P", str(path)] if path else [])]
