"""The program `mysmtp`: hands the command line to the commands; started by the name `sendmail`, it is that program.

Importing this is cheap and patches nothing. Only `serve` knows that there is a server in this package.
"""

import os
import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None, prog_name: str | None = None) -> None:
    """Run the command that the command line, or `words`, asks for; ends with SystemExit."""
    given = sys.argv[1:] if words is None else list(words)
    if words is None and os.path.basename(sys.argv[0]) == "sendmail":  # noqa: PTH119  pathlib takes its time
        _sendmail(given)
    if given[:1] == ["sendmail"]:
        _sendmail(given[1:])
    from mysmtp.commands import group

    group.main(given, prog_name)


def _sendmail(words: Sequence[str]) -> None:
    """Be sendmail: straight away, since a program waits for it to start."""
    from mysmtp.client import sendmail

    sys.exit(sendmail.main(words))


def serve_main() -> None:
    """Run `serve` as a program of its own: `python app.py [PORT] [OPTIONS]`."""
    from mysmtp.commands import serving

    serving.serve.main(prog_name="app.py")
