"""LMTP: what differs from SMTP. Expectations: RFC 2033."""

import pytest

from mysmtp.errors import StoreFailed
from mysmtp.events import Bus
from mysmtp.message import Body, Envelope, Trace
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.lmtp import LMTP
from tests.protocol.conversation import Client, play

TWO = b"LHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nRCPT TO:<B@Y>\r\n"
STORED, FAILED = b"250 2.0.0 Message stored\r\n", b"451 4.3.0 Failed to store message\r\n"
UNKNOWN = b"500 5.5.1 Unknown command\r\n"


def lmtp() -> Client:
    client = Client(dialect=LMTP, limit=20)
    client.say(TWO)
    return client


def test_lhlo_is_the_only_hello() -> None:
    client = Client(dialect=LMTP)
    assert client.dialog.greet() == b"220 localhost LMTP mysmtp\r\n"
    assert client.say(b"EHLO x\r\nHELO x\r\n") == UNKNOWN * 2
    assert client.say(b"MAIL FROM:<a@x>\r\n") == b"503 5.5.1 Send LHLO first\r\n"
    assert client.say(b"LHLO x\r\n").startswith(b"250-localhost greets you\r\n250-PIPELINING\r\n")


def test_each_recipient_that_was_taken_is_answered_even_the_same_one_twice() -> None:
    client = play(
        """
        C: RCPT TO:<>
        S: 501 5.1.3 Invalid address: a recipient is never empty
        C: DATA
        S: 354 Enter message, end with a single dot (.) on a line of its own
        C: hi
        C: .
        S: 250 2.0.0 Message stored
        S: 250 2.0.0 Message stored
        S: 250 2.0.0 Message stored
        C: NOOP
        S: 250 2.0.0 OK
    """,
        lmtp(),
    )
    assert client.bodies("b@y") == client.bodies("c@y") == [b"hi\r\n"]


def test_the_last_chunk_is_answered_for_each_and_the_others_once() -> None:
    assert lmtp().say(b"BDAT 2\r\nhiBDAT 2 LAST\r\n\r\nNOOP\r\n") == (
        b"250 2.0.0 2 octets received\r\n" + STORED * 3 + b"250 2.0.0 OK\r\n"
    )


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (b"x" * 21 + b"\r\n", b"552 5.3.4 Message too large\r\n"),
        (b"a\nb\r\n", b"550 5.6.11 A CR or LF stands alone in the message; its lines end with CR LF\r\n"),
    ],
)
def test_a_refused_mail_is_refused_for_each(body: bytes, reply: bytes) -> None:
    client = lmtp()
    client.say(b"DATA\r\n")
    assert client.say(body + b".\r\nNOOP\r\n") == reply * 3 + b"250 2.0.0 OK\r\n"


def test_no_recipient_no_data() -> None:
    client = Client(dialect=LMTP)
    client.say(b"LHLO x\r\nMAIL FROM:<a@x>\r\n")
    assert client.say(b"DATA\r\n") == b"503 5.5.1 Send RCPT TO first\r\n"


def test_recipients_named_again_count() -> None:
    client = Client(dialect=LMTP)
    client.say(b"LHLO x\r\nMAIL FROM:<a@x>\r\n")
    replies = client.say(b"RCPT TO:<b@y>\r\n" * 1001)
    assert replies.count(b"250 2.1.5 ") == 1000
    assert replies.endswith(b"452 4.5.3 Too many recipients: a mail has at most 1000\r\n")


class Broken:
    """A Deliverer that cannot store; `late`: which is found out only when it is waited for."""

    def __init__(self, late: bool) -> None:
        self.late = late

    def deliver(self, _envelope: Envelope, _body: Body, _trace: Trace) -> "Broken":
        if not self.late:
            raise StoreFailed
        return self

    def wait(self) -> None:
        raise StoreFailed


@pytest.mark.parametrize("late", [False, True])
def test_what_cannot_be_stored_fails_for_each(late: bool) -> None:
    client = Client(dialect=LMTP)
    dialog = Dialog(
        LMTP, store=client.store, deliverer=Broken(late), clock=client.clock, bus=Bus(), session_id=1, peer="x",
        max_message_size=100,
    )  # fmt: skip
    list(dialog.receive(TWO + b"DATA\r\n"))
    assert b"".join(dialog.receive(b"hi\r\n.\r\nNOOP\r\n")) == FAILED * 3 + b"250 2.0.0 OK\r\n"
