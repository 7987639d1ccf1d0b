"""The first lines of a server, for whoever has started it: where it listens, and one line to try."""

from collections.abc import Mapping

from mysmtp import __version__
from mysmtp.config import Config, endpoint
from mysmtp.naming import own_command, shown_file, shown_folder
from mysmtp.securing import to_trust


def welcome(config: Config, doors: Mapping[str, tuple[str, int]], web: tuple[str, int], seconds: float) -> str:
    """Return what is printed once the server serves, so many seconds after it was started."""
    lines = [
        f"mysmtp {__version__}, ready after {seconds:.1f} s",
        *(f"  {what:<28}  {does}" for what, does in _told(config, doors, web)),
        f'Send the first mail:  {own_command()} send{_way(*doors["my_smtp"])} --to bob@example.com "Hello Bob"',
        "Stop with Ctrl-C.",
    ]
    if config.durability == "os":
        lines.insert(1, "  DURABILITY OFF: 200 is said before the disk has the mail; a power cut loses mail.")
    return "\n".join(lines)


def _told(config: Config, doors: Mapping[str, tuple[str, int]], web: tuple[str, int]) -> list[tuple[str, str]]:
    """Return each endpoint, and each file that matters, with what it does."""
    told = [
        *((endpoint(name, address), _what_it_does(name)) for name, address in doors.items()),
        (endpoint("http", web), "shows it"),
        (shown_folder(config.mailbox), "keeps it, one text file for each recipient"),
    ]
    if authority := shown_file(to_trust(config)):
        told.append((authority, "is what clients trust for TLS"))
    elif config.tls_cert:
        told.append((str(config.tls_cert), "is the certificate for TLS"))
    return told


def _what_it_does(door: str) -> str:
    does = "hands it out" if door.startswith("pop3") else "takes mail"
    return f"{does}, inside TLS" if door.endswith("s") else does


def _way(host: str, port: int) -> str:
    """Return the options that lead a client to an address, none where it looks there anyway."""
    to_host = f" --host {host}" if host != "127.0.0.1" else ""
    return to_host + (f" --port {port}" if port != 2525 else "")
