from collections.abc import Iterator
from pathlib import Path

import pytest

from mysmtp.store.textfile import TextFileStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The mailbox folder of `store`."""
    return tmp_path / "mailbox"


@pytest.fixture
def store(folder: Path) -> Iterator[TextFileStore]:
    """A store of files in an empty folder."""
    opened = TextFileStore(folder)
    yield opened
    opened.close()
