"""Servers of `app.py`, and commands of `mysmtp`, forked from interpreters that have their imports behind them.

Importing takes most of a start, and hundreds of tests start a server. What a fork runs is `app.py` from its first line
after the imports to its end; tests of the start itself, and those that want another program, start a new interpreter.
So do those of commands that are given another environment.
"""

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from os import fork, waitpid  # as they are before app.py patches them
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_ORDER = 1 << 20  # octets that an order may have
_PIPE = 1 << 16  # octets that a pipe holds with nobody reading
_NOTHING = os.open(os.devnull, os.O_RDONLY)


class Forked:
    """A server that was forked, with what tests use of `subprocess.Popen`."""

    def __init__(self, report: int, stdout: int) -> None:
        self._report = os.fdopen(report, "rb")
        self.stdout = os.fdopen(stdout, "rb", buffering=0)
        self.returncode: int | None = None
        self.pid = int(self._report.readline())

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a fork", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            reported = select.poll()
            reported.register(self._report, select.POLLIN)
            if reported.poll(None if timeout is None else 1000 * timeout):
                self.returncode = os.waitstatus_to_exitcode(int(self._report.readline()))
                self._report.close()
        return self.returncode


class Nursery:
    """The interpreter that forks; it ends when this process does. What it runs is `app.py` or `mysmtp`."""

    def __init__(self, program: str) -> None:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.nursery", program]
        with theirs:
            self._popen = subprocess.Popen(command, cwd=_ROOT, stdin=theirs.fileno())

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], stderr: int, stdin: int = _NOTHING
    ) -> Forked:
        """Run the program with these arguments in a process of its own. Its output is to be read from `stdout`."""
        stdout, to_stdout = os.pipe()
        report, to_report = os.pipe()
        order = json.dumps([list(arguments), dict(environment)]).encode()
        assert len(order) < _ORDER
        socket.send_fds(self._socket, [len(order).to_bytes(4, "big")], [stdin, to_stdout, stderr, to_report])
        self._socket.sendall(order)
        os.close(to_stdout)
        os.close(to_report)
        return Forked(report, stdout)


@cache
def nursery(program: str = "app.py") -> Nursery:
    """Return the nursery of this process."""
    return Nursery(program)


def run(
    *words: str, environment: Mapping[str, str], typed: bytes = b"", timeout: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of `mysmtp` to its end; `typed` comes to it through a pipe."""
    assert len(typed) <= _PIPE
    stdin, to_stdin = os.pipe()
    os.write(to_stdin, typed)
    os.close(to_stdin)
    with tempfile.TemporaryFile() as errors:
        forked = nursery("mysmtp").start(words, environment, errors.fileno(), stdin)
        os.close(stdin)
        with forked.stdout:
            output = forked.stdout.readall()
        code = forked.wait(timeout)
        errors.seek(0)
        return subprocess.CompletedProcess(words, code, output, errors.read())


def main(name: str) -> None:
    """Fork a process for each order; be the program in it, and return."""
    orders = socket.socket(fileno=os.dup(0))  # made before app.py patches sockets: nothing here may wait for a hub
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the tests
    program = _server() if name == "app.py" else _commands()
    gc.collect()
    gc.freeze()
    while True:
        size, descriptors, _, _ = socket.recv_fds(orders, 4, 4)
        if not size:
            return
        order = b""
        while len(order) < int.from_bytes(size, "big"):
            order += orders.recv(_ORDER)
        if fork() == 0:
            orders.close()
            if not _is_program(descriptors[-1]):
                os._exit(0)
            _become(name, *json.loads(order), *descriptors)
            program()
            return
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):
            while waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def _server() -> Callable[[], object]:
    """Import and make what all servers need."""
    import app  # noqa: F401 - it patches, then imports what follows
    import mysmtp.serving  # noqa: F401 - imported by app.py once it has read its options
    from mysmtp.cli import serve_main
    from tests.sparing import compile_addresses_once, compile_templates

    compile_addresses_once()
    compile_templates()
    return serve_main


def _commands() -> Callable[[], object]:
    """Import what commands import once they run."""
    import mysmtp.client.oneshot
    import mysmtp.commands.group
    import mysmtp.exporting
    import mysmtp.housekeeping
    import mysmtp.importing
    import mysmtp.replaying
    import mysmtp.watching  # noqa: F401
    from mysmtp.cli import main

    def command() -> None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the three know the files that they were made for
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        main(prog_name="mysmtp")

    return command


def _is_program(report: int) -> bool:
    """Fork again and be the program in the child, which reports its number; else report how the child ended."""
    pid = fork()
    if pid:
        os.write(report, b"%d\n" % waitpid(pid, 0)[1])
    return pid == 0


def _become(name: str, arguments: Sequence[str], environment: Mapping[str, str], *descriptors: int) -> None:
    """Be what a new interpreter would be; the descriptors are those of `start`, in its order."""
    *streams, report = descriptors
    for place, descriptor in enumerate(streams):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [name, *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.write(report, b"%d\n" % os.getpid())  # from now on no signal is lost
    os.close(report)


if __name__ == "__main__":
    main(sys.argv[1])
