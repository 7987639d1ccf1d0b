"""The commands that look after a folder of mailboxes: `reindex`, `delete`, `compact`."""

import sys
from pathlib import Path

import click

from mysmtp.commands.options import with_folder


@click.command()
@click.option("--search", type=click.Choice(["on", "off"]), default="on", envvar="MYSMTP_SEARCH", show_default=True,
              show_envvar=True, help="off leaves out the index of words, which takes most of the time.")  # fmt: skip
@with_folder
def reindex(search: str, folder: Path) -> None:
    """Make the index anew from the mailbox files, and that of their words for the search page.

    The server keeps it up to date and makes it again by itself where it is gone or damaged; this does so ahead of a
    start. Exit codes: 0 done, 1 the folder cannot be had (a server uses it).
    """
    from mysmtp import rebuilding

    sys.exit(rebuilding.run(folder, search == "on"))


@click.command()
@click.argument("mailbox")
@click.argument("mail_ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1, 10**18 - 1))
@click.option("--all", "every", is_flag=True, help="All mails of MAILBOX instead of some.")
@click.option("--undo", is_flag=True, help="Put deleted mails back, as long as their room is not freed.")
@with_folder
def delete(mailbox: str, mail_ids: tuple[int, ...], every: bool, undo: bool, folder: Path) -> None:
    """Delete mails of MAILBOX, and say which were there.

    For an hour at least a deletion can be undone. A server that has the folder is asked to do it.
    """
    from mysmtp import housekeeping

    if every == bool(mail_ids):
        raise click.UsageError("give the ids of mails, or --all")
    sys.exit(housekeeping.delete(folder, mailbox, None if every else mail_ids, undo))


@click.command()
@click.argument("mailboxes", metavar="[MAILBOX]...", nargs=-1)
@with_folder
def compact(mailboxes: tuple[str, ...], folder: Path) -> None:
    """Free the room of deleted mails, in every MAILBOX or those given.

    The server does so by itself where much would be freed. A file is left alone while a deletion of the last hour can
    be undone, or it was changed less than a minute ago.
    """
    from mysmtp import housekeeping

    sys.exit(housekeeping.compact(folder, mailboxes))
