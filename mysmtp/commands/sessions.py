"""The commands that show what was said and say it again: `sessions`, `replay`."""

import sys
from pathlib import Path
from typing import Any

import click

from mysmtp.commands.options import Command, with_folder

_STATES = ("open", "ended", "stored", "nothing", "0", "1", "2", "3")


def _with_pages(command: Command) -> Command:
    """Give a command the options that say which running server."""
    server = click.option("--server", metavar="URL", envvar="MYSMTP_SERVER", show_envvar=True,
                          help="Its pages, such as http://127.0.0.1:8025; if not given, those of the server that "
                               "has the folder.")  # fmt: skip
    return with_folder(server(command))


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Show every conversation line by line as it happens, until Ctrl-C.")
@click.option("--protocol", type=click.Choice(("my_smtp", "smtp", "lmtp", "pop3")), help="Only this protocol.")
@click.option("--state", type=click.Choice(_STATES), help="Only sessions that are so, or are now in this state.")
@click.option("--errors", is_flag=True, help="Only sessions in which something was refused.")
@click.option("--address", metavar="TEXT", help="Only sessions from there, or in which the client said this.")
@click.option("-n", "--count", type=click.IntRange(1), default=50, show_default=True, help="How many are listed.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")
@_with_pages
def sessions(
    follow: bool, protocol: str | None, state: str | None, errors: bool, address: str | None, count: int, as_json: bool,
    server: str | None, folder: Path,
) -> None:  # fmt: skip
    """List the sessions that the running server has recorded, the newest first; or follow them.

    What does not print stands as escapes, as in \\n for a line's end. Exit codes: 0 done, 4 no server.
    """
    from mysmtp import watching

    asked = {"protocol": protocol, "state": state, "errors": "1" if errors else None, "address": address}
    query = {name: value for name, value in asked.items() if value}
    sys.exit(watching.run(watching.Wanted(query, count, follow, as_json, server, folder)))


@click.command()
@click.argument("file", metavar="FILE", required=False)
@click.option("--session", type=click.IntRange(1), metavar="ID", help="Take it from the running server, not a FILE.")
@click.option("--to", metavar="HOST:PORT", default="", help="A server on this machine; if not given, the running one.")
@click.option("--pace", type=click.Choice(("fast", "recorded")), default="fast", show_default=True,
              help="fast goes on when a reply is there; recorded also waits as long as the client did.")  # fmt: skip
@click.option("--wait", "patience", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True,
              metavar="SECONDS", help="How long a reply may take.")  # fmt: skip
@click.option("--user", default="", metavar="NAME", help="User of a login whose answers were not recorded.")
@click.option("--password", envvar="MYSMTP_PASSWORD", show_envvar=True, metavar="WORD",
              help="Its password; asked for if not given.")  # fmt: skip
@click.option("--fill", is_flag=True, help="Put octets of its own where a long message was not kept whole.")
@_with_pages
def replay(file: str | None, session: int | None, pace: str, **given: Any) -> None:
    """Send the client's half of a recorded session again, octet for octet, and compare the replies.

    FILE, or - for standard input, is the JSON or the C:/S: text of a session, or what --wire printed of one. TLS begins
    where it began, whoever shows which certificate. Replies that differ stand with what was recorded. Exit codes: 0 the
    same replies, 1 others, 2 it cannot be played, 4 no connection.
    """
    from mysmtp import replaying

    if (file is None) == (session is None):
        raise click.UsageError("give a FILE, or --session ID")
    source = file if file is not None else session
    sys.exit(replaying.run(replaying.Wanted(source=source or "-", recorded_pace=pace == "recorded", **given)))
