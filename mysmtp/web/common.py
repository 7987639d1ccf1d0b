"""What every page shows, and what every response carries: its caching, and when a page is wanted again."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, g, request, url_for

from mysmtp.config import endpoint
from mysmtp.powers import Gathering, Marking
from mysmtp.web import guard, keys, origins
from mysmtp.web.deeds import deed_words
from mysmtp.web.panes import USUAL, width_of_list
from mysmtp.web.presenting import door_name, plain, size_words, unparted
from mysmtp.web.site import reachable, site
from mysmtp.web.squeeze import Squeeze
from mysmtp.web.urls import mail_key

YEAR = 365 * 24 * 3600
SLOWEST_REFRESH = 60


def equip(app: Flask) -> None:
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
            "settled": g.get("settled", False),  # a page that will not change
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
    app.jinja_env.filters.update(size=size_words, shown=plain, unparted=unparted)
    app.after_request(_caching)
    app.after_request(_refreshing)
    app.after_request(Squeeze())


def _told() -> dict[str, str] | None:
    """Return what to tell of the deed in this address: words, the token that undoes it, the row an undo was of."""
    token = request.args.get("done", "")
    deed = site().deeds.find(token)
    if deed is None:
        return None
    undo = token if deed.kind != "restored" and deed.count else ""
    row = origins.at(here()).row(deed.newest) if deed.undoes and deed.newest else ""
    return {"words": deed_words(deed), "undo": undo, "row": row}


def here(**extra: str) -> str:
    """Return this page's address without what was only said once (`done`) or chosen on the way (`every`)."""
    kept = [(key, value) for key, value in request.args.items(multi=True) if key not in ("done", "every")]
    query = urlencode([*kept, *extra.items()])
    return quote(request.path, safe="/@!$'()*,:;=~") + (f"?{query}" if query else "")


def _every() -> int | None:
    """Return the seconds after which a reader without JavaScript wants the page again, where it may be another."""
    if g.get("settled"):
        return None
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
