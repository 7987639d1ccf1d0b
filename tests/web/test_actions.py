import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus, Event, MailboxChanged, MailsMarked
from mysmtp.powers import Marking
from mysmtp.web.urls import mail_key
from tests.web.posts import NOON, message

BOB = "bob@example.com"


@pytest.fixture
def five(store: MessageStore) -> MessageStore:
    for number in range(5):
        store.append([BOB], message(f"Mail {number + 1}\n"))
    return store


def ids(store: MessageStore) -> list[int]:
    return [mail.id for mail in store.list(BOB)]


def undo(client: FlaskClient, page: str) -> str:
    form = re.search(r'action="(/undo)".*?name="deed" value="([^"]+)".*?name="back" value="([^"]+)"', page, re.DOTALL)
    assert form, "no offer to undo"
    return client.post(form[1], data={"deed": form[2], "back": unescape(form[3])}, follow_redirects=True).text


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


def test_a_deed_returns_to_the_page_it_was_done_on(client: FlaskClient, five: MessageStore) -> None:
    back = f"/mailbox/{BOB}?before=4&done=earlier"
    where = client.post("/mails", data={"delete": f"{BOB}/3", "back": back}).location
    assert re.fullmatch(rf"/mailbox/{BOB}\?before=4&done=[\w-]+#mail-2", where)
    where = client.post("/mails", data={"delete": f"{BOB}/2", "back": "//evil.example"}).location
    assert re.fullmatch(r"/\?done=[\w-]+", where)


def test_a_mail_that_is_gone_already(client: FlaskClient, five: MessageStore) -> None:
    client.post(f"/mailbox/{BOB}/3/delete")
    page = client.post(f"/mailbox/{BOB}/3/delete", follow_redirects=True).text
    assert "Nothing deleted: it was gone already" in page
    assert "/undo" not in page


def test_all_of_a_mailbox_that_its_page_showed(client: FlaskClient, five: MessageStore) -> None:
    page = client.get(f"/mailbox/{BOB}").text
    assert 'name="upto" value="5"' in page
    five.append([BOB], message("While it was read\n"))
    page = client.post(f"/mailbox/{BOB}/delete", data={"upto": "5"}, follow_redirects=True).text
    assert "Deleted 5 mails" in page
    assert ids(five) == [6]
    assert "5 mails are back" in undo(client, page)
    assert ids(five) == [1, 2, 3, 4, 5, 6]


def unseen(store: MessageStore, name: str = BOB) -> list[int]:
    assert isinstance(store, Marking)
    return list(store.unseen(name))


def test_chosen_mails_of_several_mailboxes(client: FlaskClient, five: MessageStore) -> None:
    five.append(["a/7%@x"], message("Elsewhere\n"))
    chosen = {"mail": [f"{BOB}/2", mail_key("a/7%@x", 1), f"{BOB}/4", "nobody@x/1"], "back": f"/mailbox/{BOB}"}
    page = client.post("/mails", data={**chosen, "do": "delete"}, follow_redirects=True).text
    assert "Deleted 3 mails" in page
    assert (ids(five), list(five.list("a/7%@x"))) == ([1, 3, 5], [])
    assert "3 mails are back" in undo(client, page)
    assert (ids(five), len(five.list("a/7%@x"))) == ([1, 2, 3, 4, 5], 1)
    assert "Marked 3 mails read" in client.post("/mails", data={**chosen, "do": "seen"}, follow_redirects=True).text
    assert (unseen(five), unseen(five, "a/7%@x")) == ([1, 3, 5], [])


def test_marks_are_set_and_taken_back(client: FlaskClient, five: MessageStore, bus: Bus) -> None:
    heard: list[Event] = []
    bus.attach(heard.append)
    page = client.post("/mails", data={"seen": f"{BOB}/3", "back": f"/mailbox/{BOB}"}, follow_redirects=True).text
    assert '<p id="status" role="status">Marked mail 3 read</p>' in page
    assert unseen(five) == [1, 2, 4, 5]
    page = undo(client, page)
    assert "Marked mail 3 new" in page
    assert 'class="told" data-row="mail-3"' in page
    assert unseen(five) == [1, 2, 3, 4, 5]
    page = client.post(
        f"/mailbox/{BOB}/seen", data={"upto": "4", "back": f"/mailbox/{BOB}"}, follow_redirects=True
    ).text
    assert "Marked 4 mails read" in page
    assert unseen(five) == [5]
    page = client.post("/mails", data={"do": "new", "mail": [f"{BOB}/1", f"{BOB}/5"]}, follow_redirects=True).text
    assert "Marked mail 1 new" in page
    page = client.post("/mails", data={"do": "new", "mail": [f"{BOB}/1"]}, follow_redirects=True).text
    assert "Nothing marked: new already" in page
    assert heard == [MailsMarked(0, BOB)] * 4


def test_nothing_chosen_does_nothing(client: FlaskClient, five: MessageStore) -> None:
    assert "Nothing deleted" in client.post("/mails", data={"do": "delete"}, follow_redirects=True).text
    assert ids(five) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "form",
    [{}, {"do": "burn", "mail": f"{BOB}/1"}, {"delete": BOB}, {"delete": "/1"}, {"delete": f"{BOB}/-1"},
     {"do": "seen", "mail": f"{BOB}/１"}, {"do": "delete", "mail": f"{BOB}/{'9' * 30}"}],
)  # fmt: skip
def test_a_form_that_asks_for_nothing_that_can_be_done(
    client: FlaskClient, five: MessageStore, form: dict[str, str]
) -> None:
    assert client.post("/mails", data=form).status_code == 400
    assert (ids(five), unseen(five)) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    "path", ["/mails", "/undo", "/all/seen", "/all/delete", f"/mailbox/{BOB}/seen", f"/mailbox/{BOB}/delete"]
)
def test_another_site_changes_nothing(client: FlaskClient, five: MessageStore, path: str) -> None:
    form = {"do": "delete", "mail": f"{BOB}/1", "upto": "9"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}):
        assert client.post(path, data=form, headers=headers).status_code == 403
    assert (ids(five), unseen(five)) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])


def test_a_mail_that_is_opened_is_seen(client: FlaskClient, five: MessageStore) -> None:
    here = f"/mailbox/{BOB}"
    client.head(f"{here}/1")
    client.get(f"{here}/1", headers={"Sec-Fetch-Dest": "empty"})
    client.get(f"{here}/1", headers={"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"})
    client.get(f"{here}/1", headers={"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"})
    client.get(f"{here}/1", headers={"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-site"})
    client.get(f"{here}/1/html")
    assert unseen(five) == [1, 2, 3, 4, 5]
    page = client.get(f"{here}/1", headers={"Sec-Fetch-Dest": "document"}).text
    client.get(f"{here}/2/text")
    assert unseen(five) == [3, 4, 5]
    key = re.search(r'name="new" value="([^"]+)">Mark new', page)
    assert key
    assert "Marked mail 1 new" in client.post("/mails", data={"new": key[1]}, follow_redirects=True).text
    assert unseen(five) == [1, 3, 4, 5]


def test_the_list_shows_what_is_new(client: FlaskClient, five: MessageStore) -> None:
    client.get(f"/mailbox/{BOB}/2")
    page = client.get(f"/mailbox/{BOB}").text
    assert re.findall(r'data-id="(\d)" class="new"', page) == ["5", "4", "3", "1"]
    assert page.count('<span class="vh">New: </span>') == 4
    assert "5 mails, 4 new, 35 B" in page
    assert f"<title>(4) {BOB}: 5 mails · mysmtp</title>" in page
    assert '<b>4<span class="vh"> new</span></b>' in page
    assert 'href="/icon/4.svg"' in page
    assert "<title>(3) Mail 3 · mysmtp</title>" in client.get(f"/mailbox/{BOB}/3").text
    client.post("/mails", data={"new": f"{BOB}/3"})
    home = client.get("/").text
    assert "1, with 5 mails, 4 new, 35 B" in home
    client.post(f"/mailbox/{BOB}/seen", data={"upto": "5"})
    page = client.get(f"/mailbox/{BOB}").text
    assert "5 mails, 35 B" in page
    assert f"<title>{BOB}: 5 mails · mysmtp</title>" in page
    assert "Mark all read" not in page
    assert "favicon.svg" in page


def test_all_of_all_mailboxes_that_their_page_showed(client: FlaskClient, five: MessageStore, bus: Bus) -> None:
    five.append(["carol@example.com", "dave@example.com"], message("Elsewhere\n", at=NOON + timedelta(seconds=1)))
    page = client.get("/all").text
    upto = re.search(r'action="/all/delete".*?name="upto" value="(\d+)"', page)
    assert upto
    older = client.get(f"/all?before={upto[1]}.1.c").text
    assert older.count(f'name="upto" value="{upto[1]}"') == 2
    late = message("While it was read\n", at=NOON + timedelta(seconds=2))
    five.append([BOB, "erin@example.com"], late)
    heard: list[Event] = []
    bus.attach(heard.append)
    page = client.post("/all/seen", data={"upto": upto[1], "back": "/all"}, follow_redirects=True).text
    assert "Marked 7 mails read" in page
    assert [unseen(five, f"{name}@example.com") for name in ("bob", "carol", "dave", "erin")] == [[6], [], [], [1]]
    page = client.post("/all/delete", data={"upto": upto[1]}, follow_redirects=True).text
    assert "Deleted 7 mails" in page
    assert "2 mails, 2 new" in page
    assert ids(five) == [6]
    assert [type(event) for event in heard] == [MailsMarked] * 3 + [MailboxChanged] * 3
    assert "7 mails are back" in undo(client, page)
    assert ids(five) == [1, 2, 3, 4, 5, 6]


def test_undo_brings_back_what_it_took_and_nothing_else(client: FlaskClient, five: MessageStore) -> None:
    client.post(f"/mailbox/{BOB}/2/delete")
    page = client.post(f"/mailbox/{BOB}/delete", data={"upto": "5"}, follow_redirects=True).text
    undo(client, page)
    assert ids(five) == [1, 3, 4, 5]


def test_undo_says_what_was_back_already_and_is_not_undone_itself(client: FlaskClient, five: MessageStore) -> None:
    deed = client.post("/mails", data={"do": "delete", "mail": [f"{BOB}/2", f"{BOB}/3"]}).location.partition("done=")[2]
    five.restore(BOB, [2])
    told = client.post("/undo", data={"deed": deed.partition("#")[0], "back": f"/mailbox/{BOB}"})
    assert "Mail 3 is back, 1 could not be put back" in client.get(told.location).text
    again = client.post("/undo", data={"deed": told.location.partition("done=")[2].partition("#")[0]})
    assert (again.status_code, unseen(five)) == (400, [1, 2, 3, 4, 5])


def test_an_emptied_mailbox_says_what_comes_next(client: FlaskClient, five: MessageStore) -> None:
    page = client.post(f"/mailbox/{BOB}/delete", data={"upto": "5"}, follow_redirects=True).text
    assert "Nothing in bob@example.com. Its mails were deleted; the next one gets id 6." in page
    assert "Delete all" not in page


@pytest.mark.parametrize("upto", ["", "x", "-1", "９", "9" * 30])
def test_delete_all_needs_to_know_up_to_where(client: FlaskClient, five: MessageStore, upto: str) -> None:
    assert client.post(f"/mailbox/{BOB}/delete", data={"upto": upto}).status_code == 400
    assert client.post("/all/delete", data={"upto": upto}).status_code == 400
    assert len(ids(five)) == 5


def test_an_undo_that_was_never_offered(client: FlaskClient, five: MessageStore) -> None:
    response = client.post("/undo", data={"deed": "x"})
    assert response.status_code == 400
    assert "too long ago" in response.text


def test_a_link_cannot_make_the_page_tell_what_was_not_done(client: FlaskClient, five: MessageStore) -> None:
    assert "Deleted" not in client.get(f"/mailbox/{BOB}?done=anything").text


def test_deleting_from_no_mailbox(client: FlaskClient) -> None:
    assert client.post("/mailbox/nobody@x/1/delete").status_code == 404
    assert client.post("/mailbox/nobody@x/delete", data={"upto": "1"}).status_code == 404
