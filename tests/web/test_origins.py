"""Where a mail was opened from, in the addresses of its pages: kept by its tabs, its neighbours and deleting it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from tests.web.posts import NOON, message

BOB, CAROL = "/mailbox/bob@example.com", "/mailbox/carol@example.com"
ALL = [f"{CAROL}/1", f"{BOB}/2", f"{BOB}/1"]  # as /all has them


@pytest.fixture
def three(store: MessageStore) -> MessageStore:
    """An invoice, lunch, and another invoice, which lies in another mailbox."""
    for number, (box, text) in enumerate((("bob", "Invoice 1"), ("bob", "Lunch?"), ("carol", "Invoice 2"))):
        store.append([f"{box}@example.com"], message(f"{text}\n", at=NOON + timedelta(minutes=number)))
    return store


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'<a rel="{rel}" href="([^"]+)"', page)
    return unescape(found[1]) if found else None


def walk(client: FlaskClient, address: str, rel: str) -> list[str]:
    """Return the mails from an address on, each by the link of the one before."""
    found = []
    at: str | None = address
    while at:
        found.append(at)
        at = link(client.get(at).text, rel)
    return found


@pytest.mark.parametrize(
    ("told", "mails"),
    [("list=all", ALL), ("q=invoice", [ALL[0], ALL[2]]), ("q=invoice+-lunch", [ALL[0], ALL[2]]), ("", ALL[1:])],
)
def test_newer_and_older_go_through_the_list_it_was_opened_from(
    client: FlaskClient, three: MessageStore, told: str, mails: list[str]
) -> None:
    every = [f"{each}?{told}".rstrip("?") for each in mails]
    assert walk(client, every[0], "next") == every
    assert walk(client, every[-1], "prev") == every[::-1]


@pytest.mark.parametrize(
    ("told", "list_address", "label"),
    [("list=all", "/all", "All mail"), ("q=invoice", "/search?q=invoice", "invoice"), ("q=", BOB, "bob@example.com")],
)
def test_each_view_leads_back_to_that_list(
    client: FlaskClient, three: MessageStore, told: str, list_address: str, label: str
) -> None:
    page = client.get(f"{BOB}/1?{told}").text
    crumb = re.search(r'<nav id="crumb".*?<a href="([^"]+)" data-row="([^"]+)"><bdi>(.*?)</bdi>', page, re.DOTALL)
    assert crumb
    row = "mail-1" if told == "q=" else "mail-bob@example.com/1"
    assert crumb.groups() == (list_address, row, label)
    tabs = re.findall(r'href="([^"]+)"', page.partition('class="tabs"')[2].partition("</nav>")[0])
    assert tabs
    assert all(each.endswith(f"?{told}") is (told != "q=") for each in tabs)
    assert label in client.get(unescape(tabs[-1])).text
    assert f'href="{BOB}/1' + (f"?{told}" if told != "q=" else "") in client.get(f"{BOB}/1/print?{told}").text


@pytest.mark.parametrize(
    ("told", "beside"),
    [("list=all", ["carol@example.com/1", "bob@example.com/2", "bob@example.com/1"]),
     ("q=invoice", ["carol@example.com/1", "bob@example.com/1"]), ("", ["2", "1"])],
)  # fmt: skip
def test_that_list_stands_beside_the_mail(
    client: FlaskClient, three: MessageStore, told: str, beside: list[str]
) -> None:
    client.set_cookie("split", "40")
    pane = client.get(f"{BOB}/1?{told}").text.partition('class="pane"')[2].partition("</section>")[0]
    assert re.findall(r'data-id="([^"]+)"', pane) == beside
    assert re.findall(r'href="([^"]+)" aria-current', pane) == [f"{BOB}/1?{told}".rstrip("?")]


def test_what_the_mail_is_below_on_a_later_page(client: FlaskClient, store: MessageStore) -> None:
    client.set_cookie("split", "40")
    for number in range(120):
        name = f"box{number % 3}@example.com"
        store.append([name], message("Word\n", at=NOON - timedelta(minutes=120 - number)))
    for told, origin in (("list=all", "/all"), ("q=word", "/search")):
        page = client.get(f"/mailbox/box0@example.com/5?{told}").text  # the 13th: 107 are newer
        pane = re.findall(r'data-id="([^"]+)"', page.partition('class="pane"')[2])
        assert (pane[0], len(pane)) == ("box0@example.com/5", 13)
        up = re.search(r'<a href="([^"]+)" data-row', page)
        assert up
        assert up[1].startswith(origin)
        assert 'id="mail-box0@example.com/5"' in client.get(unescape(up[1])).text
        top = client.get(f"/mailbox/box1@example.com/40?{told}").text.partition('class="pane"')[2]
        assert len(re.findall(r'data-id="([^"]+)"', top)) == 50


@pytest.mark.parametrize(
    ("back", "goes_on"),
    [("/all", "/all?done=*#mail-bob@example.com/2"),
     ("/search?q=invoice", "/search?q=invoice&done=*#mail-bob@example.com/1"),
     ("/search?q=nothing", "/search?q=nothing&done=*"), ("https://evil.example/all", f"{CAROL}?done=*")],
)  # fmt: skip
def test_deleting_goes_on_in_that_list(client: FlaskClient, three: MessageStore, back: str, goes_on: str) -> None:
    where = client.post(f"{CAROL}/1/delete", data={"back": back}).location
    assert re.sub(r"done=[\w-]+", "done=*", where) == goes_on
    assert "Deleted mail 1" in client.get(where).text


def test_a_row_of_that_list_goes_and_comes_back(client: FlaskClient, three: MessageStore) -> None:
    where = client.post("/mails", data={"delete": "bob@example.com/2", "back": "/all"}).location
    assert where.endswith("#mail-bob@example.com/1")
    deed = re.search(r'name="deed" value="([^"]+)"', client.get(where).text)
    assert deed
    where = client.post("/undo", data={"deed": deed[1], "back": "/all"}).location
    assert where.endswith("#mail-bob@example.com/2")
    assert 'data-row="mail-bob@example.com/2"' in client.get(where).text


def test_a_search_that_does_not_find_it_still_has_its_place(client: FlaskClient, three: MessageStore) -> None:
    page = client.get(f"{BOB}/2?q=invoice+is:unread").text
    assert (link(page, "prev"), link(page, "next")) == (
        f"{CAROL}/1?q=invoice+is:unread", f"{BOB}/1?q=invoice+is:unread"
    )  # fmt: skip


@pytest.mark.parametrize("told", ["list=x", "q=%22", "q=before:tomorrow", "q=%20", "list=all&list=x&q=%00"])
def test_what_tells_of_no_list_means_the_mailbox(client: FlaskClient, three: MessageStore, told: str) -> None:
    assert client.get(f"{BOB}/1?{told}").status_code == 200
