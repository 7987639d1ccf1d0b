"""What was said about each mail that was sent, and the judgement of a mailbox folder by it.

The mailbox files are read here by a small reader of its own, made from the page docs/protocol.md and not from the
server's code: what both get wrong would pass otherwise.
"""

import random
import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.process import Peer, PostOfficeProcess

_RECORD = re.compile(
    rb"===START_EMAIL=== id=(?P<id>\d+) at=\S+ size=(?P<size>\d+) eol=(?P<eol>lf|crlf)(?P<open> open=1)?\n"
    rb"From: [^\n]*\nDate: [^\n]*\n"
    rb"(?P<lines>(?:[^\n]*\n)*?)"
    rb"===END_EMAIL=== crc32=(?P<crc>[0-9a-f]{8})[^\n]*\n\n"
)
_QUOTED = re.compile(rb"^>(>*===(?:START_EMAIL|END_EMAIL|GONE__EMAIL)===)", re.MULTILINE)
_NUMBER = re.compile(rb"Mail (\d{7})\r?\n")
_AT_ONCE = 200  # GET_MAIL commands in one send


class Fate(Enum):
    """What the client was told."""

    UNKNOWN = "never answered"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail; its body begins with its number."""

    number: int
    mailboxes: tuple[str, ...]
    body: bytes


@dataclass(slots=True)
class Ledger:
    """Every mail of a test by its number, what was said of it, and which ids were seen to be its own."""

    sent: dict[int, Sent] = field(default_factory=dict)
    fates: dict[int, Fate] = field(default_factory=dict)
    given: dict[tuple[str, int], int] = field(default_factory=dict)  # (mailbox, id) to number, as seen by GET_MAIL
    removed: set[str] = field(default_factory=set)  # mailboxes whose files the test took away
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, *mailboxes: str, size: int = 0) -> Sent:
        """Make the next mail, whose fate is unknown until `settle`."""
        with self._changed:
            number = len(self.sent) + 1
            self.sent[number] = mail = Sent(number, mailboxes, body_of(number, size))
            self.fates[number] = Fate.UNKNOWN
            return mail

    def settle(self, mail: Sent, fate: Fate) -> None:
        with self._changed:
            self.fates[mail.number] = fate
            self._changed.notify_all()

    def count(self, fate: Fate) -> int:
        with self._changed:
            return sum(each is fate for each in self.fates.values())

    def wait_for(self, fate: Fate, more: int = 1, seconds: float = 20) -> None:
        """Return when so many more mails have come to this fate."""
        wanted = self.count(fate) + more
        with self._changed:
            came = self._changed.wait_for(lambda: sum(f is fate for f in self.fates.values()) >= wanted, seconds)
        assert came, f"fewer than {more} more mails were {fate.value} within {seconds} s"

    def check(self, process: PostOfficeProcess, others: Collection[str] = ()) -> None:
        """Judge a running server and its files, but for `others`. Nobody may be sending meanwhile."""
        on_the_wire = self._read_all(process)
        self.check_files([process.mailbox], others)
        for mailbox, mails in on_the_wire.items():
            in_file = dict(records(process.file(mailbox)))
            assert {mail_id: body_number(body) for mail_id, body in in_file.items()} == mails, mailbox

    def check_files(self, folders: Iterable[Path], others: Collection[str] = ()) -> None:
        """Judge what lies in these folders together: each mail whole, in all its mailboxes or none, none twice."""
        copies: dict[int, Counter[str]] = {}
        for folder in folders:
            for file in sorted(folder.glob("*.txt")):
                mailbox = file.name.removesuffix(".txt")
                if mailbox in others:
                    continue
                for _, body in records(file):
                    number = body_number(body)
                    assert number in self.sent, f"{mailbox} has mail {number}, which nobody sent"
                    assert body == self.sent[number].body, f"mail {number} in {mailbox} is not as it was sent"
                    copies.setdefault(number, Counter())[mailbox] += 1
        wrong = [self._wrong(mail, copies.get(mail.number, Counter())) for mail in self.sent.values()]
        found = [line for line in wrong if line]
        assert not found, f"{len(found)} of {len(self.sent)} mails:\n" + "\n".join(found[:20])

    def lost(self, folder: Path) -> int:
        """Return how many copies of acknowledged mails are in no file: for the control, where some must be."""
        there = {
            (file.name.removesuffix(".txt"), body_number(b)) for file in folder.glob("*.txt") for _, b in records(file)
        }
        wanted = {
            (box, n) for n, mail in self.sent.items() if self.fates[n] is Fate.ACKNOWLEDGED for box in mail.mailboxes
        }
        return len(wanted - there)

    def _wrong(self, mail: Sent, copies: Mapping[str, int]) -> str:
        wanted = {mailbox: 1 for mailbox in mail.mailboxes if mailbox not in self.removed}
        there = {mailbox: number for mailbox, number in copies.items() if mailbox not in self.removed}
        fate = self.fates[mail.number]
        right = [wanted] if fate is Fate.ACKNOWLEDGED else [{}] if fate is Fate.REFUSED else [wanted, {}]
        return "" if there in right else f"mail {mail.number} was {fate.value}, copies: {there}, wanted: {right}"

    def _read_all(self, process: PostOfficeProcess) -> dict[str, dict[int, int]]:
        """LIST every mailbox, GET_MAIL what was not got before; return the numbers of mails by mailbox and id."""
        mailboxes = {box for mail in list(self.sent.values()) for box in mail.mailboxes} - self.removed
        with process.connect() as peer:
            peer.ask("HELO x")
            return {box: found for box in sorted(mailboxes) if (found := self._read_box(peer, box))}

    def _read_box(self, peer: Peer, mailbox: str) -> dict[int, int]:
        ids = list_ids(peer, mailbox)
        assert ids == sorted(set(ids)), f"the ids of {mailbox} do not rise: {ids}"
        news = [mail_id for mail_id in ids if (mailbox, mail_id) not in self.given]
        again = random.sample(ids, min(5, len(ids)))  # what was seen once is still the same
        for mail_id, body in get_mails(peer, mailbox, [*news, *again]):
            number = body_number(body)
            assert body == self.sent[number].body, f"GET_MAIL {mailbox} {mail_id} is not as it was sent"
            known = self.given.setdefault((mailbox, mail_id), number)
            assert known == number, f"the id {mail_id} of {mailbox} was given twice, to {known} and {number}"
        return {mail_id: self.given[mailbox, mail_id] for mail_id in ids}


def body_of(number: int, size: int = 0) -> bytes:
    """Return a body that begins with its number: plain, CR LF, markers, dots, all octets, or large, by number."""
    first = b"Mail %07d\n" % number
    match number % 8:
        case 0:
            text = first.replace(b"\n", b"\r\n") + b"line\r\n" * 5
        case 1:
            text = first + b"===END_EMAIL===\n>===START_EMAIL=== id=1\n===GONE__EMAIL===\n"
        case 2:
            text = first + b".\n..\n.hidden\n"
        case 3:
            text = first + bytes(range(256)) * 4 + b"\n"
        case 4 if number % 64 == 4:
            text = first + b"large %07d\n" % number * 6000
        case _:
            text = first + b"%07d " % number * (number % 200) + b"\n"
    return text + b"x" * (size - len(text) - 1) + b"\n" if size > len(text) else text


def body_number(body: bytes) -> int:
    found = _NUMBER.match(body)
    assert found, f"no mail of ours: {body[:80]!r}"
    return int(found[1])


def records(file: Path) -> Iterator[tuple[int, bytes]]:
    """Give id and body of each record of a mailbox file; fail at the first octet that is part of no whole record."""
    octets = file.read_bytes() if file.exists() else b""
    at = last = 0
    while at < len(octets):
        found = _RECORD.match(octets, at)
        assert found, f"{file.name}: no whole record at octet {at}: {octets[at : at + 200]!r}"
        body = _QUOTED.sub(rb"\1", found["lines"])
        body = body.replace(b"\n", b"\r\n") if found["eol"] == b"crlf" else body
        assert (len(body), zlib.crc32(body)) == (int(found["size"]), int(found["crc"], 16)), (
            f"{file.name}: {found[0]!r}"
        )
        assert int(found["id"]) > last, f"{file.name}: the id {int(found['id'])} comes after {last}"
        at, last = found.end(), int(found["id"])
        yield last, body


def list_ids(peer: Peer, mailbox: str) -> list[int]:
    """Return the ids that LIST tells; none for a mailbox that is not there."""
    peer.say(b"LIST %b\n" % mailbox.encode())
    reply = peer.line()
    if reply.startswith(b"401 "):
        return []
    assert reply == b"200 OK\n", reply
    return [int(line.partition(b":")[0]) for line in peer.body().splitlines()]


def get_mails(peer: Peer, mailbox: str, ids: list[int]) -> Iterator[tuple[int, bytes]]:
    """Give the body of each mail as GET_MAIL tells it, many commands in a send."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        sending = threading.Thread(
            target=peer.say, args=(b"".join(b"GET_MAIL %b %d\n" % (mailbox.encode(), mail_id) for mail_id in some),)
        )
        sending.start()
        for mail_id in some:
            reply = peer.line()
            assert reply == b"200 OK\n", (mailbox, mail_id, reply)
            lines = peer.body().splitlines(keepends=True)[2:]
            yield mail_id, b"".join(line.removeprefix(b".") if line.startswith(b".") else line for line in lines)
        sending.join()


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return what lies in the mailbox files."""
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.txt"))}


def until(true: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Return when `true()` is; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.005)
