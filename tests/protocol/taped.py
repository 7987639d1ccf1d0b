"""A dialog whose session is recorded, played without a socket."""

from collections.abc import Iterable
from datetime import UTC, datetime

from mysmtp.entry import FLOWING
from mysmtp.events import Event, MessageStored
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.tape import Tape
from tests.protocol.conversation import Client

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def recorded(
    dialect: Dialect = MY_SMTP, *, session: int = 1, tape_size: int = 10**6, **settings: object
) -> tuple[Client, Tape]:
    """Return a client that may begin to talk, and the tape of what it will say."""
    tape = Tape(session, dialect.name, "127.0.0.1:4", began=NOON, start=1000.0, limit=tape_size)
    client = Client(dialect=dialect, tape=tape, **settings)  # type: ignore[arg-type]

    def stored(event: Event) -> None:
        if isinstance(event, MessageStored):
            tape.stored.append(event)

    client.stored.attach(stored)
    return client, tape


def taped(dialect: Dialect, *said: bytes, ends: bool = True, pause: float = 1.0, framing: str = "auto") -> Tape:
    """Return the tape of a client that sends these pieces, waits after each, and hangs up if it `ends`."""
    client, tape = recorded(dialect, framing=framing)
    client.dialog.greet()
    for piece in said:
        client.clock.now += pause
        client.say(piece)
        client.wait(pause)
    if ends:
        client.hang_up()
        tape.close(client.clock.now, "client closed")
    return tape


def lines(*texts: str, end: str = "\r\n") -> Iterable[bytes]:
    """Return commands with their ends, each to be sent alone."""
    return [f"{text}{end}".encode() for text in texts]


def sides(tape: Tape) -> tuple[bytes, bytes]:
    """Return all that the tape says the client sent, and all that the server did."""
    client = b"".join(entry.octets for entry in tape.entries() if entry.kind in ("client", *FLOWING))
    return client, b"".join(entry.octets for entry in tape.entries() if entry.kind == "server")
