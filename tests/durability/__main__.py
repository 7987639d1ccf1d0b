"""The long sweeps: `python -m tests.durability [kills|sites|...]`; what is promised and proved: docs/durability.md."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.durability import power, sweeps

SWEEPS: dict[str, Callable[[Path, int, random.Random], object]] = {
    "kills": lambda folder, times, chance: sweeps.random_kills(folder, times, chance, limit=2.0),
    "sites": lambda folder, _times, _chance: sweeps.kill_everywhere(folder),
    "ends": lambda folder, times, chance: sweeps.random_ends(folder, max(1, times // 10), chance),
    "power": lambda folder, times, chance: power.cuts(folder, max(1, times // 8), chance),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.durability", description=__doc__)
    parser.add_argument("sweep", nargs="*", choices=[[], *SWEEPS], help="which (default: all)")
    parser.add_argument("--times", type=int, default=200, help="random kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what is left to chance")
    parser.add_argument("--folder", type=Path, default=None, help="where to work; what is there stays after a failure")
    told = parser.parse_args()
    print(f"seed {told.seed}")
    for name in told.sweep or SWEEPS:
        since = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix=f"mysmtp-{name}-", dir=told.folder))
        try:
            figures = SWEEPS[name](folder, told.times, random.Random(told.seed))
        except AssertionError as failure:
            print(f"{name}: FAILED, see {folder}: {failure}")
            return 1
        print(f"{name}: {figures}, in {time.monotonic() - since:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
