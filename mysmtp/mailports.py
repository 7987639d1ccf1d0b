"""The mail ports of a post office: a server for each door, and what all their sessions share."""

import itertools
import time
from dataclasses import replace
from functools import partial
from socket import socket

from mysmtp.config import Config
from mysmtp.contracts import MessageStore, Spooling
from mysmtp.crowd import Crowd
from mysmtp.delivery import LocalDelivery
from mysmtp.doors import Door
from mysmtp.events import Bus
from mysmtp.logins import Logins
from mysmtp.naming import own_name
from mysmtp.protocol.dialect import Dialect, anybody
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.phrases import Phrasebook
from mysmtp.protocol.pop3 import PATIENT
from mysmtp.protocol.room import Room
from mysmtp.protocol.smtp import SMTP
from mysmtp.recorder import Recorder
from mysmtp.server import Limits, LineServer, TlsOffer

_INCOMING_MEMORY = 64 * 1024**2  # octets of mails on their way in that are in memory; the others are on the disk


class MailPorts:
    """Makes the servers. `logins` None: anybody may come in; `tls` None: none is offered; `most` connect at once."""

    def __init__(
        self,
        config: Config,
        store: MessageStore,
        bus: Bus,
        recorder: Recorder,
        *,
        logins: Logins | None,
        tls: TlsOffer | None,
        most: int,
    ) -> None:
        self._config = config
        self._store = store
        self._bus = bus
        self._recorder = recorder
        self._logins = logins
        self._tls = tls
        self._most = most
        self._session_ids = itertools.count(1)
        self._crowd = Crowd(most, config.max_per_address)
        self._room = incoming_room(config, store)
        self._deliverer = LocalDelivery(store, bus)

    def server(self, door: Door, listener: socket) -> LineServer:
        """Return what serves a door on a socket that listens."""
        dialect, idle = door.dialect, self._config.idle_timeout
        return LineServer(
            listener,
            partial(self._open_dialog, dialect, Phrasebook()),
            protocol=dialect.name,
            bus=self._bus,
            session_ids=self._session_ids,
            limits=Limits(self._most, max(idle, PATIENT) if dialect.name == "pop3" else idle),
            crowd=self._crowd,
            tls=self._tls and replace(self._tls, at_once=door.at_once),
        )

    def _open_dialog(self, dialect: Dialect, phrases: Phrasebook, session_id: int, peer: str) -> Dialog:
        return Dialog(
            dialect,
            store=self._store,
            deliverer=self._deliverer,
            clock=time.monotonic,
            bus=self._bus,
            session_id=session_id,
            peer=peer,
            max_message_size=self._config.max_message_size,
            fixed_to_lines=self._config.framing == "lines",
            name=own_name(),
            tape=self._recorder.tape(session_id),
            check=partial(self._logins.check, peer) if self._logins else anybody,
            upgrades=self._tls is not None,
            login_first=self._config.require_login and dialect is SMTP,
            room=self._room,
            phrases=phrases,
        )


def incoming_room(config: Config, store: MessageStore) -> Room:
    """Return the room for mails on their way in: any mail fits when it comes alone."""
    octets = max(config.max_incoming_size, config.max_message_size)
    return Room(octets, _INCOMING_MEMORY, store.spool, store.free) if isinstance(store, Spooling) else Room(octets)
