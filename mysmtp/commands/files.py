"""The commands that bring mail in and out of files, `import` and `export`; and `sendmail`, which programs call."""

import sys
from pathlib import Path
from typing import Any

import click

from mysmtp.commands.options import printable, with_folder


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def sendmail(words: tuple[str, ...]) -> None:
    """Take a mail on standard input as the program sendmail does, and hand it to the server by SMTP."""
    from mysmtp.client import sendmail as program

    sys.exit(program.main(words))


@click.command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to",
    "recipients",
    metavar="EMAIL",
    multiple=True,
    callback=printable,
    help="Mailbox to put the mails into, whatever their headers say; may be given again.",
)
@with_folder
def import_(paths: tuple[Path, ...], recipients: tuple[str, ...], folder: Path) -> None:
    """Store the mails that lie at each PATH: .eml files, mbox files, Maildirs, folders of these; - is an mbox or
    a mail on standard input.

    Each goes to those its header says it was for (X-Original-To, Delivered-To, else To, Cc and Bcc), or to --to. What
    cannot be read is said and skipped; exit code 1 then. A server that has the folder is asked to store them.
    """
    from mysmtp import importing

    if not all(word.partition("@")[0] for word in recipients):
        raise click.UsageError("--to needs the name of a mailbox")
    sys.exit(importing.run(folder, paths, recipients))


@click.command()
@click.argument("mailbox", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(("mbox", "eml", "maildir")),
    default="mbox",
    show_default=True,
    help="One file for all mails (mboxrd), a folder with a file for each, or a Maildir.",
)
@click.option("-o", "--output", metavar="PATH", type=click.Path(path_type=Path), help="File or folder to write to.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@with_folder
def export(mailbox: str | None, form: Any, output: Path | None, force: bool, folder: Path) -> None:
    """Write the mails of MAILBOX to files; without MAILBOX, those of each to a file or folder of its own in --output.

    An mbox goes to standard output where no --output is given. The octets of each mail stay as they are; in an mbox,
    lines end with LF. Nothing that is there is replaced without --force.
    """
    from mysmtp import exporting

    if output is None and (form != "mbox" or mailbox is None):
        raise click.UsageError("give the folder to write to with --output")
    if output is None and sys.stdout.isatty():
        raise click.UsageError("an mbox is not for a terminal: give --output FILE, or send it to a program")
    sys.exit(exporting.run(folder, mailbox, form, output, force))
