"""What the commands ask of a server: answers in JSON, and the guard of every form before it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus, Event, MailboxChanged
from tests.web.posts import message

BOB = "bob@example.com"
HERE = f"/housekeeping/{BOB}"


@pytest.fixture
def three(store: MessageStore) -> MessageStore:
    for _ in range(3):
        store.append([BOB], message("x"))
    return store


def test_it_tells_which_mails_were_there(client: FlaskClient, three: MessageStore, bus: Bus) -> None:
    heard: list[Event] = []
    bus.attach(heard.append)
    assert client.post(f"{HERE}/delete", data={"id": ["2", "3", "9"]}).json == {"ids": [2, 3]}
    assert client.post(f"{HERE}/delete", data={"id": ["2"]}).json == {"ids": []}
    assert client.post(f"{HERE}/undo", data={"id": ["2"]}).json == {"ids": [2]}
    assert client.post(f"{HERE}/delete", data={"all": "1"}).json == {"ids": [1, 2]}
    assert client.post(f"{HERE}/undo", data={"all": "1"}).json == {"ids": [1, 2, 3]}
    assert heard == [MailboxChanged(0, BOB)] * 4


def test_what_is_no_id_and_what_is_no_mailbox(client: FlaskClient, three: MessageStore) -> None:
    assert client.post(f"{HERE}/delete", data={"id": "x"}).status_code == 400
    for deed in ("delete", "undo"):
        assert client.post(f"/housekeeping/nobody@x/{deed}", data={"id": "1"}).status_code == 404
    assert [mail.id for mail in three.list(BOB)] == [1, 2, 3]


def test_a_store_without_files_has_no_room_to_free(client: FlaskClient, three: MessageStore) -> None:
    assert client.post(f"{HERE}/compact").status_code == 404


def test_another_site_is_refused(app: Flask, three: MessageStore) -> None:
    client = app.test_client()
    for deed in ("delete", "undo", "compact"):
        for headers in ({}, {"Origin": "http://evil.example"}):
            assert client.post(f"{HERE}/{deed}", data={"all": "1"}, headers=headers).status_code == 403
        assert client.get(f"{HERE}/{deed}").status_code == 405
    assert len(three.list(BOB)) == 3
