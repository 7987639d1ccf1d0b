"""Pages and static files are sent compressed to browsers that take that: a list of mails shrinks to a tenth.

Nothing that a page holds is secret from who asks for it, so its length gives nothing away.
"""

import gzip
from collections import OrderedDict

from flask import Response, request

KINDS = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"})
LEAST = 1400  # octets that fit into one packet as they are
LEVEL = 4  # of zlib: more costs twice the time and saves a fiftieth
MOST = 2 << 20  # octets that are compressed while others wait
KEPT = 32  # static files that are kept compressed


class Squeeze:
    """Compresses the responses of an application."""

    def __init__(self) -> None:
        self._static: OrderedDict[str, bytes] = OrderedDict()

    def __call__(self, response: Response) -> Response:
        """Return a response compressed, where that is wanted and worth it."""
        if response.mimetype not in KINDS or response.status_code != 200 or request.blueprint == "parts":
            return response
        response.vary.add("Accept-Encoding")
        if response.headers.get("Content-Encoding") or not request.accept_encodings["gzip"]:
            return response
        if request.endpoint == "static":
            response.direct_passthrough = False
        if response.is_streamed and request.endpoint != "static":
            return response
        octets = response.get_data()
        if not LEAST <= len(octets) <= MOST:
            return response
        response.set_data(self._squeezed(octets))
        response.headers["Content-Encoding"] = "gzip"
        if etag := response.get_etag()[0]:
            response.set_etag(f"{etag}-gzip")
        return response

    def _squeezed(self, octets: bytes) -> bytes:
        if request.endpoint != "static" or not request.args.get("v"):
            return gzip.compress(octets, LEVEL, mtime=0)
        key = request.full_path
        if key not in self._static:
            self._static[key] = gzip.compress(octets, mtime=0)
            while len(self._static) > KEPT:
                self._static.popitem(last=False)
        return self._static[key]
