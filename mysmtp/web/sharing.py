"""Pages that many ask for are made once, for all of them.

Who asks gets what was made after the request came, or after there was news last: nobody is told of less than there was
then, and whatever changed later is news that is still to come.
"""

import gzip
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request

from mysmtp.web.squeeze import LEAST

ARRIVED = "mysmtp.arrived"  # in the environment of a request: when it came, on the monotonic clock
KEPT = 32  # pages
LEVEL = 1  # of zlib: these are made often


@dataclass(frozen=True, slots=True)
class _Made:
    began: float
    octets: bytes
    squeezed: bytes


class Shared:
    """The pages that were made last, by what was asked for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made: OrderedDict[tuple[str, str], _Made] = OrderedDict()

    def answer(self, make: Callable[[], str], news: float | None = None) -> Response:
        """Return the page of this request: what was made since it came, or since there was `news`, or is made now."""
        key = request.full_path, request.host
        now = self._clock()
        found = self._made.pop(key, None)
        arrived = request.environ.get(ARRIVED, now)
        if found is None or found.began < (arrived if news is None else min(arrived, news)):
            octets = make().encode()
            found = _Made(now, octets, gzip.compress(octets, LEVEL, mtime=0) if len(octets) >= LEAST else b"")
        self._made[key] = found
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return _response(found)


def _response(made: _Made) -> Response:
    squeezed = bool(made.squeezed) and request.accept_encodings["gzip"] > 0
    response = Response(made.squeezed if squeezed else made.octets, mimetype="text/html")
    response.vary.add("Accept-Encoding")
    if squeezed:
        response.headers["Content-Encoding"] = "gzip"
    return response
