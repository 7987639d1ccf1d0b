"""The messages that Python's own email package is tested with, in by two doors and out by every one, in one process.

Their octets come back by POP3, by My_SMTP and from the pages; every view that a page of them links to is there; and
nothing went wrong unseen.
"""

import re
import smtplib
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest

from tests.mime.corpus import all_messages
from tests.process import PostOfficeProcess

MAILS = list(all_messages())
PLENTY = 60  # seconds
BY_SMTP, BY_MY_SMTP = "smtp@example.com", "my_smtp@example.com"


def ended(mail: bytes, end: bytes) -> bytes:
    """Return a mail whose last line has its end."""
    return mail if mail.endswith(b"\n") else mail + end


# What was sent: lines in CR LF by SMTP, lines as they are by My_SMTP, and the end of the last line by both.
SENT = {
    BY_SMTP: [ended(re.sub(rb"\r\n|\r|\n", b"\r\n", mail), b"\r\n") for mail in MAILS],
    BY_MY_SMTP: [ended(mail, b"\n") for mail in MAILS],
}
BOXES = pytest.mark.parametrize("mailbox", SENT)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    """A server that holds them all."""
    process = PostOfficeProcess(tmp_path_factory.mktemp("office")).start()
    with smtplib.SMTP(*process.doors["smtp"], local_hostname="x", timeout=PLENTY) as client:
        for mail in SENT[BY_SMTP]:
            client.sendmail("alice@example.com", [BY_SMTP], mail)
    for mail in SENT[BY_MY_SMTP]:
        process.send(BY_MY_SMTP, body=mail)
    yield process
    process.stop()
    log = process.log.read_text()
    assert "Traceback" not in log
    assert not re.search(r"(?m)^\S+ (warning|error) ", log)


def test_there_are_many() -> None:
    assert len(MAILS) > 40


def unstuffed(lines: bytes) -> bytes:
    return re.sub(rb"(?m)^\.", b"", lines)


@BOXES
def test_pop3_gives_every_octet_and_the_true_size(office: PostOfficeProcess, mailbox: str) -> None:
    """RFC 1939 section 3: in lines that end with CR LF."""
    with office.connect("pop3") as peer:
        peer.say(f"USER {mailbox}\r\nPASS x\r\nLIST\r\n".encode())
        assert [peer.line()[:3] for _ in range(4)] == [b"+OK"] * 4
        sizes = [int(peer.line().split()[1]) for _ in MAILS]
        assert peer.line() == b".\r\n"
        for number, (mail, size) in enumerate(zip(SENT[mailbox], sizes, strict=True), 1):
            peer.say(b"RETR %d\r\n" % number)
            assert peer.line() == b"+OK %d octets\r\n" % size
            got = b"".join(iter(peer.line, b".\r\n"))
            assert unstuffed(got) == re.sub(rb"\r?\n", b"\r\n", mail)
            assert len(unstuffed(got)) == size


@BOXES
def test_my_smtp_gives_every_octet(office: PostOfficeProcess, mailbox: str) -> None:
    with office.connect() as peer:
        peer.ask("HELO x")
        for number, mail in enumerate(SENT[mailbox], 1):
            peer.ask(f"GET_MAIL {mailbox} {number}")
            assert unstuffed(peer.body()).split(b"\n", 2)[2] == mail


@pytest.fixture
def web(office: PostOfficeProcess) -> Iterator[Callable[[str], bytes]]:
    connection = HTTPConnection(*office.web, timeout=PLENTY)

    def get(path: str) -> bytes:
        connection.request("GET", path)
        response = connection.getresponse()
        octets = response.read()
        assert response.status == 200, path
        return octets

    yield get
    connection.close()


@BOXES
def test_the_pages_give_every_octet(web: Callable[[str], bytes], mailbox: str) -> None:
    for number, mail in enumerate(SENT[mailbox], 1):
        assert web(f"/mailbox/{mailbox}/{number}/body") == mail


def test_every_view_of_every_mail_is_there(web: Callable[[str], bytes]) -> None:
    for number in range(1, len(MAILS) + 1):
        at = f"/mailbox/{BY_SMTP}/{number}"
        tabs = re.findall('href="([^"]+)"', web(at).decode().partition('<nav class="tabs"')[2].partition("</nav>")[0])
        assert f"{at}/raw" in tabs
        for tab in tabs:
            assert '<nav class="tabs"' in web(tab).decode(), tab
        if f"{at}/html" in tabs:
            web(f"{at}/page")
