"""What the pages share: the store, the running addresses, the clock, and what can still be undone.

Made once by `create_app`; the routes fetch it with `site()`. Knows nothing of templates or of HTTP's details.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final

from flask import current_app
from prometheus_client import CollectorRegistry

from mysmtp.contracts import MessageStore, Offload, run_here
from mysmtp.events import Bus
from mysmtp.inspector.protocols import Known, known
from mysmtp.metrics import Meter
from mysmtp.powers import Watchful
from mysmtp.recorder import Recorder
from mysmtp.search.index import MailIndex
from mysmtp.text import clipped
from mysmtp.web.beginnings import Beginnings
from mysmtp.web.deeds import Deeds
from mysmtp.web.governor import Governor
from mysmtp.web.live import Live
from mysmtp.web.opening import Opening
from mysmtp.web.presenting import Clock, plain
from mysmtp.web.sharing import Shared
from mysmtp.web.studying import Studies
from mysmtp.web.surveys import Surveys

EXTENSION: Final = "mysmtp"
LONGEST_TROUBLE: Final = 300  # characters of it that are shown
WILDCARDS: Final = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where this process really listens, each as (host, port), None where it does not.

    `others` are further mail ports, by the names they have in URLs; `to_trust` is the file that clients of TLS need.
    """

    my_smtp: tuple[str, int]
    web: tuple[str, int]
    smtp: tuple[str, int] | None = None
    pop3: tuple[str, int] | None = None
    others: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    to_trust: str = ""

    def mail(self) -> Mapping[str, tuple[str, int]]:
        """Return the ports for programs that are open, by the names they have in URLs."""
        named = {"my_smtp": self.my_smtp, "smtp": self.smtp, "pop3": self.pop3, **self.others}
        return {name: address for name, address in named.items() if address is not None}


def reachable(endpoint: tuple[str, int], asked_host: str) -> tuple[str, int]:
    """Return an endpoint as a reader can use it: for "every address" that is the host their browser already reached."""
    host, port = endpoint
    return (asked_host if host in WILDCARDS and asked_host else host, port)


@dataclass(frozen=True, slots=True)
class Site:
    """All that a route needs besides its request. `secret` signs the addresses at which a mail's page finds images.

    `index` finds mail; without one there is no search. `registry` is what /metrics tells.
    """

    store: MessageStore
    bus: Bus
    endpoints: Endpoints
    mailbox_folder: str
    live: Live
    governor: Governor
    deeds: Deeds
    meter: Meter
    registry: CollectorRegistry
    now: Callable[[], datetime]
    zone: tzinfo | None = None
    send_command: str = ""
    offload: Offload = run_here
    index: MailIndex | None = None
    surveys: Surveys = field(default_factory=Surveys)
    beginnings: Beginnings = field(init=False)
    opening: Opening = field(init=False)
    studies: Studies = field(default_factory=Studies)
    shared: Shared = field(default_factory=Shared)
    full_command: str = "mysmtp"
    recorder: Recorder = field(default_factory=lambda: Recorder(Bus(), kept=0))
    known: Mapping[str, Known] = field(default_factory=known)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "beginnings", Beginnings(self.store, self.offload))
        object.__setattr__(self, "opening", Opening(self.store, self.offload))

    def clock(self) -> Clock:
        """Return the clock to present one page with."""
        return Clock(self.now(), self.zone)

    def troubles(self) -> tuple[str, ...]:
        """Return what is wrong with the store now, each trouble as one line fit to be shown."""
        return troubles_of(self.store)


def troubles_of(store: MessageStore) -> tuple[str, ...]:
    """Return the troubles of a store, each as one line fit to be shown; none of a store that watches nothing."""
    if not isinstance(store, Watchful):
        return ()
    return tuple(plain(clipped(line, LONGEST_TROUBLE)) for line in store.troubles())


def site() -> Site:
    """Return what the application of this request was made with."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Site)
    return found
