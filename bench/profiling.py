"""`python -m bench profile ROW`: where our server spends its time while a row is measured, by py-spy."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.faults import BenchFailed

_RATE = 200  # samples a second
_IMPORT = "<frozen importlib"
_ROWS = 20  # functions told of each thread
_WORTH_TELLING = 0.03  # threads with a smaller share of all samples are left out


@dataclass(frozen=True, slots=True)
class Profiler:
    """Samples servers; keeps the stacks of each, one line `frame;frame;frame count`, in a folder."""

    folder: Path
    program: str

    @contextmanager
    def watching(self, pid: int) -> Iterator[None]:
        """Sample a process until it ends, which must be within the block."""
        stacks = self.folder / f"{pid}.stacks"
        options = [
            "--rate",
            str(_RATE),
            "--format",
            "raw",
            "--threads",
            "--function",
            "--nonblocking",
            "--duration",
            "unlimited",
        ]
        command = [self.program, "record", "--pid", str(pid), "--output", str(stacks), *options]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            try:
                yield
                _, words = process.communicate(timeout=30)
            finally:
                process.kill()
        if not stacks.exists():
            raise BenchFailed(f"py-spy kept nothing: {words.decode(errors='replace').strip()}")

    def report(self) -> str:
        """Return, for each thread that worked, its functions by self time and by time with all they called."""
        threads: dict[str, Counter[tuple[str, ...]]] = {}
        for path in self.folder.glob("*.stacks"):
            for line in path.read_text().splitlines():
                stack, _, count = line.rpartition(" ")
                thread, *frames = stack.split(";")
                if _IMPORT not in stack:
                    threads.setdefault(f"{thread} of {path.stem}", Counter())[tuple(frames)] += int(count)
        if not threads:
            raise BenchFailed("py-spy saw nothing")
        total = sum(stacks.total() for stacks in threads.values())
        busiest = sorted(threads.items(), key=lambda item: -item[1].total())
        shown = [_thread_report(name, stacks) for name, stacks in busiest if stacks.total() >= total * _WORTH_TELLING]
        return "\n\n".join([f"{total} samples at {_RATE} a second, imports left out", *shown])


def _thread_report(name: str, stacks: Counter[tuple[str, ...]]) -> str:
    own, whole, total = Counter[str](), Counter[str](), stacks.total()
    for frames, count in stacks.items():
        own[frames[-1] if frames else "?"] += count
        whole.update(dict.fromkeys(frames, count))
    parts = [f"{name}: {total} samples"]
    for title, counter in (("by self time", own), ("with what they called", whole)):
        parts += [f"  {title}", *[f"  {n / total:6.1%}  {frame}" for frame, n in counter.most_common(_ROWS)]]
    return "\n".join(parts)


def open_profiler(folder: Path) -> Profiler:
    """Return a profiler that keeps its samples in a folder. Raises BenchFailed where py-spy is not installed."""
    beside = Path(sys.executable).with_name("py-spy")
    program = str(beside) if beside.exists() else shutil.which("py-spy")
    if program is None:
        raise BenchFailed("py-spy is not installed: pip install py-spy")
    return Profiler(folder, program)
