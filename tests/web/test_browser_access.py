"""What everyone must be able to use: each kind of page through axe-core, at two widths, light and dark."""

from collections.abc import Iterable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from mysmtp.events import Bus
from mysmtp.web import Setup, create_app
from tests.process import PostOfficeProcess
from tests.web.conftest import ENDPOINTS, Reader
from tests.web.letters import rich, simple
from tests.web.looks import placed, violations
from tests.web.posts import OddStore
from tests.web.served import Served

pytestmark = pytest.mark.browser

LONG = "a.very.long.name.of.a.tester.without.any.break@a-very-long-staging-host.example.com"
KINDS = {
    "all": "/",
    "all mail": "/all",
    "mailbox": "/mailbox/full@x",
    "older": "/mailbox/full@x?before=15",
    "long name": f"/mailbox/{LONG}",
    "mail": "/mailbox/full@x/60",
    "long mail": f"/mailbox/{LONG}/1",
    "raw": f"/mailbox/{LONG}/1/raw",
    "emptied": "/mailbox/emptied@x",
    "no mailbox": "/mailbox/ful@x",
    "no mail": "/mailbox/full@x/99",
    "nothing": "/nothing",
    "unreadable": "/mailbox/full@x?before=x",
    "keys": "/keys",
    "figures": "/figures",
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    process = PostOfficeProcess(tmp_path_factory.mktemp("full")).start()
    for number in range(60):
        process.send("full@x", body=b"Mail %d\nand what follows it\n" % number, sender=f"someone.{number}@example.com")
    process.send(LONG, body=b"word" * 500 + b"\n" + b"long line " * 500 + b"\n", sender=LONG)
    process.send("emptied@x")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    process = PostOfficeProcess(tmp_path_factory.mktemp("empty")).start()
    yield process
    process.stop()


@pytest.fixture
def troubled(odd_store: OddStore, bus: Bus) -> Iterator[Served]:
    """A server whose store says what a test lets it, to pages that hear of it soon."""
    served = Served(create_app(Setup(odd_store, bus, endpoints=ENDPOINTS, heartbeat=0.05)))
    yield served
    served.stop()


def each(page: Page, full: PostOfficeProcess, kinds: Iterable[str]) -> Iterator[str]:
    """Lead a page to each kind and return its name there."""
    for kind in kinds:
        page.goto(full.url + KINDS[kind])
        yield kind


@pytest.mark.parametrize("third", range(3))
def test_axe_finds_nothing(full: PostOfficeProcess, reader: Reader, third: int) -> None:
    page = reader.open(full.url)
    kinds = list(KINDS)[third::3]
    found = []
    for number, kind in enumerate(each(page, full, kinds)):
        found += [f"{kind}: {fault}" for fault in violations(page, turned=number % 2 == 1)]
    assert found == []


def test_axe_finds_nothing_before_the_first_mail(empty: PostOfficeProcess, reader: Reader) -> None:
    assert violations(reader.open(f"{empty.url}/")) == []


def test_axe_finds_nothing_where_clients_are_told_what_to_set(full: PostOfficeProcess, reader: Reader) -> None:
    assert violations(clients(reader, full)) == []


def test_axe_finds_nothing_on_a_page_to_print(full: PostOfficeProcess, reader: Reader) -> None:
    for body in (rich(), simple("Text", "Hello\n"), b"Plain\nand short\n"):
        full.send("print@x", body=body)
    page = reader.open(f"{full.url}/mailbox/print@x")
    page.route("**/print", _out_of_its_sandbox)  # in which no script runs, axe neither
    for number in (1, 2, 3):
        page.goto(f"{full.url}/mailbox/print@x/{number}/print")
        assert violations(page, turned=number == 2) == []
        page.set_viewport_size({"width": 320, "height": 800})
        page.evaluate(SPACED)
        assert not too_wide(page)


def _out_of_its_sandbox(route: Route) -> None:
    reply = route.fetch()
    headers = {name: value for name, value in reply.headers.items() if name != "content-security-policy"}
    route.fulfill(response=reply, headers=headers)


def test_axe_finds_nothing_where_something_is_asked_or_told(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{full.url}/mailbox/emptied@x")
    page.get_by_label("Choose mail 1").check()
    found = violations(page)
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("button", name="Undo").wait_for()
    found += violations(page)
    full.send("emptied@x")
    page.get_by_role("heading", name="Today").wait_for()
    page.locator("#mail-2").hover()
    full.send("emptied@x")
    page.locator("#fresh").wait_for()
    assert found + violations(page) == []


def test_axe_finds_nothing_where_no_script_has_run(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(full.url)
    tools = page.context.new_cdp_session(page)
    tools.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto(f"{full.url}/mailbox/full@x")
    assert page.locator("#feed").inner_text() == "Not live. Refresh, or every 2 s"
    tools.send("Emulation.setScriptExecutionDisabled", {"value": False})  # axe is one
    assert violations(page) == []


def test_axe_finds_nothing_where_something_is_wrong(reader: Reader, troubled: Served, odd_store: OddStore) -> None:
    odd_store.wrong = [f"odd@example.com takes no mail ({number}): {'long word ' * 20}{LONG}" for number in range(7)]
    url = f"http://127.0.0.1:{troubled.port}"
    page = reader.open(f"{url}/")
    found = violations(page)
    page.goto(f"{url}/mailbox/odd@example.com")
    found += violations(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert not too_wide(page)
    assert found == []


def test_an_open_page_hears_of_trouble_and_of_its_end(reader: Reader, troubled: Served, odd_store: OddStore) -> None:
    page = reader.open(f"http://127.0.0.1:{troubled.port}/mailbox/odd@example.com/3")
    assert page.locator("#troubles").inner_text() == ""
    odd_store.wrong = ["the disk is full"]
    page.get_by_role("status").get_by_text("the disk is full").wait_for()
    odd_store.wrong = []
    page.get_by_text("the disk is full").wait_for(state="detached")


def clients(reader: Reader, full: PostOfficeProcess) -> Page:
    """Return the page of clients with all of it unfolded."""
    page = reader.open(f"{full.url}/clients")
    page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
    return page


SPACED = """() => { for (const element of document.querySelectorAll('body *')) {
    element.style.lineHeight = '1.5'; element.style.letterSpacing = '.12em'; element.style.wordSpacing = '.16em'; } }"""


# What a list says when it has changed, which it may do at any time: here it does.
BAR = """() => { const bar = document.getElementById('fresh'); if (!bar) return;
    bar.textContent = 'This list has changed. Show it as it is now'; bar.hidden = false; }"""


def faults(page: Page, kind: str) -> list[str]:
    """Return what is too small to hit on this page, and the widths at which it scrolls sideways."""
    found = []
    for width in (1280, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        # A link in a row is hit anywhere in its row; one in a sentence is as high as its line (WCAG 2.5.8).
        found += page.evaluate(
            """() => [...document.querySelectorAll('a, button, summary, label')].filter(element => {
                const box = element.getBoundingClientRect();
                if (!box.width || element.closest('.what, .all th, p, .skip')) return false;
                return box.height < 24 || box.width < 24;
            }).map(element => element.outerHTML.slice(0, 120))"""
        )
        found += ["too wide"] if too_wide(page) else []
    return [f"{kind}: {fault}" for fault in found]


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def cut(page: Page) -> list[str]:
    """Return what is cut off on a page, but for what is cut everywhere: names at the side, and the lines of rows."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.shell *, main *')].filter(element =>
            element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === 'hidden'
            && !element.closest('.vh, .addr, .mails, .tabs') && element.clientWidth > 1
        ).map(element => element.outerHTML.slice(0, 120))"""
    )
    return found


def test_no_page_scrolls_sideways_or_has_targets_too_small(
    full: PostOfficeProcess, empty: PostOfficeProcess, reader: Reader
) -> None:
    found = faults(reader.open(f"{empty.url}/"), "empty")
    page = clients(reader, full)
    found += faults(page, "clients")
    assert found + [fault for kind in each(page, full, KINDS) for fault in faults(page, kind)] == []


def test_text_spacing_and_zoom_lose_nothing(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{full.url}/", width=640)
    wide = []
    for kind in each(page, full, KINDS):
        page.evaluate(SPACED)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide += [kind] if too_wide(page) else []
    assert wide == []


def test_text_spacing_loses_nothing_of_a_mail_beside_its_list(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{full.url}/mailbox/full@x", width=1100)
    page.get_by_role("button", name="beside the list").click()
    for path in ("/mailbox/full@x", "/mailbox/full@x/30", f"/mailbox/{LONG}/1?list=all"):
        page.goto(full.url + path)
        page.evaluate(BAR)
        page.evaluate(SPACED)
        assert cut(page) == []
        assert not too_wide(page)
        for button in page.locator("main .btn").all():
            box = placed(button)
            assert box["x"] + box["width"] <= 1100


@pytest.mark.parametrize("width", [1280, 360])
def test_text_spacing_loses_nothing_where_mails_are_chosen(full: PostOfficeProcess, reader: Reader, width: int) -> None:
    page = reader.open(f"{full.url}/mailbox/full@x", width=width)
    for path in ("/mailbox/full@x", "/search?q=follows"):
        page.goto(full.url + path)
        page.locator(".pick input").first.check()
        page.evaluate(SPACED)
        assert (cut(page), too_wide(page)) == ([], False), path
        for button in page.locator("#choose .btn").all():
            box = placed(button)
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= 800


def test_boxes_that_scroll_take_focus_and_have_a_name(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{full.url}/mailbox/{LONG}/1/raw", width=360)
    box = page.locator("pre")
    assert box.evaluate("element => element.scrollWidth > element.clientWidth")
    assert box.get_attribute("tabindex") == "0"
    assert box.get_attribute("aria-label") == "The mail as it lies in its file"


def test_colours_forced_by_the_system_keep_the_current_tab(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{full.url}/mailbox/full@x/60")
    page.emulate_media(forced_colors="active")
    width = page.locator(".tabs [aria-current]").evaluate("element => getComputedStyle(element).borderBottomWidth")
    assert width == "2px"


def test_reduced_motion_and_print(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{full.url}/mailbox/full@x")
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(media="print")
    assert page.locator(".top").is_hidden()
    assert page.locator("#mail-60").is_visible()


def test_on_a_phone_each_thing_has_its_place(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(full.url, width=360)
    row = page.locator("#list tbody tr", has_text="full@x")
    name, new, newest, when = (placed(row.locator(place)) for place in ("th", ".fresh-count", ".sj", ".at"))
    assert name["x"] == newest["x"]
    assert name["width"] > 200
    assert name["y"] < newest["y"]
    assert new["y"] < when["y"]
    assert new["x"] + new["width"] == pytest.approx(when["x"] + when["width"], abs=1)
    assert placed(row.locator(".fresh-count .vh"))["width"] > 20, "the word new, where no head of a table says it"
    assert len({placed(button)["y"] for button in page.locator(".acts .btn").all()}) == 1, "the filter beside All mail"
    page.goto(f"{full.url}/mailbox/full@x/30")
    assert len({placed(button)["y"] for button in page.locator(".mailhead .btn").all()}) == 1, "one row of buttons"
    page.goto(f"{full.url}/keys")
    for cell in page.locator("#keys td:first-child").all():
        assert len({placed(key)["y"] for key in cell.locator("kbd").all()}) == 1, "keys of one line"


@pytest.mark.parametrize("folder", ["mailbox/", "/home/user/projects/shop/tests/mailbox/", "/home/" + "folder/" * 40])
def test_choices_stand_together_at_the_right_of_the_foot(full: PostOfficeProcess, reader: Reader, folder: str) -> None:
    page = reader.open(f"{full.url}/mailbox/full@x")
    expect(page.locator("#notify")).to_be_visible()
    page.locator("footer code").last.evaluate("(code, folder) => { code.textContent = folder; }", folder)
    foot, theme, split = (page.locator(each) for each in ("footer", ".theme:not(.split-choice)", ".split-choice"))
    for width in (768, 1024, 1025, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        padding = placed(page.locator("footer span").first)["x"]
        end = placed(theme)["x"] + placed(theme)["width"]
        assert end == pytest.approx(placed(foot)["width"] - padding, abs=1), width
        first = placed(theme)
        if split.is_visible():
            first = placed(split)
            assert first["y"] == placed(theme)["y"], width
        assert len({round(placed(each)["y"]) for each in page.locator("footer a").all()}) == 1, width
        for each in page.locator("footer :is(code, a, #notify)").all():
            assert placed(each)["x"] + placed(each)["width"] <= first["x"], "beside them, at their left"


def test_head_and_foot_take_no_more_lines_than_they_need(full: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{full.url}/mailbox/full@x", width=360)
    live, search = placed(page.locator("#feed")), placed(page.locator(".find input"))
    assert search["y"] < live["y"] + live["height"] / 2 < search["y"] + search["height"], "beside the search"
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("footer code").last.evaluate("folder => { folder.textContent = 'mailbox/'; }")  # as it is with users
    assert placed(page.locator("footer"))["height"] < 50
    page = reader.open(f"{full.url}/mailbox/full@x", width=360, javascript=False)
    assert page.get_by_text("Not live. Refresh, or every 2 s").is_visible()
