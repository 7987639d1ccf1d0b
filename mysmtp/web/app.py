"""The application factory: wires routes, guards, faults, the live feed and what every page shows together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from flask import Flask

from mysmtp import assets
from mysmtp.contracts import MessageStore, Offload, run_here
from mysmtp.events import Bus, MessageStored, SessionClosed, SessionOpened
from mysmtp.inspector.protocols import known
from mysmtp.metrics import Meter
from mysmtp.protocol.dialect import Dialect
from mysmtp.recorder import Recorder
from mysmtp.search.index import MailIndex
from mysmtp.web import (
    actions,
    actions_across,
    choices,
    exposition,
    faults,
    feed,
    figures,
    guard,
    guide,
    health,
    housekeeping,
    keys,
    live,
    mail_pages,
    pages,
    parts,
    printing,
    search_pages,
    session_exports,
)
from mysmtp.web.common import equip
from mysmtp.web.deeds import Deeds
from mysmtp.web.governor import Governor
from mysmtp.web.outside import Outside
from mysmtp.web.site import EXTENSION, Endpoints, Site, troubles_of
from mysmtp.web.templating import Application
from mysmtp.web.urls import MailboxConverter, MailIdConverter

_ROUTES = tuple(
    of.routes
    for of in (
        pages,
        guide,
        figures,
        exposition,
        search_pages,
        session_exports,
        mail_pages,
        parts,
        printing,
        actions,
        actions_across,
        choices,
        keys,
        housekeeping,
        health,
    )
)


@dataclass(frozen=True, slots=True)
class Setup:
    """What the pages are made of, and how they are to be.

    `endpoints` are the running addresses; `allowed_hosts` are host names answered to besides localhost and addresses;
    `mailbox_folder` is shown to the user as it is; `send_command` is how they type `mysmtp`, empty if they cannot;
    `full_command` is that in full, for other programs; `now` (aware) and `zone` (None: this machine's) are for tests;
    `offload` takes mails apart where it stops nobody; `listeners` caps the pages that are kept up to date at once, each
    hears something every `heartbeat` seconds; `index` finds mail, without one there is no search; `recorder` has the
    sessions to show, and `dialects` are the protocols they speak (none: all there are); `meter` counts, and is made if
    it is not given.
    """

    store: MessageStore
    bus: Bus
    endpoints: Endpoints
    allowed_hosts: Iterable[str] = ()
    mailbox_folder: str = "mailbox"
    send_command: str = ""
    full_command: str = "mysmtp"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    zone: tzinfo | None = None
    offload: Offload = run_here
    listeners: int = live.LISTENERS
    heartbeat: float = live.HEARTBEAT
    index: MailIndex | None = None
    recorder: Recorder | None = None
    dialects: Iterable[Dialect] = ()
    meter: Meter | None = None


def create_app(setup: Setup) -> Flask:
    """Make the application that shows a store."""
    app = _application(setup.offload)
    made = _site(setup)
    app.extensions[EXTENSION] = made
    guard.install(app, frozenset(name.lower() for name in setup.allowed_hosts))
    faults.install(app)
    for blueprint in (*_ROUTES, mail_pages.newest_routes, feed.blueprint(made.live)):
        app.register_blueprint(blueprint)
    equip(app)
    return app


def _site(setup: Setup) -> Site:
    """Make what the pages share."""
    store, bus, governor = setup.store, setup.bus, Governor()
    bus.attach(governor.hear, SessionOpened, SessionClosed, MessageStored)
    recorder, meter = setup.recorder or Recorder(bus, kept=0), setup.meter or Meter(bus)
    news = live.Live(
        bus,
        recorder,
        listeners=setup.listeners,
        heartbeat=setup.heartbeat,
        watched=lambda: troubles_of(store),
        turn=governor.wait,
        ease=governor.ease,
        outside=Outside(store).look,
    )
    return Site(
        store,
        bus,
        setup.endpoints,
        setup.mailbox_folder,
        news,
        governor,
        Deeds(),
        meter,
        exposition.registry_of(meter, lambda: troubles_of(store)),
        setup.now,
        setup.zone,
        setup.send_command,
        setup.offload,
        setup.index,
        full_command=setup.full_command,
        recorder=recorder,
        known=known(*setup.dialects),
    )


def _application(offload: Offload) -> Application:
    """Make one that knows our folders, limits and kinds of address, and has no routes yet."""
    app = Application(
        "mysmtp.web", template_folder=str(assets.folder("templates")), static_folder=str(assets.folder("static"))
    )
    app.config.update(MAX_CONTENT_LENGTH=guard.LARGEST_FORM, MAX_FORM_MEMORY_SIZE=guard.LARGEST_FORM)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    app.jinja_env.offload = offload
    app.url_map.merge_slashes = False
    app.url_map.converters.update(mailbox=MailboxConverter, mail_id=MailIdConverter)
    return app
