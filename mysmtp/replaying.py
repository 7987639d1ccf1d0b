"""`mysmtp replay`: what is read and told around a `player`. Only servers of this machine are played to.

Standard output is a conversation in the wire format again, with remarks where it differs; all else goes to standard
error. Exit codes: 0 the same replies, 1 others, 2 that cannot be played, 4 no connection.
"""

import getpass
import ipaddress
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mysmtp.client.connection import NoConnection
from mysmtp.client.terminal import DONE, INTERRUPTED, NO_CONNECTION, REFUSED, fit_output, hush, look_of
from mysmtp.inspector.crossings import Unplayable
from mysmtp.inspector.protocols import label_of
from mysmtp.inspector.script import Script, read
from mysmtp.player import Login, Player, Told
from mysmtp.reaching import Gone, NoPages, pages_of
from mysmtp.text import decode, visible

USAGE = 2
_YELLOW, _DIM = "33", "2"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `source` is a file, ``-``, or the number of a session; `to` "" the server that is found."""

    source: str | int
    to: str
    user: str
    password: str | None
    recorded_pace: bool
    patience: float
    fill: bool
    server: str | None
    folder: Path


def run(wanted: Wanted) -> int:
    """Play what is asked for; return the exit code."""
    fit_output(look_of(os.environ, sys.stdout.isatty()))
    try:
        script = read(_source(wanted), fill=wanted.fill)
        where = loopback(wanted.to or _port_of(script, wanted))
        return _play(script, where, _login(script, wanted), wanted)
    except Unplayable as fault:
        return _fail(f"this cannot be played: {fault}", USAGE)
    except (NoConnection, NoPages) as fault:
        return _fail(str(fault), NO_CONNECTION)
    except OSError as fault:
        if isinstance(fault, BrokenPipeError):
            return hush()
        return _fail(f"{wanted.source}: {(fault.strerror or str(fault)).lower()}", USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED


def _source(wanted: Wanted) -> str:
    if isinstance(wanted.source, int):
        try:
            return json.dumps(pages_of(wanted.server, wanted.folder).ask(f"/sessions/{wanted.source}.json"))
        except Gone:
            raise Unplayable(f"session {wanted.source} is not kept") from None
    octets = sys.stdin.buffer.read() if wanted.source == "-" else Path(wanted.source).read_bytes()
    return decode(octets)


def loopback(text: str) -> tuple[str, int]:
    """Return host and port of a server on this machine, from ``HOST:PORT``, a port, or a URL. Raises Unplayable.

    No name but localhost is looked up: what is recorded is not to leave the machine by a slip.
    """
    place = text.rpartition("://")[2]  # my_smtp:// is no scheme that urlsplit knows
    try:
        where = urlsplit(f"//127.0.0.1:{place}" if place.isdigit() else f"//{place}")
        host, port = where.hostname or "", where.port
    except ValueError:
        host, port = "", None
    if not host or not port:
        raise Unplayable(f"{text} is no HOST:PORT to play it to")
    if host == "localhost":
        return "127.0.0.1", port
    try:
        near = ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    if not near:
        raise Unplayable(f"{host} is no loopback address; sessions are played to servers on this machine only")
    return host, port


def _port_of(script: Script, wanted: Wanted) -> str:
    """Return where the running server takes this protocol."""
    pages = pages_of(wanted.server, wanted.folder)
    try:
        ports = pages.ask("/sessions.json")["ports"]
    except NoPages as fault:
        raise NoPages(f"{fault}; or say with --to where to play it") from fault
    except (Gone, KeyError, TypeError):
        raise NoPages(
            f"the server at {pages.address} does not tell its ports; say with --to where to play it"
        ) from None
    name = script.protocol + ("s" if script.at_once else "")
    if name not in ports:
        inside = " inside TLS" if script.at_once else ""
        raise Unplayable(f"the server has no port for {label_of(script.protocol)}{inside}; say with --to where one is")
    return str(ports[name])


def _login(script: Script, wanted: Wanted) -> Login:
    """Return what is sent where the recording has asterisks; asks for what is not given."""
    if not script.masked:
        return Login()
    user, password = wanted.user, wanted.password
    if not user and any(_needs_user(each, script) for each in script.masked):
        user = _asked("User: ", "--user", input)
    if password is None:
        password = _asked("Password: ", "--password", getpass.getpass)
    _tell(f"the recording holds no password; the one given is sent in {_counted(len(script.masked), 'masked line')}")
    return Login(user, password)


def _needs_user(masked: bytes, script: Script) -> bool:
    return script.protocol != "pop3" and not masked.upper().startswith(b"PASS")


def _asked(question: str, option: str, ask: Callable[[str], str]) -> str:
    if not sys.stdin.isatty():
        raise Unplayable(f"it holds a login whose password was not recorded; give {option}")
    try:
        return ask(question)
    except EOFError:
        raise Unplayable(f"it holds a login; give {option}") from None


def _play(script: Script, where: tuple[str, int], login: Login, wanted: Wanted) -> int:
    look = look_of(os.environ, sys.stdout.isatty())

    def tell(told: Told) -> None:
        if told.side == "#":
            line = look.paint(str(told), _YELLOW if told.differs else _DIM)
        else:
            line = f"{look.side(told.side + ':')} {look.paint(told.text, _YELLOW) if told.differs else told.text}"
        print(line, flush=True)

    player = Player(where, login, tell, recorded_pace=wanted.recorded_pace, patience=wanted.patience)
    player.play(script)
    if player.differing:
        _tell(f"{_counted(player.differing, 'difference')} from what was recorded, in {_counted(player.lines, 'line')}")
        return REFUSED
    _tell(f"the same as recorded, {_counted(player.lines, 'line')} of the server")
    return DONE


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _tell(words: str) -> None:
    print(visible(f"mysmtp: {words}"), file=sys.stderr, flush=True)


def _fail(words: str, code: int) -> int:
    _tell(words)
    return code
