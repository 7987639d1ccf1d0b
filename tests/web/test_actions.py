import re

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus, Event, MailboxChanged
from mysmtp.web.actions import local_path
from tests.web.posts import message

BOB = "bob@example.com"


@pytest.fixture
def five(store: MessageStore) -> MessageStore:
    for number in range(5):
        store.append([BOB], message(f"Mail {number + 1}\n"))
    return store


def ids(store: MessageStore) -> list[int]:
    return [mail.id for mail in store.list(BOB)]


def undo(client: FlaskClient, page: str) -> str:
    form = re.search(r'action="([^"]+/undo)".*?name="deed" value="([^"]+)"', page, re.DOTALL)
    assert form, "no offer to undo"
    return client.post(form[1], data={"deed": form[2]}, follow_redirects=True).text


def test_one_mail_goes_and_comes_back(client: FlaskClient, five: MessageStore) -> None:
    response = client.post(f"/mailbox/{BOB}/3/delete")
    assert response.status_code == 303
    assert response.location.endswith("#mail-2")  # reading goes on at the next row
    page = client.get(response.location).text
    assert '<p id="status" role="status">Deleted mail 3</p>' in page
    assert ids(five) == [1, 2, 4, 5]
    page = undo(client, page)
    assert "Mail 3 is back" in page
    assert "/undo" not in page
    assert ids(five) == [1, 2, 3, 4, 5]


def test_other_pages_hear_of_it(client: FlaskClient, five: MessageStore, bus: Bus) -> None:
    heard: list[Event] = []
    bus.attach(heard.append)
    page = client.post(f"/mailbox/{BOB}/3/delete", follow_redirects=True).text
    undo(client, page)
    client.post(f"/mailbox/{BOB}/9/delete")
    assert heard == [MailboxChanged(0, BOB), MailboxChanged(0, BOB)]


def test_deleting_the_oldest_goes_on_above_it(client: FlaskClient, five: MessageStore) -> None:
    assert client.post(f"/mailbox/{BOB}/1/delete").location.endswith("#mail-2")


def test_deleting_keeps_the_page_of_the_list(client: FlaskClient, five: MessageStore) -> None:
    assert "before=4&" in client.post(f"/mailbox/{BOB}/3/delete", data={"before": "4"}).location
    assert "before" not in client.post(f"/mailbox/{BOB}/2/delete", data={"before": "x"}).location


def test_a_mail_that_is_gone_already(client: FlaskClient, five: MessageStore) -> None:
    client.post(f"/mailbox/{BOB}/3/delete")
    page = client.post(f"/mailbox/{BOB}/3/delete", follow_redirects=True).text
    assert "Nothing deleted: it was gone already" in page
    assert "/undo" not in page


def test_all_of_a_mailbox_after_asking(client: FlaskClient, five: MessageStore) -> None:
    asked = client.get(f"/mailbox/{BOB}/delete").text
    assert "Delete all of <bdi>bob@example.com</bdi>?" in asked
    assert "All 5 mails are taken out of the list." in asked
    assert ids(five) == [1, 2, 3, 4, 5]
    five.append([BOB], message("While it was asked\n"))
    page = client.post(f"/mailbox/{BOB}/delete", data={"upto": "5"}, follow_redirects=True).text
    assert "Deleted 5 mails" in page
    assert ids(five) == [6]
    assert "5 mails are back" in undo(client, page)
    assert ids(five) == [1, 2, 3, 4, 5, 6]


def test_undo_brings_back_what_it_took_and_nothing_else(client: FlaskClient, five: MessageStore) -> None:
    client.post(f"/mailbox/{BOB}/2/delete")
    page = client.post(f"/mailbox/{BOB}/delete", data={"upto": "5"}, follow_redirects=True).text
    undo(client, page)
    assert ids(five) == [1, 3, 4, 5]


def test_an_emptied_mailbox_says_what_comes_next(client: FlaskClient, five: MessageStore) -> None:
    page = client.post(f"/mailbox/{BOB}/delete", data={"upto": "5"}, follow_redirects=True).text
    assert "Nothing in bob@example.com. Its mails were deleted; the next one gets id 6." in page
    assert "Delete all" not in page


@pytest.mark.parametrize("upto", ["", "x", "-1", "９", "9" * 30])
def test_delete_all_needs_to_know_up_to_where(client: FlaskClient, five: MessageStore, upto: str) -> None:
    assert client.post(f"/mailbox/{BOB}/delete", data={"upto": upto}).status_code == 400
    assert len(ids(five)) == 5


def test_an_undo_that_was_never_offered(client: FlaskClient, five: MessageStore) -> None:
    response = client.post(f"/mailbox/{BOB}/undo", data={"deed": "x"})
    assert response.status_code == 400
    assert "too long ago" in response.text


def test_a_link_cannot_make_the_page_tell_what_was_not_done(client: FlaskClient, five: MessageStore) -> None:
    assert "Deleted" not in client.get(f"/mailbox/{BOB}?done=anything").text


def test_deleting_from_no_mailbox(client: FlaskClient) -> None:
    assert client.post("/mailbox/nobody@x/1/delete").status_code == 404
    assert client.post("/mailbox/nobody@x/delete", data={"upto": "1"}).status_code == 404


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_remembered(client: FlaskClient, theme: str) -> None:
    assert "data-theme" not in client.get("/").text
    response = client.post("/theme", data={"theme": theme, "back": "/mailbox/a@x?before=4"})
    assert (response.status_code, response.location) == (303, "/mailbox/a@x?before=4")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/").text
    assert f'<html lang="en" data-theme="{theme}">' in page
    client.post("/theme", data={"theme": "auto", "back": "/"})
    assert "data-theme" not in client.get("/").text


def test_a_theme_that_is_none(client: FlaskClient) -> None:
    assert client.post("/theme", data={"theme": '"><script>'}).status_code == 400
    client.set_cookie("theme", '"><script>alert(1)</script>')
    assert "alert" not in client.get("/").text


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:alert(1)",
        "",
        "x",
        "/a\r\nb: c",
    ],
)
def test_no_form_sends_its_reader_elsewhere(address: str) -> None:
    assert local_path(address) == "/"
