"""Which certificate and which logins the settings ask for, and what clients need to trust the server."""

from pathlib import Path
from typing import TYPE_CHECKING

from mysmtp.certificate import Certificate
from mysmtp.config import OPTIONS, Config
from mysmtp.errors import PasswordsUnreadable, StartFailed

if TYPE_CHECKING:
    from mysmtp.passwords import PasswordFile

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


def passwords_for(config: Config) -> "PasswordFile | None":
    """Return the logins that are taken, None when any is. Raises StartFailed."""
    if config.auth_file is None:
        return None
    from mysmtp.passwords import PasswordFile  # takes its time, and few ask for it

    try:
        return PasswordFile(config.auth_file)
    except PasswordsUnreadable as fault:
        raise StartFailed(str(fault)) from fault


def passwords_travel_bare(config: Config) -> bool:
    """Tell whether passwords that matter come over a network, and nothing hides them there."""
    at_home = config.host in ("localhost", "::1") or config.host.startswith("127.")
    return config.auth_file is not None and config.tls == "off" and config.tls_cert is None and not at_home
