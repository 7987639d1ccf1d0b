"""The search page with many mails there: how fast it answers, and how fast the index is made."""

import http.client
import os
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from bench.faults import BenchFailed
from bench.mails import fill_boxes_with_words, word
from bench.rows import Row, Table
from bench.scale import Scale
from bench.servers import Server
from bench.starting import mysmtp
from bench.trial import Bench

COLUMNS = ("ours", "in detail")
_INDEXED = 600.0  # seconds that indexing may take before the measurement
_ASKS = 20  # times that one search is asked in a turn
_COMMON, _SECOND, _MIDDLE, _RARE = word(0), word(1), word(300), word(15_000)
_SEARCHES = {
    "both in nearly every mail": f"{_COMMON} {_SECOND}",
    "one of them rare": f"{_COMMON} {_RARE}",
    "both seldom": f"{_MIDDLE} {_RARE}",
    "as a phrase": f'"{_COMMON} {_SECOND}"',
    "one left out": f"{_SECOND} -{_COMMON}",
    "one mailbox": f"{_COMMON} {_SECOND} in:box7@bench.example",
    "one that begins so": f"{_COMMON} {_SECOND[:3]}*",
    "never together": f"{_COMMON} {_SECOND} nowhere",
}


def table(scale: Scale) -> Table:
    """Return the rows of searching."""
    mails = f"{scale.mails:,} mails in {scale.boxes:,} mailboxes"
    return Table(
        "searching",
        "Search",
        COLUMNS,
        (
            Row("search", f"two words, newest first, {mails}: the page, slowest kind of search", "<= 50 ms", _search),
            Row("search-index", f"index of the words of {mails}, by `mysmtp reindex`", "", _index),
        ),
    )


def _search(bench: Bench) -> list[str]:
    with bench.new_folder() as folder:
        fill_boxes_with_words(folder, bench.scale.boxes, bench.scale.mails)
        _reindex(folder, "on")
        os.sync()
        with bench.servers.ours(folder, "--search", "on") as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.web, timeout=120)
            _await_index(connection)
            server.rested_cpu()
            asks = min(_ASKS, bench.scale.asks)
            times = {kind: _times(connection, text, asks) for kind, text in _SEARCHES.items()}
            connection.close()
            memory = _resident(server)
    slowest = max(statistics.median(each) for each in times.values())
    told = "; ".join(f"{kind} {_cell(each)}" for kind, each in times.items())
    return [f"**{slowest * 1000:.1f} ms**", f"p50 / p99 ms: {told}; the server holds {memory}"]


def _times(connection: http.client.HTTPConnection, text: str, asks: int) -> list[float]:
    _ask(connection, text)
    times = []
    for _ in range(asks):
        began = time.perf_counter()
        _ask(connection, text)
        times.append(time.perf_counter() - began)
    return times


def _cell(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"{statistics.median(ordered) * 1000:.1f} / {ordered[len(ordered) * 99 // 100] * 1000:.1f}"


def _ask(connection: http.client.HTTPConnection, text: str) -> str:
    connection.request("GET", f"/search?{urlencode({'q': text})}")
    answer = connection.getresponse()
    page = answer.read().decode()
    if answer.status != 200:
        raise BenchFailed(f"the search for {text!r} gave {answer.status}")
    return page


def _await_index(connection: http.client.HTTPConnection) -> None:
    """Wait until every mail is searched."""
    deadline = time.monotonic() + _INDEXED
    while time.monotonic() < deadline:
        try:
            page = _ask(connection, _COMMON)
        except ConnectionError:  # the pages are served a moment after the mail
            connection.close()
        else:
            if "not searched yet" not in page:
                if "<mark>" not in page:
                    raise BenchFailed("nothing is found")
                return
        time.sleep(0.1)
    raise BenchFailed("the index does not get ready")


def _resident(server: Server) -> str:
    return f"{server.resident() / 1e6:.0f} MB"


def _index(bench: Bench) -> list[str]:
    """Make the index with and without that of words; what the first takes longer is that of words."""
    turns = []
    with bench.new_folder() as folder:
        octets = fill_boxes_with_words(folder, bench.scale.boxes, bench.scale.mails)
        for _ in range(bench.scale.pairs):
            turns.append(_reindex(folder, "on") - _reindex(folder, "off"))
        _reindex(folder, "on")
        kept = sum(path.stat().st_size for path in (folder / ".index").glob("search.db*"))
    took = statistics.median(turns)
    rate = f"**{bench.scale.mails / took:,.0f} mails/s**"
    return [
        rate,
        f"{octets / took / 1e6:,.1f} MB/s of mailbox files; the index takes {kept / octets:.2f} of their room",
    ]


def _reindex(folder: Path, search: str) -> float:
    """Make the index of a folder from nothing; return the seconds of the whole command."""
    shutil.rmtree(folder / ".index", ignore_errors=True)
    began = time.perf_counter()
    done = mysmtp("reindex", "--mailbox", str(folder), "--search", search)
    took = time.perf_counter() - began
    if done.returncode:
        raise BenchFailed(f"mysmtp reindex failed: {done.stdout[-500:]}")
    return took
