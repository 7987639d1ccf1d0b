"""One mail over SMTP, as a program that only submits speaks it (RFC 5321). Any SMTP server will do.

Python's smtplib does this too, and takes longer to import than this takes for the whole mail.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mysmtp.client.connection import CONNECT_TIME, REPLY_TIME, Answer, Connection, NoConnection, Silent
from mysmtp.transparency import stuff

_MORE = re.compile(r"([0-9]{3})-(.*)", re.DOTALL)
_LINE_END = re.compile(rb"\r?\n")
_MOST_LINES = 1000  # of one reply


class Refused(Exception):
    """The server refused a command, or the mail; `str(refused)` is safe to show only through `text.visible`."""

    def __init__(self, command: str, answer: Answer) -> None:
        super().__init__(f"{command}: {answer.line}")
        self.command = command
        self.answer = answer


class Speechless(NoConnection):
    """There is no greeting, so it is no SMTP server."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail and its envelope; the null sender is ``""``. `octets` may have any line ends.

    `ret`, `envelope_id` and `notify` are asked of a server that offers DSN (RFC 3461); ``""`` asks nothing.
    """

    sender: str
    recipients: Sequence[str]
    octets: bytes
    ret: str = ""
    envelope_id: str = ""
    notify: str = ""


class Submission:
    """A session with an SMTP server that has said its greeting. Every method raises NoConnection."""

    def __init__(self, connection: Connection) -> None:
        """Greet the server. Raises Refused, Speechless."""
        connection.kind = "lines"
        self._connection = connection
        self._extensions: Mapping[str, str] = {}
        connection.patience = CONNECT_TIME
        try:
            greeting = self._reply()
        except Silent as fault:
            raise Speechless(
                f"{fault}: an SMTP server speaks first, and one of My_SMTP waits for its client"
            ) from fault
        connection.patience = REPLY_TIME
        if greeting.code != 220:
            raise Refused("greeting", greeting)
        answer = self._ask("EHLO localhost")
        if answer.code == 250:
            words = (line.partition(" ") for line in answer.text.split("\n")[1:])
            self._extensions = {keyword.upper(): value for keyword, _, value in words}
        else:
            self._must("HELO localhost")

    def send(self, letter: Letter) -> Sequence[Refused]:
        """Send a mail to all recipients that are taken; return the refusals of the others.

        Lines go out ended by CR LF, and nothing else is changed. Raises Refused when nobody gets it.
        """
        octets = _LINE_END.sub(b"\r\n", letter.octets)
        self._must(f"MAIL FROM:<{letter.sender}>{self._of_mail(letter, octets)}")
        refusals = []
        for path in letter.recipients:
            answer = self._ask(f"RCPT TO:<{path}>{self._of_recipient(letter)}")
            if answer.code // 100 != 2:
                refusals.append(Refused(f"RCPT TO:<{path}>", answer))
        if len(refusals) == len(letter.recipients):
            raise refusals[0]
        self._must("DATA", 354)
        self._connection.send(stuff(octets if octets.endswith(b"\n") or not octets else octets + b"\r\n") + b".\r\n")
        answer = self._reply()
        if answer.code // 100 != 2:
            raise Refused("message", answer)
        return refusals

    def part(self) -> None:
        """Say goodbye; nothing depends on the answer."""
        with suppress(NoConnection):
            self._ask("QUIT")

    def _of_mail(self, letter: Letter, octets: bytes) -> str:
        words = []
        if "SIZE" in self._extensions:
            words.append(f"SIZE={len(octets)}")
        if "8BITMIME" in self._extensions and not octets.isascii():
            words.append("BODY=8BITMIME")
        if "SMTPUTF8" in self._extensions and not all(path.isascii() for path in (letter.sender, *letter.recipients)):
            words.append("SMTPUTF8")
        if "DSN" in self._extensions:
            words += [f"RET={letter.ret}"] if letter.ret else []
            words += [f"ENVID={letter.envelope_id}"] if letter.envelope_id else []
        return "".join(f" {word}" for word in words)

    def _of_recipient(self, letter: Letter) -> str:
        return f" NOTIFY={letter.notify}" if letter.notify and "DSN" in self._extensions else ""

    def _must(self, command: str, code: int = 250) -> None:
        answer = self._ask(command)
        if answer.code != code:
            raise Refused(command, answer)

    def _ask(self, command: str) -> Answer:
        self._connection.send(command.encode("utf-8", "surrogateescape") + b"\r\n")
        return self._reply()

    def _reply(self) -> Answer:
        """Return a reply; the text of one of many lines has them parted by LF."""
        lines: list[str] = []
        for _ in range(_MOST_LINES):
            answer = self._connection.reply()
            more = _MORE.fullmatch(answer.text) if answer.code == 0 else None
            if more is None:
                return Answer(answer.code, "\n".join([*lines, answer.text]), seconds=answer.seconds)
            lines.append(more[2])
        return Answer(0, f"a reply of more than {_MOST_LINES:,} lines")
