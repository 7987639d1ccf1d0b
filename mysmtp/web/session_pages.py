"""The pages of sessions: the list, one session, two side by side. Nothing is changed here.

Routes only: they ask the recorder, hand what it says to the presenting modules, and pick the template.
"""

import re
import time
from functools import lru_cache

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from mysmtp.inspector.compare import side_by_side
from mysmtp.inspector.lines import Place, lines_from
from mysmtp.inspector.protocols import LABELS, Known
from mysmtp.inspector.study import Study, first_state
from mysmtp.tape import Tape
from mysmtp.web import presenting_sessions as lists
from mysmtp.web.faults import NoSuchSession
from mysmtp.web.presenting_beside import Beside, beside_of
from mysmtp.web.presenting_lanes import Lane
from mysmtp.web.presenting_session import View, view_of
from mysmtp.web.presenting_transcript import Asked
from mysmtp.web.site import site

routes = Blueprint("sessions", __name__)

_LINE = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?", re.ASCII)


@routes.get("/sessions")
def index() -> Response:
    """Show every session that is kept, the newest first; its list only if a page that is open asks for `news`."""
    news = request.args.get("news") == "1"
    if news:
        return site().shared.answer(lambda: _index(news=True), site().live.told(0))
    return Response(_index(news=False))


def _index(*, news: bool) -> str:
    recorder, known, clock = site().recorder, site().known, site().clock()
    wanted = wanted_of()

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
    tape, known = tape_of(session)
    asked = Asked(
        place_of("from"),
        number_of("step"),
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
    g.settled = tape.ended is not None

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
    tape_of(session)
    other = number_of("other")
    if other is None:
        raise BadRequest("Which session beside this one? Give its number.")
    return redirect(url_for("sessions.beside", session=session, other=other), 303)


@routes.get("/sessions/<int:session>/beside/<int:other>")
def beside(session: int, other: int) -> str:
    """Show two sessions side by side."""
    (left, left_known), (right, right_known) = tape_of(session), tape_of(other)
    lines = []
    for tape, known in ((left, left_known), (right, right_known)):
        entries = tape.entries()
        lines.append(lines_from(entries, first_state(entries, known)))
    pairs = site().offload(lambda: side_by_side(*(each[: Beside.MOST] for each in lines)))
    partly = any(len(each) > Beside.MOST for each in lines)
    g.settled = left.ended is not None and right.ended is not None
    return render_template("beside.html", left=left, right=right, view=beside_of(pairs, partly=partly))


def tape_of(session: int) -> tuple[Tape, Known]:
    """Return the tape of a session and its protocol. Raises NoSuchSession."""
    tape = site().recorder.find(session)
    known = site().known.get(tape.protocol) if tape else None
    if tape is None or known is None:
        raise NoSuchSession(session)
    return tape, known


def number_of(name: str) -> int | None:
    """Return a number that the address holds, None if it does not. Raises BadRequest."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest(f"{name} is a number.")
    return int(text)


def place_of(name: str) -> Place | None:
    """Return where a line stands whose name the address holds, None if it does not. Raises BadRequest."""
    text = request.args.get(name, "")
    if not text:
        return None
    found = _LINE.fullmatch(text)
    if found is None:
        raise BadRequest(f"{name} is the number of a line, such as 12 or 12.1.")
    return int(found[1]), int(found[2] or 0)


def wanted_of() -> lists.Wanted:
    """Return which sessions the address asks for."""
    asked = request.args
    protocol, state = asked.get("protocol", ""), asked.get("state", "")
    unknown = [f"protocol {protocol[:40]}"] if protocol and protocol not in LABELS else []
    unknown += [f"state {state[:40]}"] if state not in dict(lists.STATES) else []
    return lists.Wanted(
        protocol=protocol if protocol in LABELS else "",
        state=state if state in dict(lists.STATES) else "",
        errors=asked.get("errors") == "1",
        address=asked.get("address", "")[:200],
        before=number_of("before"),
        unknown=tuple(unknown),
    )


def _keep(asked: Asked) -> dict[str, str]:
    """Return what every link of a session's page carries on."""
    return {key: "1" for key, is_set in (("hex", asked.hex), ("whole", asked.whole)) if is_set}
