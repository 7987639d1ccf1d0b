"""One command, one conversation: send, list and read as a script uses them. Answers to standard output, all else to
standard error, and an exit code that tells what happened. The order of the conversation is session's.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mysmtp.client import present
from mysmtp.client.connection import Connection, NoConnection, connect
from mysmtp.client.original import REPLY_LIMIT, Unsendable
from mysmtp.client.session import Mail, Refused, list_mails, part, read_mail, send_mail
from mysmtp.client.terminal import (
    DONE,
    FAILED,
    INTERRUPTED,
    NO_CONNECTION,
    REFUSED,
    UNWRITTEN,
    fit_output,
    hush,
    look_of,
    put,
    wire_log,
)
from mysmtp.text import visible


@dataclass(frozen=True, slots=True)
class Server:
    """Which server to talk to, and how to tell of it."""

    host: str
    port: int
    wire: bool = False
    with_hex: bool = False
    as_json: bool = False


def send(server: Server, mail: Mail) -> int:
    """Send a mail; return the exit code."""

    def work(connection: Connection) -> bytes:
        sent = send_mail(connection, mail)
        return _lines([present.sent_json(sent) if server.as_json else present.stored(sent, sys.stdout.isatty())])

    return _talk(server, work)


def list_(server: Server, helo: str, mailbox: str) -> int:
    """List a mailbox; return the exit code."""

    def work(connection: Connection) -> bytes:
        mails = list_mails(connection, helo, mailbox)
        if not mails and sys.stderr.isatty() and not server.as_json:
            print(visible(f"{mailbox} holds no mail."), file=sys.stderr)
        return _lines([present.listed_json(mail) for mail in mails] if server.as_json else present.rows(mails))

    return _talk(server, work)


def read(server: Server, helo: str, mailbox: str, mail_id: str, raw: bool = False) -> int:
    """Show one mail; return the exit code."""

    def work(connection: Connection) -> bytes:
        octets = read_mail(connection, helo, mailbox, mail_id)
        if connection.kind == "original" and len("200 OK\n") + len(octets) >= REPLY_LIMIT:
            print("mysmtp: the original server sends no more of a mail than this", file=sys.stderr)
        if raw:
            return octets
        if server.as_json:
            return _lines([present.mail_json(mailbox, mail_id, octets)])
        text = present.text_of(octets)
        return _lines([text.removesuffix("\n")])

    return _talk(server, work)


def _lines(lines: list[str]) -> bytes:
    text = "".join(f"{line}\n" for line in lines)
    return text.encode(sys.stdout.encoding, "backslashreplace")


def _talk(server: Server, work: Callable[[Connection], bytes]) -> int:
    fit_output(look_of(os.environ, sys.stdout.isatty()))
    try:
        connection = connect(server.host, server.port, wire_log(server.wire, server.with_hex))
        try:
            answer = work(connection)
        finally:
            part(connection)
    except Refused as refusal:
        _fail(server, present.refusal_json(refusal), present.refusal_line(refusal))
        return REFUSED if refusal.answer.code // 100 == 4 else FAILED
    except (Unsendable, NoConnection) as error:
        _fail(server, present.error_json(str(error)), visible(f"mysmtp: {error}"))
        return REFUSED if isinstance(error, Unsendable) else NO_CONNECTION
    except KeyboardInterrupt:
        return INTERRUPTED
    return _answer(answer)


def _answer(answer: bytes) -> int:
    """Write what the server's answer came to. What was done is done, whether or not it can be written here."""
    try:
        put(answer)
    except BrokenPipeError:
        return hush()
    except OSError as error:
        print(f"mysmtp: done, but the answer cannot be written: {error.strerror}", file=sys.stderr)
        hush()
        return UNWRITTEN
    return DONE


def _fail(server: Server, as_json: str, line: str) -> None:
    """Tell a program on standard output, where it reads; a person on standard error."""
    with suppress(BrokenPipeError):
        print(as_json if server.as_json else line, file=sys.stdout if server.as_json else sys.stderr, flush=True)
