"""`python -m mysmtp.client 127.0.0.1 5050`: the interactive client, without the other commands."""

import argparse
import sys

from mysmtp.client import shell
from mysmtp.client.terminal import wire_log


def main() -> int:
    """Read the command line, hold the session, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mysmtp.client", description="Talk to a My_SMTP server.")
    parser.add_argument("host", nargs="?", default="127.0.0.1", help="where the server is (127.0.0.1)")
    parser.add_argument("port", nargs="?", default=2525, type=int, help="its port (2525)")
    parser.add_argument("--wire", action="store_true", help="print every line as C: and S: on standard error")
    parser.add_argument("--hex", action="store_true", help="the same, with the octets in hexadecimal")
    given = parser.parse_args()
    return shell.run(given.host, given.port, wire_log(given.wire, given.hex))


if __name__ == "__main__":
    sys.exit(main())
