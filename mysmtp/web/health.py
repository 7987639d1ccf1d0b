"""Two answers for those who watch over the server: that the process serves, and whether all is well. Plain text.

`/livez` asks nobody anything. `/readyz` asks the store for its troubles: one line each, with status 503.
"""

from typing import Final

from flask import Blueprint, Response

from mysmtp.web.site import site

PATHS: Final = frozenset({"/livez", "/readyz", "/metrics"})  # asked by who watches over the server

routes = Blueprint("health", __name__)


@routes.route("/livez", methods=["GET", "HEAD"], provide_automatic_options=False)
def alive() -> Response:
    """Say that the process serves."""
    return Response("ok\n", mimetype="text/plain")


@routes.route("/readyz", methods=["GET", "HEAD"], provide_automatic_options=False)
def ready() -> Response:
    """Say that all is well, or what is not: one line a trouble."""
    lines = site().troubles()
    text = "".join(f"{line}\n" for line in lines or ("ready",))
    return Response(text, 503 if lines else 200, mimetype="text/plain")
