"""`--tls auto`: a certificate for this server, made here, and one that clients can trust it by.

An authority is made, signs the one certificate, and its key is thrown away: whoever trusts ``ca.pem`` trusts this
server and nothing that anybody could sign later. What is made is kept, so that clients can go on trusting it.
"""

import ipaddress
import os
import secrets
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mysmtp.certificate import Certificate
from mysmtp.errors import StartFailed

AUTHORITY, OWN = "ca.pem", "server.pem"
_LASTS = timedelta(days=800)  # some clients take no certificate that lasts over 825 days
_RENEWED = timedelta(days=30)  # before its end
_CLOCKS_DIFFER = timedelta(days=1)

_Names = list[x509.GeneralName]


def self_made(folder: Path, names: Iterable[str], now: datetime | None = None) -> Certificate:
    """Return the certificate kept in `folder`, or a new one if none there is good for these hosts and addresses.

    Clients trust ``ca.pem`` there; ``server.pem`` holds certificate and key, for its owner alone. Raises StartFailed.
    """
    now = now or datetime.now(UTC)
    wanted = [_general_name(name) for name in dict.fromkeys(names)]
    if not _serves(folder, wanted, now):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            authority, own = _issue(wanted, now)
            _write(folder / OWN, own, 0o600)
            _write(folder / AUTHORITY, authority, 0o644)
        except OSError as error:
            raise StartFailed(f"cannot keep a certificate in {folder}: {error.strerror}") from error
    return Certificate(folder / OWN)


def _general_name(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    try:
        return x509.DNSName(name if name.isascii() else name.encode("idna").decode())
    except UnicodeError:
        raise StartFailed(f"no certificate can be made for the name {name!r}") from None


def _serves(folder: Path, names: _Names, now: datetime) -> bool:
    """Tell whether what is kept is whole, lasts for a while, and is for all of these names."""
    with suppress(OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        own = x509.load_pem_x509_certificate((folder / OWN).read_bytes())
        own.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes()))
        known = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        lasts = own.not_valid_before_utc <= now < own.not_valid_after_utc - _RENEWED
        return lasts and set(known).issuperset(names)
    return False


def _issue(names: _Names, now: datetime) -> tuple[bytes, bytes]:
    """Return, in PEM, the certificate of a new authority; a key and the certificate it signed for that key."""
    signing, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name(f"mysmtp --tls auto {secrets.token_hex(4)}")  # no client takes it for the one before
    authority = (
        _begun(issuer, issuer, signing, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .sign(signing, SHA256())
    )
    own = (
        _begun(_name("mysmtp"), issuer, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return authority.public_bytes(Encoding.PEM), secret + own.public_bytes(Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    """Return what both certificates have (RFC 5280 section 4.1)."""
    public = key.public_key()
    return x509.CertificateBuilder(
        issuer, subject, public, x509.random_serial_number(), now - _CLOCKS_DIFFER, now + _LASTS
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(digital_signature, False, False, False, False, key_cert_sign, False, False, False)


def _write(path: Path, octets: bytes, mode: int) -> None:
    """Put a file in the place of another, whole, and never readable to more people than it should be."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(octets)
        file.flush()
        os.fsync(descriptor)
    Path(name).replace(path)
