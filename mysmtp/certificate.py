"""The certificate that clients of the mail ports see, and its key: files, as what TLS is started with.

They are read anew when somebody has replaced them. What stands here reads files: call it off the hub.
"""

import logging
import ssl
from contextlib import suppress
from pathlib import Path

from mysmtp.errors import StartFailed

log = logging.getLogger(__name__)

_NOT_ITS_KEY = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
_Look = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate file (PEM, with its chain) and its key file; None: the key stands in the certificate file too.

    Making one raises StartFailed, with a sentence for the user.
    """

    def __init__(self, certificate: Path, key: Path | None = None) -> None:
        self._files = (certificate, key or certificate)
        self._looked = self._look()
        try:
            self._context = _context(*self._files)
        except OSError as error:
            raise StartFailed(f"cannot read {error.filename}: {error.strerror}") from error

    def context(self) -> ssl.SSLContext:
        """Return what TLS is started with now. Files replaced by bad ones are told of on the log, and not used."""
        looked = self._look()
        if looked != self._looked:
            self._looked = looked
            try:
                self._context = _context(*self._files)
                log.info("the certificate was replaced: %s", self._files[0])
            except (OSError, StartFailed) as fault:
                log.error("the certificate was replaced, and the one before is used on: %s", fault)
        return self._context

    def _look(self) -> _Look:
        """Return what tells the files from those that take their place, of one that is not there nothing."""
        stats = []
        for path in self._files:
            with suppress(OSError):
                stats.append(path.stat())
        return tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats)


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context for these files. Raises OSError when one cannot be read, StartFailed when it is of no use."""
    if b"-----BEGIN CERTIFICATE-----" not in certificate.read_bytes():
        raise StartFailed(f"{certificate} holds no certificate in PEM")
    text = key.read_bytes()
    if b"PRIVATE KEY-----" not in text:
        hint = "; give its key with --tls-key" if key == certificate else ""
        raise StartFailed(f"{key} holds no private key in PEM{hint}")
    if b"ENCRYPTED" in text:
        raise StartFailed(f"the key in {key} is encrypted; give one without a passphrase")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996, RFC 8314 section 4.1
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason in _NOT_ITS_KEY:
            raise StartFailed(f"the key in {key} is not that of the certificate in {certificate}") from error
        raise StartFailed(f"{certificate} and its key cannot be used: {error.reason or error}") from error
    return context
