"""Plays `C:`/`S:` transcripts against a Dialog without a socket, and pulls the same dialog in any other way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

from mysmtp.contracts import MessageStore
from mysmtp.delivery import LocalDelivery
from mysmtp.events import Bus, Event
from mysmtp.protocol.dialect import Check, Dialect, anybody
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.phrases import Phrasebook
from mysmtp.protocol.room import UNLIMITED, Room
from mysmtp.store import open_store
from mysmtp.tape import Tape


@dataclass
class Clock:
    """A clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Client:
    """One client of one dialog over a memory store; `say` returns what the server answers to one `recv`.

    One that is `unheard` leaves no `events`: a dialog that nobody listens to takes fewer steps.
    """

    framing: str = "lines"
    limit: int = 1_000_000
    store: MessageStore = field(default_factory=lambda: open_store("memory:"))
    clock: Clock = field(default_factory=Clock)
    bus: Bus = field(default_factory=Bus)
    stored: Bus = field(default_factory=Bus)
    events: list[Event] = field(default_factory=list)
    ids: "count[int]" = field(default_factory=lambda: count(1))
    dialect: Dialect = MY_SMTP
    check: Check = anybody
    upgrades: bool = False
    login_first: bool = False
    tape: Tape | None = None
    phrases: Phrasebook = field(default_factory=Phrasebook)
    unheard: bool = False
    room: Room = UNLIMITED

    def __post_init__(self) -> None:
        if not self.unheard:
            self.bus.attach(self.events.append)
        self.dialog = Dialog(
            self.dialect,
            store=self.store,
            deliverer=LocalDelivery(self.store, self.stored),
            clock=self.clock,
            bus=self.bus,
            session_id=next(self.ids),
            peer="127.0.0.1:4",
            max_message_size=self.limit,
            fixed_to_lines=self.framing == "lines",
            check=self.check,
            upgrades=self.upgrades,
            login_first=self.login_first,
            tape=self.tape,
            phrases=self.phrases,
            room=self.room,
        )

    @property
    def end(self) -> str:
        """How lines end in this dialect."""
        return "\r\n" if self.dialect.crlf else "\n"

    def say(self, octets: bytes) -> bytes:
        return b"".join(self.dialog.receive(octets))

    def wait(self, seconds: float) -> bytes:
        """Let time pass in silence; the dialog is asked at its deadlines, as a server would."""
        end = self.clock.now + seconds
        out = b""
        while self.dialog.deadline is not None and self.dialog.deadline <= end and not self.dialog.closing:
            self.clock.now = self.dialog.deadline
            out += b"".join(self.dialog.silence())
        self.clock.now = max(end, self.clock.now)
        return out

    def hang_up(self) -> bytes:
        return b"".join(self.dialog.end_of_input())

    def bodies(self, mailbox: str) -> list[bytes]:
        return [self.store.read(mailbox, mail.id).body for mail in self.store.list(mailbox)]


def play(transcript: str, client: Client | None = None) -> Client:
    """Send each `C:` line with its end; what comes back must be the `S:` lines that follow it, to the octet."""
    client = client or Client()
    sent: str | None = None
    expected: list[str] = []
    for line in [*transcript.strip().split("\n"), "C: "]:
        mark, text = line.strip()[:2], line.strip()[3:]
        if mark == "C:":
            if sent is not None:
                got = client.say((sent + client.end).encode()).decode()
                assert got == "".join(reply + client.end for reply in expected), f"after C: {sent}"
            sent, expected = text, []
        else:
            assert mark == "S:", line
            expected.append(text)
    return client


def cut(octets: bytes, places: Sequence[int]) -> list[bytes]:
    """Return `octets` cut at these places."""
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return [octets[start:end] for start, end in pairwise(edges) if start < end]
