"""Every view of every odd mail answers: those that come with Python, and the bombs. Nothing is logged."""

import logging

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.mime import read_mail
from tests.mime.corpus import BOMBS, MESSAGES
from tests.mime.corpus import message as octets_of
from tests.web.posts import message

BOB = "bob@example.com"
TABS = ("html", "text", "headers", "parts", "source")


def look(client: FlaskClient, octets: bytes) -> None:
    """Open every page of mail 1; those of views that it has must be there, and every part of it."""
    mail = read_mail(octets)
    at = f"/mailbox/{BOB}/1"
    wanted = {"": True, "/text": mail.text is not None, "/html": mail.html is not None, "/body": True}
    wanted |= {f"/{tab}": mail.has_header for tab in ("headers", "parts", "source")}
    if not mail.has_header:
        wanted["/text"] = True
    for path, there in wanted.items():
        response = client.get(at + path)
        assert response.status_code == (200 if there else 404), path
        response.data.decode("utf-8", "replace" if path == "/body" else "strict")
    assert client.get(f"{at}/page").status_code in (200, 404)
    for part in list(mail.root.walk())[:20]:
        assert client.get(f"{at}/part/{part.path}").data == part.octets
    for place in ("/", f"/mailbox/{BOB}"):
        assert client.get(place).status_code == 200


@pytest.mark.parametrize("name", MESSAGES)
def test_every_view_of_pythons_own_messages_answers(
    client: FlaskClient, store: MessageStore, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    store.append([BOB], message(octets_of(name)))
    look(client, octets_of(name))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(("name", "octets"), BOMBS, ids=[name for name, _ in BOMBS])
def test_every_view_of_a_bomb_answers(
    client: FlaskClient, store: MessageStore, caplog: pytest.LogCaptureFixture, name: str, octets: bytes
) -> None:
    store.append([BOB], message(octets))
    for path in ("", *(f"/{tab}" for tab in TABS)):
        response = client.get(f"/mailbox/{BOB}/1{path}")
        assert response.status_code in (200, 404), path
        assert len(response.data) < 2_500_000, path
    assert client.get(f"/mailbox/{BOB}").status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
