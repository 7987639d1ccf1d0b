import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mysmtp.store import descriptors
from mysmtp.store.descriptors import Descriptors


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Descriptors]:
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    opened = Descriptors(folder)
    yield opened
    opened.clear()
    os.close(folder)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a@x.txt"
    made.write_bytes(b"first")
    return made


def read(kept: Descriptors, name: str = "a@x.txt") -> tuple[int, bytes]:
    with kept.borrowed(name, os.O_RDONLY) as descriptor:
        return descriptor, os.pread(descriptor, 100, 0)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.usefixtures("path")
def test_a_descriptor_is_used_again(kept: Descriptors) -> None:
    before = open_files()
    assert {read(kept)[0] for _ in range(5)} == {read(kept)[0]}
    assert open_files() == before + 1
    kept.clear()
    assert open_files() == before


def test_a_name_that_stands_for_another_file_is_opened_anew(kept: Descriptors, path: Path, tmp_path: Path) -> None:
    assert read(kept)[1] == b"first"
    path.rename(tmp_path / "aside")
    with pytest.raises(FileNotFoundError):
        read(kept)
    path.write_bytes(b"second")
    assert read(kept)[1] == b"second"
    (tmp_path / "third").write_bytes(b"third")
    (tmp_path / "third").rename(path)
    assert read(kept)[1] == b"third"
    path.unlink()
    path.symlink_to(tmp_path / "aside")
    with pytest.raises(OSError, match="Too many levels"):
        read(kept)


@pytest.mark.usefixtures("path")
def test_two_at_once_have_one_each(kept: Descriptors) -> None:
    before = open_files()
    with kept.borrowed("a@x.txt", os.O_RDONLY) as one, kept.borrowed("a@x.txt", os.O_RDONLY) as other:
        assert one != other
    assert open_files() == before + 1


@pytest.mark.usefixtures("path")
def test_one_that_was_in_trouble_is_not_kept(kept: Descriptors) -> None:
    before = open_files()
    with pytest.raises(OSError, match="planned"), kept.borrowed("a@x.txt", os.O_RDONLY):
        raise OSError("planned")
    assert open_files() == before


def test_no_more_than_so_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "MOST", 3)
    kept = Descriptors(os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY))
    before = open_files()
    for number in range(10):
        (tmp_path / f"{number}.txt").write_bytes(b"%d" % number)
        assert read(kept, f"{number}.txt")[1] == b"%d" % number
    assert open_files() == before + 3
    again = read(kept, "9.txt")[0]
    assert read(kept, "9.txt")[0] == again


@pytest.mark.usefixtures("path")
def test_a_close_that_fails_makes_nothing_fail_that_is_done(kept: Descriptors, monkeypatch: pytest.MonkeyPatch) -> None:
    """F12: else a mail that was just written would be taken for unwritten, and be written twice."""
    with kept.borrowed("a@x.txt", os.O_RDONLY), kept.borrowed("a@x.txt", os.O_RDONLY) as other:
        real = os.close

        def close(descriptor: int) -> None:
            real(descriptor)
            raise OSError(5, "planned")

        assert os.pread(other, 5, 0) == b"first"
        monkeypatch.setattr(os, "close", close)
    monkeypatch.undo()
    assert read(kept)[1] == b"first"
