"""The pages of sessions: the list, one session, two side by side, and what can be taken along. Nothing is changed here.

Routes only: they ask the recorder, hand what it says to the presenting modules, and pick the template.
"""

import json
import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from mysmtp.config import endpoint
from mysmtp.inspector import export
from mysmtp.inspector.compare import side_by_side
from mysmtp.inspector.lines import lines_from
from mysmtp.inspector.protocols import LABELS, Known
from mysmtp.inspector.study import Study, first_state
from mysmtp.tape import Tape
from mysmtp.web import presenting_sessions as lists
from mysmtp.web.faults import NoSuchSession
from mysmtp.web.guard import host_of
from mysmtp.web.presenting_beside import Beside, beside_of
from mysmtp.web.presenting_lanes import Lane
from mysmtp.web.presenting_session import View, view_of
from mysmtp.web.presenting_transcript import Asked
from mysmtp.web.site import reachable, site

routes = Blueprint("sessions", __name__)


@routes.get("/sessions")
def index() -> Response:
    """Show every session that is kept, the newest first; its list only if a page that is open asks for `news`."""
    news = request.args.get("news") == "1"
    return (
        site().shared.answer(lambda: _index(news=True), site().live.told(0)) if news else Response(_index(news=False))
    )


def _index(*, news: bool) -> str:
    recorder, known, clock = site().recorder, site().known, site().clock()
    wanted = _wanted()

    def find() -> lists.Found:
        return lists.find(recorder.tapes(), wanted, known)

    found = site().offload(find) if wanted.address else find()
    return render_template(
        "sessions.html",
        base=_base(news=news),
        rows=[lists.row_of(tape, known, clock) for tape in found.tapes],
        found=found,
        wanted=wanted,
        open=recorder.open,
        opened=recorder.opened,
        started=clock.when(recorder.started, ""),
        protocols=[(name, label) for name, label in LABELS.items() if name in known],
        states=lists.STATES,
    )


@routes.get("/sessions/<int:session>")
def show(session: int) -> Response:
    """Show one session, line by line; the lines after those that are there if a page that is open asks for `news`."""
    tape, known = _tape(session)
    asked = Asked(
        _number("from"),
        _number("step"),
        hex=request.args.get("hex") == "1",
        whole=request.args.get("whole") == "1",
        news=request.args.get("news") == "1",
    )
    if asked.news:
        return site().shared.answer(
            lambda: _show(tape, site().studies.of(tape, known), asked), site().live.told(session)
        )
    return Response(_show(tape, site().offload(lambda: Study(known).read(tape)), asked))


def _show(tape: Tape, study: Study, asked: Asked) -> str:
    clock = site().clock()

    def look() -> View:
        return view_of(tape, study, clock, asked, time.monotonic())

    view = look() if asked.news else site().offload(look)
    return render_template(
        "session.html", view=view, wish=asked, keep=_keep(asked), base=_base(news=asked.news),
        drawn=lambda lane: _drawn(lane, view.lanes, view.guides),
    )  # fmt: skip


def _base(*, news: bool) -> str:
    return "news.html" if news else "base.html"


@lru_cache(1024)
def _drawn(lane: Lane, lanes: int, guides: tuple[str, str]) -> Markup:
    """Return a piece of the stepped line as it is drawn; there are few that differ."""
    drawn: Markup = current_app.jinja_env.get_template("_session.html").module.lane_of(lane, lanes, guides)  # type: ignore[attr-defined]
    return drawn


@routes.get("/sessions/<int:session>/beside")
def choose_beside(session: int) -> AnyResponse:
    """Go to the page of two sessions; the other one is asked for in a form."""
    _tape(session)
    other = _number("other")
    if other is None:
        raise BadRequest("Which session beside this one? Give its number.")
    return redirect(url_for("sessions.beside", session=session, other=other), 303)


@routes.get("/sessions/<int:session>/beside/<int:other>")
def beside(session: int, other: int) -> str:
    """Show two sessions side by side."""
    (left, left_known), (right, right_known) = _tape(session), _tape(other)
    lines = []
    for tape, known in ((left, left_known), (right, right_known)):
        entries = tape.entries()
        lines.append(lines_from(entries, first_state(entries, known))[: Beside.MOST])
    pairs = site().offload(lambda: side_by_side(*lines))
    return render_template("beside.html", left=left, right=right, view=beside_of(pairs))


@routes.get("/sessions/<int:session>.txt")
def as_text(session: int) -> Response:
    """Return a session as text to read."""
    tape, known = _tape(session)
    return _plain(site().offload(lambda: export.text(tape, known)))


@routes.get("/sessions/<int:session>.wire")
def as_wire(session: int) -> Response:
    """Return a session as a conversation that can be played again."""
    tape, known = _tape(session)
    return _plain(site().offload(lambda: export.conversation(tape, known)))


@routes.get("/sessions/<int:session>.swaks")
def as_swaks(session: int) -> Response:
    """Return commands that send the mails of a session again."""
    tape, _ = _tape(session)
    doors = site().endpoints.mail()
    server = doors.get("lmtp" if tape.protocol == "lmtp" else "smtp", ("127.0.0.1", 1025))
    return _plain(export.swaks(tape, reachable(server, host_of(request.environ["HTTP_HOST"]) or "")))


@routes.get("/sessions/<int:session>.json")
def as_json(session: int) -> Response:
    """Return a session as JSON, from an entry on if `after` says so."""
    tape, _ = _tape(session)
    first = (_number("after") or 0) + 1
    return _json(site().offload(lambda: export.as_json(tape, first)))


@routes.get("/sessions.json")
def index_json() -> Response:
    """Return the facts of every session that is kept, the newest first; of open and `recent` ones if that is asked."""
    wanted, recent, recorder, known = _wanted(), _number("recent"), site().recorder, site().known
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


def _tape(session: int) -> tuple[Tape, Known]:
    tape = site().recorder.find(session)
    known = site().known.get(tape.protocol) if tape else None
    if tape is None or known is None:
        raise NoSuchSession(session)
    return tape, known


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest(f"{name} is a number.")
    return int(text)


def _wanted() -> lists.Wanted:
    asked = request.args
    protocol, state = asked.get("protocol", ""), asked.get("state", "")
    unknown = [f"protocol {protocol[:40]}"] if protocol and protocol not in LABELS else []
    unknown += [f"state {state[:40]}"] if state not in dict(lists.STATES) else []
    return lists.Wanted(
        protocol=protocol if protocol in LABELS else "",
        state=state if state in dict(lists.STATES) else "",
        errors=asked.get("errors") == "1",
        address=asked.get("address", "")[:200],
        before=_number("before"),
        unknown=tuple(unknown),
    )


def _keep(asked: Asked) -> dict[str, str]:
    """Return what every link of a session's page carries on."""
    return {key: "1" for key, is_set in (("hex", asked.hex), ("whole", asked.whole)) if is_set}


def _plain(text: str) -> Response:
    return Response(text.encode("utf-8", "replace"), mimetype="text/plain")


def _json(value: object) -> Response:
    return Response(json.dumps(value, separators=(",", ":")), mimetype="application/json")
