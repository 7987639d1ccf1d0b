"""A greenlet that is killed wherever it waits leaves a mail wholly there or not at all, and nothing held (F30)."""

import subprocess
import sys
from pathlib import Path

from tests.process import ROOT


def test_a_delivery_is_killed_at_each_switch_to_the_hub(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.durability.switches", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=100, text=True)
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    assert small >= 3  # while each of three files is looked at, and often while the disk is waited for
    assert large >= 3
