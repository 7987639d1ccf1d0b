"""The commands that bring mail in and out of files, and the one that is a file's name to other programs: `sendmail`."""

import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def sendmail(words: tuple[str, ...]) -> None:
    """Take a mail on standard input as the program sendmail does, and hand it to the server by SMTP."""
    from mysmtp.client import sendmail as program

    sys.exit(program.main(words))
