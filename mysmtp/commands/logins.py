"""The command that looks after a file of logins: `passwd`."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from mysmtp.commands.options import printable


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("user", callback=printable)
@click.option("--delete", "gone", is_flag=True, help="Take USER out instead.")
def passwd(file: Path, user: str, gone: bool) -> None:
    """Give USER a password in FILE, which is for `mysmtp serve --auth-file FILE`.

    Asks for the password, or reads a line of standard input where that is no terminal. A server that runs notices by
    itself. Exit codes: 0 done, 1 not done, 2 usage.
    """
    from mysmtp import passwords

    try:
        passwords.check_user(user)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="USER") from None
    password = None if gone else _new_password()
    try:
        was_there = passwords.store(file, user, password)
    except KeyError:
        _fail(f"no user {user} in {file}")
    except OSError as error:
        _fail(f"{file}: {error.strerror}")
    except ValueError as error:
        _fail(f"{file}: {error}")
    click.echo(f"{'removed' if gone else 'changed' if was_there else 'added'} {user}")


def _fail(words: str) -> NoReturn:
    click.echo(f"mysmtp: {words}", err=True)
    sys.exit(1)


def _new_password() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True)
    else:
        try:
            password = sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise click.UsageError("a password is UTF-8") from None
    if not password:
        raise click.UsageError("a password is needed")
    if any(ord(char) < 0x20 or char == "\x7f" for char in password):
        raise click.UsageError("a password has no control characters")
    return password
