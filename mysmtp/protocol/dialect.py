"""A protocol as data: what the engine (`dialog`) needs to speak it. Each protocol module makes one of these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mysmtp.contracts import Deliverer, MessageStore
from mysmtp.errors import MailFault
from mysmtp.message import Trace
from mysmtp.protocol.reply import Reply
from mysmtp.protocol.transaction import Session


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command may use: the client's session, the mailboxes, the way into them, and how this session came in."""

    session: Session
    store: MessageStore
    deliverer: Deliverer
    trace: Callable[[], Trace]
    max_message_size: int


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: the states it is allowed in, how its argument is read, what it does.

    `parse` raises InvalidSyntax. With `octets` it gets everything after the verb and one space as bytes; otherwise text
    without spaces around it. `run` returns a Reply, None to have a message read first, or raises a MailFault.
    """

    allowed: frozenset[str]
    parse: Callable[[Any], Any]
    run: Callable[[Desk, Any], Reply | None]
    octets: bool = False
    failure: str = ""  # the text of a 500 when the server, not the client, is at fault


@dataclass(frozen=True, slots=True)
class Dialect:
    """A protocol: its name, first state, verbs, and the reply to each fault.

    `accept` takes a message that was read whole (None: over the limit) and answers it; `go_ahead` invites it. `ends`
    tells which verb closes the session.
    """

    name: str
    initial: str
    verbs: Mapping[str, Verb]
    digit: Mapping[str, str]
    go_ahead: Reply
    accept: Callable[[Desk, bytes | None], Reply]
    refuse: Callable[[MailFault], Reply]
    message_verb: str
    ends: str
