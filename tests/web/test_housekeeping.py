"""What the commands ask of a server: answers in JSON, and the guard of every form before it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus, Event, MailboxChanged, MessageStored
from mysmtp.parcel import Parcel, pack, unpack
from tests.web.posts import NOON, message

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


def test_mails_are_taken_in_and_given_out(client: FlaskClient, store: MessageStore, bus: Bus) -> None:
    heard: list[Event] = []
    bus.attach(heard.append, MessageStored)
    mails = [Parcel("a@x", (BOB,), b"x" * 70_000, NOON), Parcel("", (BOB, "c@x"), b"\r\n", NOON)]
    assert client.post("/housekeeping/import", data=pack(mails)).json == {"results": ["", ""]}
    assert [event.mailbox for event in heard if isinstance(event, MessageStored)] == [BOB, BOB, "c@x"]
    out = unpack(client.post(f"{HERE}/export", data={"after": "1"}).data)
    assert [(each.id, each.sender, each.recipients, each.body) for each in out] == [(2, "", (BOB, "c@x"), b"\r\n")]
    assert client.post(f"{HERE}/export", data={"after": "2"}).data == b""
    assert client.post(f"{HERE}/damage").json == {"damage": 0}
    assert client.post("/housekeeping/nobody@x/export", data={"after": "0"}).status_code == 404
    assert client.post("/housekeeping/nobody@x/damage").status_code == 404
    for after in ("", "x", "-1"):
        assert client.post(f"{HERE}/export", data={"after": after}).status_code == 400
    assert client.post("/housekeeping/import", data=b"no mails").status_code == 400


def test_mails_that_are_for_nobody_are_refused_with_all_beside_them(client: FlaskClient, store: MessageStore) -> None:
    mails = [Parcel("a@x", (BOB,), b"x"), Parcel("a@x", (), b"x")]
    assert client.post("/housekeeping/import", data=pack(mails)).status_code == 400
    assert not store.mailboxes()


def test_another_site_is_refused(app: Flask, three: MessageStore) -> None:
    client = app.test_client()
    for deed in ("delete", "undo", "compact", "export", "damage"):
        for headers in ({}, {"Origin": "http://evil.example"}):
            assert client.post(f"{HERE}/{deed}", data={"all": "1"}, headers=headers).status_code == 403
        assert client.get(f"{HERE}/{deed}").status_code == 405
    for headers in ({}, {"Origin": "http://evil.example"}):
        assert (
            client.post("/housekeeping/import", data=pack([Parcel("", (BOB,), b"")]), headers=headers).status_code
            == 403
        )
    assert len(three.list(BOB)) == 3
