"""The page of figures in a real browser: it hears of mail, and leaves alone what is being read."""

import pytest
from playwright.sync_api import Page

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader

pytestmark = pytest.mark.browser

WAIT = 30_000  # ms


def since(page: Page) -> str:
    return page.locator("#figures > .since").inner_text()


def test_figures_follow_the_mail_unless_their_numbers_are_read(house: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{house.url}/figures")
    before = since(page)
    house.send("figures@x")
    page.wait_for_function(
        "before => document.querySelector('#figures > .since').innerText !== before", arg=before, timeout=WAIT
    )
    page.get_by_role("group").filter(has_text="Mails a second").locator("summary").click()
    table = page.get_by_role("table", name="Mails a second")
    assert table.get_by_role("row").count() == 61
    with page.expect_event("requestfinished", timeout=WAIT):
        house.send("figures@x")
    assert table.is_visible()
