"""A page for each vector, and a server that keeps what they ask of it; a browser shows each in a frame of its own.

That such a test can see is shown by the vectors as they came: many of them run scripts or reach the canary.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Dialog

from tests.mime.vectors import VECTORS

# A kind of page: from the vector as it came to HTML and headers.
Kind = Callable[["Canary", str], tuple[str, Mapping[str, str]]]


class Canary(ThreadingHTTPServer):
    """Serves vector number N at /N made into its kind, all of them in frames at /all, and keeps all else that is asked.

    What vectors want to reach of other hosts is here instead.
    """

    daemon_threads = True

    def __init__(self, kind: Kind) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []
        self.here = f"127.0.0.1:{self.server_port}"
        self.vectors = [
            re.sub(r"127\.0\.0\.1:9|(?<=[/\\:])e\b(?=[/\\?)'\"> ])", lambda _: self.here, page) for page in VECTORS
        ]
        self._kind = kind

    def page(self, path: str) -> tuple[str, Mapping[str, str]] | None:
        """Return what is served there."""
        if path == "/all":
            return "".join(f"<iframe src=/{number}></iframe>" for number in range(len(self.vectors))), {}
        return self._kind(self, self.vectors[int(path[1:])]) if path[1:].isdigit() else None


class _Answer(BaseHTTPRequestHandler):
    server: Canary

    def do_GET(self) -> None:
        page = self.server.page(self.path)
        if page is None and self.path != "/favicon.ico":
            self.server.asked.append(self.path)
        html, headers = page or ("", {})
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(f"<!doctype html><meta charset=utf-8><body>{html}".encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def as_it_came(_: Canary, vector: str) -> tuple[str, Mapping[str, str]]:
    """The kind of page that nothing was done to."""
    return vector, {}


@contextmanager
def opened(kind: Kind = as_it_came) -> Iterator[Canary]:
    """A canary that answers until it is left."""
    server = Canary(kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def acts(chromium: Browser, kind: Kind) -> tuple[int, list[str], list[str]]:
    """Show every vector; return how many alerts came, what the canary was asked, and requests for anything else."""
    alerts: list[str] = []
    requests: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    with opened(kind) as canary:
        context = chromium.new_context()
        page = context.new_page()
        page.on("dialog", dismiss)
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"http://{canary.here}/all")
        page.wait_for_load_state("networkidle")
        context.close()
        own = re.compile(rf"http://{re.escape(canary.here)}/(?:all|\d+|favicon\.ico)$")
    assert len(requests) > len(VECTORS)
    return len(alerts), canary.asked, [url for url in requests if not own.match(url)]
