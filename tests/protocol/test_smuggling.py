"""SMTP smuggling: no octets but CR LF . CR LF ever end a mail, so nothing in a mail is taken for a command (T1, T2).

A mail in which a CR or LF stands alone is read to its true end and refused: the issue asks for that where the table of
threats would have kept it. Either way there is one mail, never two.
"""

import pytest

from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.smtp import SMTP
from tests.protocol.conversation import Client
from tests.protocol.test_readers import FALSE_ENDS, HARMLESS

ENVELOPE = b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
SMUGGLED = b"MAIL FROM:<s@e>\r\nRCPT TO:<b@x>\r\nDATA\r\nSubject: smuggled\r\n\r\nz\r\n"
FIRST = b"Subject: one\r\n\r\nbody"
REFUSED = b"550 5.6.11 A CR or LF stands alone in the message; its lines end with CR LF\r\n"
STORED, OK = b"250 2.0.0 Message stored\r\n", b"250 2.0.0 OK\r\n"


def cuts(octets: bytes) -> list[list[bytes]]:
    """Return the octets whole, one by one, and in two at each place."""
    return [
        [octets],
        [octets[at : at + 1] for at in range(len(octets))],
        *([octets[:at], octets[at:]] for at in range(1, len(octets))),
    ]


@pytest.mark.parametrize("end", FALSE_ENDS)
def test_what_looks_like_an_end_is_content(end: bytes) -> None:
    mail = FIRST + end + SMUGGLED
    for pieces in cuts(mail + b".\r\nNOOP\r\n"):
        client = Client(dialect=SMTP)
        assert client.say(ENVELOPE).endswith(b"a line of its own\r\n")
        replies = b"".join(map(client.say, pieces))
        if end in HARMLESS:
            assert replies == STORED + OK
            assert client.bodies("b@x") == [mail.replace(b"\r\n.", b"\r\n")]
        else:
            assert replies == REFUSED + OK
            assert not client.store.mailboxes()


@pytest.mark.parametrize("end", FALSE_ENDS)
def test_nor_is_it_in_lmtp_or_in_a_chunk(end: bytes) -> None:
    """A chunk ends where its octets are counted; what may stand alone in a binary one is content too."""
    mail = FIRST + end + SMUGGLED + b".\r\nNOOP\r\n"
    client = Client(dialect=LMTP)
    client.say(ENVELOPE.replace(b"EHLO", b"LHLO"))
    assert client.say(mail) == (STORED if end in HARMLESS else REFUSED) + OK
    client = Client(dialect=SMTP)
    client.say(b"EHLO x\r\nMAIL FROM:<a@x> BODY=BINARYMIME\r\nRCPT TO:<b@x>\r\n")
    assert client.say(b"BDAT %d LAST\r\n%bNOOP\r\n" % (len(mail), mail)) == STORED + OK
    assert client.bodies("b@x") == [mail]


def test_the_true_end_is_one_and_what_follows_are_commands() -> None:
    for pieces in cuts(FIRST + b"\r\n.\r\n" + SMUGGLED.partition(b"Subject")[0]):
        client = Client(dialect=SMTP)
        client.say(ENVELOPE)
        replies = b"".join(map(client.say, pieces))
        assert replies.startswith(STORED + b"250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 ")
        assert client.say(b"Subject: second\r\n\r\nz\r\n.\r\n") == STORED
        assert client.bodies("b@x") == [FIRST + b"\r\n", b"Subject: second\r\n\r\nz\r\n"]


@pytest.mark.parametrize("beginning", [b".\n", b".\r", b"\n.\r\n", b"\r.\r\n"])
def test_at_the_very_start_too(beginning: bytes) -> None:
    for pieces in cuts(beginning + b"\r\n.\r\nNOOP\r\n"):
        client = Client(dialect=SMTP)
        client.say(ENVELOPE)
        assert b"".join(map(client.say, pieces)) == REFUSED + OK
    for pieces in cuts(b".\r\nNOOP\r\n"):
        client = Client(dialect=SMTP)
        client.say(ENVELOPE)
        assert b"".join(map(client.say, pieces)) == STORED + OK
        assert client.bodies("b@x") == [b""]
