"""The list beside the mail in a browser: chosen, dragged and scrolled, with and without JavaScript, wide and narrow."""

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.looks import violations

pytestmark = pytest.mark.browser


def filled(house: PostOfficeProcess, name: str, mails: int = 3) -> str:
    for number in range(mails):
        house.send(name, body=b"Mail %d\n" % (number + 1))
    return f"{house.url}/mailbox/{name}"


def left(page: Page, place: str) -> float:
    page.wait_for_load_state()  # with its styles
    box = page.locator(place).bounding_box()
    assert box
    return box["x"]


@pytest.mark.parametrize("javascript", [True, False])
def test_mails_open_beside_the_list_and_nothing_jumps(
    house: PostOfficeProcess, reader: Reader, javascript: bool
) -> None:
    page = reader.open(filled(house, f"beside{javascript}@x".lower()), javascript=javascript)
    page.get_by_role("button", name="beside the list").click()
    expect(page.locator(".unread-pane")).to_have_text("Choose a mail to read it here.")
    before = left(page, "#mail-2"), left(page, ".unread-pane")
    page.locator("#mail-2 .what a").click()
    expect(page.locator("h1")).to_have_text("Mail 2")
    assert (left(page, "#mail-2"), left(page, "main")) == pytest.approx(before, abs=1)
    expect(page.locator("#mail-2 .what a")).to_have_attribute("aria-current", "true")
    page.locator("#mail-1 .what a").click()
    expect(page.locator("h1")).to_have_text("Mail 1")
    page.get_by_label("Choose mail 2").check()
    page.locator("#choose").get_by_role("button", name="Delete").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    expect(page.locator("#mail-2")).to_have_count(0)
    expect(page.locator("h1")).to_have_text("Mail 1")
    page.get_by_role("button", name="on a page").click()
    expect(page.locator("#pane")).to_have_count(0)
    expect(page.locator("h1")).to_have_text("Mail 1")


def test_the_width_is_dragged_or_set_by_keys_and_remembered(house: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(filled(house, "width@x"))
    page.get_by_role("button", name="beside the list").click()
    splitter = page.locator("#splitter")
    expect(splitter).to_have_attribute("tabindex", "0")
    splitter.focus()
    with page.expect_response("**/split"):
        page.keyboard.press("ArrowRight")
    expect(splitter).to_have_attribute("aria-valuenow", "45")
    page.locator("#mail-3 .what a").click()
    expect(splitter).to_have_attribute("aria-valuenow", "45")
    expect(splitter).to_have_attribute("tabindex", "0")
    box = splitter.bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, 300)
    page.mouse.down()
    page.mouse.move(box["x"] - 100, 300)
    with page.expect_response("**/split"):
        page.mouse.up()
    expect(splitter).to_have_attribute("aria-valuenow", "35")
    page.reload()
    expect(splitter).to_have_attribute("aria-valuenow", "35")


def test_the_list_stays_where_it_was_scrolled_to(house: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(filled(house, "scrolled@x", 40))
    page.get_by_role("button", name="beside the list").click()
    page.locator("#mail-40 .what a").click()
    expect(page.locator("h1")).to_have_text("Mail 40")
    page.wait_for_load_state()  # the script has run, which scrolls it too
    page.evaluate("document.querySelector('.pane').scrollTop = 600")
    page.locator("#mail-28 .what a").click()
    expect(page.locator("h1")).to_have_text("Mail 28")
    page.wait_for_load_state()
    assert page.evaluate("document.querySelector('.pane').scrollTop") == pytest.approx(600, abs=2)


def test_the_list_beside_is_live_unless_somebody_is_in_it(house: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(filled(house, "livepane@x", 40))
    page.get_by_role("button", name="beside the list").click()
    page.locator("#mail-40 .what a").click()
    expect(page.locator("h1")).to_have_text("Mail 40")
    page.wait_for_selector("#feed[data-state=live]")
    page.mouse.move(0, 0)
    first = page.locator(".pane [data-id]").first
    house.send("livepane@x")
    expect(first).to_have_id("mail-41")
    page.evaluate("document.querySelector('.pane').scrollTop = 600")
    house.send("livepane@x")
    expect(page.locator("#side [aria-current]")).to_contain_text("41 new")
    expect(first).to_have_id("mail-41")


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("origin", ["all", "search"])
def test_the_list_beside_is_the_one_that_was_left(
    house: PostOfficeProcess, reader: Reader, origin: str, javascript: bool
) -> None:
    word = f"left{origin}{javascript}".lower()
    for number in range(3):
        house.send(f"{word}{number % 2}@x", body=b"%s %d\n" % (word.encode(), number))
    page = reader.open(f"{house.url}/mailbox/{word}0@x", javascript=javascript)
    page.get_by_role("button", name="beside the list").click()
    page.goto(f"{house.url}/all" if origin == "all" else f"{house.url}/search?q={word}")
    page.get_by_role("link", name=f"{word} 1").click()
    expect(page.locator("h1")).to_have_text(f"{word} 1")
    pane = page.locator("#pane .what a bdi")
    assert [text for text in pane.all_text_contents() if word in text] == [f"{word} {each}" for each in (2, 1, 0)]
    expect(page.locator("#pane [aria-current]")).to_contain_text(f"{word} 1")
    page.get_by_role("link", name="Older", exact=True).click()
    expect(page.locator("h1")).to_have_text(f"{word} 0")
    page.locator(".tabs").get_by_role("link", name="Text" if javascript else "In its file").first.click()
    expect(page.locator("#pane [aria-current]")).to_contain_text(f"{word} 0")
    page.locator(".mailhead").get_by_role("button", name="Delete").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 1")
    expect(page.locator("h1")).to_have_text("All mail" if origin == "all" else word)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name=f"{word} 0")).to_be_visible()


def test_the_list_beside_does_not_move_under_a_reader(house: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(filled(house, "moves@x"))
    page.get_by_role("button", name="beside the list").click()
    page.locator("#mail-2 .what a").click()
    expect(page.locator("h1")).to_have_text("Mail 2")
    page.wait_for_selector("#feed[data-state=live]")
    page.mouse.move(1200, 700)
    house.send("moves@x", body=b"Mail 4\n")
    expect(page.locator("#pane #mail-4")).to_be_visible()
    page.locator("#mail-3 .what a").focus()
    house.send("moves@x", body=b"Mail 5\n")
    bar = page.get_by_role("link", name="This list has changed. Show it as it is now")
    expect(bar).to_be_visible()
    expect(page.locator("#mail-5")).to_have_count(0)
    expect(page.locator("#facts")).to_have_text("5 to 1 of 5")
    bar.click()
    expect(page.locator("#pane #mail-5 .what a")).to_be_focused()
    expect(bar).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Mail 2")


def test_axe_finds_nothing_in_three_panes(house: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(filled(house, "axe@x"))
    page.get_by_role("button", name="beside the list").click()
    expect(page.locator(".unread-pane")).to_be_visible()
    found = violations(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("#mail-2 .what a").click()
    expect(page.locator("h1")).to_have_text("Mail 2")
    assert found + violations(page) == []


@pytest.mark.parametrize("beside", [True, False])
def test_what_was_fetched_before_a_deletion_is_not_shown_after_it(
    house: PostOfficeProcess, reader: Reader, beside: bool
) -> None:
    name = f"overtaken{beside}@x".lower()
    page = reader.open(filled(house, name))
    if beside:
        page.get_by_role("button", name="beside the list").click()
        page.locator("#mail-1 .what a").click()
        page.wait_for_selector("#feed[data-state=live]")
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if held or route.request.resource_type != "fetch" or route.request.method != "GET":
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route(f"**/mailbox/{name}**", hold)
    with page.expect_request(lambda request: request.resource_type == "fetch" and name in request.url):
        house.send(name, body=b"Mail 4\n")
    while not held:
        page.wait_for_timeout(10)  # in which the answer may come; it is older than the deletion
    page.locator("#mail-2 .quiet").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    expect(page.locator("#mail-2")).to_have_count(0)
    seen = page.evaluate_handle(
        """() => {
            const seen = [];
            const byId = id => document.getElementById(id);
            const look = () => seen.push(byId("mail-2") !== null, !byId("fresh").hidden);
            new MutationObserver(look).observe(document.getElementById("main").parentElement,
                { attributes: true, childList: true, subtree: true });
            return seen;
        }"""
    )
    route, response = held[0]
    with page.expect_response(lambda response: response.request.resource_type == "fetch" and "done=" in response.url):
        route.fulfill(response=response)
    expect(page.locator("#fresh")).to_be_hidden()
    assert True not in seen.json_value()
