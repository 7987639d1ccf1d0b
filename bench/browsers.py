"""Browsers that reload one page as fast as it comes, each on a connection that is kept alive.

    python -m bench.browsers PORT PATH BROWSERS

Says `ready` when each has the page once. Lines on standard input begin and end phases in turn: the first begins to
reload and is answered with `going`, the second stops and is answered with the pages that came, the seconds between, and
the p50 of a page in ms. Exits 1 when a page is not 200.
"""

import http.client
import os
import statistics
import sys
import threading
import time


class Browser(threading.Thread):
    """One connection, which reloads while `going` is set; `times` gets the seconds of each page."""

    def __init__(self, port: int, path: str, times: list[float], going: threading.Event) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._path = path
        self._times = times
        self._going = going

    def reload(self) -> None:
        """Get the page once."""
        began = time.perf_counter()
        self._connection.request("GET", self._path)
        answer = self._connection.getresponse()
        octets = answer.read()
        if answer.status != 200 or not octets or answer.will_close:
            raise ValueError(f"{self._path}: {answer.status}, {len(octets)} octets, closes: {answer.will_close}")
        self._times.append(time.perf_counter() - began)

    def run(self) -> None:
        try:
            while self._going.wait():
                self.reload()
        except (OSError, ValueError, http.client.HTTPException) as error:
            print(f"browsers: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)


def main(port: str, path: str, count: str) -> None:
    """Serve phases until standard input ends."""
    times: list[float] = []
    going = threading.Event()
    browsers = [Browser(int(port), path, times, going) for _ in range(int(count))]
    for browser in browsers:
        browser.reload()
    for browser in browsers:
        browser.start()
    print("ready", flush=True)
    while sys.stdin.readline():
        began, seen = time.perf_counter(), len(times)
        going.set()
        print("going", flush=True)
        sys.stdin.readline()
        going.clear()
        came = times[seen:]
        print(len(came), time.perf_counter() - began, statistics.median(came or [0.0]) * 1000, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
