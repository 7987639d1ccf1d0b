"""Logins on the running process: which are taken, what is said of the others, and what a change of the file does."""

import poplib
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mysmtp import passwords
from tests import tls
from tests.process import PostOfficeProcess
from tests.test_tls import logged


@pytest.fixture(scope="module")
def logins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logins") / "logins"
    passwords.store(path, "bob@example.com", "bob's secret")
    return path


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, logins: Path) -> Iterator[PostOfficeProcess]:
    folder = tmp_path_factory.mktemp("office")
    process = PostOfficeProcess(folder, "--auth-file", str(logins), "--require-login", "--tls", "auto").start()
    yield process
    process.stop()


def test_mail_is_taken_of_those_who_are_in_the_file(office: PostOfficeProcess) -> None:
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        client.ehlo()
        assert client.mail("a@x") == (530, b"5.7.0 Authentication required")
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.login("bob@example.com", "guess-work")
        assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"5.7.8 User or password is wrong")
        client.starttls(context=tls.of_client(office.mailbox / ".tls" / "ca.pem"))
        client.login("Bob@example.com", "bob's secret")
        assert client.sendmail("a@x", "bob@example.com", b"hi") == {}
    assert logged(office, "login taken, user Bob@example.com")
    assert logged(office, "login refused, user bob@example.com")
    reader = poplib.POP3(*office.doors["pop3"], timeout=20)
    reader.user("BOB@example.com")
    with pytest.raises(poplib.error_proto, match=r"-ERR \[AUTH\] User or password is wrong"):
        reader.pass_("guess-work")
    reader.user("BOB@example.com")
    assert reader.pass_("bob's secret") == b"+OK 1 message"
    reader.quit()
    for secret in ("guess-work", "bob's secret", "$argon2"):
        assert secret not in office.log.read_text() + office.file("bob@example.com").read_text()


def test_a_change_of_the_file_counts_at_once(office: PostOfficeProcess, logins: Path) -> None:
    passwords.store(logins, "carol", "one")
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        assert client.login("carol", "one")[0] == 235
    whole = logins.read_bytes()
    logins.write_bytes(b"carol\n")
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        client.ehlo()
        assert client.docmd("AUTH PLAIN AGNhcm9sAG9uZQ==")[0] == 454
    reader = poplib.POP3(*office.doors["pop3"], timeout=20)
    reader.user("carol")
    with pytest.raises(poplib.error_proto, match=r"-ERR \[SYS/TEMP\]"):
        reader.pass_("one")
    assert logged(office, "line 1 is not a user, a colon and a hash of argon2")
    logins.write_bytes(whole)
    passwords.store(logins, "carol", None)
    with smtplib.SMTP(*office.doors["smtp"], timeout=20) as client:
        client.ehlo()
        assert client.docmd("AUTH PLAIN AGNhcm9sAG9uZQ==")[0] == 535
