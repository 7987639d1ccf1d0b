"""What commands share: which server, which folder, and how to answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mysmtp import config

Command = TypeVar("Command", bound=Callable[..., Any])

PORTS = click.IntRange(0, 65535)


class Folder(click.Path):
    """The folder of the mailbox files. An empty name is none: it would be the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value):
            self.fail("a folder has a name; . is the current one", param, ctx)
        return super().convert(value, param, ctx)


with_folder = click.option(
    "--mailbox",
    "folder",
    type=Folder(),
    default=config.Config().mailbox,
    envvar="MYSMTP_MAILBOX",
    metavar="FOLDER",
    show_default=True,
    show_envvar=True,
    help="Folder of the mailbox files.",
)


def with_server(command: Command) -> Command:
    """Give a command the options that say which server, and what to tell of the conversation."""
    for option in (
        click.option("--hex", "with_hex", is_flag=True, help="As --wire, with the octets in hexadecimal."),
        click.option("--wire", is_flag=True, help="Print each line as C: and S: on standard error."),
        click.option("--port", type=PORTS, default=2525, envvar="MYSMTP_PORT", show_default=True, show_envvar=True,
                     help="Port of the server."),
        click.option("--host", default="127.0.0.1", envvar="MYSMTP_HOST", show_default=True, show_envvar=True,
                     help="Where the server is."),
    ):  # fmt: skip
        command = option(command)
    return command


def with_answer(command: Command) -> Command:
    """Give a one-shot command the options of its greeting and its output."""
    helo = click.option("--helo", metavar="DOMAIN", callback=printable, help="Domain to greet with.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object a line.")
    return with_server(as_json(helo(command)))


def printable(context: click.Context, param: click.Parameter, value: Any) -> Any:
    """Refuse words that would end or split a command's line."""
    for word in value if isinstance(value, tuple) else (value or "",):
        if any(ord(char) < 0x20 or char == "\x7f" for char in word):
            raise click.BadParameter("it holds a control character, and would be more than one word of a command")
    return value
