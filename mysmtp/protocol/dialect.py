"""A protocol as data: what the engine (`dialog`) needs to speak it. Each protocol module makes one of these."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mysmtp.contracts import Deliverer, MessageStore
from mysmtp.entry import Note
from mysmtp.errors import MailFault, TooManyWrongLogins, WrongLogin
from mysmtp.events import Event, LoginAnswered
from mysmtp.message import Body, MailSummary, StoredMail
from mysmtp.protocol.framing import LINE_LIMIT
from mysmtp.protocol.outcome import Outcome, Owed
from mysmtp.protocol.patience import Patience
from mysmtp.protocol.reply import Reply
from mysmtp.protocol.room import UNLIMITED, NoRoom, Room
from mysmtp.protocol.transaction import Session

Check = Callable[[str, str], bool]
Moves = Mapping[str, str]
_Pieces = Iterator[bytes]
Fetch = Callable[[str, int, int, Callable[[_Pieces], _Pieces], Callable[[MailSummary], bytes]], StoredMail | memoryview]

MOST_WRONG_LOGINS = 5  # of a session; the last one ends it


def anybody(_user: str, _password: str) -> bool:
    """Take every login: the Check of a server that keeps no passwords."""
    return True


def nobody(_event: Event) -> None:
    """Tell no one."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command may use: the client's session, the mailboxes, and the way into them.

    `name` is what the server calls itself; `check` says whether a user has this password; `upgrades` tells whether TLS
    can be started; `login_first`, whether mail is taken of nobody else; `tell` publishes what a command has done; mails
    on their way in share `room`; `fetch` is the store's, if it is one that has it (`contracts.Spooling`).
    """

    session: Session
    store: MessageStore
    deliverer: Deliverer
    max_message_size: int
    name: str = "localhost"
    check: Check = anybody
    upgrades: bool = False
    tell: Callable[[Event], None] = nobody
    login_first: bool = False
    room: Room = UNLIMITED
    fetch: Fetch | None = None

    def log_in(self, user: str, password: str) -> None:
        """Have the client be this user. Raises WrongLogin, and TooManyWrongLogins when it goes on guessing."""
        session = self.session
        taken = bool(user) and self.check(user, password)
        self.tell(LoginAnswered(session.id, user, taken))
        if taken:
            session.user = user
            return
        session.wrong_logins += 1
        raise TooManyWrongLogins if session.wrong_logins >= MOST_WRONG_LOGINS else WrongLogin


def to(after: str, states: Iterable[str]) -> Moves:
    """Return the moves of a verb that leads from each of these states to one."""
    return MappingProxyType(dict.fromkeys(states, after))


def stay(states: Iterable[str]) -> Moves:
    """Return the moves of a verb that changes none of these states."""
    return MappingProxyType({state: state for state in states})


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: the states it is allowed in and where it leads from each, its argument, what it does.

    `parse` raises InvalidSyntax. With `octets` it gets everything after the verb and one space as bytes; otherwise text
    without spaces around it. `run` returns an Outcome, or raises a MailFault, after which the state is what it was. A
    verb that `looks` at the store waits for what is owed first. One that `ends` the session closes it once it was run,
    whatever its reply says. `mask` returns an argument as it may be told: without a password in it. In states of `vain`
    it is read only to be refused; one that `upgrades` is, too, where TLS is not offered or has begun. One that is
    `brief` is done, or refused, without waiting for anything, and if done answered by a short line, before content that
    it announces comes; patience does not count it. `notes` are those to a brief command that was done, by the state
    before: each is made when it is needed first.
    """

    moves: Moves
    parse: Callable[[Any], Any]
    run: Callable[[Desk, Any], Outcome]
    octets: bool = False
    looks: bool = False
    ends: bool = False
    mask: Callable[[bytes], bytes] | None = None
    vain: frozenset[str] = frozenset()
    upgrades: bool = False
    brief: bool = False
    notes: dict[str, Note] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Segments:
    """What a dialect whose clients may end no line does with a message that came in one segment with its `verb`."""

    verb: str
    run: Callable[[Desk, Body | NoRoom | None], Reply | Owed]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A protocol: its name, first state, verbs, the digit each state is drawn with, and the reply to each fault.

    `broken` is the reply to a verb that failed through no fault of the client, and why it did. `greeting` is said at
    connect, and again after implicit TLS only. `segments` is there where clients may end no line. With `crlf`, LF alone
    ends a line but is an error in it. `min_rate` is the octets a second that content must grow by, on the whole.
    """

    name: str
    initial: str
    verbs: Mapping[str, Verb]
    digit: Mapping[str, str]
    refuse: Callable[[MailFault], Reply]
    broken: Callable[[str, Exception], Reply]
    greeting: Callable[[Desk], Reply] | None = None
    segments: Segments | None = None
    crlf: bool = False
    line_limit: int = LINE_LIMIT
    patience: Patience | None = None
    min_rate: int | None = None
