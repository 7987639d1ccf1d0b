"""What people do with the viewer, from beginning to end: with JavaScript or not, wide and narrow, light and dark."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.process import PostOfficeProcess
from tests.web.letters import rich
from tests.web.stage import CROSSED, MODES, NARROW, WIDE, Mode, Stage

pytestmark = pytest.mark.browser


@pytest.fixture(scope="package")
def boards(chromium: Browser) -> Iterator[Stage]:
    opened = Stage(chromium)
    yield opened
    opened.close()


@pytest.fixture(params=MODES, ids=str)
def stage(boards: Stage, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The page, for a story that is acted otherwise where there is less room."""
    boards.enter(request.param, widths=(request.param.width,))
    yield boards
    assert boards.trouble == []


@pytest.fixture(params=CROSSED, ids=str)
def crossed(boards: Stage, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The page, for a story that only looks otherwise there."""
    boards.enter(request.param, widths=(WIDE, NARROW))
    yield boards
    assert boards.trouble == []


@pytest.fixture(scope="module")
def letter(house: PostOfficeProcess) -> str:
    """The address of a mail with text, HTML, an image and a file."""
    html = '<h1>Hello</h1><img src="cid:logo@x" alt="logo"> <a href="https://example.com/more">more</a>'
    house.send("story-letter@x", body=rich(html))
    return f"{house.url}/mailbox/story-letter@x/1"


@pytest.fixture(scope="module")
def numbats(house: PostOfficeProcess) -> None:
    """Three mails in two mailboxes that speak of numbats."""
    house.send("story-day@x", "story-night@x", body=b"A numbat at dawn\nIt sleeps.\n")
    house.send("story-day@x", body=b"Again the numbat sleeps\nUntil noon, for a numbat sleeps well.\n")


@pytest.fixture(scope="module")
def long_list(house: PostOfficeProcess) -> str:
    """The address of a mailbox with more mails than a page of it shows, the last one being number 60."""
    poured(house, "story-long@x", 60)
    return f"{house.url}/mailbox/story-long@x"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a mailbox that had four mails, of which a rule has kept the last two."""
    folder = tmp_path_factory.mktemp("kept")
    before = PostOfficeProcess(folder).start()
    for number in range(1, 5):
        before.send("kept@x", body=b"Mail %d\n" % number)
    before.stop()
    process = PostOfficeProcess(folder, "--keep-last", "2").start()
    with process.connect() as peer:
        peer.ask("HELO x")
        rows, deadline = b"", time.monotonic() + 30
        while rows.count(b"\n") != 2:
            assert time.monotonic() < deadline, rows
            peer.ask("LIST kept@x")
            rows = peer.body()
    yield f"{process.url}/mailbox/kept@x"
    process.stop()


def poured(house: PostOfficeProcess, name: str, number: int) -> None:
    """Send many mails at once."""
    with house.connect() as peer:
        for mail in range(1, number + 1):
            peer.say(b"HELO x\nMAIL FROM: a.%d@x\nRCPT TO: %s\nDATA Mail %d\n" % (mail, name.encode(), mail))
        for _ in range(4 * number):
            assert peer.line().startswith(b"200 ")


def sent(house: PostOfficeProcess, mode: Mode, story: str, number: int) -> str:
    """Send mails to a mailbox of this story's own; return its name."""
    poured(house, mode.name(story), number)
    return mode.name(story)


def rows(page: Page, kind: str = "[data-id]") -> list[str]:
    page.wait_for_load_state()
    ids: list[str] = page.eval_on_selector_all(f"#list {kind}", "rows => rows.map(row => row.dataset.id)")
    return ids


def new(page: Page) -> list[str]:
    return rows(page, ".new")


def place(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"], box["x"] + box["width"]


def press(page: Page, *keys: str) -> None:
    page.wait_for_load_state()  # its scripts have run, and it stands at the row that its address leads to
    for key in keys:
        page.keyboard.press(key)


def test_mailboxes_then_the_list_then_a_mail(crossed: Stage, house: PostOfficeProcess) -> None:
    name = sent(house, crossed.mode, "places", 3)
    page = crossed.open(house.url)
    crossed.look()
    page.locator("#list").get_by_role("link", name=name).click()
    side = page.get_by_role("navigation", name="Mailboxes")
    expect(side.locator("[aria-current]")).to_have_text(f"{name} 3 new")
    expect(side.get_by_role("link").first).to_have_text(re.compile(r"All mail [\d,]+ new"))
    crossed.look()
    page.locator("#list").get_by_role("link", name="Mail 2").click()
    expect(page.locator("h1")).to_have_text("Mail 2")
    expect(page.locator("pre")).to_have_text("Mail 2\n")
    crossed.look()
    page.get_by_role("link", name=name).click()
    expect(side.locator("[aria-current]")).to_have_text(f"{name} 2 new")
    side.get_by_role("link", name="All mail").click()
    expect(page.locator("#list").get_by_role("link", name="New: Mail 3").first).to_be_visible()
    crossed.look()


def test_the_list_beside_the_mail_is_remembered(crossed: Stage, house: PostOfficeProcess) -> None:
    name, other = sent(house, crossed.mode, "beside", 2), sent(house, crossed.mode, "besides", 1)
    page = crossed.open(f"{house.url}/mailbox/{name}")
    crossed.resize(WIDE)  # where it can be chosen
    page.get_by_role("button", name="beside the list").click()
    expect(page.get_by_text("Choose a mail to read it here.")).to_be_visible()
    crossed.look()
    page.locator("#list").get_by_role("link", name="Mail 2").click()
    expect(page.locator("h1")).to_have_text("Mail 2")
    crossed.look()
    page = crossed.open(f"{house.url}/mailbox/{other}/1")
    crossed.resize(WIDE)
    assert place(page, "#side")[1] <= place(page, ".pane")[0]
    assert place(page, ".pane")[1] <= place(page, "main")[0]
    expect(page.locator(".pane [aria-current]")).to_have_text("Mail 1")
    crossed.resize(NARROW)
    expect(page.locator(".pane")).to_be_hidden()
    assert place(page, "main") == (0, NARROW)


def test_a_long_list_is_read_page_by_page(crossed: Stage, long_list: str) -> None:
    page = crossed.open(long_list)
    assert (rows(page)[0], rows(page)[-1]) == ("60", "11")
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".pager")).to_contain_text("10 to 1 of 60")
    assert page.url == f"{long_list}?before=11", "by a key, which stays true when mail comes in"
    assert rows(page) == [str(number) for number in range(10, 0, -1)]
    crossed.look()
    page.get_by_role("link", name="Newer").click()
    expect(page.locator("#mail-60")).to_be_visible()


def test_mails_are_found_by_their_words(crossed: Stage, house: PostOfficeProcess, numbats: None) -> None:
    page = crossed.open(house.url)

    def search(words: str) -> None:
        page.get_by_role("searchbox", name="Search all mail").fill(words)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text(words)
        page.wait_for_load_state()

    search("numbat in:story-day")
    expect(page.locator("#facts")).to_have_text("2 mails")
    assert {mark.lower() for mark in page.locator("mark").all_text_contents()} == {"numbat"}
    assert page.locator("mark").count() > 2
    crossed.look()
    search('"numbat sleeps"')
    expect(page.locator("#facts")).to_have_text("1 mail")
    expect(page.get_by_role("link", name="Again the numbat sleeps")).to_be_visible()
    search("numbat -noon")
    expect(page.locator("#facts")).to_have_text("2 mails in 2 mailboxes")
    crossed.open(page.url)
    expect(page.locator("#facts")).to_have_text("2 mails in 2 mailboxes")
    search("numbat nowhere")
    expect(page.locator("#list")).to_contain_text("No mail has numbat nowhere.")
    page.get_by_role("link", name="3 mails").click()
    expect(page.locator("#facts")).to_have_text("3 mails in 2 mailboxes")
    crossed.open(f"{house.url}/search?q=%22never+closed")
    expect(page.locator("h1")).to_have_text("This search can’t be read")
    crossed.look()


def test_all_that_a_search_finds_is_marked_and_deleted_and_undone(crossed: Stage, house: PostOfficeProcess) -> None:
    word = crossed.mode.name("bilby").partition("@")[0].replace("-", "")
    house.send("story-one@x", "story-other@x", "story-third@x", body=f"{word}\n".encode())
    page = crossed.open(f"{house.url}/search?q={word}")
    page.get_by_role("button", name="Mark all 3 read").click()
    expect(page.locator("#status")).to_have_text("Marked 3 mails read")
    assert new(page) == []
    page.get_by_role("button", name="Delete all 3").click()
    expect(page.locator("#status")).to_have_text("Deleted 3 mails")
    expect(page.locator("#list")).to_contain_text(f"No mail has {word}.")
    crossed.look()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("3 mails are back")
    expect(page.locator("#list [data-id]")).to_have_count(3)


def test_a_mail_that_was_opened_is_seen_and_can_be_new_again(crossed: Stage, house: PostOfficeProcess) -> None:
    name = sent(house, crossed.mode, "seen", 3)
    page = crossed.open(f"{house.url}/mailbox/{name}")
    assert new(page) == ["3", "2", "1"]
    page.locator("#list").get_by_role("link", name="Mail 2").click()
    expect(page.locator("#crumb")).to_contain_text("mail 2 of 3")
    page.get_by_role("link", name=name).click()
    expect(page.locator("#facts")).to_contain_text("3 mails, 2 new")
    assert new(page) == ["3", "1"]
    crossed.look()
    page.locator("#list").get_by_role("link", name="Mail 2").click()
    page.get_by_role("button", name="Mark new").click()
    expect(page.locator("#status")).to_have_text("Marked mail 2 new")
    assert new(page) == ["3", "2", "1"]
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator("#status")).to_have_text("Marked 3 mails read")
    expect(page).to_have_title(f"{name}: 3 mails · mysmtp")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("Marked 3 mails new")
    expect(page).to_have_title(f"(3) {name}: 3 mails · mysmtp")


def test_one_mail_is_deleted_and_comes_back(stage: Stage, house: PostOfficeProcess) -> None:
    name = sent(house, stage.mode, "deleted", 3)
    page = stage.open(f"{house.url}/mailbox/{name}")
    page.locator("#mail-2").hover()
    page.get_by_role("button", name="Delete mail 2").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    assert rows(page) == ["3", "1"]
    stage.look()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("Mail 2 is back")
    page.locator("#list").get_by_role("link", name="Mail 3").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 3")
    assert rows(page) == ["2", "1"]
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("#status")).to_have_text("Deleted 2 mails")
    expect(page.locator("#list")).to_contain_text("the next one gets id 4")
    stage.look()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("2 mails are back")
    assert rows(page) == ["2", "1"]


def test_chosen_mails_are_marked_and_deleted_and_come_back(stage: Stage, house: PostOfficeProcess) -> None:
    name = sent(house, stage.mode, "chosen", 4)
    page = stage.open(f"{house.url}/mailbox/{name}")
    expect(page.get_by_role("button", name="Mark read")).to_be_hidden()
    page.get_by_label("Choose mail 4").check()
    page.get_by_label("Choose mail 2").check()
    if stage.mode.javascript:
        expect(page.locator("#chosen")).to_have_text("2 chosen:")
    stage.look()
    page.get_by_role("button", name="Mark read").click()
    expect(page.locator("#status")).to_have_text("Marked 2 mails read")
    assert new(page) == ["3", "1"]
    expect(page.get_by_role("button", name="Mark read")).to_be_hidden()
    page.get_by_label("Choose mail 3").check()
    page.get_by_label("Choose mail 2").check()
    page.locator("#choose").get_by_role("button", name="Delete").click()
    expect(page.locator("#status")).to_have_text("Deleted 2 mails")
    assert rows(page) == ["4", "1"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("2 mails are back")
    assert (rows(page), new(page)) == (["4", "3", "2", "1"], ["3", "1"])


def test_a_rule_keeps_the_last_mails(crossed: Stage, kept: str) -> None:
    page = crossed.open(kept)
    expect(page.locator("#facts")).to_contain_text("2 mails")
    assert rows(page) == ["4", "3"]
    crossed.look()


def test_html_mail_is_read_in_every_way(crossed: Stage, letter: str) -> None:
    page = crossed.open(letter)
    frame = page.locator(".frame iframe")
    expect(frame.content_frame.get_by_role("heading")).to_have_text("Hello")
    for width, wide in (("Phone", 360), ("Tablet", 768), ("Desktop", 1280)):
        page.get_by_role("link", name=width).click()
        expect(frame).to_have_css("width", f"{wide}px")
        crossed.look()
    ground = frame.content_frame.locator("html").evaluate("html => getComputedStyle(html).backgroundColor")
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), "mails are written for white"
    page.get_by_role("link", name="Source", exact=True).first.click()
    expect(page.get_by_role("group", name="Source of the HTML")).to_contain_text("<h1>Hello</h1>")
    crossed.look()


TABS = {
    "Text": "Hello Bob, see https://example.com/x.",
    "Headers": "The Weekly Postcard",
    "Links": "https://example.com/more",
    "Parts": "letter.pdf",
    "Checks": "",
    "In its file": "===START_EMAIL===",
}


def test_each_view_of_a_mail_says_what_it_is_for(crossed: Stage, letter: str) -> None:
    page = crossed.open(letter)
    for label, words in TABS.items():
        page.locator(".tabs").get_by_role("link", name=label).click()
        expect(page.locator(".tabs [aria-current]")).to_contain_text(label)
        expect(page.locator(".reading")).to_contain_text(words)
        crossed.look()


def test_a_mail_is_printed_with_its_head(crossed: Stage, letter: str) -> None:
    page = crossed.open(letter)
    page.get_by_role("link", name="Print", exact=True).click()
    expect(page.locator("header h1")).to_have_text("The Weekly Postcard")
    expect(page.locator("main")).to_contain_text("Hello")
    crossed.look(white=True)
    page.get_by_role("link", name="Back to the mail").click()
    expect(page.locator(".crumb")).to_contain_text("story-letter@x")


def test_figures_are_drawn_and_told(crossed: Stage, house: PostOfficeProcess, numbats: None) -> None:
    page = crossed.open(f"{house.url}/figures")
    crossed.look()
    page.get_by_role("link", name="Day").click()
    expect(page.locator(".spans [aria-current]")).to_have_text("Day")
    expect(page.get_by_role("table", name="story-day@x")).to_have_count(0)
    page.locator("summary").first.click()
    expect(page.get_by_role("table", name="Mails a minute").get_by_role("row")).to_have_count(97)
    crossed.look()


def test_by_keyboard_alone(stage: Stage, house: PostOfficeProcess) -> None:
    name = sent(house, stage.mode, "tabbed", 2)
    page = stage.open(f"{house.url}/mailbox/{name}")
    press(page, "Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    stage.look_at_focus()
    press(page, "Enter")
    for goal in ("Follow newest", "Mark all read", "Delete all", "Choose mail 2", "New: Mail 2", "Delete mail 2"):
        press(page, "Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_accessible_name(re.compile(goal))
        stage.look_at_focus()
    press(page, "Enter")
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    if not stage.mode.javascript:
        press(page, "Tab", "Tab")  # the address leads to the row: its box comes first
    expect(page.locator("#mail-1 a")).to_be_focused()
    press(page, "Enter")
    expect(page.locator("h1")).to_have_text("Mail 1")


def test_by_single_keys(crossed: Stage, house: PostOfficeProcess, letter: str) -> None:
    name = sent(house, crossed.mode, "keyed", 3)
    page = crossed.open(f"{house.url}/mailbox/{name}")
    press(page, "j", "j")
    if not crossed.mode.javascript:
        expect(page.locator("body")).to_be_focused()
        return
    expect(page.locator("#mail-2 a")).to_be_focused()
    crossed.look_at_focus()
    press(page, "x", "k", "x", "Delete")
    expect(page.locator("#status")).to_have_text("Deleted 2 mails")
    press(page, "z")
    expect(page.locator("#status")).to_have_text("2 mails are back")
    press(page, "j", "m")
    expect(page.locator("#status")).to_contain_text("Marked mail")
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    crossed.look()
    press(page, "Escape", "/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    crossed.look_at_focus()


class Wire:
    """What goes over the wire for one page after the other, as the browser's own tools tell it."""

    def __init__(self, page: Page) -> None:
        self.requested: list[str] = []
        self.octets = 0
        self._tools = page.context.new_cdp_session(page)
        self._tools.on("Network.requestWillBeSent", lambda sent: self.requested.append(sent["request"]["url"]))
        # Head and body as they came, compressed; of what is still coming, each piece.
        self._tools.on("Network.loadingFinished", self._add)
        self._tools.send("Network.enable")

    def _add(self, finished: dict[str, int]) -> None:
        self.octets += finished["encodedDataLength"]

    def close(self) -> None:
        self._tools.detach()


def test_a_first_list_page_is_small_and_comes_from_here_alone(long_list: str, chromium: Browser) -> None:
    context = chromium.new_context()  # with an empty cache
    page = context.new_page()
    wire = Wire(page)
    page.goto(long_list)
    page.wait_for_selector("#feed[data-state=live]")
    expect(page.locator("#list [data-id]")).to_have_count(50)
    wire.close()
    context.close()
    assert {url.split("/")[2] for url in wire.requested} == {long_list.split("/")[2]}
    assert len(wire.requested) >= 5, "page, styles, scripts, feed"
    assert 5_000 < wire.octets < 60_000
