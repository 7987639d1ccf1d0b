"""All mail of all mailboxes in a browser, with and without JavaScript: read, paged, worked on, and kept up to date."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.process import PostOfficeProcess
from tests.web.conftest import Reader

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    """A server of its own: what is done to all mail is done to that of no other test."""
    process = PostOfficeProcess(tmp_path_factory.mktemp("crowd")).start()
    yield process
    process.stop()


def subjects(page: Page) -> list[str]:
    page.wait_for_load_state()
    return page.locator(".mails .what a bdi").all_text_contents()


@pytest.mark.parametrize("javascript", [True, False])
def test_work_across_mailboxes(house: PostOfficeProcess, reader: Reader, javascript: bool) -> None:
    word = f"across{javascript}".lower()
    for number in range(3):
        house.send(f"{word}{number}@x", body=b"%s %d\n" % (word.encode(), number))
    page = reader.open(f"{house.url}/mailbox/{word}0@x", javascript=javascript)
    page.get_by_role("link", name="All mail").click()
    expect(page.locator("h1")).to_have_text("All mail")
    assert subjects(page)[:3] == [f"{word} 2", f"{word} 1", f"{word} 0"]
    for number in (0, 2):
        page.get_by_label(f"Choose mail 1 of {word}{number}@x", exact=True).check()
    page.locator("#choose").get_by_role("button", name="Delete").click()
    expect(page.locator("#status")).to_have_text("Deleted 2 mails")
    assert f"{word} 1" in subjects(page)[0]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text("2 mails are back")
    assert subjects(page)[:3] == [f"{word} 2", f"{word} 1", f"{word} 0"]
    page.get_by_role("link", name=f"{word} 1").click()
    expect(page.locator("#crumb")).to_contain_text(f"{word}1@x")


def test_new_mail_of_any_mailbox_enters_at_the_top(house: PostOfficeProcess, reader: Reader) -> None:
    house.send("any1@x", body=b"Any first\n")
    page = reader.open(f"{house.url}/all")
    house.send("any2@x", body=b"Any second\n")
    expect(page.locator(".mails li").first).to_contain_text("Any second", timeout=30_000)
    expect(page.locator(".mails li").first).to_contain_text("any2@x")


@pytest.mark.parametrize("javascript", [True, False])
def test_all_mail_is_marked_deleted_and_put_back(crowd: PostOfficeProcess, reader: Reader, javascript: bool) -> None:
    crowd.send("one@x", "two@x", body=b"For both\n")
    page = reader.open(f"{crowd.url}/all", javascript=javascript)
    mails = page.locator(".mails li").count()
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator("#status")).to_contain_text("read")
    expect(page.locator(".mails li.new")).to_have_count(0)
    expect(page.get_by_role("button", name="Mark all read")).to_have_count(0)
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("#status")).to_have_text(f"Deleted {mails} mails")
    expect(page.get_by_text("No mail is in any mailbox.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_text(f"{mails} mails are back")
    expect(page.locator(".mails li")).to_have_count(mails)
