"""What a reader chooses for all pages: light or dark, and mails on a page or beside their list. Each is a cookie.

Each is a POST of a page of ours, answered with 303 to the page where it was chosen.
"""

from flask import Blueprint, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from mysmtp.web.panes import COOKIE, OFF, WIDTHS
from mysmtp.web.urls import local_path

THEMES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600

routes = Blueprint("choices", __name__)


@routes.post("/split")
def split() -> Response:
    """Remember whether mails open beside the list, and how wide that is."""
    wanted = request.form.get("split", "")
    if wanted not in (OFF, *WIDTHS):
        raise BadRequest(f"split: off, or how many hundredths the list takes, {WIDTHS[0]} to {WIDTHS[-1]} by fives.")
    return _remembered(COOKIE, wanted)


@routes.post("/theme")
def theme() -> Response:
    """Remember the choice of light or dark."""
    wanted = request.form.get("theme", "")
    if wanted not in THEMES:
        raise BadRequest("theme: auto, light or dark.")
    return _remembered("theme", wanted)


def _remembered(cookie: str, value: str) -> Response:
    response = redirect(local_path(request.form.get("back", "/")), 303)
    response.set_cookie(cookie, value, max_age=YEAR, httponly=True, samesite="Lax")
    return response
