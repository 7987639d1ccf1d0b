"""HTML mail in a real browser: nothing of it runs, nothing is fetched, its own images show, everybody can use the page.

Each wall is seen to hold alone: the policy with the vectors as they came, and the page as it is served.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Error, Page

from mysmtp.web.parts import page_policy
from tests.mime.vectors import VECTORS
from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.letters import rich, simple
from tests.web.looks import violations

pytestmark = pytest.mark.browser

TABS = ("html", "markup", "text", "links", "headers", "parts", "source", "checks", "raw")


class Canary(ThreadingHTTPServer):
    """Keeps every path that is asked of it. Vector N stands as it came at /open/N, at /wall/N under a mail's policy."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []
        self.here = f"127.0.0.1:{self.server_port}"
        self.pages = [re.sub(r"127\.0\.0\.1:9|(?<=[/\\:])e\b(?=[/\\?)'\"> ])", self.here, page) for page in VECTORS]

    def page(self, path: str) -> str | None:
        """Return the vector of a path."""
        kind, _, number = path[1:].partition("/")
        return self.pages[int(number)] if kind in ("wall", "open") and number.isdigit() else None


class Answer(BaseHTTPRequestHandler):
    server: Canary

    def do_GET(self) -> None:
        found = self.server.page(self.path)
        if found is None and self.path != "/favicon.ico":
            self.server.asked.append(self.path)
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if self.path.startswith("/wall/"):
            self.send_header("Content-Security-Policy", page_policy(f"http://{self.server.here}/part/", False))
        self.end_headers()
        self.wfile.write(f"<!doctype html><meta charset=utf-8><body>{found or ''}".encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def canary() -> Iterator[Canary]:
    server = Canary()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def acts(chromium: Browser, canary: Canary, kind: str) -> tuple[int, list[str]]:
    """Open every vector by itself; return how many alerts came and what the canary was asked."""
    alerts: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    context = chromium.new_context()
    page = context.new_page()
    page.on("dialog", dismiss)
    for number in range(len(VECTORS)):
        # Without the policy one that sends its reader elsewhere gets in the way of the next.
        with suppress(Error) if kind == "open" else nullcontext():
            page.goto(f"http://{canary.here}/{kind}/{number}")
    context.close()
    return len(alerts), canary.asked


def test_without_the_policy_vectors_run_and_fetch(chromium: Browser, canary: Canary) -> None:
    alerts, asked = acts(chromium, canary, "open")
    assert alerts >= 5
    assert len(asked) >= 10


def test_the_policy_alone_holds_every_vector(chromium: Browser, canary: Canary) -> None:
    assert acts(chromium, canary, "wall") == (0, [])


@pytest.mark.parametrize("quarter", range(4))
def test_no_vector_acts_from_a_mail_or_its_page(
    house: PostOfficeProcess, reader: Reader, canary: Canary, quarter: int
) -> None:
    vectors = canary.pages[quarter::4]
    for vector in vectors:
        house.send(f"vectors{quarter}@x", body=rich(vector).replace(b"\r\n", b"\n"))
    at = f"{house.url}/mailbox/vectors{quarter}@x"
    page = reader.open(at)
    for number in range(1, len(vectors) + 1):
        # The first shows its page in a frame; of the places where it stands besides, each vector is seen in one.
        for view in ("", ("/page", "/markup", "/links", "/print")[number % 4]):
            page.goto(f"{at}/{number}{view}")
            assert page.title() != ""
    assert canary.asked == []  # and the reader notes scripts that ran and requests that went elsewhere


@pytest.fixture(scope="module")
def letters(house: PostOfficeProcess) -> str:
    """The address of a mail with everything; mail 2 of its mailbox is plain text, mail 3 wants images of elsewhere."""
    house.send(
        "letters@x", body=rich('<h1>Hello</h1><img src="cid:logo@x" alt="logo"> <a href="https://example.com">more</a>')
    )
    house.send("letters@x", body=b"Only text\n")
    wants = (
        '<img src="http://e.invalid/1"><img src="http://e.invalid/2"><link rel=stylesheet href="http://e.invalid/3">'
    )
    house.send("letters@x", body=rich(wants))
    house.send("letters@x", sender="bounces@a-very-long-list-host.example.com", body=odd_letter())
    return f"{house.url}/mailbox/letters@x"


def odd_letter() -> bytes:
    """A mail with long words in every place, a doubtful sender, problems and a blind copy."""
    word = "averylongword" * 12
    more = f"Subject: again\nX-Long: {word}\nCc: {', '.join(f'p{n}@example.com' for n in range(40))}\n"
    body = simple(f"{word} {word}", f"{word} https://example.com/{word}\n", more=more).decode()
    return (
        body.replace("From: Alice", f'From: "{word} boss@bank.example"').replace("Mon, 23 Nov", "Nonsday 99").encode()
    )


def frame_of(page: Page) -> Any:
    frame = page.frame_locator(".frame iframe")
    frame.locator("body").wait_for()
    return frame


def test_images_of_the_mail_show_in_the_frame(letters: str, reader: Reader) -> None:
    page = reader.open(f"{letters}/1")
    image = frame_of(page).locator("img")
    image.wait_for()
    page.wait_for_load_state("networkidle")
    # Scripts of the page may not look into the frame; the browser's own tools may.
    assert image.evaluate("image => image.naturalWidth") == 1
    assert page.locator(".frame iframe").evaluate("frame => frame.contentDocument") is None


def test_the_page_of_html_opened_by_itself_shows_its_images(letters: str, reader: Reader) -> None:
    page = reader.open(f"{letters}/1")
    page.goto(f"{letters}/1/page")
    page.wait_for_load_state("networkidle")
    assert page.locator("img").evaluate("image => image.naturalWidth") == 1
    assert page.evaluate("self.origin") == "null"


def test_an_image_opened_by_itself_is_shown(letters: str, reader: Reader) -> None:
    page = reader.open(f"{letters}/1/parts")
    page.get_by_role("link", name="Open part 1.1.2.2").click()
    assert page.locator("img").evaluate("image => image.naturalWidth") == 1


def test_remote_content_is_fetched_only_when_asked(letters: str, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "e.invalid" in request.url else None)
    page.goto(f"{letters}/3")
    page.wait_for_load_state("networkidle")
    assert asked == []
    page.get_by_text("Not loaded: 2 remote images and 1 style sheet.").wait_for()
    page.get_by_role("link", name="Load images and fonts").click()
    page.get_by_role("link", name="Load nothing").wait_for()
    page.wait_for_load_state("networkidle")
    assert sorted(asked) == ["http://e.invalid/1", "http://e.invalid/2"]
    page.get_by_role("link", name="Load nothing").click()
    page.get_by_role("link", name="Load images and fonts").wait_for()
    page.wait_for_load_state("networkidle")
    context.close()
    assert len(asked) == 2


def test_a_link_of_a_mail_opens_a_page_that_is_free_of_the_sandbox(letters: str, chromium: Browser) -> None:
    context = chromium.new_context()
    context.route(
        "https://example.com/", lambda route: route.fulfill(body="<title>free</title>", content_type="text/html")
    )
    page = context.new_page()
    page.goto(f"{letters}/1")
    with context.expect_page() as opened:
        frame_of(page).get_by_role("link", name="more").click()
    assert opened.value.evaluate("[self.origin, opener]") == ["https://example.com", None]
    context.close()


def test_no_style_of_a_mail_reaches_the_head_that_is_printed(house: PostOfficeProcess, reader: Reader) -> None:
    cover = "position:fixed;inset:0;background:#fff;z-index:9"
    html = f"<style>header, h1, dl {{ display: none !important }} p {{ {cover} }}</style><p>From: boss@bank.example</p>"
    house.send("printed@x", body=rich(html))
    page = reader.open(f"{house.url}/mailbox/printed@x/1")
    page.get_by_role("link", name="Print", exact=True).click()
    heading = page.get_by_role("heading", name="The Weekly Postcard")
    heading.wait_for()
    page.get_by_text("From: boss@bank.example").wait_for(state="attached")
    assert heading.evaluate(
        """heading => { const box = heading.getBoundingClientRect();
        return document.elementFromPoint(box.left + 5, box.top + 5) === heading; }"""
    )


def test_at_360_the_current_tab_is_in_view(letters: str, reader: Reader) -> None:
    page = reader.open(f"{letters}/1/raw", width=360)
    box = page.locator(".tabs [aria-current]").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= 360 - box["width"]


def test_without_javascript_every_tab_is_a_link(letters: str, reader: Reader) -> None:
    page = reader.open(f"{letters}/1", javascript=False)
    for label in ("Text", "Links", "Headers", "Parts", "Raw", "Checks", "HTML"):
        page.get_by_role("navigation", name="Views of this mail").get_by_role("link", name=label).first.click()
        assert page.locator(".tabs [aria-current]").inner_text().startswith(label)


@pytest.mark.parametrize(
    "pages",
    [
        ("1/html", "1/markup", "1/text"),
        ("1/links", "1/headers", "1/parts"),
        ("1/source", "1/checks", "1/raw"),
        ("2", "3", "1/html?width=tablet"),
        ("4/text", "4/headers", "4/checks"),
    ],
)
def test_axe_finds_nothing_on_any_tab(letters: str, reader: Reader, pages: tuple[str, ...]) -> None:
    page = reader.open(letters)
    found = []
    for path in pages:
        page.goto(f"{letters}/{path}")
        found += violations(page)
    assert found == []


@pytest.mark.parametrize("width", [320, 1280])
def test_no_tab_scrolls_sideways_or_has_targets_too_small(letters: str, reader: Reader, width: int) -> None:
    page = reader.open(letters, width=width)
    wide, small = [], []
    for number, tabs in ((1, TABS), (3, ("",)), (4, TABS[1:])):
        for tab in tabs:
            page.goto(f"{letters}/{number}/{tab}".rstrip("/"))
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(page.url)
            small += page.evaluate(
                """() => [...document.querySelectorAll('a, button, summary')].filter(element => {
                    const box = element.getBoundingClientRect();
                    if (!box.width || element.closest('p, pre, .skip')) return false;
                    return box.height < 24 || box.width < 24;
                }).map(element => element.outerHTML.slice(0, 120))"""
            )
    assert wide == []
    assert small == []
