"""A certificate for tests, made by the openssl program once a test run; the contexts of both sides."""

import functools
import ssl
import subprocess
import tempfile
from pathlib import Path


@functools.cache
def certificate() -> tuple[Path, Path]:
    """Return the files of a self-signed certificate for localhost and of its key."""
    folder = Path(tempfile.mkdtemp(prefix="mysmtp-tls-"))
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def of_server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate())
    return context


def of_client() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate()[0]))
