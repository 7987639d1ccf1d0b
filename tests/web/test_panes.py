"""The list beside the mail, chosen by a cookie: what the server makes of it."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from tests.web.posts import NOON, message

HERE = "/mailbox/bob@example.com"


@pytest.fixture
def many(store: MessageStore) -> MessageStore:
    for number in range(120):
        store.append(["bob@example.com"], message(f"Mail {number + 1}\n", at=NOON - timedelta(minutes=120 - number)))
    return store


def beside(page: str) -> list[int]:
    """Return the mails in the list beside the mail."""
    return [int(found) for found in re.findall(r'data-id="(\d+)"', page)]


def test_it_is_not_there_unless_wanted(client: FlaskClient, many: MessageStore) -> None:
    assert beside(client.get(f"{HERE}/7").text) == []
    assert 'class="shell"' in client.get(HERE).text
    assert "panes.js" not in client.get(f"{HERE}/7").text


def test_what_was_chosen_is_remembered(client: FlaskClient, many: MessageStore) -> None:
    reply = client.post("/split", data={"split": "45", "back": f"{HERE}/7"})
    assert (reply.status_code, reply.location) == (303, f"{HERE}/7")
    assert "HttpOnly" in reply.headers["Set-Cookie"]
    assert "SameSite=Lax" in reply.headers["Set-Cookie"]
    for path in (HERE, f"{HERE}/7"):
        page = client.get(path).text
        assert re.search(r'<div class="shell split( beside)? w45">', page)
        assert 'aria-valuenow="45"' in page
        assert "panes.js" in page
        assert page.count("<main") == page.count("<h1") == 1
    client.post("/split", data={"split": "off"})
    assert beside(client.get(f"{HERE}/7").text) == []


def test_the_list_is_where_the_mail_is(client: FlaskClient, many: MessageStore) -> None:
    client.set_cookie("split", "40")
    assert beside(client.get(f"{HERE}/120").text) == [*range(120, 70, -1)]
    assert beside(client.get(f"{HERE}/71").text) == [*range(120, 70, -1)]
    assert beside(client.get(f"{HERE}/70").text) == [*range(70, 20, -1)]
    page = client.get(f"{HERE}/7").text
    assert beside(page) == [*range(7, 0, -1)]
    assert re.findall(r'href="([^"]+)" aria-current="true"', page.partition('id="pane"')[2]) == [f"{HERE}/7"]
    assert "All mail" in page
    assert f'name="back" value="{HERE}?before=8"' in page


@pytest.mark.parametrize("wanted", ["", "41", "20", "70", "x", "45; path=/", "４０"])
def test_a_width_that_is_none(client: FlaskClient, many: MessageStore, wanted: str) -> None:
    assert client.post("/split", data={"split": wanted}).status_code == 400
    client.set_cookie("split", '">x')
    assert beside(client.get(f"{HERE}/7").text) == []


def test_lists_of_all_mail_and_of_a_search_leave_room_for_it_too(client: FlaskClient, many: MessageStore) -> None:
    for path in ("/all", "/search?q=mail"):
        assert "The chosen mail" not in client.get(path).text
    client.set_cookie("split", "45")
    for path in ("/all", "/search?q=mail", "/search?q=nothing"):
        page = client.get(path).text
        assert '<div class="shell split w45">' in page
        assert page.count("<main") == page.count('id="side"') == page.count('id="splitter"') == 1
        assert ("Choose a mail to read it here." in page) is ("nothing" not in path)


@pytest.mark.parametrize("told", ["", "list=all", "q=mail"])
def test_what_is_done_beside_a_mail_leaves_it_open_unless_it_is_gone(
    client: FlaskClient, many: MessageStore, told: str
) -> None:
    client.set_cookie("split", "40")
    here = f"{HERE}/7?{told}".rstrip("?")
    fields = dict(
        re.findall(r'name="(back|open|list)" value="([^"]+)"', client.get(here).text.partition('id="choose"')[2])
    )
    form = {key: unescape(value) for key, value in fields.items()}
    assert (form["back"], form["open"]) == (here, "bob@example.com/7")

    def goes_to(**deed: str) -> str:
        where = client.post("/mails", data={**form, **deed}).location
        return unquote(re.sub(r"[?&]done=[^#]+", "", where))

    row = "#mail-bob@example.com/5" if told else "#mail-5"
    assert goes_to(delete="bob@example.com/6") == here + row
    assert goes_to(do="seen", mail="bob@example.com/7") == here
    assert goes_to(do="new", mail="bob@example.com/7").startswith(form["list"])
    assert goes_to(delete="bob@example.com/7").startswith(form["list"])
