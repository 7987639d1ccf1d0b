"""Browsers that reload one page as fast as it comes, each on a connection that is kept alive.

    python -m bench.browsers PORT PATH BROWSERS

Says `ready` when each has the page once; then each line on standard input is answered with the pages since the last
one, the seconds that took, and the p50 of a page in ms. Exits 1 when a page is not 200.
"""

import http.client
import os
import statistics
import sys
import threading
import time


class Browser(threading.Thread):
    """One connection; `times` gets the seconds of each page, until `over` is set."""

    def __init__(self, port: int, path: str, times: list[float], over: threading.Event) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._path = path
        self._times = times
        self._over = over

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
            while not self._over.is_set():
                self.reload()
        except (OSError, ValueError, http.client.HTTPException) as error:
            print(f"browsers: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)


def main(port: str, path: str, count: str) -> None:
    """Reload until standard input ends."""
    times: list[float] = []
    over = threading.Event()
    browsers = [Browser(int(port), path, times, over) for _ in range(int(count))]
    for browser in browsers:
        browser.reload()
    for browser in browsers:
        browser.start()
    print("ready", flush=True)
    began, seen = time.perf_counter(), 0
    for _ in sys.stdin:
        ended, upto = time.perf_counter(), len(times)
        middle = statistics.median(times[seen:upto] or [0.0])
        print(upto - seen, ended - began, middle * 1000, flush=True)
        began, seen = ended, upto
    over.set()  # each reads its page to the end; then the process ends


if __name__ == "__main__":
    main(*sys.argv[1:])
