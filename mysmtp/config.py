"""The settings of a server, once: command line, environment and docs/configuration.md are made from this table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

Framing = Literal["auto", "lines"]
Durability = Literal["sync", "os"]
Tls = Literal["off", "auto"]
Search = Literal["on", "off"]
Port = int | Literal["off"]

SIZES = frozenset({"max_message_size", "max_incoming_size", "session_bytes"})  # settings that are given as sizes

_UNITS = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one server. Port 0 takes a free port; times are in seconds, sizes in octets."""

    host: str = "127.0.0.1"
    port: int = 2525
    smtp_port: Port = 1025
    lmtp_port: Port = "off"
    pop3_port: Port = 1110
    my_smtps_port: Port = "off"
    smtps_port: Port = "off"
    pop3s_port: Port = "off"
    web_port: int = 8025
    mailbox: Path = Path("mailbox")
    max_message_size: int = 25 * 1024**2
    max_incoming_size: int = 2 * 1024**3
    max_connections: int = 10_000
    max_per_address: int = 50
    idle_timeout: float = 300.0
    framing: Framing = "auto"
    durability: Durability = "sync"
    tls: Tls = "off"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    auth_file: Path | None = None
    require_login: bool = False
    search: Search = "on"
    keep_days: int = 0
    keep_last: int = 0
    allowed_host: tuple[str, ...] = ()
    sessions_kept: int = 500
    session_bytes: int = 128 * 1024
    wire: bool = False
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting as its user meets it: what it is called, what it takes, and what it does, in one sentence."""

    field: str
    takes: str
    help: str
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The option of the command line."""
        return "--" + self.field.replace("_", "-")

    @property
    def variable(self) -> str:
        """The variable of the environment."""
        return "MYSMTP_" + self.field.upper()

    @property
    def default(self) -> Any:
        """What holds when nothing is said."""
        return next(each.default for each in fields(Config) if each.name == self.field)


OPTIONS = (
    Option("host", "ADDRESS", "Address to listen on, for mail and web."),
    Option("port", "PORT", "Port of My_SMTP; 0 takes a free one and prints it."),
    Option("smtp_port", "PORT", "Port of SMTP; 0 takes a free one and prints it, off opens none."),
    Option("lmtp_port", "PORT", "Port of LMTP; 0 takes a free one and prints it, off opens none."),
    Option("pop3_port", "PORT", "Port of POP3; 0 takes a free one and prints it, off opens none."),
    Option("my_smtps_port", "PORT", "Port of My_SMTP inside TLS; 0 takes a free one and prints it, off opens none."),
    Option("smtps_port", "PORT", "Port of SMTP inside TLS; 0 takes a free one and prints it, off opens none."),
    Option("pop3s_port", "PORT", "Port of POP3 inside TLS; 0 takes a free one and prints it, off opens none."),
    Option("web_port", "PORT", "Port of the web pages; 0 takes a free one and prints it."),
    Option("mailbox", "FOLDER", "Folder of the mailbox files; made if it is not there."),
    Option("max_message_size", "SIZE", "Largest message taken, such as 500kB or 25MiB."),
    Option("max_incoming_size", "SIZE", "Room for mails on their way in, large ones on disk; one too many must wait."),
    Option("max_connections", "NUMBER", "Mail connections held at once, on all ports; one too many is told so."),
    Option("max_per_address", "NUMBER", "Mail connections of one address; 127.0.0.1 and ::1 may have any number."),
    Option("idle_timeout", "SECONDS", "A client that ends no line for so long is let go; POP3 waits at least 600."),
    Option("framing", "KIND", "auto also serves clients that end no line (the original program); lines does not.",
           choices=("auto", "lines")),
    Option("durability", "KIND", "sync answers 200 when the mail would survive a power cut; os leaves that to luck.",
           choices=("sync", "os")),
    Option("tls", "KIND", "auto makes a certificate for this server, keeps it, and offers TLS with it.",
           choices=("off", "auto")),
    Option("tls_cert", "FILE", "Certificate in PEM, its chain after it: TLS is offered with it."),
    Option("tls_key", "FILE", "Its key in PEM; not needed if it stands in the file of the certificate."),
    Option("auth_file", "FILE", "Logins that are taken, as mysmtp passwd writes them; without it any is."),
    Option("require_login", "", "Take mail by SMTP only after a login; My_SMTP and LMTP ask for none."),
    Option("search", "KIND", "on keeps an index of the words of all mail, for the search page; off keeps none.",
           choices=("on", "off")),
    Option("keep_days", "DAYS", "Mails older than so many days are deleted by themselves; 0 keeps them."),
    Option("keep_last", "NUMBER", "So many mails are kept in each mailbox, older ones are deleted; 0 keeps all."),
    Option("allowed_host", "NAME", "One more host name the pages answer to (repeatable); addresses always work."),
    Option("sessions_kept", "NUMBER", "Sessions that are recorded to be looked at, the newest; 0 records none."),
    Option("session_bytes", "SIZE", "Memory that the record of one session may take."),
    Option("wire", "", "Print every line of every conversation as C: and S: lines."),
    Option("log_level", "LEVEL", "What is told on the console; info tells at most 1,000 lines a second.",
           choices=("debug", "info", "warning", "error")),
)  # fmt: skip


def parse_size(text: str) -> int:
    """Return the octets that `text` means: digits, then perhaps kB, MB, GB (1000s) or KiB, MiB, GiB (1024s).

    Raises ValueError, with words for the user.
    """
    match = re.fullmatch(r"\s*([0-9]+)\s*([A-Za-z]*)\s*", text)
    unit = _UNITS.get(match[2].upper()) if match else None
    if not match or unit is None or int(match[1]) == 0:
        raise ValueError(f"{text!r} is no size; write for example 500kB or 25MiB")
    return int(match[1]) * unit


def show_size(size: int) -> str:
    """Return a size as `parse_size` takes it, in the largest unit that keeps it whole."""
    for unit in ("GiB", "MiB", "KiB"):
        if size % _UNITS[unit.upper()] == 0:
            return f"{size // _UNITS[unit.upper()]}{unit}"
    return str(size)


def show_default(option: Option) -> str:
    """Return an option's default as a user would write it."""
    value = option.default
    if value is None:
        return ""
    if option.field in SIZES:
        return show_size(value)
    if isinstance(value, bool):
        return "off"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def as_markdown() -> str:
    """Return docs/configuration.md: one row an option."""
    rows = [
        f"| `{option.flag}{' ' + option.takes if option.takes else ''}` | `{option.variable}` | "
        f"{'`' + show_default(option) + '`' if show_default(option) else 'none'} | {option.help} |"
        for option in OPTIONS
    ]
    return "\n".join(
        [
            "# Configuration",
            "",
            "`python app.py [PORT] [OPTIONS]` and `mysmtp serve [PORT] [OPTIONS]` take these; a flag wins over its",
            "environment variable. This page is generated from `mysmtp/config.py` by `make docs`.",
            "",
            "| option | environment | default | what it does |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "Values of `--framing`: `auto`, `lines`. Of `--durability`: `sync`, `os`. Of `--tls`: `off`, `auto`. Of",
            "`--search`: `on`, `off`. Of `--log-level`: `debug`, `info`, `warning`, `error`. `MYSMTP_WIRE` takes `1`",
            "or `0`; `MYSMTP_ALLOWED_HOST` takes names parted by spaces.",
            "",
        ]
    )


def endpoint(scheme: str, address: tuple[str, int]) -> str:
    """Return an endpoint as a URL, an IPv6 address in brackets."""
    host, port = address
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def from_mapping(values: Mapping[str, Any]) -> Config:
    """Return the settings in `values` (option field to value), the defaults for those it lacks."""
    known = {option.field for option in OPTIONS}
    return Config(**{key: value for key, value in values.items() if key in known and value is not None})
