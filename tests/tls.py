"""A certificate for tests, made by the openssl program once a test run; the contexts of both sides."""

import functools
import ssl
import subprocess
import tempfile
from pathlib import Path


def make(folder: Path, *options: str) -> tuple[Path, Path]:
    """Make the files of a self-signed certificate for localhost and of its key; return both."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate),
         *(options or ("-newkey", "rsa:2048", "-nodes"))],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@functools.cache
def certificate() -> tuple[Path, Path]:
    """Return the files of a certificate and of its key, the same all the while."""
    return make(Path(tempfile.mkdtemp(prefix="mysmtp-tls-")))


def of_server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate())
    return context


def of_client(trusted: Path | None = None) -> ssl.SSLContext:
    """Return a context that trusts this file, or the certificate above; strictly, as Python does from 3.13 on."""
    context = ssl.create_default_context(cafile=str(trusted or certificate()[0]))
    if trusted:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Carry out a handshake in memory; return the client's end. Raises what it raises at the client."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for each in (end, other):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return end
