"""The application factory: wires routes, guards, faults, the live feed and the templates' few helpers together."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, g, request, url_for

from mysmtp import assets
from mysmtp.config import endpoint
from mysmtp.contracts import Gathering, Marking, MessageStore, Offload, run_here
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
    origins,
    pages,
    parts,
    printing,
    search_pages,
    session_pages,
)
from mysmtp.web.deeds import Deeds, deed_words
from mysmtp.web.governor import Governor
from mysmtp.web.outside import Outside
from mysmtp.web.panes import USUAL, width_of_list
from mysmtp.web.presenting import door_name, plain, size_words
from mysmtp.web.site import EXTENSION, Endpoints, Site, reachable, site, troubles_of
from mysmtp.web.squeeze import Squeeze
from mysmtp.web.templating import Application
from mysmtp.web.urls import MailboxConverter, MailIdConverter, mail_key

__all__ = ["Endpoints", "create_app"]

YEAR = 365 * 24 * 3600
SLOWEST_REFRESH = 60
_ROUTES = tuple(
    of.routes
    for of in (
        pages,
        guide,
        figures,
        exposition,
        search_pages,
        session_pages,
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


def create_app(
    store: MessageStore,
    bus: Bus,
    *,
    endpoints: Endpoints,
    allowed_hosts: Iterable[str] = (),
    mailbox_folder: str = "mailbox",
    send_command: str = "",
    full_command: str = "mysmtp",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    zone: tzinfo | None = None,
    offload: Offload = run_here,
    listeners: int = live.LISTENERS,
    heartbeat: float = live.HEARTBEAT,
    index: MailIndex | None = None,
    recorder: Recorder | None = None,
    dialects: Iterable[Dialect] = (),
    meter: Meter | None = None,
) -> Flask:
    """Make the application that shows `store`.

    `endpoints` are the running addresses; `allowed_hosts` are host names answered to besides localhost and addresses;
    `mailbox_folder` is shown to the user as it is; `send_command` is how they type `mysmtp`, empty if they cannot;
    `full_command` is that in full, for other programs;
    `now` (aware) and `zone` (None: this machine's) are for tests; `offload` takes mails apart where it stops nobody;
    `listeners` caps the pages that are kept up to date at once; each hears something every `heartbeat` seconds;
    `index` finds mail; without one there is no search; `recorder` has the sessions to show, and `dialects` are the
    protocols they speak (none: all there are);
    `meter` counts, and is made here if it is not given.
    """
    app = _application(offload)
    governor = Governor()
    bus.attach(governor.hear, SessionOpened, SessionClosed, MessageStored)
    recorder = recorder or Recorder(bus, kept=0)
    meter = meter or Meter(bus)
    news = live.Live(
        bus,
        recorder,
        listeners=listeners,
        heartbeat=heartbeat,
        watched=lambda: troubles_of(store),
        turn=governor.wait,
        ease=governor.ease,
        outside=Outside(store).look,
    )
    app.extensions[EXTENSION] = Site(
        store,
        bus,
        endpoints,
        mailbox_folder,
        news,
        governor,
        Deeds(),
        meter,
        exposition.registry_of(meter, lambda: troubles_of(store)),
        now,
        zone,
        send_command,
        offload,
        index,
        full_command=full_command,
        recorder=recorder,
        known=known(*dialects),
    )
    guard.install(app, frozenset(name.lower() for name in allowed_hosts))
    faults.install(app)
    for blueprint in (*_ROUTES, mail_pages.newest_routes, feed.blueprint(news)):
        app.register_blueprint(blueprint)
    _equip(app)
    return app


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


def _equip(app: Flask) -> None:
    """Give the templates what every page shows, and the responses their caching."""
    versions = _versions(Path(app.static_folder or ""))

    def static(name: str) -> str:
        return url_for("static", filename=name, v=versions.get(name))

    def common() -> dict[str, Any]:
        host = guard.host_of(request.environ.get("HTTP_HOST", "")) or ""
        endpoints = site().endpoints
        doors = {name: reachable(address, host) for name, address in endpoints.mail().items()}
        return {
            "static": static,
            "theme": request.cookies.get("theme", "auto"),
            "doors": [(door_name(name), endpoint("x", address)[4:]) for name, address in doors.items()],
            "to_trust": endpoints.to_trust,
            "mailbox_folder": site().mailbox_folder.rstrip("/") + "/",
            "here": here(),
            "asked": request.args.get("q", ""),
            "searchable": site().index is not None,
            "troubles": site().troubles(),
            "every": _every(),
            "last": g.get("last", ""),
            "told": _told(),
            "marks": isinstance(site().store, Marking),
            "split": width_of_list(),
            "usual_split": USUAL,
            "gathers": isinstance(site().store, Gathering),
            "key": mail_key,
            "single_keys": keys.are_on(),
            "keeps_sessions": site().recorder.kept > 0,
        }

    def remember_the_news() -> None:
        """Keep the id of the last news before anything is looked up: what comes later, the page is told of."""
        g.last = site().live.last_id

    app.before_request(remember_the_news)
    app.context_processor(common)
    app.jinja_env.filters.update(size=size_words, shown=plain)
    app.after_request(_caching)
    app.after_request(_refreshing)
    app.after_request(Squeeze())


def _told() -> dict[str, str] | None:
    """Return what to tell of the deed in this address: words, the token that undoes it, the row that came back."""
    token = request.args.get("done", "")
    deed = site().deeds.find(token)
    if deed is None:
        return None
    undo = token if deed.kind != "restored" and deed.count else ""
    row = origins.at(here()).row(deed.newest) if deed.kind == "restored" and deed.newest else ""
    return {"words": deed_words(deed), "undo": undo, "row": row}


def here(**extra: str) -> str:
    """Return this page's address without what was only said once (`done`) or chosen on the way (`every`)."""
    kept = [(key, value) for key, value in request.args.items(multi=True) if key not in ("done", "every")]
    query = urlencode([*kept, *extra.items()])
    return quote(request.path, safe="/@!$'()*,:;=~") + (f"?{query}" if query else "")


def _every() -> int | None:
    """Return the seconds after which a reader without JavaScript wants the page again."""
    text = request.args.get("every", "")
    return min(int(text), SLOWEST_REFRESH) if text.isascii() and text.isdigit() and 0 < len(text) < 4 else None


def _refreshing(response: Response) -> Response:
    seconds = _every()
    if seconds and response.mimetype == "text/html" and request.method == "GET" and response.status_code != 421:
        response.headers["Refresh"] = str(max(1, seconds))
    return response


def _caching(response: Response) -> Response:
    """A static file's address holds its version, so it may be kept; one asked for without is asked for again."""
    if request.endpoint == "static" and response.status_code in (200, 304):
        if request.args.get("v"):
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        else:
            response.headers["Cache-Control"] = "no-cache"
    return response


def _versions(folder: Path) -> dict[str, str]:
    files = (path for path in folder.iterdir() if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10] for path in files}
