"""A page that is open while very many mails come in, or whose connection is cut: it stays quick and misses nothing."""

import json
import statistics
import threading
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.proxy import Proxy

pytestmark = pytest.mark.browser

A_SECOND, AT_ONCE = 1000, 100
# When the page is painted anew.
WATCH = """() => {
    window.paints = [];
    new MutationObserver(() => paints.push(performance.now())).observe(
        document.querySelector("main"), { subtree: true, childList: true, characterData: true });
}"""


def pour(house: PostOfficeProcess, name: str) -> None:
    """Send mails for a second, so many that there are A_SECOND, where the server takes as many."""
    mail = b"HELO x\nMAIL FROM: a@x\nRCPT TO: %s\nDATA hello\n" % name.encode()
    began, pace = time.monotonic(), threading.Event()
    with house.connect() as peer:
        for sent in range(0, A_SECOND, AT_ONCE):
            pace.wait(max(0.0, began + sent / A_SECOND - time.monotonic()))
            peer.say(mail * AT_ONCE)
            for _ in range(4 * AT_ONCE):
                assert peer.line().startswith(b"200 ")


class Work:
    """What a page has worked since this was made: the time of its thread on a core, whatever else the machine does."""

    def __init__(self, page: Page) -> None:
        self._tools = page.context.new_cdp_session(page)
        self._tools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> float:
        """Return the seconds, but for those that this test's own questions took."""
        told = {each["name"]: each["value"] for each in self._tools.send("Performance.getMetrics")["metrics"]}
        return float(told["TaskDuration"] - told["DevToolsCommandDuration"])


def answering(page: Page) -> float:
    """Return the seconds until a page answers."""
    asked = time.perf_counter()
    assert page.evaluate("() => document.body.isConnected")
    return time.perf_counter() - asked


def answering_meanwhile(page: Page, house: PostOfficeProcess, name: str) -> list[float]:
    """Return the seconds of each answer while mails pour in."""
    sender = threading.Thread(target=pour, args=(house, name))
    sender.start()
    took = []
    while sender.is_alive():
        took.append(answering(page))
    sender.join()
    return took


def test_a_page_stays_quick_while_mails_pour_in(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("poured@x")
    page = reader.open(f"{house.url}/mailbox/poured@x")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(WATCH)
    work = Work(page)
    took = answering_meanwhile(page, house, "poured@x")
    expect(page.locator("#facts")).to_contain_text("1,001 mails, 1,001 new,")
    expect(page.locator("#mail-1001")).to_be_visible()
    expect(page.locator("#list [data-id]")).to_have_count(50)
    page.locator("#mail-1001").hover()
    took += answering_meanwhile(page, house, "poured@x")
    bar = page.locator("#fresh")
    expect(bar).to_have_text("1,000 mails have come in since you looked. Show them")
    expect(page).to_have_title("(2,001) poured@x: 2,001 mails · mysmtp")
    assert page.locator("#list [data-id]").first.get_attribute("data-id") == "1001", "nothing moves under a reader"
    paints = page.evaluate("paints")
    worked = work.seconds()
    bar.press("Enter")  # the pointer stays in the list
    assert page.locator("#list [data-id]").first.get_attribute("data-id") == "2001"
    assert all(later - one > 990 for one, later in zip(paints, paints[4:], strict=False)), "at most four a second"
    assert len(asked) < len(paints) + 5, "the page is fetched to be painted, not for each mail"
    assert worked / len(paints) < 0.25, "no paint holds the page for long"
    assert statistics.median(took) < 1


@pytest.fixture
def proxy(house: PostOfficeProcess) -> Iterator[Proxy]:
    opened = Proxy(house.web)
    yield opened
    opened.close()


def test_a_cut_connection_is_taken_up_where_it_was(house: PostOfficeProcess, reader: Reader, proxy: Proxy) -> None:
    house.send("cut@x")
    page = reader.open(f"{proxy.url}/mailbox/cut@x")
    heard: list[int] = []
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")

    def hear(told: dict[str, str]) -> None:
        news = json.loads(told["data"])
        if told["eventName"] == "stored" and news["mailbox"] == "cut@x":
            heard.append(news["id"])

    tools.on("Network.eventSourceMessageReceived", hear)
    feed = page.locator("#feed")
    page.reload()
    expect(feed).to_have_text("Live")
    for number in range(2, 10):
        if number in (4, 7):
            proxy.cut()
            expect(feed).to_contain_text("Reconnecting, trying again in")
        if number in (6, 9):
            proxy.mend()
            expect(feed).to_have_text("Live")
        house.send("cut@x", body=b"Mail %d\n" % number)
    expect(page.locator("#facts")).to_contain_text("9 mails")
    expect(page.locator("#mail-9")).to_contain_text("Mail 9")
    late = time.monotonic() + 10
    while 9 not in heard and time.monotonic() < late:
        answering(page)  # a page fetched for older news shows the newest mail before the news of it has come
    assert heard == [2, 3, 4, 5, 6, 7, 8, 9], "none missed, none told twice"


def test_a_page_says_when_it_has_given_up(house: PostOfficeProcess, reader: Reader, proxy: Proxy) -> None:
    page = reader.open(f"{proxy.url}/mailbox/given-up@x", fresh=True)
    feed = page.locator("#feed")
    page.clock.install()
    proxy.cut()
    expect(feed).to_contain_text("Reconnecting, trying again in")
    while "Not live" not in (feed.text_content() or ""):
        page.clock.run_for(1000)
    expect(feed).to_have_text("Not live: reload")
    proxy.mend()
    feed.get_by_role("link", name="reload").click()
    expect(feed).to_have_text("Live")
