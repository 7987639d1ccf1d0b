"""The mails of a session as a client would have to send them again: envelope and content, taken from what crossed."""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mysmtp.entry import BODY, CLIENT, SERVER, Entry
from mysmtp.inspector.case import verb_of
from mysmtp.protocol.reply import DONE
from mysmtp.text import decode

# Within quotes anything may stand (RFC 5321, section 4.1.2).
_PATH = re.compile(rb'\s*[A-Za-z]+ +[A-Za-z]+ *: *<?((?:"(?:\\.|[^"\\])*"|[^>\s"])*)>?', re.DOTALL)
_DATA = re.compile(rb"\s*DATA *(\r?\n)?", re.IGNORECASE)
_END = re.compile(rb"(?:^|(?<=\n))\.\r?\n?\Z")
_STUFFED = re.compile(rb"(?:^|(?<=\n))\.")
_HELLOS = ("HELO", "EHLO", "LHLO")


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail: the name the client greeted with, its envelope, its content with its own line ends.

    `content` is None where it was not kept whole. `number` is the entry of the reply that ended it.
    """

    helo: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes | None
    number: int
    stored: bool


@dataclass(slots=True)
class _Content:
    """What came after DATA, or in chunks."""

    octets: bytes = b""
    whole: bool = True
    dotted: bool = False

    def add(self, entry: Entry) -> None:
        self.octets += entry.octets
        self.whole = self.whole and not entry.cut

    def take(self) -> bytes | None:
        if not self.whole:
            return None
        return _STUFFED.sub(b"", _END.sub(b"", self.octets)) if self.dotted else self.octets


@dataclass(slots=True)
class _Reading:
    """A session while it is read. Replies come in the order of their commands, so each verb's commands queue up."""

    helo: str = ""
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    asked: defaultdict[str, deque[bytes]] = field(default_factory=lambda: defaultdict(deque))
    contents: deque[_Content] = field(default_factory=deque)
    chunks: _Content = field(default_factory=_Content)
    found: list[Sent] = field(default_factory=list)

    def client(self, entry: Entry) -> None:
        verb = verb_of(entry)
        if verb == "DATA":
            begins = _DATA.match(entry.octets)
            inline = entry.octets[begins.end() :] if begins else b""
            self.contents.append(_Content(inline, not entry.cut))
        else:
            self.asked[verb].append(entry.octets)

    def body(self, entry: Entry) -> None:
        if self.asked["BDAT"] or not self.contents:
            self.chunks.add(entry)
        else:
            self.contents[-1].add(entry)

    def reply(self, entry: Entry) -> None:
        done, verb = entry.mark == DONE, entry.verb
        if verb == "DATA":
            self._data(entry, done)
        elif verb in ("MAIL", "RCPT", "BDAT", *_HELLOS):
            command = self.asked[verb].popleft() if self.asked[verb] else b""
            path = _PATH.match(command)
            if verb in _HELLOS and done:
                self.helo = decode(b" ".join(command.split()[1:]))
            elif verb == "MAIL" and done and path:
                self.sender, self.recipients, self.chunks = decode(path[1]), [], _Content()
            elif verb == "RCPT" and done and path:
                self.recipients.append(decode(path[1]))
            elif verb == "BDAT" and entry.mails:
                self._note(entry, self.chunks)

    def _data(self, entry: Entry, done: bool) -> None:
        content = self.contents[0] if self.contents else _Content(whole=False)
        if done and not entry.mails and entry.before == entry.after and not content.dotted:
            content.dotted = True  # go ahead
            return
        if self.contents:
            self.contents.popleft()
        if self.recipients and (done or content.octets):
            self._note(entry, content)

    def _note(self, entry: Entry, content: _Content) -> None:
        recipients = tuple(dict.fromkeys(self.recipients))
        self.found.append(Sent(self.helo, self.sender, recipients, content.take(), entry.number, bool(entry.mails)))
        self.recipients, self.chunks = [], _Content()


def mails_of(entries: Iterable[Entry]) -> Sequence[Sent]:
    """Return the mails whose end was answered, in their order."""
    reading = _Reading()
    for entry in entries:
        if entry.kind == CLIENT:
            reading.client(entry)
        elif entry.kind == BODY:
            reading.body(entry)
        elif entry.kind == SERVER:
            reading.reply(entry)
    return reading.found
