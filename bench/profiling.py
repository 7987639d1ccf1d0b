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


@dataclass(frozen=True, slots=True)
class Profiler:
    """Samples servers; keeps the stacks of each, one line `frame;frame;frame count`, in a folder."""

    folder: Path
    program: str

    @contextmanager
    def watching(self, pid: int) -> Iterator[None]:
        """Sample a process until it ends, which must be within the block."""
        stacks = self.folder / f"{pid}.stacks"
        options = ["--rate", str(_RATE), "--format", "raw", "--threads", "--nonblocking", "--duration", "unlimited"]
        command = [self.program, "record", "--pid", str(pid), "--output", str(stacks), *options]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            try:
                yield
                _, words = process.communicate(timeout=30)
            finally:
                process.kill()
        if not stacks.exists():
            raise BenchFailed(f"py-spy kept nothing: {words.decode(errors='replace').strip()}")

    def report(self, rows: int = 30) -> str:
        """Return the functions by self time, then by time with all they called, in plain text, shares in percent."""
        own, whole = Counter[str](), Counter[str]()
        for path in self.folder.glob("*.stacks"):
            for line in path.read_text().splitlines():
                stack, _, count = line.rpartition(" ")
                frames = stack.split(";")
                own[frames[-1]] += int(count)
                whole.update(dict.fromkeys(frames, int(count)))
        total = own.total()
        if not total:
            raise BenchFailed("py-spy saw nothing")
        parts = [f"{total} samples at {_RATE} a second"]
        for title, counter in (("by self time", own), ("with what they called", whole)):
            parts += ["", title, *[f"{n / total:6.1%}  {frame}" for frame, n in counter.most_common(rows)]]
        return "\n".join(parts)


def open_profiler(folder: Path) -> Profiler:
    """Return a profiler that keeps its samples in a folder. Raises BenchFailed where py-spy is not installed."""
    beside = Path(sys.executable).with_name("py-spy")
    program = str(beside) if beside.exists() else shutil.which("py-spy")
    if program is None:
        raise BenchFailed("py-spy is not installed: pip install py-spy")
    return Profiler(folder, program)
