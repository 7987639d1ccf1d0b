"""Reading, deleting and undoing in a real browser: by keyboard, without JavaScript, and with mail that means harm."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.looks import placed

pytestmark = pytest.mark.browser


def tab_to(page: Page, goal: Locator, key: str = "Tab") -> None:
    """Press a key until the goal has the focus, which must be seen at every step."""
    page.wait_for_load_state()
    for _ in range(60):
        if goal.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
        seen = page.evaluate(
            """() => [document.activeElement, document.activeElement.closest('li, tr')].some(
                element => element && getComputedStyle(element).outlineStyle !== 'none')"""
        )
        assert seen or page.evaluate("document.activeElement === document.body")
    raise AssertionError("the keyboard does not get there")


def rows(page: Page) -> list[str]:
    page.wait_for_load_state()
    return [row.get_attribute("data-id") or "" for row in page.locator("[data-id]").all()]


def test_by_keyboard_alone(house: PostOfficeProcess, reader: Reader) -> None:
    for number in range(3):
        house.send("board@x", body=b"Mail %d\n" % (number + 1))
    page = reader.open(f"{house.url}/mailbox/board@x")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    tab_to(page, page.locator("#mail-2 .what a"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Mail 2")
    tab_to(page, page.get_by_role("link", name="In its file"))
    page.keyboard.press("Enter")
    expect(page.locator("pre")).to_contain_text("START_EMAIL")
    tab_to(page, page.get_by_role("button", name="Delete"))
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    expect(page.locator("#mail-1 .what a")).to_be_focused()
    assert rows(page) == ["3", "1"]
    tab_to(page, page.get_by_role("button", name="Undo"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Mail 2 is back")
    expect(page.locator("#mail-2 .what a")).to_be_focused()
    assert rows(page) == ["3", "2", "1"]


def test_deleting_rows_moves_on_to_the_next(house: PostOfficeProcess, reader: Reader) -> None:
    for _ in range(3):
        house.send("rows@x")
    page = reader.open(f"{house.url}/mailbox/rows@x")
    tab_to(page, page.locator("#mail-2 .quiet"))
    expect(page.locator("#mail-2 .quiet")).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    expect(page.locator("#mail-1 .what a")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#mail-3 .what a")).to_be_focused()
    assert page.url.partition("?")[0].endswith("/mailbox/rows@x")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#mail-1")).to_be_visible()
    expect(page.locator("#undo")).to_be_empty()


def test_a_reload_tells_the_last_deed_and_offers_its_undo_only_once(house: PostOfficeProcess, reader: Reader) -> None:
    for _ in range(3):
        house.send("again@x")
    page = reader.open(f"{house.url}/mailbox/again@x")
    for mail in (3, 1):
        page.locator(f"#mail-{mail} .quiet").click()
        expect(page.locator("#status")).to_have_text(f"Deleted mail {mail}")
    told = page.url
    page.reload()
    expect(page.locator("#status")).to_have_text("Deleted mail 1")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("Mail 1 is back")
    page.reload()
    expect(page.locator("#status")).to_have_text("Mail 1 is back")
    page.goto(told)  # what was undone is told no more
    expect(page.locator("#mail-1")).to_be_visible()
    expect(page.locator("#status")).to_have_text("")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 800, 360])
def test_what_was_done_is_told_in_a_bar_that_cuts_no_row(house: PostOfficeProcess, reader: Reader, width: int) -> None:
    for _ in range(30):
        house.send(f"bar{width}@x")
    page = reader.open(f"{house.url}/mailbox/bar{width}@x", width=width)
    page.locator("#mail-30 .quiet").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 30")
    bar, rows = placed(page.locator("#told")), [placed(row) for row in page.locator(".mails li").all()]
    under = [row for row in rows if row["y"] < bar["y"] + bar["height"] and row["y"] + row["height"] > bar["y"]]
    assert bar["y"] + bar["height"] == 800
    assert under
    assert all(row["x"] >= bar["x"] and row["x"] + row["width"] <= bar["x"] + bar["width"] for row in under)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    bar, last = placed(page.locator("#told")), placed(page.locator(".mails li").last)
    assert last["y"] + last["height"] <= bar["y"]


def test_all_of_it_without_javascript(house: PostOfficeProcess, reader: Reader) -> None:
    for number in range(60):
        house.send("plain@x", body=b"Mail %d\n" % (number + 1))
    page = reader.open(f"{house.url}/", javascript=False)
    page.get_by_role("link", name="plain@x").click()
    expect(page.locator("#feed")).to_have_text("Not live. Refresh, or every 2 s")
    page.get_by_role("link", name="Older").click()
    assert rows(page) == [str(number) for number in range(10, 0, -1)]
    page.locator("#mail-7").hover()
    page.locator("#mail-7 .quiet").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 7")
    assert rows(page) == ["10", "9", "8", "6", "5", "4", "3", "2", "1"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("Mail 7 is back")
    page.get_by_role("link", name="Newer").click()
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("#status")).to_have_text("Deleted 60 mails")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#facts")).to_contain_text("60 mails")
    page.get_by_role("link", name="every 2 s").click()
    expect(page.locator("#feed")).to_have_text("Refreshed every 2 s. Stop")
    house.send("plain@x", body=b"By itself\n")
    expect(page.locator("#mail-61")).to_contain_text("By itself")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_theme_is_chosen(house: PostOfficeProcess, reader: Reader, javascript: bool) -> None:
    house.send("theme@x")
    page = reader.open(f"{house.url}/mailbox/theme@x", javascript=javascript)
    expect(page.locator("main")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("main")).to_have_css("background-color", "rgb(21, 25, 32)")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith("/mailbox/theme@x")
    page.get_by_role("button", name="Auto").click()
    expect(page.locator("main")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_a_download_has_the_very_octets(house: PostOfficeProcess, reader: Reader) -> None:
    body = "Grüße\r\nund .Punkt\n".encode() + bytes(range(128, 256)) + b"\n"
    house.send("load@x", body=body)
    page = reader.open(f"{house.url}/mailbox/load@x/1")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename == "mail-load@x-1.txt"
    assert started.value.path().read_bytes() == body


HARM = [
    "<script>alert(1)</script>",
    "<svg/onload=alert(document.domain)>",
    "<img src=http://127.0.0.1:9/x onerror=alert(1)>",
    "</pre></title></textarea><script>alert(1)</script>",
    "<meta http-equiv=refresh content=0;url=//e.example>",
    "<base href=//e.example><link rel=stylesheet href=//e.example/x>",
    "<iframe srcdoc=<script>alert(1)</script>>",
    "javascript:alert(1)//",
    "'-alert(1)-'",
]


def test_mail_that_means_harm_does_none(house: PostOfficeProcess, reader: Reader) -> None:
    for vector in HARM:
        word = vector.replace(" ", "/").replace("<", "").replace(">", "") if "<" in vector else vector
        house.send(f"harm{word}@x", body=f"{vector}\n{vector}\n".encode(), sender=f"{word}@x")
    house.send("harm@x", body="\n".join([*HARM, ""]).encode())
    page = reader.open(f"{house.url}/")
    links = [link.get_attribute("href") or "" for link in page.locator(".all th a").all()]
    harmful = [link for link in links if "/harm" in link]
    assert len(harmful) == len(HARM) + 1
    page.locator(f'a[href="{harmful[0]}"]').click()
    for link in harmful:
        for rest in ("", "/1", "/1/raw", "/99", quote("<script>alert(1)</script>")):
            page.goto(house.url + link + rest)
    # The reader fails this test if a script ran or anything was fetched from elsewhere.
    assert reader.trouble == []
