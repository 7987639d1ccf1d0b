"""All commands under one name. A new one is a row of `_COMMANDS`."""

import click

from mysmtp import __version__
from mysmtp.commands import files, folder, logins, serving, sessions, talking

_COMMANDS = (
    serving.serve,
    *(talking.client, talking.send, talking.list_, talking.read),
    *(files.sendmail, files.import_, files.export),
    *(folder.delete, folder.compact, folder.reindex),
    *(sessions.sessions, sessions.replay),
    logins.passwd,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mysmtp %(version)s")
def main() -> None:
    """A mail server you can see through, and a client for it.

    Exit codes of all but serve, sendmail and reindex: 0 done, 1 refused (4xx), 2 usage, 3 the server failed (5xx),
    4 no connection, 5 done, but the answer could not be written.
    """


for command in _COMMANDS:
    main.add_command(command)
