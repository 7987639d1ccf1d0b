"""The application over a store in memory, with a clock that stands still, and a client that its guard lets pass."""

from collections.abc import Callable, Iterator
from datetime import UTC, timedelta, timezone

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, Page, expect

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus
from mysmtp.search.index import MailIndex
from mysmtp.store import open_store
from mysmtp.web import Endpoints, Setup, create_app
from mysmtp.web.presenting import Clock
from tests.chromium import open_chromium
from tests.process import PostOfficeProcess
from tests.sparing import compile_addresses_once
from tests.web.posts import NOON, OddStore

ENDPOINTS = Endpoints(("127.0.0.1", 2525), ("127.0.0.1", 8025), ("127.0.0.1", 1025), ("127.0.0.1", 1110))
PATIENCE = 30_000  # ms that a page may take for anything, on a machine that is busy
expect.set_options(timeout=PATIENCE)
compile_addresses_once()
ZONE = timezone(timedelta(hours=2), "test")  # two hours ahead, so that a forgotten conversion shows


@pytest.fixture
def store() -> Iterator[MessageStore]:
    opened = open_store("memory:")
    yield opened
    opened.close()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON, UTC)


@pytest.fixture
def app(store: MessageStore, bus: Bus) -> Flask:
    index = MailIndex(store, zone=ZONE)
    return create_app(
        Setup(store, bus, endpoints=ENDPOINTS, allowed_hosts=["Mail.Test"], now=lambda: NOON, zone=ZONE, index=index)
    )


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return client_of(app)


@pytest.fixture
def odd_store() -> OddStore:
    return OddStore()


@pytest.fixture
def odd_client(odd_store: OddStore, bus: Bus) -> FlaskClient:
    """A client of the store that holds a foreign, a damaged and a recorded mail, and fails to delete."""
    return client_of(create_app(Setup(odd_store, bus, endpoints=ENDPOINTS, now=lambda: NOON, zone=ZONE)))


def client_of(app: Flask) -> FlaskClient:
    """Return a client that comes from a page of ours."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of pages."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    """One running server for many tests, each of which uses mailboxes of its own."""
    process = PostOfficeProcess(tmp_path_factory.mktemp("house")).start()
    yield process
    process.stop()


def watched(page: Page, trouble: list[str], home: Callable[[], str]) -> None:
    """Note as trouble that a script of a page failed, that one of a mail ran, or that anything came from elsewhere."""

    def note(url: str) -> None:
        if not url.startswith((f"{home()}/", "data:")):
            trouble.append(f"fetched from elsewhere: {url}")

    page.on("pageerror", lambda error: trouble.append(f"script failed: {error}"))
    page.on("dialog", lambda dialog: trouble.append(f"script ran: {dialog.message}"))
    page.on("request", lambda request: note(request.url))


class Contexts:
    """Contexts of one browser that tests use after one another: opening one, and filling its cache, takes its time."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: dict[bool, list[BrowserContext]] = {True: [], False: []}

    def take(self, javascript: bool, *, fresh: bool = False) -> BrowserContext:
        """Return a context that nothing is remembered in but the files of our pages; `fresh`, not even those."""
        if self._idle[javascript] and not fresh:
            return self._idle[javascript].pop()
        return self._browser.new_context(java_script_enabled=javascript)

    def give_back(self, javascript: bool, context: BrowserContext) -> None:
        """Close its pages, with what each kept for its session, and let the next test have it."""
        for page in context.pages:
            page.close()
        context.clear_cookies()
        self._idle[javascript].append(context)


@pytest.fixture(scope="package")
def contexts(chromium: Browser) -> Contexts:
    """The contexts that tests of pages share."""
    return Contexts(chromium)


class Reader:
    """Opens pages of one server in one browser; no page may run into an error or fetch from elsewhere."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._shared: list[tuple[bool, BrowserContext]] = []
        self._own: list[BrowserContext] = []
        self.trouble: list[str] = []

    def open(
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        javascript: bool = True,
        fresh: bool = False,
    ) -> Page:
        """Open a page in a context of its own; with JavaScript, return when it is live.

        Who changes more of the context than its pages and cookies (its clock, what it permits, what it stores for a
        site) or wants an empty cache says `fresh`; no other test gets that context.
        """
        context = self._contexts.take(javascript, fresh=fresh)
        if fresh:
            self._own.append(context)
        else:
            self._shared.append((javascript, context))
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(PATIENCE)
        home = "/".join(url.split("/")[:3])
        watched(page, self.trouble, lambda: home)
        page.goto(url)
        if javascript:
            page.wait_for_selector("#feed[data-state=live]")
        return page

    def close(self) -> None:
        for each in self._shared:
            self._contexts.give_back(*each)
        for context in self._own:
            context.close()
        assert self.trouble == []


@pytest.fixture
def reader(contexts: Contexts) -> Iterator[Reader]:
    opened = Reader(contexts)
    yield opened
    opened.close()
