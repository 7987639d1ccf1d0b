"""The commands: `mysmtp serve`, those that look after a folder (`reindex`, `delete`, `compact`), and the small ones
that talk to a server: `client`, `send`, `list`, `read`.

Importing this is cheap and patches nothing; each command imports what it needs when it runs. Only `serve` knows that
there is a server in this package.
"""

import getpass
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mysmtp import __version__, config

Command = TypeVar("Command", bound=Callable[..., Any])

_PORTS = click.IntRange(0, 65535)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mysmtp %(version)s")
def main() -> None:
    """A mail server you can see through, and a client for it.

    Exit codes of send, list, read, delete and compact: 0 done, 1 refused (4xx), 2 usage, 3 the server failed (5xx),
    4 no connection, 5 done, but the answer could not be written.
    """


# The server


def _octets(context: click.Context, param: click.Parameter, value: str) -> int:
    try:
        return config.parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


class _PortOrOff(click.ParamType[Any]):
    """A port, or `off` for none."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        return value if value == "off" else _PORTS.convert(value, param, context)


def _type_of(option: config.Option) -> Any:
    if option.choices:
        return click.Choice(option.choices)
    if option.field.endswith("size"):
        return click.STRING
    if option.field.endswith("port"):
        return _PORTS if option.field in ("port", "web_port") else _PortOrOff()
    match option.default:
        case int():
            return click.IntRange(min=1)
        case float():
            return click.FloatRange(min=0, min_open=True)
        case Path():
            return click.Path(path_type=Path)
    return None


def _as_click(option: config.Option) -> click.Option:
    common: dict[str, Any] = {
        "help": option.help,
        "envvar": option.variable,
        "show_envvar": True,
        "default": option.default,
    }
    if isinstance(option.default, bool):
        return click.Option([option.flag], is_flag=True, **common)
    common["show_default"] = bool(option.default)
    multiple = isinstance(option.default, tuple)
    if option.field.endswith("size"):
        common |= {"default": config.show_default(option), "callback": _octets}
    return click.Option([option.flag], type=_type_of(option), metavar=option.takes, multiple=multiple, **common)


def _serve(positional_port: int | None, **settings: Any) -> None:
    started = time.monotonic()
    context = click.get_current_context()
    if positional_port is not None:
        if context.get_parameter_source("port") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("give the port once: as PORT or as --port")
        settings["port"] = positional_port
    from gevent import monkey

    monkey.patch_all()
    from mysmtp import postoffice

    context.exit(postoffice.run(config.from_mapping(settings), started))


serve = click.Command(
    "serve",
    callback=_serve,
    params=[
        click.Argument(["positional_port"], type=_PORTS, required=False, metavar="[PORT]"),
        *map(_as_click, config.OPTIONS),
    ],
    help="Run the server: mail and pages, one process. PORT is the mail port, as the original program takes it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
main.add_command(serve)


def serve_main() -> None:
    """Run `serve` as a program of its own: `python app.py [PORT] [OPTIONS]`."""
    serve.main(prog_name="app.py")


_with_folder = click.option(
    "--mailbox",
    "folder",
    type=click.Path(path_type=Path),
    default=config.Config().mailbox,
    envvar="MYSMTP_MAILBOX",
    metavar="FOLDER",
    show_default=True,
    show_envvar=True,
    help="Folder of the mailbox files.",
)


@main.command()
@_with_folder
def reindex(folder: Path) -> None:
    """Make the index anew from the mailbox files.

    The server keeps it up to date and makes it again by itself where it is gone or damaged; this does so ahead of a
    start. Exit codes: 0 done, 1 the folder cannot be had (a server uses it).
    """
    from mysmtp import rebuilding

    sys.exit(rebuilding.run(folder))


@main.command()
@click.argument("mailbox")
@click.argument("mail_ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1, 10**18 - 1))
@click.option("--all", "every", is_flag=True, help="All mails of MAILBOX instead of some.")
@click.option("--undo", is_flag=True, help="Put deleted mails back, as long as their room is not freed.")
@_with_folder
def delete(mailbox: str, mail_ids: tuple[int, ...], every: bool, undo: bool, folder: Path) -> None:
    """Delete mails of MAILBOX, and say which were there.

    For an hour at least a deletion can be undone. A server that has the folder is asked to do it.
    """
    from mysmtp import housekeeping

    if every == bool(mail_ids):
        raise click.UsageError("give the ids of mails, or --all")
    sys.exit(housekeeping.delete(folder, mailbox, None if every else mail_ids, undo))


@main.command()
@click.argument("mailboxes", metavar="[MAILBOX]...", nargs=-1)
@_with_folder
def compact(mailboxes: tuple[str, ...], folder: Path) -> None:
    """Free the room of deleted mails, in every MAILBOX or those given.

    The server does so by itself where much would be freed. A file is left alone while a deletion of the last hour can
    be undone, or it was changed less than a minute ago.
    """
    from mysmtp import housekeeping

    sys.exit(housekeeping.compact(folder, mailboxes))


# What the commands that talk to a server share


def _with_server(command: Command) -> Command:
    """Give a command the options that say which server, and what to tell of the conversation."""
    for option in (
        click.option("--hex", "with_hex", is_flag=True, help="As --wire, with the octets in hexadecimal."),
        click.option("--wire", is_flag=True, help="Print each line as C: and S: on standard error."),
        click.option("--port", type=_PORTS, default=2525, envvar="MYSMTP_PORT", show_default=True, show_envvar=True,
                     help="Port of the server."),
        click.option("--host", default="127.0.0.1", envvar="MYSMTP_HOST", show_default=True, show_envvar=True,
                     help="Where the server is."),
    ):  # fmt: skip
        command = option(command)
    return command


def _with_answer(command: Command) -> Command:
    """Give a one-shot command the options of its greeting and its output."""
    helo = click.option("--helo", metavar="DOMAIN", callback=_printable, help="Domain to greet with.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object a line.")
    return _with_server(as_json(helo(command)))


def _printable(context: click.Context, param: click.Parameter, value: Any) -> Any:
    """Refuse words that would end or split a command's line."""
    for word in value if isinstance(value, tuple) else (value or "",):
        if any(ord(char) < 0x20 or char == "\x7f" for char in word):
            raise click.BadParameter("it holds a control character, and would be more than one word of a command")
    return value


def _domain_of(address: str) -> str:
    return address.strip("<>").rpartition("@")[2] if "@" in address else "localhost"


def _body_of(text: str | None) -> bytes:
    """Return the octets to send: the TEXT with a newline at its end, or standard input as it is."""
    if text is not None:
        octets = os.fsencode(text)
        return octets if octets.endswith(b"\n") else octets + b"\n"
    if sys.stdin.isatty():
        click.echo("Type the mail; Ctrl-D on a line of its own ends it.", err=True)
    return sys.stdin.buffer.read()


def _default_sender() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        user = ""
    return f"{''.join(user.split()) or 'me'}@localhost"


# The commands that talk to a server


@main.command()
@click.argument("where", metavar="[HOST]", required=False)
@click.argument("number", metavar="[PORT]", type=_PORTS, required=False)
@_with_server
def client(where: str | None, number: int | None, host: str, port: int, wire: bool, with_hex: bool) -> None:
    """Talk to a server by hand: the prompt tells the state, Tab knows what it allows."""
    from mysmtp.client import shell
    from mysmtp.client.terminal import wire_log

    sys.exit(shell.run(where or host, port if number is None else number, wire_log(wire, with_hex)))


@main.command()
@click.option("--from", "sender", metavar="EMAIL", callback=_printable, help="Sender; you at localhost if not given.")
@click.option(
    "--to",
    "recipients",
    metavar="EMAIL",
    multiple=True,
    required=True,
    callback=_printable,
    help="Recipient; may be given again.",
)
@_with_answer
@click.argument("text", required=False)
def send(
    text: str | None, sender: str | None, recipients: tuple[str, ...], helo: str | None, as_json: bool, **server: Any
) -> None:
    """Send TEXT, or standard input octet for octet, and tell when it is stored."""
    from mysmtp.client import oneshot
    from mysmtp.client.session import Mail

    sender = _default_sender() if sender is None else sender or "<>"
    mail = Mail(helo or _domain_of(sender), sender, recipients, _body_of(text))
    sys.exit(oneshot.send(oneshot.Server(as_json=as_json, **server), mail))


@main.command("list")
@click.argument("mailbox", callback=_printable)
@_with_answer
def list_(mailbox: str, helo: str | None, as_json: bool, **server: Any) -> None:
    """List the mails of MAILBOX: id, sender, date."""
    from mysmtp.client import oneshot

    sys.exit(oneshot.list_(oneshot.Server(as_json=as_json, **server), helo or _domain_of(mailbox), mailbox))


@main.command()
@click.argument("mailbox", callback=_printable)
@click.argument("mail_id", metavar="ID", callback=_printable)
@click.option("--raw", is_flag=True, help="The octets as they are; without it, what steers a terminal is spelled out.")
@_with_answer
def read(mailbox: str, mail_id: str, raw: bool, helo: str | None, as_json: bool, **server: Any) -> None:
    """Show mail ID of MAILBOX."""
    from mysmtp.client import oneshot

    if raw and as_json:
        raise click.UsageError("--raw and --json exclude each other")
    where = oneshot.Server(as_json=as_json, **server)
    sys.exit(oneshot.read(where, helo or _domain_of(mailbox), mailbox, mail_id, raw))
