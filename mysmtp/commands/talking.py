"""The commands that talk to a server: `client`, `send`, `list`, `read`. They know of no server in this package."""

import getpass
import os
import sys
from typing import Any

import click

from mysmtp.commands.options import PORTS, printable, with_answer, with_server


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


@click.command()
@click.argument("where", metavar="[HOST]", required=False)
@click.argument("number", metavar="[PORT]", type=PORTS, required=False)
@with_server
def client(where: str | None, number: int | None, host: str, port: int, wire: bool, with_hex: bool) -> None:
    """Talk to a server by hand: the prompt tells the state, Tab knows what it allows."""
    from mysmtp.client import shell
    from mysmtp.client.terminal import wire_log

    sys.exit(shell.run(where or host, port if number is None else number, wire_log(wire, with_hex)))


@click.command()
@click.option("--from", "sender", metavar="EMAIL", callback=printable, help="Sender; you at localhost if not given.")
@click.option(
    "--to",
    "recipients",
    metavar="EMAIL",
    multiple=True,
    required=True,
    callback=printable,
    help="Recipient; may be given again.",
)
@with_answer
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


@click.command("list")
@click.argument("mailbox", callback=printable)
@with_answer
def list_(mailbox: str, helo: str | None, as_json: bool, **server: Any) -> None:
    """List the mails of MAILBOX: id, sender, date."""
    from mysmtp.client import oneshot

    sys.exit(oneshot.list_(oneshot.Server(as_json=as_json, **server), helo or _domain_of(mailbox), mailbox))


@click.command()
@click.argument("mailbox", callback=printable)
@click.argument("mail_id", metavar="ID", callback=printable)
@click.option("--raw", is_flag=True, help="The octets as they are; without it, what steers a terminal is spelled out.")
@with_answer
def read(mailbox: str, mail_id: str, raw: bool, helo: str | None, as_json: bool, **server: Any) -> None:
    """Show mail ID of MAILBOX."""
    from mysmtp.client import oneshot

    if raw and as_json:
        raise click.UsageError("--raw and --json exclude each other")
    where = oneshot.Server(as_json=as_json, **server)
    sys.exit(oneshot.read(where, helo or _domain_of(mailbox), mailbox, mail_id, raw))
