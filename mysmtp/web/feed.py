"""The address at which open pages listen for news."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from mysmtp.web.guard import of_another_site
from mysmtp.web.leaving import WHEN_GONE
from mysmtp.web.live import Live


def blueprint(live: Live) -> Blueprint:
    """Return the route of the feed."""
    routes = Blueprint("live", __name__)

    @routes.get("/live")
    def feed() -> Response:
        """Stream the news."""
        if of_another_site(request.headers):
            raise Forbidden
        headers = {"X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(b"", mimetype="text/event-stream", headers=headers)
        last = request.headers.get("Last-Event-ID") or request.args.get("last", "")
        asked = request.args.get("session", "")
        session = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
        mails = request.args.get("mails", "1" if session is None else "0") != "0"
        stream = live.listen(last, session, mails=mails)
        when_gone = request.environ.get(WHEN_GONE)
        if when_gone is not None:
            when_gone(stream.end)
        return Response(stream, mimetype="text/event-stream", headers=headers)

    return routes
