"""An index over a store of each kind; small mails, and short ways to search."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mysmtp.contracts import MessageStore
from mysmtp.search.index import MailIndex
from mysmtp.store import open_store
from tests.search.searching import Office


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mailbox"


@pytest.fixture
def store(folder: Path) -> Iterator[MessageStore]:
    opened = open_store(f"file:{folder}")
    yield opened
    opened.close()


@pytest.fixture
def index(store: MessageStore) -> Iterator[MailIndex]:
    made = MailIndex(store)
    yield made
    made.close()


@pytest.fixture
def office(store: MessageStore, index: MailIndex) -> Office:
    return Office(store, index)
