"""What a program wants of a mail server: send a mail, list a mailbox, read a mail, from either kind of server.

The order of commands is settled here; sockets, printing and exit codes are not known.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from mysmtp.client.connection import Answer, Connection, NoConnection
from mysmtp.client.original import body_for_original
from mysmtp.client.states import original_form, verb_of
from mysmtp.transparency import END, stuff

_PARTING_TIME = 2.0  # seconds
_LISTED = re.compile(r"([0-9]{1,18}): Email from (.*) \(([0-9]{2})-([0-9]{2})-([0-9]{4})\)", re.DOTALL)


class Refused(Exception):
    """The server did not do it. `answer` is its reply, `remark` what else is known, `stored_for` who has it already."""

    def __init__(self, answer: Answer, remark: str = "", stored_for: tuple[str, ...] = ()) -> None:
        super().__init__(answer.line)
        self.answer = answer
        self.remark = remark
        self.stored_for = stored_for


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to send: the domain to greet with, the envelope, and the body's octets."""

    helo: str
    sender: str
    recipients: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """A stored mail; `seconds` from the last octet sent to the reply."""

    mail: Mail
    seconds: float


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list. Date as yyyy-mm-dd; a line of another form has no id, and stands in `line` as it came."""

    id: int | None
    sender: str
    date: str
    line: str


def encoded(line: str) -> bytes:
    """Return a line as it goes over the wire; octets that were not UTF-8 come out as they went in."""
    return line.encode("utf-8", "surrogateescape")


def ask(connection: Connection, line: str) -> Answer:
    """Send one command in the form this server takes; return its reply, with the body if the command has one.

    The first command goes out with a newline. If its reply then shows the original server, which would keep that
    newline as part of the argument, the command is said again the way the original client says it.
    """
    verb = verb_of(line)
    with_body = verb is not None and verb.has_body
    was_unknown = connection.kind == "unknown"
    answer = _exchange(connection, line, with_body)
    ended = connection.closed or (answer.ok and verb is not None and verb.name == "QUIT")
    if not was_unknown or connection.kind != "original" or ended:
        return answer
    again = _exchange(connection, line, with_body)
    return answer if answer.ok and not again.ok else again


def _exchange(connection: Connection, line: str, with_body: bool) -> Answer:
    original = connection.kind == "original"
    connection.send(encoded(original_form(line)) if original else encoded(line) + b"\n")
    return connection.reply(with_body)


def command(connection: Connection, line: str) -> Answer:
    """Send one command that must be answered 200. Raises Refused, NoConnection."""
    answer = ask(connection, line)
    if not answer.ok and answer.code < 400:
        raise NoConnection(f"{connection.name} does not speak My_SMTP; it said: {answer.line}")
    if not answer.ok:
        raise Refused(answer, line)
    return answer


def part(connection: Connection) -> None:
    """Say QUIT and hang up; what comes of it changes nothing any more."""
    connection.patience = _PARTING_TIME
    with suppress(NoConnection, Refused):
        if not connection.ended():
            command(connection, "QUIT")
    connection.close()


def send_mail(connection: Connection, mail: Mail) -> Sent:
    """Send one mail to all its recipients. Raises Refused, Unsendable, NoConnection."""
    with _nothing_stored():
        command(connection, f"HELO {mail.helo}")
    if connection.kind == "original":
        return Sent(mail, _send_to_original(connection, mail))
    with _nothing_stored():
        command(connection, f"MAIL FROM: {mail.sender}")
        for recipient in mail.recipients:
            command(connection, f"RCPT TO: {recipient}")
        command(connection, "DATA")
    return Sent(mail, _finish(connection, stuff(mail.body) + END))


def _send_to_original(connection: Connection, mail: Mail) -> float:
    """Send one transaction for each recipient: the original keeps a single one."""
    segment = body_for_original(mail.body)
    seconds = 0.0
    for index, recipient in enumerate(mail.recipients):
        stored = mail.recipients[:index]
        try:
            with _nothing_stored(for_whom=f" for {recipient}" if stored else ""):
                if stored:
                    command(connection, f"HELO {mail.helo}")
                command(connection, f"MAIL FROM: {mail.sender}")
                command(connection, f"RCPT TO: {recipient}")
            seconds += _finish(connection, segment)
        except Refused as refusal:
            kept = f"stored for {', '.join(stored)} only" if stored else refusal.remark
            raise Refused(refusal.answer, kept, stored) from None
        except NoConnection as error:
            raise NoConnection(f"{error}; it is stored for {', '.join(stored)}" if stored else str(error)) from error
    return seconds


def _finish(connection: Connection, octets: bytes) -> float:
    connection.send(octets)
    answer = reply_to_message(connection)
    if not answer.ok:
        raise Refused(answer)
    return answer.seconds


def reply_to_message(connection: Connection) -> Answer:
    """Return the reply to a whole message that was sent; without one, NoConnection says what is not known."""
    try:
        return connection.reply()
    except NoConnection as error:
        raise NoConnection(f"{error}; whether the mail was stored is not known") from error


@contextmanager
def _nothing_stored(for_whom: str = "") -> Iterator[None]:
    try:
        yield
    except NoConnection as error:
        raise NoConnection(f"{error}; nothing was stored{for_whom}") from error
    except Refused as refusal:
        raise Refused(refusal.answer, f"{refusal.remark}; nothing was stored{for_whom}") from None


def list_mails(connection: Connection, helo: str, mailbox: str) -> tuple[Listed, ...]:
    """Return what LIST tells of a mailbox. Raises Refused, NoConnection."""
    command(connection, f"HELO {helo}")
    try:
        return listed(command(connection, f"LIST {mailbox}"))
    except Refused as refusal:
        raise _explained(refusal) from None


def read_mail(connection: Connection, helo: str, mailbox: str, mail_id: str) -> bytes:
    """Return a mail as GET_MAIL gives it: From and Date lines, then the body. Raises Refused, NoConnection."""
    command(connection, f"HELO {helo}")
    try:
        return command(connection, f"GET_MAIL {mailbox} {mail_id}").body or b""
    except Refused as refusal:
        if not refusal.answer.text.startswith("Email not found"):
            raise _explained(refusal) from None
        raise Refused(refusal.answer, _what_is_there(connection, mailbox)) from None


def _explained(refusal: Refused) -> Refused:
    if refusal.answer.text.startswith("Requested email does not exist"):
        return Refused(refusal.answer, "a mailbox is made with its first mail")
    return refusal


def _what_is_there(connection: Connection, mailbox: str) -> str:
    try:
        ids = [each.id for each in listed(command(connection, f"LIST {mailbox}")) if each.id is not None]
    except (Refused, NoConnection):
        return ""
    if not ids:
        return f"{mailbox} holds no mail"
    if len(ids) == 1:
        return f"{mailbox} has {ids[0]}"
    return f"{mailbox} has {min(ids)} to {max(ids)}"


def listed(answer: Answer) -> tuple[Listed, ...]:
    """Return the lines of a LIST reply."""
    text = (answer.body or b"").decode("utf-8", "surrogateescape")
    return tuple(_listed_line(line) for line in text.removesuffix("\n").split("\n") if line)


def _listed_line(line: str) -> Listed:
    match = _LISTED.fullmatch(line)
    if not match:
        return Listed(None, "", "", line)
    number, sender, day, month, year = match.groups()
    return Listed(int(number), sender, f"{year}-{month}-{day}", line)
