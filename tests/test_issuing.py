"""The certificate made here: clients that trust its authority trust it, strictly, for as long as it is kept."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mysmtp.errors import StartFailed
from mysmtp.issuing import AUTHORITY, OWN, self_made
from tests import tls

NAMES = ["localhost", "127.0.0.1", "::1", "my_host", "bücher.example", "localhost"]
NOW = datetime.now(UTC)


def test_a_client_that_trusts_the_authority_trusts_each_name_and_no_other(tmp_path: Path) -> None:
    context = self_made(tmp_path / ".tls", NAMES, NOW).context()
    client = tls.of_client(tmp_path / ".tls" / AUTHORITY)
    for name in NAMES:
        if "_" not in name:  # Python asks for no such host, others do
            assert tls.shake_hands(context, client, name).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        tls.shake_hands(context, client, "example.com")
    self_made(tmp_path / "other", NAMES, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        tls.shake_hands(context, tls.of_client(tmp_path / "other" / AUTHORITY), "localhost")


def test_the_key_is_for_its_owner_alone_and_that_of_the_authority_is_gone(tmp_path: Path) -> None:
    self_made(tmp_path / ".tls", NAMES, NOW)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / ".tls").iterdir()} == {
        AUTHORITY: "0o644",
        OWN: "0o600",
    }
    authority = x509.load_pem_x509_certificate((tmp_path / ".tls" / AUTHORITY).read_bytes())
    assert b"PRIVATE" not in (tmp_path / ".tls" / AUTHORITY).read_bytes()
    text = (tmp_path / ".tls" / OWN).read_bytes()
    assert text.count(b"BEGIN PRIVATE KEY") == text.count(b"BEGIN CERTIFICATE") == 1
    assert load_pem_private_key(text, None).public_key() != authority.public_key()


def kept(folder: Path) -> bytes:
    return (folder / AUTHORITY).read_bytes() + (folder / OWN).read_bytes()


def test_it_is_kept_as_long_as_it_is_good(tmp_path: Path) -> None:
    self_made(tmp_path, NAMES, NOW)
    before = kept(tmp_path)
    for names in (NAMES, ["localhost"], ["::1", "bücher.example"], ["0:0:0:0:0:0:0:1"]):
        self_made(tmp_path, names, NOW + timedelta(days=600))
        assert kept(tmp_path) == before
    for names, now in ((["localhost", "new.example"], NOW), (["localhost"], NOW + timedelta(days=780))):
        self_made(tmp_path, names, now)
        assert kept(tmp_path) != before
        before = kept(tmp_path)


@pytest.mark.parametrize("name", [AUTHORITY, OWN])
@pytest.mark.parametrize(
    "octets", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff"]
)
def test_what_is_damaged_is_made_anew(tmp_path: Path, name: str, octets: bytes | None) -> None:
    self_made(tmp_path, ["localhost"], NOW)
    if octets is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(octets)
    context = self_made(tmp_path, ["localhost"], NOW).context()
    tls.shake_hands(context, tls.of_client(tmp_path / AUTHORITY), "localhost")


def test_one_half_of_another_is_made_anew(tmp_path: Path) -> None:
    self_made(tmp_path / "other", ["localhost"], NOW)
    self_made(tmp_path / "own", ["localhost"], NOW)
    (tmp_path / "other" / OWN).replace(tmp_path / "own" / OWN)
    context = self_made(tmp_path / "own", ["localhost"], NOW).context()
    tls.shake_hands(context, tls.of_client(tmp_path / "own" / AUTHORITY), "localhost")


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartFailed, match=r"cannot keep a certificate in .*: (Not a directory|File exists)"):
        self_made(tmp_path / "file", ["localhost"])
    with pytest.raises(StartFailed, match="no certificate can be made for the name"):
        self_made(tmp_path, ["ü" * 100])
