from collections.abc import Iterator
from pathlib import Path

import pytest

from mysmtp.store import filing
from mysmtp.store.textfile import TextFileStore
from tests.store.disks import Faults


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


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def nothing_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files be written only when that is asked for, or when a mailbox is read."""
    monkeypatch.setattr(filing, "_SOON", 3600)


@pytest.fixture
def quiet_store(folder: Path, faults: Faults, nothing_on_its_own: None) -> Iterator[TextFileStore]:
    """A store of files that does nothing on its own, on a disk that fails on demand."""
    opened = TextFileStore(folder, disk=faults.disk)
    yield opened
    faults.plan.clear()
    opened.close()
