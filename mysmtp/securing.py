"""Which certificate the settings ask for, and what clients need to trust it."""

from pathlib import Path

from mysmtp.certificate import Certificate
from mysmtp.config import OPTIONS, Config
from mysmtp.errors import StartFailed

FOLDER = ".tls"  # in that of the mailboxes
_ANY = ("0.0.0.0", "::")  # noqa: S104  to be known, not to be listened on


def certificate_for(config: Config, own_name: str) -> Certificate | None:
    """Return what TLS is started with, None when it is not offered. Raises StartFailed with one line for the user."""
    if config.tls == "auto":
        if config.tls_cert or config.tls_key:
            raise StartFailed("--tls auto makes a certificate of its own; leave out --tls-cert and --tls-key, or it")
        from mysmtp.issuing import self_made  # takes its time, and few ask for it

        names = ["localhost", "127.0.0.1", "::1", own_name, *config.allowed_host]
        return self_made(config.mailbox / FOLDER, names if config.host in _ANY else [*names, config.host])
    if config.tls_cert is not None:
        return Certificate(config.tls_cert, config.tls_key)
    if config.tls_key is not None:
        raise StartFailed("--tls-key needs its certificate: --tls-cert")
    for option in OPTIONS:
        if option.field.endswith("s_port") and getattr(config, option.field) != "off":
            raise StartFailed(f"{option.flag} needs a certificate: --tls auto, or --tls-cert and --tls-key")
    return None


def to_trust(config: Config) -> Path | None:
    """Return the file that clients have to be given before they trust the server; None: they know whom to trust."""
    return config.mailbox / FOLDER / "ca.pem" if config.tls == "auto" else None
