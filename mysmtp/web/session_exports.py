"""What can be taken along of sessions: text, a conversation to play again, a swaks command, JSON of one and of all."""

import json
from datetime import datetime, timedelta
from typing import Any

from flask import Response, request
from werkzeug.exceptions import BadRequest

from mysmtp.config import endpoint
from mysmtp.inspector import export
from mysmtp.tape import Tape
from mysmtp.web import presenting_sessions as lists
from mysmtp.web.guard import host_of
from mysmtp.web.session_pages import number_of, routes, tape_of, wanted_of
from mysmtp.web.site import reachable, site

__all__ = ["routes"]


@routes.get("/sessions/<int:session>.txt")
def as_text(session: int) -> Response:
    """Return a session as text to read."""
    tape, known = tape_of(session)
    return _plain(site().offload(lambda: export.text(tape, known)))


@routes.get("/sessions/<int:session>.wire")
def as_wire(session: int) -> Response:
    """Return a session as a conversation that can be played again."""
    tape, known = tape_of(session)
    return _plain(site().offload(lambda: export.conversation(tape, known)))


@routes.get("/sessions/<int:session>.swaks")
def as_swaks(session: int) -> Response:
    """Return commands that send the mails of a session again."""
    tape, _ = tape_of(session)
    return _plain(export.swaks(tape, _server_for(tape.protocol)))


def _server_for(protocol: str) -> export.Server | None:
    """Return where swaks can send what came by this protocol, None if no such port is open."""
    doors, host = site().endpoints.mail(), host_of(request.environ["HTTP_HOST"]) or ""
    for name in ("lmtp",) if protocol == "lmtp" else ("smtp", "smtps"):
        if name in doors:
            return export.Server(*reachable(doors[name], host), at_once=name == "smtps")
    return None


@routes.get("/sessions/<int:session>.json")
def as_json(session: int) -> Response:
    """Return a session as JSON, from an entry on if `after` says so."""
    tape, _ = tape_of(session)
    first = (number_of("after") or 0) + 1
    return _json(site().offload(lambda: export.as_json(tape, first)))


@routes.get("/sessions.json")
def index_json() -> Response:
    """Return the facts of every session that is kept, the newest first; of open and `recent` ones if that is asked."""
    wanted, recent, recorder, known = wanted_of(), number_of("recent"), site().recorder, site().known
    if wanted.unknown:
        raise BadRequest(f"There is no {' and no '.join(wanted.unknown)}.")
    since = site().now() - timedelta(seconds=recent) if recent is not None else None

    def look() -> tuple[lists.Found, list[dict[str, Any]]]:
        tapes = [tape for tape in recorder.tapes() if since is None or _still_open(tape, since)]
        found = lists.find(tapes, wanted, known)
        return found, [{**export.facts(tape), "words": lists.words_of(tape, tape.entries())} for tape in found.tapes]

    found, sessions = site().offload(look)
    return _json({
        "started": recorder.started.isoformat(), "open": recorder.open, "opened": recorder.opened,
        "older": found.older, "ports": _ports(), "sessions": sessions,
    })  # fmt: skip


def _still_open(tape: Tape, moment: datetime) -> bool:
    return tape.ended is None or tape.began + timedelta(seconds=tape.ended) >= moment


def _ports() -> dict[str, str]:
    """Return the mail ports as a reader can use them, by the names they have in URLs."""
    host = host_of(request.environ["HTTP_HOST"]) or ""
    return {name: endpoint(name, reachable(door, host)) for name, door in site().endpoints.mail().items()}


def _plain(text: str) -> Response:
    return Response(text.encode("utf-8", "replace"), mimetype="text/plain")


def _json(value: object) -> Response:
    return Response(json.dumps(value, separators=(",", ":")), mimetype="application/json")
