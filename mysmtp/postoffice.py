"""The assembled process: the only place that wires parts together. Start, drain, stop.

The serving entry points patch before they import this; nothing else may import it.
"""

import gevent
from gevent import Greenlet
from gevent.threadpool import ThreadPool

from mysmtp.config import Config, endpoint
from mysmtp.contracts import MessageStore, Offload
from mysmtp.doors import Door, address_of, listen_on, mail_doors
from mysmtp.errors import StartFailed
from mysmtp.events import Bus, MailboxChanged, MessageStored
from mysmtp.keeping import Keeping, take_turns
from mysmtp.logins import Logins
from mysmtp.mailports import MailPorts
from mysmtp.means import connection_caps
from mysmtp.naming import full_command, own_command, own_name, shown_file, shown_folder
from mysmtp.powers import Compacting, Exclusive
from mysmtp.recorder import Recorder
from mysmtp.search.index import MailIndex
from mysmtp.search.upkeep import Upkeep
from mysmtp.securing import certificate_for, passwords_for, to_trust
from mysmtp.server import TlsOffer
from mysmtp.signals import HubSignal
from mysmtp.store import open_store
from mysmtp.web import Endpoints, Setup, create_app, serve_web
from mysmtp.web.governor import charging
from mysmtp.web.site import reachable
from mysmtp.worker import Worker

_DISK_THREADS = 8
_LOGINS = 2  # threads that check passwords
_HANDSHAKES = 1  # threads that work out those of TLS
_TEND_EVERY = 60.0  # seconds


class PostOffice:
    """One store, one bus, the mail ports and the web. `start` it, `stop` it; nothing is half-started in between.

    `doors` and `web` are where it listens. Raises StartFailed when it cannot have its folder, its ports or its files.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.bus = Bus()
        self.recorder = Recorder(self.bus, kept=config.sessions_kept, session_bytes=config.session_bytes)
        most_mail, most_web = connection_caps(config.max_connections)
        self._worker = Worker()
        self.store = _open_store(config, self._worker)
        doors = mail_doors(config)
        try:
            certificate, passwords = certificate_for(config, own_name()), passwords_for(config)
            wanted = {door.setting: door.port for door in doors} | {"web_port": config.web_port}
            *listeners, of_web = listen_on(config.host, wanted)
        except StartFailed:
            self.store.close()
            raise
        self.doors = {door.name: address_of(listener) for door, listener in zip(doors, listeners, strict=True)}
        self.web = address_of(of_web)
        ports = MailPorts(
            config,
            self.store,
            self.bus,
            self.recorder,
            logins=Logins(passwords.check, ThreadPool(_LOGINS).apply) if passwords else None,
            tls=TlsOffer(certificate.context, ThreadPool(_HANDSHAKES).apply) if certificate else None,
            most=most_mail,
        )
        self._mail_servers = [ports.server(*each) for each in zip(doors, listeners, strict=True)]
        self._index = MailIndex(self.store, offload=charging(ThreadPool(1).apply)) if config.search == "on" else None
        self._upkeep = Upkeep(self._index) if self._index else None
        if self._upkeep:
            self.bus.attach(self._upkeep.hear, MessageStored, MailboxChanged)
        self._web_server = serve_web(create_app(self._setup(doors)), of_web, connections=most_web)
        self._tending = Greenlet(self._tend)
        if isinstance(self.store, Exclusive):
            here = "::1" if ":" in self.web[0] else "127.0.0.1"
            self.store.announce(endpoint("http", reachable(self.web, here)))

    def start(self) -> None:
        """Begin to serve."""
        for server in self._mail_servers:
            server.start()
        self._web_server.start()
        self._tending.start()
        if self._upkeep:
            self._upkeep.start()

    def stop(self, grace: float) -> None:
        """Stop accepting, let messages under way finish for `grace` seconds, then end the rest and close the store."""
        self._tending.kill()
        gevent.joinall([gevent.spawn(server.stop, grace) for server in self._mail_servers])
        self._web_server.stop(timeout=1)
        if self._upkeep:
            self._upkeep.stop()
        self.store.close()
        self._worker.close()

    def _setup(self, doors: list[Door]) -> Setup:
        """Return what the pages are made of."""
        return Setup(
            self.store,
            self.bus,
            endpoints=self._endpoints(),
            recorder=self.recorder,
            dialects=[door.dialect for door in doors],
            allowed_hosts=self.config.allowed_host,
            mailbox_folder=shown_folder(self.config.mailbox),
            send_command=own_command(),
            index=self._index,
            full_command=full_command(),
            offload=charging(ThreadPool(2).apply),  # not the disk's threads: mail does not wait for pages
        )

    def _endpoints(self) -> Endpoints:
        others = {name: at for name, at in self.doors.items() if name not in ("my_smtp", "smtp", "pop3")}
        named = self.doors["my_smtp"], self.web, self.doors.get("smtp"), self.doors.get("pop3")
        return Endpoints(*named, others, shown_file(to_trust(self.config)))

    def _tend(self) -> None:
        """Delete what is not to be kept, and let the store look after its mailboxes, from time to time."""
        if isinstance(self.store, Compacting):
            keeping = Keeping(self.store, self.bus, days=self.config.keep_days, last=self.config.keep_last)
            take_turns((keeping.look, self.store.tend), lambda: gevent.sleep(_TEND_EVERY / 2))


def _open_store(config: Config, commit_offload: Offload) -> MessageStore:
    return open_store(
        f"file:{config.mailbox}",
        offload=charging(ThreadPool(_DISK_THREADS).apply),
        commit_offload=commit_offload,
        signal=HubSignal,
        durability=config.durability,
    )
