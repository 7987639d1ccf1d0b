"""Searching in a real browser, without JavaScript and with it."""

import pytest
from playwright.sync_api import expect

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.looks import placed, violations

pytestmark = pytest.mark.browser
PATIENT = 20_000  # ms


def test_without_javascript(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("find1@x", body=b"A zebra in the garden\nIt is striped.\n")
    page = reader.open(f"{house.url}/", width=360, javascript=False)
    page.get_by_role("searchbox", name="Search all mail").fill("zebra in:find1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("zebra in:find1", timeout=PATIENT)
    expect(page.get_by_role("searchbox")).to_have_value("zebra in:find1", timeout=PATIENT)
    expect(page.locator("mark")).to_have_text("zebra", timeout=PATIENT)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("link", name="A zebra in the garden").click()
    expect(page.locator("h1")).to_have_text("A zebra in the garden", timeout=PATIENT)
    page.go_back()
    page.get_by_role("searchbox").fill('"never closed')
    page.get_by_role("button", name="Search").click()
    expect(page.locator("h1")).to_have_text("This search can’t be read", timeout=PATIENT)
    page.get_by_role("link", name="How to search").click()
    page.get_by_role("link", name="has:attachment").click()
    expect(page.locator("h1")).to_have_text("has:attachment", timeout=PATIENT)


def test_a_found_list_is_live_and_can_be_worked_on(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("find2@x", "find3@x", body=b"A quagga at noon\n")
    page = reader.open(f"{house.url}/search?q=quagga")
    expect(page.locator("[data-id]")).to_have_count(2, timeout=PATIENT)
    house.send("find2@x", body=b"Another quagga\n")
    expect(page.locator("[data-id]")).to_have_count(3, timeout=PATIENT)
    expect(page.locator("#facts")).to_have_text("3 mails in 2 mailboxes", timeout=PATIENT)
    assert len({placed(button)["y"] for button in page.locator("#acts .btn").all()}) == 1, "buttons of one line"
    page.get_by_label("Choose mail 2 of find2@x").check()
    page.get_by_label("Choose mail 1 of find3@x").check()
    page.locator("#choose").get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("[data-id]")).to_have_count(1, timeout=PATIENT)
    expect(page.locator("#status")).to_have_text("Deleted 2 mails", timeout=PATIENT)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-id]")).to_have_count(3, timeout=PATIENT)


@pytest.mark.parametrize("text", ["okapi", "okapi nowhere", ""])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(house: PostOfficeProcess, reader: Reader, text: str) -> None:
    if text == "okapi":
        house.send("find4@x", body=b"An okapi " + b"averylongwordwithoutanybreak" * 20 + b"\nand another okapi\n")
    page = reader.open(f"{house.url}/search?q={text}")
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
