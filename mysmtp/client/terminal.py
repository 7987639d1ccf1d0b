"""The place that output goes to: what it can show, its wire log, and the exit codes of the client's programs.

Looks at the environment and the standard streams; knows nothing of mail.
"""

import os
import sys
from collections.abc import Mapping

from mysmtp.client.present import Look
from mysmtp.client.wire import WireLog

DONE, REFUSED, FAILED, NO_CONNECTION, UNWRITTEN, INTERRUPTED = 0, 1, 3, 4, 5, 130


def look_of(environment: Mapping[str, str], is_terminal: bool) -> Look:
    """Return what this terminal or pipe can show."""
    colour = is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    names = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name), "")
    return Look(colour=colour, ascii_only="utf" not in locale.lower())


def fit_output(look: Look) -> None:
    """Let standard output and error escape what they cannot show, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            encoding = "ascii" if look.ascii_only and stream.isatty() else None
            reconfigure(encoding=encoding, errors="backslashreplace")


def wire_log(wire: bool, with_hex: bool) -> WireLog | None:
    """Return the log that `--wire` and `--hex` ask for, to standard error."""
    if not (wire or with_hex):
        return None
    look = look_of(os.environ, sys.stderr.isatty())
    return WireLog(lambda line: print(line, file=sys.stderr), with_hex, look.side)


def put(octets: bytes) -> None:
    """Write octets to standard output, all of them. Raises BrokenPipeError when nobody reads any more."""
    rest = memoryview(octets)
    while rest:  # an unbuffered stream may take less than it is given
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.flush()


def hush() -> int:
    """Nobody reads our output any more: stay quiet about it to the end. Returns the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE
