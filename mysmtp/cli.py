"""The program `mysmtp`: hands the command line to the commands.

Importing this is cheap and patches nothing. Only `serve` knows that there is a server in this package.
"""

from collections.abc import Sequence


def main(words: Sequence[str] | None = None, prog_name: str | None = None) -> None:
    """Run the command that the command line, or `words`, asks for; ends with SystemExit."""
    from mysmtp.commands import group

    group.main(words, prog_name)


def serve_main() -> None:
    """Run `serve` as a program of its own: `python app.py [PORT] [OPTIONS]`."""
    from mysmtp.commands import serving

    serving.serve.main(prog_name="app.py")
