"""The page of figures in a real browser: it hears of mail, and leaves alone what is being read."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.looks import placed

pytestmark = pytest.mark.browser

WAIT = 30_000  # ms
Start = Callable[..., PostOfficeProcess]


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


@pytest.mark.parametrize("width", [1280, 360])
def test_a_long_name_stands_on_one_line_and_in_full_on_hover(start: Start, reader: Reader, width: int) -> None:
    office, name = start(), "a.very.long.name.of.a.mailbox@a-subdomain.of-a-department.example.org"
    office.send(name, "bob@x")
    page = reader.open(f"{office.url}/figures", width=width)
    table = page.get_by_role("table", name="Mails by mailbox")
    heights = {placed(row)["height"] for row in table.locator("tbody tr").all()}
    assert len(heights) == 1
    expect(table.get_by_role("link", name=name)).to_have_attribute("title", name)
