"""What an idle connection costs: memory of the server, and of the kernel as far as that can be told."""

import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.clients import crowding
from bench.kept import options_for_crowd
from bench.rows import Row, Table
from bench.scale import Scale
from bench.servers import Server
from bench.trial import Bench

COLUMNS = (
    *("ours: KB a connection", "RSS before → with them, MB"),
    *("reference: KB a connection", "RSS before → with them, MB"),
    "kernel, both ends: KB a connection",
)
_WARM = 20  # clients that come and go first, so that what is loaded at the first of them is not counted
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class _Held:
    """Octets of memory before a crowd came, and with it; what the kernel took for it, at both ends."""

    before: int
    after: int
    kernel: int


def table(scale: Scale) -> Table:
    """Return the row of idle connections."""
    return Table(
        "idle",
        "Memory of idle connections",
        COLUMNS,
        (Row("idle-memory", f"{scale.idle:,} greeted and idle", "<= 12 KB", _compare),),
    )


def _compare(bench: Bench) -> list[str]:
    idle, options = bench.scale.idle, options_for_crowd(bench.scale)
    pairs = [
        (
            _hold(bench, lambda folder: bench.servers.ours(folder, *options)),
            _hold(bench, bench.servers.reference),
        )
        for _ in range(bench.scale.pairs)
    ]
    cells = []
    for column in zip(*pairs, strict=True):
        each = statistics.median((held.after - held.before) / idle for held in column)
        before, after = (statistics.median(sizes) for sizes in zip(*[(h.before, h.after) for h in column], strict=True))
        cells += [f"**{each / 1000:.1f}**", f"{before / 1e6:.0f} → {after / 1e6:.0f}"]
    kernel = statistics.median(ours.kernel / idle for ours, _ in pairs)
    return [*cells, f"{kernel / 1000:.1f}"]


def _hold(bench: Bench, serve: Callable[[Path], AbstractContextManager[Server]]) -> _Held:
    binaries = bench.servers.binaries
    with bench.new_folder() as folder, serve(folder) as server:
        with crowding(binaries, server, _WARM):
            server.rested_cpu()
        server.rested_cpu()
        before, kernel = server.resident(), _kernel_octets()
        with crowding(binaries, server, bench.scale.idle):
            server.rested_cpu()
            return _Held(before, server.resident(), _kernel_octets() - kernel)


def _kernel_octets() -> int:
    """Return the kernel's slabs and socket buffers, of the whole machine: there is no telling whose they are."""
    meminfo = Path("/proc/meminfo").read_text()
    slab = int(meminfo.partition("Slab:")[2].split()[0]) * 1024
    buffers = Path("/proc/net/sockstat").read_text().partition("TCP:")[2].split()
    return slab + int(buffers[buffers.index("mem") + 1]) * _PAGE
