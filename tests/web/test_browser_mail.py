"""HTML mail in a real browser: nothing of it runs, nothing is fetched, its own images show, everybody can use the page.

Each wall is seen to hold alone: the policy with the vectors as they came, and the page as it is served.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from mysmtp.web.parts import page_policy
from tests.mime.canary import Canary, acts, opened
from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.letters import rich, simple
from tests.web.looks import violations

pytestmark = pytest.mark.browser

TABS = ("html", "markup", "text", "links", "headers", "parts", "source", "checks", "raw")


def behind_the_wall(canary: Canary, vector: str) -> tuple[str, Mapping[str, str]]:
    """A page of a mail that was not cleaned: the policy stands alone."""
    return vector, {"Content-Security-Policy": page_policy(f"http://{canary.here}/part/", False)}


def test_the_policy_alone_holds_every_vector(chromium: Browser) -> None:
    alerts, asked, _ = acts(chromium, behind_the_wall)  # a browser tells of requests that the policy stops, too
    assert (alerts, asked) == (0, [])


@pytest.fixture(scope="module")
def vectors(house: PostOfficeProcess) -> Iterator[tuple[str, Canary]]:
    """The mailbox in which each mail is a vector, and where they want to go."""
    with opened() as canary:
        for vector in canary.vectors:
            house.send("vectors@x", body=rich(vector).replace(b"\r\n", b"\n"))
        yield f"{house.url}/mailbox/vectors@x", canary


def test_no_vector_acts_from_the_frame_of_its_mail(vectors: tuple[str, Canary], reader: Reader) -> None:
    at, canary = vectors
    page = reader.open(f"{at}/1")
    mails = range(1, len(canary.vectors) + 1)
    sizes = page.evaluate(
        """paths => Promise.all(paths.map(path => new Promise(loaded => {
            const frame = document.querySelector('.frame iframe').cloneNode();
            frame.onload = loaded;
            frame.src = path;
            document.querySelector('.frame').append(frame);
        }))).then(() => performance.getEntriesByType('resource').map(each => each.name))""",
        [f"{at}/{number}/page" for number in mails],
    )
    page.wait_for_load_state("networkidle")
    assert {f"{at}/{number}/page" for number in mails} <= set(sizes)
    assert canary.asked == []  # and the reader notes scripts that ran and requests that went elsewhere


@pytest.mark.parametrize(("place", "view"), [*enumerate(("page", "markup", "links", "print"))])
def test_no_vector_acts_from_where_else_it_stands(
    vectors: tuple[str, Canary], reader: Reader, place: int, view: str
) -> None:
    at, canary = vectors
    page = reader.open(at)
    for number in range(1 + place, len(canary.vectors) + 1, 4):
        page.goto(f"{at}/{number}/{view}")
        assert page.title() != ""
    assert canary.asked == []


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
    expect(page.locator("img")).to_have_js_property("naturalWidth", 1)


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


def test_at_360_the_current_tab_is_in_view(letters: str, reader: Reader) -> None:
    page = reader.open(f"{letters}/1/raw", width=360)
    box = page.locator(".tabs [aria-current]").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= 360 - box["width"]


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
    for number, path in enumerate(pages):
        page.goto(f"{letters}/{path}")
        look = slice(number % 2, number % 2 + 1)  # what is round the tabs is the same, and looked at in both
        found += [f"{path} {fault}" for fault in violations(page, looks=look)]
    assert found == []


def test_no_tab_scrolls_sideways_or_has_targets_too_small(letters: str, reader: Reader) -> None:
    page = reader.open(letters)
    wide, small = [], []
    places = [f"{number}/{tab}" for number, tabs in ((1, TABS), (3, ("",)), (4, TABS[1:])) for tab in tabs]
    for place, width in product(places, (1280, 320)):
        if width == 1280:
            page.goto(f"{letters}/{place}".rstrip("/"))
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(f"{width} {place}")
        small += page.evaluate(
            """() => [...document.querySelectorAll('a, button, summary')].filter(element => {
                const box = element.getBoundingClientRect();
                if (!box.width || element.closest('p, pre, .skip')) return false;
                return box.height < 24 || box.width < 24;
            }).map(element => element.outerHTML.slice(0, 120))"""
        )
    assert wide == []
    assert small == []
