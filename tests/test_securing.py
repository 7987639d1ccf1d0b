"""Which settings of TLS go together, and what is said of those that do not."""

from pathlib import Path
from typing import Any

import pytest

from mysmtp.config import Config
from mysmtp.errors import StartFailed
from mysmtp.securing import certificate_for, passwords_for, passwords_travel_bare, to_trust
from tests import tls

CERTIFICATE, KEY = Path("cert.pem"), Path("key.pem")


def test_nothing_is_offered_unless_asked_for(tmp_path: Path) -> None:
    config = Config(mailbox=tmp_path)
    assert certificate_for(config, "host") is None
    assert to_trust(config) is None
    assert not list(tmp_path.iterdir())


def test_files_are_used_as_they_are_given(tmp_path: Path) -> None:
    certificate, key = tls.certificate()
    config = Config(mailbox=tmp_path, tls_cert=certificate, tls_key=key, smtps_port=465)
    found = certificate_for(config, "host")
    assert found
    tls.shake_hands(found.context(), tls.of_client(), "localhost")
    assert to_trust(config) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_a_certificate_that_is_made_is_for_all_the_names_the_server_goes_by(tmp_path: Path, host: str) -> None:
    config = Config(mailbox=tmp_path, tls="auto", host=host, allowed_host=("mail.test",))
    found = certificate_for(config, "mine")
    assert found
    for name in {"localhost", "127.0.0.1", "::1", "mine", "mail.test", "192.0.2.7"} - ({"192.0.2.7"} - {host}):
        tls.shake_hands(found.context(), tls.of_client(to_trust(config)), name)
    assert to_trust(config) == tmp_path / ".tls" / "ca.pem"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tls_key": KEY}, "--tls-key needs its certificate: --tls-cert"),
        ({"tls": "auto", "tls_cert": CERTIFICATE}, "leave out --tls-cert and --tls-key, or it"),
        ({"tls": "auto", "tls_key": KEY}, "leave out --tls-cert and --tls-key, or it"),
        ({"smtps_port": 465}, "--smtps-port needs a certificate: --tls auto, or --tls-cert and --tls-key"),
        ({"pop3s_port": 0}, "--pop3s-port needs a certificate"),
        ({"my_smtps_port": 0}, "--my-smtps-port needs a certificate"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(StartFailed, match=words):
        certificate_for(Config(mailbox=tmp_path, **settings), "host")
    assert not list(tmp_path.iterdir())


def test_the_logins_that_are_taken_are_those_of_the_file_or_any(tmp_path: Path) -> None:
    assert passwords_for(Config()) is None
    with pytest.raises(StartFailed, match=r"cannot read .*logins: No such file or directory"):
        passwords_for(Config(auth_file=tmp_path / "logins"))
    (tmp_path / "logins").write_text("bob:secret\n")
    with pytest.raises(StartFailed, match=r"cannot read .*logins: line 1 is not a user, a colon and a hash of argon2"):
        passwords_for(Config(auth_file=tmp_path / "logins"))
    (tmp_path / "logins").write_text("")
    found = passwords_for(Config(auth_file=tmp_path / "logins"))
    assert found
    assert not found.check("bob", "secret")


@pytest.mark.parametrize(
    ("bare", "settings"),
    [
        (True, {"host": "0.0.0.0"}),
        (True, {"host": "::"}),
        (True, {"host": "192.0.2.7"}),
        (False, {}),
        (False, {"host": "::1"}),
        (False, {"host": "localhost"}),
        (False, {"host": "0.0.0.0", "tls": "auto"}),
        (False, {"host": "0.0.0.0", "tls_cert": CERTIFICATE}),
        (False, {"host": "0.0.0.0", "auth_file": None}),
    ],
)
def test_whether_passwords_can_be_read_on_their_way(bare: bool, settings: dict[str, Any]) -> None:
    assert passwords_travel_bare(Config(**{"auth_file": Path("logins"), **settings})) is bare
