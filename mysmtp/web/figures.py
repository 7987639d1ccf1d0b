"""The page of figures: what happened in the last minutes, hour or day, and what lies where. Nothing is changed here."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest

from mysmtp.metrics import SPANS
from mysmtp.web import presenting_figures as figures
from mysmtp.web.presenting import plain
from mysmtp.web.site import site

routes = Blueprint("figures", __name__)


@routes.get("/figures")
def show() -> str:
    """Show the figures of a span: ``span=hour``."""
    asked = request.args.get("span", SPANS[0].key)
    span = next((each for each in SPANS if each.key == asked), None)
    if span is None:
        raise BadRequest(f"span={plain(asked[:40])}: minutes, hour or day.")
    meter, clock = site().meter, site().clock()
    slots = meter.look_back(span)
    return render_template(
        "figures.html",
        span=span,
        spans=SPANS,
        plots=figures.plots_of(span, slots, clock),
        bars=(figures.sizes_of(span, slots, clock), figures.boxes_of(site().store.mailboxes())),
        now=clock.time(clock.now),
        started=clock.when(datetime.fromtimestamp(meter.started, UTC), ""),
        totals=figures.sum_words(meter.totals(), sum(meter.sessions.values())),
    )
