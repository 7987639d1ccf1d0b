"""The doors of a post office: its mail ports, and what listens on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from socket import socket

from mysmtp.config import Config, Port
from mysmtp.errors import StartFailed
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.server import listen


@dataclass(frozen=True, slots=True)
class Door:
    """One mail port, by the name it has in URLs; `at_once`: TLS comes before anything is said."""

    name: str
    dialect: Dialect
    port: Port
    at_once: bool = False

    @property
    def setting(self) -> str:
        """The name of the setting that chooses its port."""
        return "port" if self.name == "my_smtp" else f"{self.name}_port"


def mail_doors(config: Config) -> list[Door]:
    """Return the ports that mail goes in and out by."""
    doors = [
        Door("my_smtp", MY_SMTP, config.port),
        Door("my_smtps", MY_SMTP, config.my_smtps_port, at_once=True),
        Door("smtp", SMTP, config.smtp_port),
        Door("smtps", SMTP, config.smtps_port, at_once=True),
        Door("lmtp", LMTP, config.lmtp_port),
        Door("pop3", POP3, config.pop3_port),
        Door("pop3s", POP3, config.pop3s_port, at_once=True),
    ]
    return [door for door in doors if door.port != "off"]


def listen_on(host: str, ports: Mapping[str, Port]) -> list[socket]:
    """Listen on all of these ports, each named by its setting, or on none. Raises StartFailed."""
    listeners: list[socket] = []
    for setting, port in ports.items():
        assert port != "off"
        try:
            listeners.append(listen(host, port))
        except StartFailed as fault:
            for listener in listeners:
                listener.close()
            raise StartFailed(f"{fault}; --{setting.replace('_', '-')} chooses another port") from fault
    return listeners


def address_of(listener: socket) -> tuple[str, int]:
    """Return the host and the port a socket listens on."""
    host, port = listener.getsockname()[:2]
    return host, port
