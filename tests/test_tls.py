"""TLS on the running process, by the clients of Python: what is offered, what is kept, what is said of what fails."""

import contextlib
import poplib
import shutil
import smtplib
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import tls
from tests.process import ROOT, PostOfficeProcess

Start = Callable[..., PostOfficeProcess]
INSIDE = ("--smtps-port", "0", "--pop3s-port", "0", "--my-smtps-port", "0", "--lmtp-port", "0")
BODY = b"Subject: hi\r\n\r\n..\r\n" + "zażółć\r\n".encode() * 100_000


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    """A server with a certificate of its own and all its ports open; what it logs is looked at by each test."""
    process = PostOfficeProcess(tmp_path_factory.mktemp("office"), "--tls", "auto", *INSIDE).start()
    yield process
    process.stop()


def trusting(office: PostOfficeProcess) -> ssl.SSLContext:
    return tls.of_client(office.mailbox / ".tls" / "ca.pem")


def comes(path: Path, words: str) -> bool:
    """Wait until these words stand in a file, which is written behind what a client hears."""
    until = time.monotonic() + 30
    while not (path.exists() and words in path.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    return words in path.read_text()


def logged(office: PostOfficeProcess, words: str) -> bool:
    return comes(office.log, words)


def fetched(client: poplib.POP3, number: int) -> bytes:
    return b"".join(line + b"\r\n" for line in client.retr(number)[1])


def test_mail_goes_in_by_starttls_and_out_by_stls(office: PostOfficeProcess) -> None:
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        client.starttls(context=trusting(office))
        client.ehlo()
        assert not client.has_extn("starttls")
        client.login("alice", "secret-sauce")
        client.sendmail("a@x", "in-by-starttls@y", BODY)
    reader = poplib.POP3(*office.doors["pop3"], timeout=20)
    assert "STLS" in reader.capa()
    reader.stls(trusting(office))
    assert "STLS" not in reader.capa()
    reader.user("in-by-starttls@y")
    assert reader.pass_("x") == b"+OK 1 message"
    assert fetched(reader, 1) == BODY
    reader.quit()
    record = office.file("in-by-starttls@y").read_bytes()
    assert b" via=smtp " in record
    assert b" tls=TLSv1.3" in record
    assert b" user=alice" in record
    assert b"secret-sauce" not in record + office.log.read_bytes()
    assert logged(office, "TLS begun: TLSv1.3 TLS_")


def test_mail_goes_in_and_out_by_ports_inside_tls(office: PostOfficeProcess) -> None:
    with smtplib.SMTP_SSL(*office.doors["smtps"], timeout=20, context=trusting(office)) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.docmd("STARTTLS")[0] == 503
        client.sendmail("a@x", "inside@y", BODY)
    reader = poplib.POP3_SSL(*office.doors["pop3s"], timeout=20, context=trusting(office))
    assert "STLS" not in reader.capa()
    reader.user("inside@y")
    reader.pass_("x")
    assert fetched(reader, 1) == BODY
    reader.quit()
    with (
        office.connect("my_smtps") as peer,
        trusting(office).wrap_socket(peer.socket, server_hostname="127.0.0.1") as my,
    ):
        my.sendall(b"HELO y\nMAIL FROM: a@y\nRCPT TO: inside@y\nDATA\nhello\n.\nQUIT\n")
        said = my.makefile("rb").read().splitlines()
    assert [line[:3] for line in said] == [b"200"] * 6
    assert comes(office.file("inside@y"), " via=my_smtp ")
    assert office.file("inside@y").read_bytes().rstrip().splitlines()[-1].count(b" tls=TLSv1.3") == 1


def test_lmtp_offers_it_too(office: PostOfficeProcess) -> None:
    with smtplib.LMTP(*office.doors["lmtp"], local_hostname="x", timeout=20) as client:
        client.starttls(context=trusting(office))
        client.ehlo()
        assert client.sendmail("a@x", "by-lmtp@y", b"hi") == {}
    assert comes(office.file("by-lmtp@y"), " tls=TLSv1.3")


def test_the_start_tells_the_ports_and_what_clients_trust(office: PostOfficeProcess) -> None:
    assert set(office.doors) == {"my_smtp", "my_smtps", "smtp", "smtps", "lmtp", "pop3", "pop3s", "http"}
    assert f"{office.mailbox}/.tls/ca.pem  is what clients trust for TLS" in office.greeting
    assert office.greeting.count("inside TLS") == 3


def test_clients_that_do_not_trust_it_or_speak_none_are_told_of_on_the_log(office: PostOfficeProcess) -> None:
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())
    assert logged(office, "closed: TLS failed: the client does not trust the certificate")
    with office.connect("smtps") as peer, contextlib.suppress(ConnectionResetError):
        peer.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\n")
        assert b"220" not in peer.rest()
    assert logged(office, "closed: TLS failed: the client does not speak TLS")
    with office.connect("pop3s") as peer:
        peer.say(b"\x16\x03\x01\x02\x00\x01")
    assert logged(office, "closed in the middle of the TLS handshake")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with office.connect("smtps") as peer, pytest.raises(OSError, match=r"(?i)protocol|alert|ssl|reset"):
        old.wrap_socket(peer.socket)
    assert logged(office, "closed: TLS failed: the client speaks no TLS from 1.2 on")


def test_the_certificate_stays_over_a_restart_and_one_that_is_given_may_be_replaced(
    start: Start, tmp_path: Path
) -> None:
    certificate, key = (Path(shutil.copy(path, tmp_path)) for path in tls.certificate())
    office = start("--tls-cert", str(certificate), "--tls-key", str(key), "--smtp-port", "0")
    assert f"{certificate}" in office.greeting
    assert not (office.mailbox / ".tls").exists()
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        client.starttls(context=tls.of_client())
    tls.make(tmp_path)
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        client.starttls(context=tls.of_client(certificate))
    assert logged(office, f"the certificate was replaced: {certificate}")
    office.stop()

    once = start("--tls", "auto")
    trusted = (once.mailbox / ".tls" / "ca.pem").read_bytes()
    once.stop()
    again = start("--tls", "auto")
    assert (again.mailbox / ".tls" / "ca.pem").read_bytes() == trusted
    with smtplib.SMTP(*again.doors["smtp"], timeout=20) as client:
        client.starttls(context=trusting(again))


def test_nothing_is_offered_without_a_certificate(start: Start) -> None:
    office = start()
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.docmd("STARTTLS")[0] == 502
    assert "STLS" not in poplib.POP3(*office.doors["pop3"], timeout=20).capa()
    assert "TLS" not in office.greeting


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--smtps-port", "0"), "--smtps-port needs a certificate: --tls auto, or --tls-cert and --tls-key"),
        (("--tls-cert", "/nowhere/cert.pem"), "cannot read /nowhere/cert.pem: No such file or directory"),
    ],
)
def test_the_start_is_refused_with_one_line(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    ports = ("--port", "0", "--smtp-port", "0", "--pop3-port", "0", "--web-port", "0")
    command = [sys.executable, "app.py", *ports, "--mailbox", str(tmp_path / "mailbox"), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"mysmtp: {words}\n")
