"""What a machine, its files and the command are called."""

import sys
from pathlib import Path

import pytest

from mysmtp import naming


@pytest.mark.parametrize(
    ("name", "told"), [("mail-1.example.com", "mail-1.example.com"), ("my mac", "localhost"), ("", "localhost")]
)
def test_a_machine_is_called_by_its_name_if_that_can_stand_in_a_greeting(
    monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setattr(naming, "gethostname", lambda: name)
    assert naming.own_name.__wrapped__() == told


def test_folders_and_files_are_called_as_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert naming.shown_folder(Path("post/box")) == "post/box/"
    assert naming.shown_folder(tmp_path / "post") == "post/"
    assert naming.shown_folder(tmp_path.parent) == f"{tmp_path.parent}/"
    assert naming.shown_file(tmp_path / "ca.pem") == "ca.pem"
    assert naming.shown_file(None) == ""


def test_the_command_is_called_as_it_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python9"))
    assert naming.own_command() == "python9 -m mysmtp"
    assert naming.full_command() == f"{tmp_path}/venv/python9 -m mysmtp"
    for folder in ("venv", "bin"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mysmtp").touch(0o755)
        assert naming.own_command() == {"venv": "venv/mysmtp", "bin": "mysmtp"}[folder]
    assert naming.full_command() == f"{tmp_path}/venv/mysmtp"
