"""Clients that send one mail after another, each in one go, and note in the ledger what they are told. Never twice."""

import random
import threading
import time

from mysmtp.transparency import stuff
from tests.durability.ledger import Fate, Ledger, Sent
from tests.process import Peer, PostOfficeProcess

STORED = b"200 Message stored successfully\n"
FAILED = b"500 Failed to store message\n"
BOXES = ("a@x", "b@x", "c@x", "d@x", "e@x", "f@x")


def deliver(peer: Peer, ledger: Ledger, mail: Sent) -> bytes:
    """Send a mail in one go; settle it by the last reply, which is returned: empty when the connection was lost."""
    recipients = b"".join(b"RCPT TO: %b\n" % mailbox.encode() for mailbox in mail.mailboxes)
    octets = b"HELO x\nMAIL FROM: alice@x\n" + recipients + b"DATA\n" + stuff(mail.body) + b".\n"
    reply = b""
    try:
        peer.say(octets)
        for _ in range(4 + len(mail.mailboxes)):
            reply = peer.line()
            if not reply.startswith(b"200 "):
                break
    except OSError:
        return b""
    if reply == STORED:
        ledger.settle(mail, Fate.ACKNOWLEDGED)
    elif reply.startswith(b"500 "):
        ledger.settle(mail, Fate.REFUSED)
    return reply if reply.endswith(b"\n") else b""


class Load:
    """`clients` connections that send mails until `stop` or until the server is gone.

    A client goes on after a `500 Failed to store message`. Any other refusal but a farewell is an error of the test.
    """

    def __init__(
        self, process: PostOfficeProcess, ledger: Ledger, clients: int = 6, boxes: tuple[str, ...] = BOXES
    ) -> None:
        self._process = process
        self._ledger = ledger
        self._boxes = boxes
        self._ended = threading.Event()
        self.odd: list[bytes] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def go_on_for(self, seconds: float) -> None:
        """Let the clients send for a while: a moment chosen by chance is what the caller is after."""
        time.sleep(seconds)

    def stop(self) -> None:
        """Let each client end its mail; return when all have."""
        self._ended.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a client was never answered"
        assert not self.odd, self.odd[:5]

    def _run(self) -> None:
        try:
            with self._process.connect() as peer:
                self._send(peer)
        except OSError:
            return  # the server is gone: what was under way stays unknown

    def _send(self, peer: Peer) -> None:
        while not self._ended.is_set():
            reply = deliver(peer, self._ledger, self._ledger.begin(*self._recipients()))
            if reply not in (STORED, FAILED):
                if reply not in (b"", b"500 Server shutting down\n"):
                    self.odd.append(reply)
                return

    def _recipients(self) -> tuple[str, ...]:
        if random.random() < 0.05:
            return (f"new{random.randrange(10_000)}@x", *random.sample(self._boxes, 1))
        return tuple(random.sample(self._boxes, random.choice([1, 1, 1, 3])))
