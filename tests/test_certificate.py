"""Certificate and key from files: what is refused at start, in which words, and what happens when they are replaced."""

import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from mysmtp.certificate import Certificate
from mysmtp.errors import StartFailed
from tests import tls

QUICK = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def shown(certificate: Certificate) -> bytes:
    """Return the certificate that a client is shown, in DER."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    octets = tls.shake_hands(certificate.context(), client, "localhost").getpeercert(binary_form=True)
    assert octets
    return octets


def in_der(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text()[path.read_text().index("-----BEGIN CERT") :])


def test_clients_are_shown_the_certificate_of_the_file() -> None:
    files = tls.certificate()
    certificate = Certificate(*files)
    assert shown(certificate) == in_der(files[0])
    assert certificate.context().minimum_version == ssl.TLSVersion.TLSv1_2
    tls.shake_hands(certificate.context(), tls.of_client(), "localhost")


def test_the_key_may_stand_in_the_file_of_the_certificate(tmp_path: Path) -> None:
    certificate, key = tls.certificate()
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    assert shown(Certificate(both)) == in_der(certificate)


def _missing(folder: Path) -> tuple[Path, Path | None]:
    return folder / "none.pem", None


def _key_missing(folder: Path) -> tuple[Path, Path | None]:
    return tls.certificate()[0], folder / "none.pem"


def _a_folder(folder: Path) -> tuple[Path, Path | None]:
    return folder, None


def _key_as_certificate(_folder: Path) -> tuple[Path, Path | None]:
    return tls.certificate()[1], tls.certificate()[1]


def _no_key(_folder: Path) -> tuple[Path, Path | None]:
    return tls.certificate()[0], None


def _certificate_as_key(_folder: Path) -> tuple[Path, Path | None]:
    return tls.certificate()[0], tls.certificate()[0]


def _of_another(folder: Path) -> tuple[Path, Path | None]:
    return tls.certificate()[0], tls.make(folder, "-newkey", "rsa:2048", "-nodes")[1]


def _of_another_kind(folder: Path) -> tuple[Path, Path | None]:
    return tls.certificate()[0], tls.make(folder, *QUICK, "-nodes")[1]


def _encrypted(folder: Path) -> tuple[Path, Path | None]:
    return tls.make(folder, *QUICK, "-passout", "pass:secret")


def _garbled(folder: Path) -> tuple[Path, Path | None]:
    path = folder / "cert.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return path, tls.certificate()[1]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (_missing, r"cannot read .*none\.pem: No such file or directory"),
        (_key_missing, r"cannot read .*none\.pem: No such file or directory"),
        (_a_folder, r"cannot read .*: Is a directory"),
        (_key_as_certificate, r"key\.pem holds no certificate in PEM"),
        (_no_key, r"cert\.pem holds no private key in PEM; give its key with --tls-key"),
        (_certificate_as_key, r"cert\.pem holds no private key in PEM"),
        (_of_another, r"the key in .*key\.pem is not that of the certificate in .*cert\.pem"),
        (_of_another_kind, r"the key in .*key\.pem is not that of the certificate in .*cert\.pem"),
        (_encrypted, r"the key in .*key\.pem is encrypted; give one without a passphrase"),
        (_garbled, r"cert\.pem and its key cannot be used: "),
    ],
)
def test_what_is_of_no_use_is_refused_in_words(
    tmp_path: Path, files: Callable[[Path], tuple[Path, Path | None]], words: str
) -> None:
    with pytest.raises(StartFailed, match=words) as refused:
        Certificate(*files(tmp_path))
    assert "\n" not in str(refused.value)


def test_what_takes_its_place_is_shown_from_the_next_client_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        tls.make(folder, *QUICK, "-nodes")
    live = [Path(shutil.copy(path, tmp_path)) for path in (first / "cert.pem", first / "key.pem")]
    certificate = Certificate(*live)
    assert certificate.context() is certificate.context()

    shutil.copy(second / "cert.pem", live[0])  # its key has not come yet
    assert shown(certificate) == shown(certificate) == in_der(first / "cert.pem")
    assert caplog.text.count("is not that of the certificate") == 1
    shutil.copy(second / "key.pem", live[1])
    assert shown(certificate) == in_der(second / "cert.pem")

    live[0].unlink()
    assert shown(certificate) == shown(certificate) == in_der(second / "cert.pem")
    assert caplog.text.count("No such file or directory") == 1
    shutil.copy(first / "cert.pem", live[0])
    shutil.copy(first / "key.pem", live[1])
    assert shown(certificate) == in_der(first / "cert.pem")
