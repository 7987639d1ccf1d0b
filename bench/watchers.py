"""Open pages of sessions, as `static/sessions.js` keeps them: told of news, each fetches its last lines again.

    python -m bench.watchers PORT PAGES

Every other page is the list, the rest are of one session each, the newest first. Speaks as `bench.browsers` does:
`ready` when all listen, then phases in turn, each answered with the pages that were fetched in it, the seconds, and the
p50 of a page in ms.
"""

import gzip
import http.client
import json
import os
import re
import statistics
import sys
import threading
import time

PAINT_GAP = 0.15  # seconds between two pages that one asks for


class Watcher(threading.Thread):
    """One page: a stream of news, and a connection to fetch it by."""

    def __init__(self, port: int, path: str, watch: int, times: list[float], going: threading.Event) -> None:
        super().__init__(daemon=True)
        self._news = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._news.request("GET", f"/live?session={watch}")
        self._stream = self._news.getresponse()
        self._pages = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._path = path
        self._from = ""
        self._times = times
        self._going = going
        self._fetch("")  # as a browser opens it
        self._fetch("?news=1")

    def run(self) -> None:
        try:
            for line in self._stream:
                if line.startswith(b"event: session") and self._going.is_set():
                    began = time.perf_counter()
                    self._fetch("?news=1")
                    self._times.append(time.perf_counter() - began)
                    time.sleep(max(PAINT_GAP, 2 * self._times[-1]))
        except (OSError, ValueError, http.client.HTTPException) as error:
            print(f"watchers: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)

    def _fetch(self, query: str) -> None:
        self._pages.request(
            "GET", self._path + query + (self._from if query else ""), headers={"Accept-Encoding": "gzip"}
        )
        answer = self._pages.getresponse()
        octets = answer.read()
        if answer.status != 200:
            raise ValueError(f"{self._path}: {answer.status}")
        page = gzip.decompress(octets) if answer.headers["Content-Encoding"] == "gzip" else octets
        numbers = re.findall(rb'data-n="(\d+)"', page)
        self._from = f"&from={int(numbers[-1])}" if numbers else ""


def open_sessions(port: int) -> list[int]:
    """Return the sessions that are open now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/sessions.json?state=open")
    return [each["session"] for each in json.loads(connection.getresponse().read())["sessions"]]


def main(port: str, count: str) -> None:
    """Serve phases until standard input ends."""
    times: list[float] = []
    going = threading.Event()
    numbers = open_sessions(int(port))
    for number in range(int(count)):
        session = numbers[number % len(numbers)] if number % 2 and numbers else 0
        Watcher(int(port), f"/sessions/{session}" if session else "/sessions", session, times, going).start()
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
