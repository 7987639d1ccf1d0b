"""Pages that list mail, with many mails there: how long the server takes for one, as a browser asks for it."""

import http.client
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from bench.faults import BenchFailed
from bench.mails import fill, fill_boxes
from bench.rows import Row, Table
from bench.scale import Scale
from bench.trial import Bench

COLUMNS = ("slowest kind, p50", "in detail")
_BOX = "many@bench.example"
_ASKS = 50  # times that a page is asked for
_READY = 120.0  # seconds until the first page is there


def table(scale: Scale) -> Table:
    """Return the rows of lists."""
    return Table(
        "viewing",
        "Lists in the browser",
        COLUMNS,
        (
            Row("list-page", f"a page of the list of {scale.mails:,} mails in one mailbox", "<= 50 ms", _one_mailbox),
            Row("all-mail", f"a page of all mail, {scale.mails:,} mails in {scale.boxes:,} mailboxes", "", _all_mail),
        ),
    )


def _one_mailbox(bench: Bench) -> list[str]:
    middle = bench.scale.mails // 2
    pages = {
        "the newest": f"/mailbox/{_BOX}",
        "in the middle": f"/mailbox/{_BOX}?before={middle}",
        "the oldest": f"/mailbox/{_BOX}?before=51",
        "one mail": f"/mailbox/{_BOX}/{middle}",
    }
    with bench.new_folder() as folder:
        fill(folder, _BOX, bench.scale.mails)
        return _measure(bench, folder, pages)


def _all_mail(bench: Bench) -> list[str]:
    with bench.new_folder() as folder:
        fill_boxes(folder, bench.scale.boxes, bench.scale.mails)
        return _measure(bench, folder, {"the newest": "/all", "the mailboxes": "/"})


def _measure(bench: Bench, folder: Path, pages: dict[str, str]) -> list[str]:
    for path in folder.glob("*.txt"):  # at rest: what was written in the last seconds is looked at anew each time
        os.utime(path, (time.time() - 60,) * 2)
    os.sync()
    with bench.servers.ours(folder) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.web, timeout=_READY)
        for path in pages.values():
            _first(connection, path)
        server.rested_cpu()
        times = {kind: [_ask(connection, path) for _ in range(_ASKS)] for kind, path in pages.items()}
        connection.close()
    slowest = max(statistics.median(each) for each in times.values())
    told = "; ".join(f"{kind} {_cell(each)}" for kind, each in times.items())
    return [f"**{slowest * 1000:.1f} ms**", f"p50 / p99 ms: {told}"]


def _first(connection: http.client.HTTPConnection, path: str) -> None:
    """Ask until the server answers: pages are served a moment after the mail."""
    deadline = time.monotonic() + _READY
    while True:
        try:
            _ask(connection, path)
            return
        except ConnectionError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _ask(connection: http.client.HTTPConnection, path: str) -> float:
    """Ask for a page as a browser does; return the seconds until all of it is there."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    octets = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200 or answer.headers["Content-Encoding"] != "gzip" or not octets:
        raise BenchFailed(f"{path}: {answer.status}, {len(octets)} octets")
    return took


def _cell(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"{statistics.median(ordered) * 1000:.1f} / {ordered[len(ordered) * 99 // 100] * 1000:.1f}"
