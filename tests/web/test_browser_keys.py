"""Every key of the page Keys in a real browser, on the list and on a mail; and where none may be taken."""

import time

import pytest
from playwright.sync_api import Page

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.letters import rich
from tests.web.looks import violations

pytestmark = pytest.mark.browser

WAIT = 30_000  # ms


@pytest.fixture(scope="package")
def box(house: PostOfficeProcess) -> str:
    """The address of a mailbox with a letter and two texts; tests that delete put back what they took."""
    house.send("keys@x", body=rich())
    for number in (2, 3):
        house.send("keys@x", body=b"Mail %d\n" % number)
    return f"{house.url}/mailbox/keys@x"


def focused_row(page: Page, number: int | None) -> None:
    """Wait until the focus is in the row of this mail (None: in no row)."""
    page.wait_for_function(
        "wanted => (document.activeElement.closest('[data-id]')?.dataset.id ?? null) === wanted",
        arg=None if number is None else str(number),
        timeout=WAIT,
    )


def press(page: Page, *keys: str) -> None:
    page.wait_for_load_state()  # its scripts have run
    for key in keys:
        page.keyboard.press(key)


def test_j_and_k_go_through_the_rows_and_u_comes_back(box: str, reader: Reader) -> None:
    page = reader.open(box)
    press(page, "j")
    focused_row(page, 3)
    press(page, "j")
    focused_row(page, 2)
    press(page, "j", "j")
    focused_row(page, 1)
    press(page, "k")
    focused_row(page, 2)
    assert page.url == box, "j and k open nothing"
    press(page, "Enter")
    page.wait_for_url(f"{box}/2", timeout=WAIT)
    press(page, "u")
    page.wait_for_url(f"{box}#mail-2", timeout=WAIT)
    focused_row(page, 2)
    press(page, "u")
    page.wait_for_url(box.replace("/mailbox/keys@x", "/"), timeout=WAIT)
    press(page, "j")
    page.wait_for_function("() => document.activeElement.closest('tbody tr') !== null", timeout=WAIT)
    address = page.evaluate("document.activeElement.href")
    press(page, "Enter")
    page.wait_for_url(address, timeout=WAIT)


def test_j_and_k_go_through_the_sessions_and_u_comes_back(house: PostOfficeProcess, reader: Reader) -> None:
    for number in (1, 2):
        house.send("spoken@x", body=b"Spoken %d\n" % number)
    page = reader.open(f"{house.url}/sessions")
    own = [f"session-{number}" for number in page.locator(".sessions .id").all_text_contents()]

    def focused(row: str) -> None:
        page.wait_for_function("id => document.activeElement.closest('li')?.id === id", arg=row, timeout=WAIT)

    press(page, "j", "j")
    focused(own[1])
    press(page, "k")
    focused(own[0])
    press(page, "x", "m", "Delete", "j", "Enter")
    page.wait_for_url(f"{house.url}/sessions/{own[1].partition('-')[2]}", timeout=WAIT)
    press(page, "u")
    page.wait_for_url(f"{house.url}/sessions#{own[1]}", timeout=WAIT)
    focused(own[1])


def test_brackets_go_to_the_newer_and_the_older_mail(box: str, reader: Reader) -> None:
    page = reader.open(f"{box}/2")
    press(page, "[")
    page.wait_for_url(f"{box}/3", timeout=WAIT)
    press(page, "]")
    page.wait_for_url(f"{box}/2", timeout=WAIT)


@pytest.mark.parametrize("origin", ["/all?list=1", "/search?q=crossing"])
def test_brackets_delete_and_u_keep_to_the_list_that_was_left(
    house: PostOfficeProcess, reader: Reader, origin: str
) -> None:
    names = [f"keys{len(origin)}{letter}@x" for letter in "abc"]
    for name in names:
        house.send(name, body=b"Crossing\n")
    page = reader.open(f"{house.url}{origin}")
    page.locator(f"[id='mail-{names[1]}/1'] .what a").click()
    told = "list=all" if origin.startswith("/all") else "q=crossing"
    page.wait_for_url(f"{house.url}/mailbox/{names[1]}/1?{told}", timeout=WAIT)
    for key, name in (("]", names[0]), ("[", names[1]), ("[", names[2])):
        press(page, key)
        page.wait_for_url(f"{house.url}/mailbox/{name}/1?{told}", timeout=WAIT)
    press(page, "u")
    page.wait_for_function("wanted => document.activeElement.closest('li')?.id === wanted", arg=f"mail-{names[2]}/1")
    assert page.url.startswith(house.url + origin.partition("?")[0])
    press(page, "j")
    page.wait_for_function("wanted => document.activeElement.closest('li')?.id === wanted", arg=f"mail-{names[1]}/1")
    press(page, "Enter")
    page.wait_for_url(f"{house.url}/mailbox/{names[1]}/1?{told}", timeout=WAIT)
    press(page, "Delete")
    page.wait_for_function("wanted => document.activeElement.closest('li')?.id === wanted", arg=f"mail-{names[0]}/1")
    assert page.url.startswith(house.url + origin.partition("?")[0])


def test_f_follows_the_newest_from_a_list_too(box: str, reader: Reader) -> None:
    page = reader.open(box)
    press(page, "f")
    page.wait_for_url(f"{box}/newest", timeout=WAIT)
    page.goto(box.replace("/mailbox/keys@x", "/all"))
    press(page, "f")
    page.wait_for_url(box.replace("/mailbox/keys@x", "/all/newest"), timeout=WAIT)


def test_numbers_choose_the_tab(box: str, reader: Reader) -> None:
    page = reader.open(f"{box}/1")
    for key, view in (("2", "text"), ("4", "headers"), ("1", "html")):
        press(page, key)
        page.wait_for_url(f"{box}/1/{view}", timeout=WAIT)
    press(page, "9")
    assert page.url == f"{box}/1/html"


def test_delete_takes_the_row_and_z_puts_it_back(box: str, reader: Reader) -> None:
    page = reader.open(box)
    press(page, "Delete")
    assert page.locator("[data-id]").count() == 3, "no row has the focus"
    press(page, "j", "Backspace")
    assert page.locator("[data-id]").count() == 3
    press(page, "Delete")
    page.locator("#mail-3").wait_for(state="detached", timeout=WAIT)
    focused_row(page, 2)
    press(page, "z")
    page.locator("#mail-3").wait_for(timeout=WAIT)


def test_delete_takes_the_mail_that_is_open(box: str, reader: Reader) -> None:
    page = reader.open(f"{box}/3")
    press(page, "Delete")
    page.get_by_role("button", name="Undo").wait_for(timeout=WAIT)
    page.wait_for_load_state()
    assert page.locator("#mail-3").count() == 0
    press(page, "z")
    page.locator("#mail-3").wait_for(timeout=WAIT)


def test_x_chooses_rows_for_delete_and_m(box: str, reader: Reader) -> None:
    page = reader.open(box)
    press(page, "j", "x")
    assert page.locator("#mail-3 .pick input").is_checked()
    press(page, "j", "x", "x", "x")
    assert page.locator(".pick :checked").count() == 2
    press(page, "Delete")
    page.locator("#mail-2").wait_for(state="detached", timeout=WAIT)
    assert page.locator("#mail-3").count() == 0
    press(page, "z")
    page.locator("#mail-2").wait_for(timeout=WAIT)


def test_m_marks_a_row_read_and_new_and_a_mail_new(box: str, reader: Reader) -> None:
    page = reader.open(box)
    page.goto(f"{box}/2")  # which was seen by that
    page.goto(box)
    page.locator("#mail-2:not(.new) a").focus()
    press(page, "m")
    page.locator("#mail-2.new").wait_for(timeout=WAIT)
    focused_row(page, 2)
    press(page, "m")
    page.locator("#mail-2:not(.new)").wait_for(timeout=WAIT)
    focused_row(page, 2)
    press(page, "j", "z")
    page.locator("#mail-2.new").wait_for(timeout=WAIT)
    focused_row(page, 2)
    page.goto(f"{box}/2")
    press(page, "m")
    page.wait_for_url(lambda url: url.startswith(f"{box}?done="), timeout=WAIT)
    page.locator("#mail-2.new").wait_for(timeout=WAIT)
    focused_row(page, 2)


def test_keys_work_in_the_list_beside_a_mail(house: PostOfficeProcess, reader: Reader) -> None:
    name, around = "aside@x", f"{house.url}/mailbox/aside@x"
    for number in range(1, 5):
        house.send(name, body=b"Aside %d\n" % number)
    page = reader.open(around)
    page.get_by_role("button", name="beside the list").click()
    page.goto(f"{around}/3")
    press(page, "j")
    focused_row(page, 2)
    press(page, "k", "k", "Delete")
    page.locator("#mail-4").wait_for(state="detached", timeout=WAIT)
    focused_row(page, 3)
    assert page.locator("h1").text_content() == "Aside 3", "the mail stays open"
    press(page, "z")
    page.locator("#mail-4").wait_for(timeout=WAIT)
    page.locator("#mail-2 .what a").focus()
    press(page, "m")
    page.locator("#mail-2:not(.new)").wait_for(timeout=WAIT)
    page.locator("#mail-2 .what a").focus()
    press(page, "x")
    assert page.locator("#mail-2 .pick input").is_checked()
    page.locator("#mail-3 .what a").focus()
    press(page, "x", "Delete")
    page.locator("#status", has_text="Deleted 2 mails").wait_for(timeout=WAIT)
    assert page.url.partition("?")[0] == around, "the mail that was open is gone"
    page.wait_for_load_state()
    page.locator("#mail-4 .what a").focus()
    press(page, "j", "Enter")
    page.wait_for_url(f"{around}/1", timeout=WAIT)


def test_a_slash_goes_to_the_search(box: str, reader: Reader) -> None:
    page = reader.open(f"{box}/2")
    press(page, "/")
    page.keyboard.type("j/m")
    assert page.get_by_role("searchbox").input_value() == "j/m"
    assert page.url == f"{box}/2"
    press(page, "Escape", "u")
    page.wait_for_url(f"{box}#mail-2", timeout=WAIT)


def test_g_and_a_letter_go_to_a_page(box: str, reader: Reader) -> None:
    page = reader.open(f"{box}/1", fresh=True)
    page.clock.install()
    page.clock.pause_at(time.time() + 60)  # however long the machine takes from the one key to the other
    for key, path in (("f", "/figures"), ("s", "/sessions"), ("m", "/")):
        press(page, "g", key)
        page.wait_for_url(box.replace("/mailbox/keys@x", path), timeout=WAIT)


def test_a_question_mark_shows_the_keys_and_escape_closes_them(box: str, reader: Reader) -> None:
    page = reader.open(box)
    press(page, "j")
    focused_row(page, 3)
    press(page, "?")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_role("row", name="u Up to the list").wait_for(timeout=WAIT)
    assert violations(page) == []
    press(page, "j")
    assert page.evaluate("document.activeElement.textContent") == "Close"
    press(page, "Escape")
    dialog.wait_for(state="hidden", timeout=WAIT)
    focused_row(page, 3)
    press(page, "?")
    dialog.wait_for(timeout=WAIT)


def test_single_keys_can_be_switched_off_and_delete_stays(box: str, reader: Reader) -> None:
    page = reader.open(box)
    page.get_by_role("link", name="Keys", exact=True).click()
    page.get_by_role("button", name="Switch them off").click()
    page.get_by_text("Keys of a single character are off.").wait_for(timeout=WAIT)
    page.goto(box)
    press(page, "j", "?")
    assert page.locator("dialog#help").count() == 0
    focused_row(page, None)
    page.locator("#mail-3 .what a").focus()
    press(page, "Delete")
    page.locator("#mail-3").wait_for(state="detached", timeout=WAIT)
    page.get_by_role("button", name="Undo").click()
    page.locator("#mail-3").wait_for(timeout=WAIT)


def test_no_key_is_taken_while_somebody_types_or_holds_another(box: str, reader: Reader) -> None:
    page = reader.open(box)
    page.evaluate("document.querySelector('#main').append(document.createElement('textarea'))")
    page.locator("textarea").focus()
    page.keyboard.type("jz?[]u12gm/")
    press(page, "Delete")
    assert page.locator("textarea").input_value() == "jz?[]u12gm/"
    assert page.url == box
    assert page.locator("dialog#help").count() == 0
    press(page, "Escape")
    page.wait_for_function("() => document.activeElement === document.body", timeout=WAIT)
    press(page, "Control+j", "Alt+u", "Meta+j")
    focused_row(page, None)
    assert page.url == box


def test_arrows_are_left_to_scrolling(box: str, reader: Reader) -> None:
    page = reader.open(f"{box}/1/source", height=300)
    press(page, "ArrowDown")
    page.wait_for_function("() => scrollY > 0", timeout=WAIT)
