"""A mail as it is printed, and its HTML in its frame, in a real browser: no style of it reaches what is around it."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.letters import rich

pytestmark = pytest.mark.browser

COVER = (
    "position:fixed!important;top:0!important;left:0!important;right:0!important;bottom:0!important;inset:0!important;"
    "margin:-900px!important;padding:2000px!important;contain:none!important;overflow:visible!important;"
    "transform:translate(0,-200px)!important;background:#fff!important;z-index:9999!important;display:block!important;"
    "pointer-events:none!important;color:red!important"
)
HIDDEN = "display:none!important;opacity:0!important;visibility:hidden!important"
SELECTORS = (
    ":host", ":HOST", ":host(*)", ":host(main)", ":host-context(body)", ":host-context(html) *", "p, :host",
    ":is(:host)", ":where(:host)", ":not(p)", ":host:not(p)", "::slotted(*)", "::part(x)", ":\\68ost", "\\3ahost",
    "\\:host", ":h/**/ost", "::backdrop", ":root", "html", "body", "main", "header", "nav", "nav a", "h1", "dl", "*",
    "p", "p::before",
)  # fmt: skip
SHEETS = (
    *(f"{selector}{{{COVER};content:'x'}}" for selector in SELECTORS),
    f"html, body, nav, header, h1, dl, :root, :host-context(*) header {{{HIDDEN}}}",
    *(f"{rule}{{:host{{{COVER}}}}}" for rule in ("@media all", "@supports (a:b)", "@layer x", "@scope", "@container")),
    f"@supports (color:red){{@media screen{{:host{{{COVER}}}}}}}",
    f":host{{a:b;&{{{COVER}}}}}",
    f"p{{:host &{{{COVER}}} & :host{{{COVER}}}}}",
    f"@layer a,b;:host{{{COVER}}}",
    f"@page{{margin:-50cm}}:host{{{COVER}}}",
    f"<!-- :host{{{COVER}}} -->",
)
LETTER = "<p>From: boss@bank.example</p><p style='{}'>Pay</p>"


@pytest.fixture(scope="module")
def covering(house: PostOfficeProcess) -> str:
    """The mailbox of a plain mail and, after it, of those that would cover what is around them."""
    for sheet in ("", *SHEETS):
        house.send("covering@x", body=rich(f"<style>{sheet}</style>{LETTER.format(COVER if sheet else '')}"))
    return f"{house.url}/mailbox/covering@x"


def look(page: Page) -> bytes:
    """Return how all looks that is above the mail."""
    height = page.evaluate("document.querySelector('header').getBoundingClientRect().bottom")
    return page.screenshot(clip={"x": 0, "y": 0, "width": 1280, "height": height})


@pytest.mark.parametrize("media", ["screen", "print"])
def test_no_style_of_a_mail_reaches_the_head_that_is_printed(
    covering: str, reader: Reader, media: Literal["screen", "print"]
) -> None:
    page = reader.open(f"{covering}/1")
    page.get_by_role("link", name="Print", exact=True).click()
    expect(page.get_by_role("heading", name="The Weekly Postcard")).to_be_visible()
    page.emulate_media(media=media)
    plain = look(page)
    reached = []
    for number, sheet in enumerate(SHEETS, 2):
        if media == "print" and number % 4:
            continue  # the selectors are the same there
        page.goto(f"{covering}/{number}/print")
        page.get_by_text("From: boss@bank.example").wait_for(state="attached")
        if look(page) != plain:
            reached.append(sheet)
    assert reached == []
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Back to the mail").click()
    page.locator(".frame iframe").wait_for()


def test_the_place_of_a_printed_mail_holds_even_a_style_that_was_not_cleaned(covering: str, reader: Reader) -> None:
    page = reader.open(f"{covering}/1")
    page.goto(f"{covering}/1/print")
    plain = look(page)
    page.evaluate(
        """() => {
            const host = [...document.querySelectorAll("main, main *")].find(element => element.shadowRoot);
            globalThis.uncleaned = host.shadowRoot.appendChild(document.createElement("style"));
        }"""
    )
    reached = []
    for sheet in SHEETS:
        page.evaluate("sheet => { uncleaned.textContent = sheet; }", sheet)
        if look(page) != plain:
            reached.append(sheet)
    assert reached == []


def test_no_style_of_a_mail_reaches_out_of_its_frame(covering: str, reader: Reader) -> None:
    page = reader.open(f"{covering}/1")
    boxes = """() => [...document.querySelectorAll("h1, .tabs, .frame, .frame iframe")].map(element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        return [x, y, width, height, shown, element.contains(document.elementFromPoint(x + 5, y + 5))];
    })"""
    plain = page.evaluate(boxes)
    assert [box[4:] for box in plain] == [[True, True]] * 4
    reached = []
    for number, sheet in enumerate(SHEETS, 2):
        page.evaluate(
            """path => new Promise(loaded => {
                const frame = document.querySelector(".frame iframe");
                frame.onload = loaded;
                frame.src = path;
            })""",
            f"{covering}/{number}/page",
        )
        if page.evaluate(boxes) != plain:
            reached.append(sheet)
    assert reached == []
