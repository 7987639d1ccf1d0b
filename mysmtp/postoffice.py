"""The assembled process: the only place that wires parts together. Start, drain, stop.

The serving entry points patch before they import this; nothing else may import it.
"""

import gc
import itertools
import logging
import os
import re
import resource
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from socket import gethostname, socket

import gevent
from gevent import Greenlet
from gevent.event import Event
from gevent.threadpool import ThreadPool

from mysmtp import __version__
from mysmtp.config import Config, Port, endpoint
from mysmtp.console import Console, HubReporter, hold_standard_descriptors, open_console
from mysmtp.contracts import Compacting, Exclusive, MessageStore, Spooling
from mysmtp.crowd import Crowd
from mysmtp.delivery import LocalDelivery
from mysmtp.errors import StartFailed
from mysmtp.events import Bus, MailboxChanged, MessageStored
from mysmtp.keeping import Keeping, take_turns
from mysmtp.logins import Logins
from mysmtp.narrator import NARRATED, WIRED, Narrator, WirePrinter, narrate
from mysmtp.protocol.dialect import Dialect, anybody
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.phrases import Phrasebook
from mysmtp.protocol.pop3 import PATIENT, POP3
from mysmtp.protocol.room import Room
from mysmtp.protocol.smtp import SMTP
from mysmtp.recorder import Recorder
from mysmtp.search.index import MailIndex
from mysmtp.search.upkeep import Upkeep
from mysmtp.securing import certificate_for, passwords_for, passwords_travel_bare, to_trust
from mysmtp.server import Limits, LineServer, TlsOffer, listen
from mysmtp.signals import HubSignal
from mysmtp.store import open_store
from mysmtp.web import Endpoints, Setup, create_app, serve_web
from mysmtp.web.governor import charging
from mysmtp.web.site import reachable
from mysmtp.worker import Worker

log = logging.getLogger(__name__)

GRACE = 10.0  # seconds that messages under way get to finish after the first signal
_DISK_THREADS = 8
_LOGINS = 2  # threads that check passwords
_HANDSHAKES = 1  # threads that work out those of TLS
_NEW_OBJECTS = 20_000  # after which the garbage collector looks for cycles among them
_INCOMING_MEMORY = 64 * 1024**2  # octets of mails on their way in that are in memory; the others are on the disk
_FILES_OPEN = 512  # descriptors kept for mailbox files and the process itself
_WEB_CONNECTIONS = 512
_TEND_EVERY = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Door:
    """One mail port, by the name it has in URLs; `at_once`: TLS comes before anything is said."""

    name: str
    dialect: Dialect
    port: Port
    at_once: bool = False


class PostOffice:
    """One store, one bus, the mail ports and the web. `start` it, `stop` it; nothing is half-started in between."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.bus = Bus()
        self.recorder = Recorder(self.bus, kept=config.sessions_kept, session_bytes=config.session_bytes)
        self._session_ids = itertools.count(1)
        self._mail_cap, web_cap = connection_caps(config.max_connections)
        pool = ThreadPool(_DISK_THREADS)
        self._worker = Worker()
        self.store: MessageStore = open_store(
            f"file:{config.mailbox}",
            offload=charging(pool.apply),
            commit_offload=self._worker,
            signal=HubSignal,
            durability=config.durability,
        )
        doors = mail_doors(config)
        try:
            certificate, passwords = certificate_for(config, own_name()), passwords_for(config)
            *listeners, of_web = listen_on(config.host, *(door.port for door in doors), config.web_port)
        except StartFailed:
            self.store.close()
            raise
        self._crowd = Crowd(self._mail_cap, config.max_per_address)
        self._room = incoming_room(config, self.store)
        self._deliverer = LocalDelivery(self.store, self.bus)
        self._logins = Logins(passwords.check, ThreadPool(_LOGINS).apply) if passwords else None
        self._tls = TlsOffer(certificate.context, ThreadPool(_HANDSHAKES).apply) if certificate else None
        self.doors = {door.name: address_of(listener) for door, listener in zip(doors, listeners, strict=True)}
        self.my_smtp = self.doors[MY_SMTP.name]
        self.web = address_of(of_web)
        self._mail_servers = [self._line_server(*each) for each in zip(doors, listeners, strict=True)]
        self._index = MailIndex(self.store, offload=charging(ThreadPool(1).apply)) if config.search == "on" else None
        self._upkeep = Upkeep(self._index) if self._index else None
        if self._upkeep:
            self.bus.attach(self._upkeep.hear, MessageStored, MailboxChanged)
        app = create_app(
            Setup(
                self.store,
                self.bus,
                endpoints=self._endpoints(),
                recorder=self.recorder,
                dialects=[door.dialect for door in doors],
                allowed_hosts=config.allowed_host,
                mailbox_folder=shown_folder(config.mailbox),
                send_command=own_command(),
                index=self._index,
                full_command=full_command(),
                offload=charging(ThreadPool(2).apply),  # not the disk's threads: mail does not wait for pages
            )
        )
        self._web_server = serve_web(app, of_web, connections=web_cap)
        self._tending = Greenlet(self._tend)
        if isinstance(self.store, Exclusive):
            here = "::1" if ":" in self.web[0] else "127.0.0.1"
            self.store.announce(endpoint("http", reachable(self.web, here)))

    def _endpoints(self) -> Endpoints:
        others = {name: at for name, at in self.doors.items() if name not in ("my_smtp", "smtp", "pop3")}
        smtp, pop3 = self.doors.get("smtp"), self.doors.get("pop3")
        return Endpoints(self.my_smtp, self.web, smtp, pop3, others, shown_file(to_trust(self.config)))

    def _line_server(self, door: Door, listener: socket) -> LineServer:
        dialect, idle = door.dialect, self.config.idle_timeout
        limits = Limits(self._mail_cap, max(idle, PATIENT) if dialect.name == "pop3" else idle)
        return LineServer(
            listener,
            partial(self._open_dialog, dialect, Phrasebook()),
            protocol=dialect.name,
            bus=self.bus,
            session_ids=self._session_ids,
            limits=limits,
            crowd=self._crowd,
            tls=self._tls and replace(self._tls, at_once=door.at_once),
        )

    def _open_dialog(self, dialect: Dialect, phrases: Phrasebook, session_id: int, peer: str) -> Dialog:
        return Dialog(
            dialect,
            store=self.store,
            deliverer=self._deliverer,
            clock=time.monotonic,
            bus=self.bus,
            session_id=session_id,
            peer=peer,
            max_message_size=self.config.max_message_size,
            fixed_to_lines=self.config.framing == "lines",
            name=own_name(),
            tape=self.recorder.tape(session_id),
            check=partial(self._logins.check, peer) if self._logins else anybody,
            upgrades=self._tls is not None,
            login_first=self.config.require_login and dialect is SMTP,
            room=self._room,
            phrases=phrases,
        )

    def _tend(self) -> None:
        """Delete what is not to be kept, and let the store look after its mailboxes, from time to time."""
        if isinstance(self.store, Compacting):
            keeping = Keeping(self.store, self.bus, days=self.config.keep_days, last=self.config.keep_last)
            take_turns((keeping.look, self.store.tend), lambda: gevent.sleep(_TEND_EVERY / 2))

    def start(self) -> None:
        """Begin to serve."""
        for server in self._mail_servers:
            server.start()
        self._web_server.start()
        self._tending.start()
        if self._upkeep:
            self._upkeep.start()

    def stop(self, grace: float = GRACE) -> None:
        """Stop accepting, let messages under way finish for `grace` seconds, then end the rest and close the store."""
        self._tending.kill()
        gevent.joinall([gevent.spawn(server.stop, grace) for server in self._mail_servers])
        self._web_server.stop(timeout=1)
        if self._upkeep:
            self._upkeep.stop()
        self.store.close()
        self._worker.close()


def incoming_room(config: Config, store: MessageStore) -> Room:
    """Return the room for mails on their way in: any mail fits when it comes alone."""
    octets = max(config.max_incoming_size, config.max_message_size)
    return Room(octets, _INCOMING_MEMORY, store.spool, store.free) if isinstance(store, Spooling) else Room(octets)


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


def listen_on(host: str, *ports: Port) -> list[socket]:
    """Listen on all of these ports, or on none. Raises StartFailed."""
    listeners: list[socket] = []
    try:
        for port in ports:
            assert port != "off"
            listeners.append(listen(host, port))
    except StartFailed:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def address_of(listener: socket) -> tuple[str, int]:
    """Return the host and the port a socket listens on."""
    host, port = listener.getsockname()[:2]
    return host, port


@cache
def own_name() -> str:
    """Return what this machine calls itself, for greetings; nobody is asked for it but the machine."""
    name = gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,255}", name) else "localhost"


def connection_caps(wanted: int) -> tuple[int, int]:
    """Raise the limit of open files as far as this user may; share it: return the caps of mail and web connections.

    What is left over is for the mailbox files, so that a mail can always be written whoever else is connected.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS says "unlimited" and takes no such limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return wanted, _WEB_CONNECTIONS
    files, web = min(_FILES_OPEN, limit // 2), min(_WEB_CONNECTIONS, limit // 8)
    return max(1, min(wanted, (limit - files - web) * 3 // 4)), max(1, web)


def shown_folder(folder: Path) -> str:
    """Return a folder as its owner would type it from here, with a slash at its end."""
    try:
        return f"{folder.resolve().relative_to(Path.cwd())}/"
    except ValueError:
        return f"{folder}/"


def shown_file(path: Path | None) -> str:
    """Return a file as its owner would type it from here; nothing if there is none."""
    return "" if path is None else shown_folder(path).rstrip("/")


def own_command() -> str:
    """Return how a user of this very installation types `mysmtp` here."""
    beside = Path(sys.executable).with_name("mysmtp")
    if shutil.which("mysmtp"):
        return "mysmtp"
    if not beside.exists():
        return f"{Path(sys.executable).name} -m mysmtp"
    return shown_folder(beside).rstrip("/")


def _what_it_does(door: str) -> str:
    does = "hands it out" if door.startswith("pop3") else "takes mail"
    return f"{does}, inside TLS" if door.endswith("s") else does


def full_command() -> str:
    """Return how another program starts `mysmtp`, wherever it runs."""
    beside = Path(sys.executable).with_name("mysmtp")
    return str(beside) if beside.exists() else f"{sys.executable} -m mysmtp"


def greeting(office: PostOffice, seconds: float) -> str:
    """Return what is printed once the server serves: each endpoint, and one line to try."""
    port = f" --port {office.my_smtp[1]}" if office.my_smtp[1] != 2525 else ""
    host = f" --host {office.my_smtp[0]}" if office.my_smtp[0] != "127.0.0.1" else ""
    told = [
        *((endpoint(name, address), _what_it_does(name)) for name, address in office.doors.items()),
        (endpoint("http", office.web), "shows it"),
        (shown_folder(office.config.mailbox), "keeps it, one text file for each recipient"),
    ]
    if authority := shown_file(to_trust(office.config)):
        told.append((authority, "is what clients trust for TLS"))
    elif office.config.tls_cert:
        told.append((str(office.config.tls_cert), "is the certificate for TLS"))
    lines = [
        f"mysmtp {__version__}, ready after {seconds:.1f} s",
        *(f"  {what:<28}  {does}" for what, does in told),
        f'Send the first mail:  {own_command()} send{host}{port} --to bob@example.com "Hello Bob"',
        "Stop with Ctrl-C.",
    ]
    if office.config.durability == "os":
        lines.insert(1, "  DURABILITY OFF: 200 is said before the disk has the mail; a power cut loses mail.")
    return "\n".join(lines)


def _warn(config: Config) -> None:
    """Tell on the log of what a person might not have meant."""
    if passwords_travel_bare(config):
        log.warning("passwords can be read on their way to %s: there is no certificate, so no TLS", config.host)


def _attach_console(config: Config, bus: Bus) -> Console:
    console = open_console(config.log_level)
    gevent.get_hub().print_exception = HubReporter()
    if config.log_level == "debug":
        bus.attach(narrate, *NARRATED)
    elif config.log_level == "info":
        Narrator(bus, gevent.spawn_later)
    if config.wire:
        bus.attach(WirePrinter(), *WIRED)
    return console


def run(config: Config, started: float | None = None) -> int:
    """Serve until a signal, then drain; return the exit code. A second signal ends the process at once."""
    started = time.monotonic() if started is None else started
    hold_standard_descriptors()
    signalled = Event()
    # Held until the end: a watcher that is let go no longer watches.
    watchers = [gevent.signal_handler(number, _on_signal, signalled) for number in _stop_signals()]
    try:
        office = PostOffice(config)
    except StartFailed as fault:
        print(f"mysmtp: {fault}", file=sys.stderr)
        return 1
    console = _attach_console(config, office.bus)
    _warn(config)
    _spare_the_collector()
    office.start()
    with suppress(OSError):  # whoever started it may not listen
        print(greeting(office, time.monotonic() - started), flush=True)
    signalled.wait()
    log.info("stopping: messages under way get %d s to finish", GRACE)
    office.stop(GRACE)
    log.info("stopped")
    console.flush()
    for watcher in watchers:
        watcher.cancel()
    return 0


def _spare_the_collector() -> None:
    """Have the garbage collector look at what lives long once, and at mails, none of which is a cycle, less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)


def _stop_signals() -> list[int]:
    """The signals that end the process; a hang-up only if nobody (nohup) asked for it to be ignored."""
    hang_up = [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN else []
    return [signal.SIGINT, signal.SIGTERM, *hang_up]


def _on_signal(signalled: Event) -> None:
    if signalled.is_set():
        os._exit(130)
    signalled.set()
