"""Pages that keep themselves true, in a real browser against the real process: nothing moves under a reader."""

import html
import re
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.process import ROOT, PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.letters import simple

pytestmark = pytest.mark.browser

Start = Callable[..., PostOfficeProcess]


def rows(page: Page) -> list[str]:
    page.wait_for_load_state()
    return [row.get_attribute("data-id") or "" for row in page.locator("[data-id]").all()]


def test_mail_enters_by_itself(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("now@x", body=b"First\n")
    page = reader.open(f"{house.url}/mailbox/now@x")
    house.send("now@x", body=b"Second\nis here\n")
    expect(page.locator("#mail-2")).to_contain_text("Second")
    assert rows(page) == ["2", "1"]
    expect(page.locator("#facts")).to_have_text("2 mails, 2 new, 21 B")
    expect(page.locator("#status")).to_have_text("1 mail has come in")
    expect(page).to_have_title("(2) now@x: 2 mails · mysmtp")


def test_news_that_come_in_quick_succession_are_told_together(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("burst@x", body=b"First\n")
    page = reader.open(f"{house.url}/mailbox/burst@x", fresh=True)
    page.clock.install()
    page.reload()
    expect(page.locator("#feed")).to_have_text("Live")
    page.clock.pause_at(time.time() + 60)  # from now on its clock goes on only where this test says so
    house.send("burst@x", body=b"Second\n")
    expect(page.locator("#status")).to_have_text("1 mail has come in")
    for number in (3, 4):
        house.send("burst@x", body=b"More\n")
        page.clock.run_for(250)  # between two paints
        expect(page.locator(f"#mail-{number}")).to_be_visible()
    expect(page.locator("#status")).to_have_text("1 mail has come in")
    page.clock.run_for(5_000)
    expect(page.locator("#status")).to_have_text("2 mails have come in")


def test_the_empty_page_becomes_the_list(start: Start, reader: Reader) -> None:
    office = start()
    page = reader.open(f"{office.url}/")
    expect(page.locator("h1")).to_have_text("No mail yet")
    expect(page.get_by_text("Then watch it in Sessions.")).to_be_visible()
    page.locator("pre").first.hover()
    office.send("bob@example.com", body=b"Hello Bob\n")
    expect(page.locator("h1")).to_have_text("Mailboxes")
    expect(page.locator("#list")).to_contain_text("Hello Bob")
    expect(page.locator("#feed")).to_have_text("Live")
    office.send("carol@example.com")
    page.mouse.move(0, 0)
    office.send("dora@example.com")
    expect(page.locator("#facts")).to_contain_text("3, with 3 mails, 3 new")


def test_the_blocks_to_copy_work(start: Start, reader: Reader) -> None:
    office = start()
    page = reader.open(f"{office.url}/")
    blocks = [html.unescape(block.text_content() or "") for block in page.locator("pre").all()]
    said = subprocess.run(["sh", "-c", blocks[0]], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert said.returncode == 0, said.stderr
    expect(page.locator("#list")).to_contain_text("bob@example.com")
    subprocess.run([sys.executable, "-c", blocks[1]], check=True, capture_output=True, timeout=30)
    command, *lines = blocks[2].split("\n")
    assert command == f"nc 127.0.0.1 {office.my_smtp[1]}"
    with office.connect() as peer:
        peer.ask(*lines)
    expect(page.locator("#facts")).to_contain_text("1, with 3 mails")


def test_a_mailbox_that_is_not_there_yet(house: PostOfficeProcess, reader: Reader) -> None:
    page = reader.open(f"{house.url}/mailbox/soon@x")
    expect(page.locator("h1")).to_have_text("No mailbox soon@x")
    house.send("soon@x", body=b"There\n")
    expect(page.locator("#mail-1")).to_contain_text("There")


def test_nothing_moves_under_a_reader(house: PostOfficeProcess, reader: Reader) -> None:
    for number in range(40):
        house.send("long@x", body=b"Mail %d\n" % (number + 1))
    page = reader.open(f"{house.url}/mailbox/long@x", height=500)
    page.evaluate("scrollTo(0, 400)")
    before = page.locator("#mail-20").bounding_box()
    house.send("long@x")
    bar = page.locator("#fresh")
    expect(bar).to_have_text("1 mail has come in since you looked. Show it")
    house.send("long@x")
    expect(bar).to_have_text("2 mails have come in since you looked. Show them")
    expect(page).to_have_title("(42) long@x: 42 mails · mysmtp")
    expect(page.locator("#facts")).to_contain_text("42 mails")
    after = page.locator("#mail-20").bounding_box()
    assert before
    assert after
    # The bar has its place kept above the list.
    assert abs(after["y"] - before["y"]) < 1
    assert rows(page)[0] == "40"
    bar.click()  # from where it is in view: at the top, the list would take in by itself what comes next
    assert rows(page)[:2] == ["42", "41"]
    expect(bar).to_be_hidden()
    expect(page.locator("#mail-42 .what a")).to_be_focused()


@pytest.mark.parametrize("busy", ["pointer", "focus"])
def test_nothing_moves_under_pointer_or_focus(house: PostOfficeProcess, reader: Reader, busy: str) -> None:
    name = f"{busy}@x"
    house.send(name)
    page = reader.open(f"{house.url}/mailbox/{name}")
    if busy == "pointer":
        page.locator("#mail-1").hover()
    else:
        page.locator("#mail-1 .what a").focus()
    house.send(name)
    expect(page.locator("#fresh")).to_contain_text("1 mail has come in")
    assert rows(page) == ["1"]


def test_chosen_mails_stay_where_and_what_they_are(house: PostOfficeProcess, reader: Reader) -> None:
    for _ in range(3):
        house.send("choose@x")
    page = reader.open(f"{house.url}/mailbox/choose@x")
    page.get_by_label("Choose mail 2").check()
    page.mouse.move(0, 0)
    page.locator("#mail-2 input").blur()
    house.send("choose@x")
    bar = page.locator("#fresh")
    expect(bar).to_have_text("1 mail has come in since you looked. Show it")
    assert rows(page) == ["3", "2", "1"]
    bar.click()
    assert rows(page) == ["4", "3", "2", "1"]
    expect(page.get_by_label("Choose mail 2")).to_be_checked()
    expect(page.locator("#chosen")).to_have_text("1 chosen:")
    page.get_by_role("button", name="Choose all shown").click()
    expect(page.locator(".pick :checked")).to_have_count(4)
    expect(page.locator("#chosen")).to_have_text("4 chosen:")


def test_an_offer_to_undo_outlasts_news(house: PostOfficeProcess, reader: Reader) -> None:
    for _ in range(2):
        house.send("offer@x")
    page = reader.open(f"{house.url}/mailbox/offer@x")
    page.locator("#mail-2").hover()
    page.get_by_role("button", name="Delete mail 2").click()
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    page.mouse.move(0, 0)
    page.locator(":focus").blur()
    house.send("offer@x")
    expect(page.locator("#mail-3")).to_be_visible()
    expect(page.locator("#status")).to_have_text("Deleted mail 2")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("Mail 2 is back")


def test_what_another_page_does_is_heard(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("two@x")
    house.send("two@x")
    one, other = (reader.open(f"{house.url}/mailbox/two@x") for _ in range(2))
    one.locator("#mail-1 .quiet").click()
    expect(other.locator("#mail-1")).to_have_count(0)
    expect(other.locator("#facts")).to_contain_text("1 mail,")


def test_a_mail_page_learns_of_newer_mail_and_stays(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("stay@x", body=b"Read me\n")
    page = reader.open(f"{house.url}/mailbox/stay@x/1")
    house.send("stay@x")
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    expect(page.locator("#crumb")).to_contain_text("mail 1 of 2")
    expect(page.locator("h1")).to_have_text("Read me")


def test_a_hidden_tab_catches_up_when_shown(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("hide@x")
    page = reader.open(f"{house.url}/mailbox/hide@x")
    show = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    show += "document.dispatchEvent(new Event('visibilitychange')); }"
    with page.expect_event("requestfailed", lambda request: "/live?" in request.url):  # browsers allow six to a host
        page.evaluate(show, True)
    house.send("hide@x")
    page.evaluate(show, False)
    expect(page.locator("#mail-2")).to_be_visible()


def test_a_lost_server_is_told_and_found_again(start: Start, reader: Reader) -> None:
    office = start()
    office.send("back@x", body=b"Before\n")
    page = reader.open(f"{office.url}/mailbox/back@x")
    office.stop()
    expect(page.locator("#feed")).to_contain_text("Reconnecting, trying again in")
    again = start("--port", str(office.my_smtp[1]), "--web-port", str(office.web[1]))
    again.send("back@x", body=b"While away\n")
    expect(page.locator("#feed")).to_have_text("Live")
    expect(page.locator("#mail-2")).to_contain_text("While away")


def test_a_mail_appended_to_a_file_by_others_appears(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("cat@x", body=b"By the server\n")
    page = reader.open(f"{house.url}/mailbox/cat@x")
    expect(page.locator("#feed")).to_have_text("Live")
    record = b"===START_EMAIL===\nFrom: hand@x\nDate: 12-03-2025\nBy hand\n===END_EMAIL===\n\n"
    deadline = time.monotonic() + 30
    while not house.file("cat@x").exists():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    with house.file("cat@x").open("ab") as end:
        end.write(record)
    expect(page.locator("#mail-2")).to_contain_text("By hand", timeout=30_000)
    expect(page).to_have_title("(2) cat@x: 2 mails · mysmtp")


def test_how_many_are_new_stands_on_the_icon(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("icon@x")
    page = reader.open(f"{house.url}/mailbox/icon@x")
    icon = page.locator("#icon")
    expect(icon).to_have_attribute("href", "/icon/1.svg")
    house.send("icon@x")
    expect(icon).to_have_attribute("href", "/icon/2.svg", timeout=30_000)
    assert page.request.get(f"{house.url}/icon/100.svg").text().count("99+") == 1
    page.get_by_role("button", name="Mark all read").click()
    expect(icon).to_have_attribute("href", re.compile("favicon"))


def test_a_notice_for_who_asks_for_it(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("notice@x")
    page = reader.open(f"{house.url}/mailbox/notice@x", fresh=True)
    page.context.grant_permissions(["notifications"], origin=house.url)
    page.evaluate(
        """() => { window.Notification = class { static permission = "granted";
            static requestPermission = async () => "granted";
            constructor(title, { body }) { document.body.dataset.given = body; } }; }"""
    )
    button = page.get_by_role("button", name="Notify me of new mail")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    hide = "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
    page.evaluate(hide + "document.dispatchEvent(new Event('visibilitychange'))")
    house.send("notice@x")
    expect(page.locator("body")).to_have_attribute("data-given", "1 mail has come in for notice@x")


def test_the_newest_mail_is_followed_until_something_else_is_opened(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("follow@x", body=b"First\n")
    box = f"{house.url}/mailbox/follow@x"
    page = reader.open(f"{box}/1")
    page.keyboard.press("f")
    page.wait_for_url(f"{box}/newest")
    page.wait_for_selector("#feed[data-state=live]")
    house.send("follow@x", body=b"Second\n")
    expect(page.locator("h1")).to_have_text("Second")
    expect(page.locator("#crumb")).to_contain_text("Following the newest.")
    page.wait_for_load_state()
    page.keyboard.press("f")
    page.wait_for_url(f"{box}/2")
    page.wait_for_selector("#feed[data-state=live]")
    house.send("follow@x", body=b"Third\n")
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Second")
    page.goto(box)
    expect(page.locator("#facts")).to_contain_text("3 mails, 1 new,")


@pytest.mark.parametrize("where", ["mailbox", "all"])
def test_the_newest_mail_is_followed_in_the_view_that_was_chosen(
    house: PostOfficeProcess, reader: Reader, where: str
) -> None:
    one, two, three = (f"view{where}{number if where == 'all' else ''}@x" for number in range(3))
    house.send(one, body=simple("One", "First\n"))
    page = reader.open(f"{house.url}/mailbox/{one}/1" + ("?list=all" if where == "all" else ""))
    page.get_by_role("link", name="Follow newest").click()
    newest = f"{house.url}/all/newest" if where == "all" else f"{house.url}/mailbox/{one}/newest"
    page.wait_for_url(newest)
    page.locator(".tabs").get_by_role("link", name="Headers").click()
    page.wait_for_url(f"{newest}?tab=headers")
    expect(page.locator("#crumb")).to_contain_text("Following the newest.")
    page.wait_for_selector("#feed[data-state=live]")
    house.send(two, body=simple("Two", "Second\n"))
    expect(page.locator("h1")).to_have_text("Two")
    expect(page.get_by_role("row", name="Subject Two")).to_be_visible()
    page.wait_for_selector("#feed[data-state=live]")
    house.send(three, body=b"Three\n")  # which has no headers to show
    expect(page.locator("h1")).to_have_text("Three")
    page.get_by_role("link", name="Stop").click()
    page.wait_for_url(f"{house.url}/mailbox/{three}/" + ("1?list=all" if where == "all" else "3"))
