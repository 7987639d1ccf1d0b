"""A protocol as data: what the engine (`dialog`) needs to speak it. Each protocol module makes one of these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mysmtp.contracts import Deliverer, MessageStore
from mysmtp.errors import MailFault
from mysmtp.protocol.reply import Owed, Reply
from mysmtp.protocol.transaction import Session


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command may use: the client's session, the mailboxes, and the way into them."""

    session: Session
    store: MessageStore
    deliverer: Deliverer
    max_message_size: int


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: the states it is allowed in, the state it leads to (None: the same), its argument, what it does.

    `parse` raises InvalidSyntax. With `octets` it gets everything after the verb and one space as bytes; otherwise text
    without spaces around it. `run` returns a Reply (or Owed, which only the verb that brings a message may), or raises
    a MailFault, after which the state is what it was. A verb that `looks` at the store waits for what is owed first.
    """

    allowed: frozenset[str]
    after: str | None
    parse: Callable[[Any], Any]
    run: Callable[[Desk, Any], Reply | Owed]
    octets: bool = False
    looks: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """A protocol: its name, first state, verbs, the digit each state is drawn with, and the reply to each fault.

    `message_verb` brings a message: its `parse` returns the body, or None to have it read after `go_ahead`; its `run`
    takes the body (None: over the limit, thrown away), and its state after holds whatever comes of it. `ends` is the
    verb that closes the session; `broken` the reply to a verb that failed through no fault of the client.
    """

    name: str
    initial: str
    verbs: Mapping[str, Verb]
    digit: Mapping[str, str]
    go_ahead: Reply
    refuse: Callable[[MailFault], Reply]
    broken: Callable[[str], Reply]
    message_verb: str
    ends: str
