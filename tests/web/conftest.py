"""The application over a store in memory, with a clock that stands still, and a client that its guard lets pass."""

from collections.abc import Iterator
from datetime import UTC, timedelta, timezone

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus
from mysmtp.store import open_store
from mysmtp.web import Endpoints, create_app
from mysmtp.web.presenting import Clock
from tests.web.posts import NOON, OddStore

ENDPOINTS = Endpoints(my_smtp=("127.0.0.1", 2525), web=("127.0.0.1", 8025))
ZONE = timezone(timedelta(hours=2), "test")  # two hours ahead, so that a forgotten conversion shows


@pytest.fixture
def store() -> Iterator[MessageStore]:
    opened = open_store("memory:")
    yield opened
    opened.close()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON, UTC)


@pytest.fixture
def app(store: MessageStore, bus: Bus) -> Flask:
    return create_app(store, bus, endpoints=ENDPOINTS, allowed_hosts=["Mail.Test"], now=lambda: NOON, zone=ZONE)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return client_of(app)


@pytest.fixture
def odd_client(bus: Bus) -> FlaskClient:
    """A client of the store that holds a foreign, a damaged and a recorded mail, and fails to delete."""
    return client_of(create_app(OddStore(), bus, endpoints=ENDPOINTS, now=lambda: NOON, zone=ZONE))


def client_of(app: Flask) -> FlaskClient:
    """Return a client that comes from a page of ours."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client
