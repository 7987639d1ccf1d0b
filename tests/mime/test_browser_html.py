"""A real browser, with no policy to help it, runs nothing and fetches nothing of what `sanitise` gives it.

The same pages as they came show that the test can see: many of them run scripts or reach the canary.
"""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog

from mysmtp.mime.html import sanitise
from tests.chromium import open_chromium
from tests.mime.vectors import VECTORS

pytestmark = pytest.mark.browser


class Canary(ThreadingHTTPServer):
    """Serves vector number N at /raw/N and /safe/N, and keeps every other path that anybody asks for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []
        here = f"127.0.0.1:{self.server_port}"
        self.pages = [
            re.sub(r"127\.0\.0\.1:9|(?<=[/\\:])e\b(?=[/\\?)'\"> ])", lambda _: here, page) for page in VECTORS
        ]

    def page(self, path: str) -> str | None:
        _, kind, number, *_ = [*path.split("/"), "", ""]
        if kind not in ("raw", "safe"):
            return None
        if number == "all":
            return "".join(f"<iframe src=/{kind}/{n}></iframe>" for n in range(len(self.pages)))
        page = self.pages[int(number)]
        return page if kind == "raw" else sanitise(page, lambda _: None).html


class Answer(BaseHTTPRequestHandler):
    server: Canary

    def do_GET(self) -> None:
        page = self.server.page(self.path)
        if page is None and self.path != "/favicon.ico":
            self.server.asked.append(self.path)
        self.send_response(200 if page is not None else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"<!doctype html><meta charset=utf-8><body>{page or ''}".encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def canary() -> Iterator[Canary]:
    server = Canary()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def acts(chromium: Browser, canary: Canary, kind: str) -> tuple[int, list[str], list[str]]:
    """Show every vector in a frame of its own; return how many alerts came, what the canary was asked, all requests."""
    alerts: list[str] = []
    requests: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    context = chromium.new_context()
    page = context.new_page()
    page.on("dialog", dismiss)
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"http://127.0.0.1:{canary.server_port}/{kind}/all")
    page.wait_for_load_state("networkidle")
    context.close()
    return len(alerts), list(canary.asked), requests


def test_vectors_as_they_came_run_and_fetch(chromium: Browser, canary: Canary) -> None:
    alerts, asked, _ = acts(chromium, canary, "raw")
    assert alerts >= 5
    assert len(asked) >= 10


def test_nothing_runs_and_nothing_is_fetched(chromium: Browser, canary: Canary) -> None:
    alerts, asked, requests = acts(chromium, canary, "safe")
    assert (alerts, asked) == (0, [])
    own = re.compile(rf"http://127\.0\.0\.1:{canary.server_port}/(?:safe/(?:all|\d+)|favicon\.ico)$")
    assert [url for url in requests if not own.match(url)] == []
    assert len(requests) >= len(VECTORS)
