"""From exec to the first answers with many mails there, and how fast the index is made anew."""

import functools
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from bench.faults import BenchFailed, Skipped
from bench.mails import fill_boxes
from bench.rows import Row, Table
from bench.scale import Scale
from bench.servers import ROOT, Server, plain_environment
from bench.trial import Bench

COLUMNS = ("ours", "in detail", "against")
_BOX = "box0@bench.example"
_INDEX = ".index"


def table(scale: Scale) -> Table:
    """Return the rows of starting and of making the index."""
    mails = f"{scale.mails:,} mails in {scale.boxes:,} mailboxes"
    return Table(
        "starting",
        "Start and index",
        COLUMNS,
        (
            Row("start", f"start with {mails}, index there", "<= 2 s", lambda bench: _start(bench, _keep_index)),
            Row("start-anew", "the same without an index", "", lambda bench: _start(bench, _drop_index)),
            Row("reindex", f"`mysmtp reindex --search off` of {mails}", ">= 250 MB/s", _reindex),
        ),
    )


def _keep_index(_: Path) -> None:
    pass


def _drop_index(folder: Path) -> None:
    shutil.rmtree(folder / _INDEX, ignore_errors=True)


def _start(bench: Bench, before: Callable[[Path], None]) -> list[str]:
    mails = bench.scale.mails // bench.scale.boxes
    pairs = []
    with bench.new_folder() as folder:
        fill_boxes(folder, bench.scale.boxes, bench.scale.mails)
        os.sync()
        with bench.servers.ours(folder) as server:
            _list(server, mails)
            _first_page(server)
            server.rested_cpu()
        for _ in range(bench.scale.pairs):
            before(folder)
            ours = _time_start(bench.servers.ours(folder), mails, pages=True)
            pairs.append((ours, _time_start(bench.servers.reference(folder), mails, pages=False)))
    listed, paged = (statistics.median(times) for times in zip(*[ours for ours, _ in pairs], strict=True))
    reference = statistics.median(other[0] for _, other in pairs)
    detail = f"LIST of one mailbox after {listed:.2f} s, page `/` after {paged:.2f} s"
    return [f"**{max(listed, paged):.2f} s**", detail, f"reference, LIST: {reference * 1000:.1f} ms"]


def _time_start(server: AbstractContextManager[Server], mails: int, pages: bool) -> tuple[float, float]:
    """Start a server; return the seconds from exec to its first LIST, and to its first page after that."""
    began = time.perf_counter()
    with server as running:
        _list(running, mails)
        listed = time.perf_counter() - began
        if pages:
            _first_page(running)
        return listed, time.perf_counter() - began


def _list(server: Server, mails: int) -> None:
    """LIST one mailbox; it must hold so many mails. The reference takes lines too, each sent by itself."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as peer:
        peer.sendall(b"HELO bench.example\n")
        peer.recv(1024)
        peer.sendall(b"LIST %s\n" % _BOX.encode())
        octets = peer.recv(65536)
        while server.web and not octets.endswith(b"\n.\n"):
            more = peer.recv(65536)
            if not more:
                break
            octets += more
    listed = octets.count(b": Email from ")
    if listed != mails and (server.web or not listed):  # the reference's answer is cut
        raise BenchFailed(f"LIST gave {listed} mails, not {mails}")


def _first_page(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.web, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    if answer.status != 200 or _BOX.encode() not in answer.read():
        raise BenchFailed(f"page / gave {answer.status}, or lacks a mailbox")
    connection.close()


def _reindex(bench: Bench) -> list[str]:
    """Make the index of a full folder and of an empty one; what the first takes longer is the rebuild."""
    flag = _reindex_flag()
    turns = []
    with bench.new_folder() as folder, bench.new_folder() as empty:
        octets = fill_boxes(folder, bench.scale.boxes, bench.scale.mails)
        os.sync()
        for _ in range(bench.scale.pairs):
            turns.append(
                (_rebuild(flag, folder), _rebuild(flag, empty), _seconds(functools.partial(_only_read, folder)))
            )
        if not any((folder / _INDEX).glob("*")):
            raise BenchFailed("mysmtp reindex left no index")
        _time_start(bench.servers.ours(folder), bench.scale.mails // bench.scale.boxes, pages=True)
    whole, start_up, reading = (statistics.median(column) for column in zip(*turns, strict=True))
    rate = statistics.median(octets / max(full - nothing, 1e-3) for full, nothing, _ in turns) / 1e6
    detail = f"{octets / 1e6:,.0f} MB; the command {whole:.2f} s, of which {start_up:.2f} s on an empty folder"
    return [f"**{rate:,.0f} MB/s**", detail, f"reading and CRC-32 alone: {octets / reading / 1e6:,.0f} MB/s"]


def _reindex_flag() -> bool:
    """Tell whether `mysmtp reindex` takes its folder by option (else by environment). Raises Skipped without it."""
    asked = mysmtp("reindex", "--help")
    if asked.returncode:
        raise Skipped("this version has no `mysmtp reindex`")
    return "--mailbox" in asked.stdout


def _rebuild(flag: bool, folder: Path) -> float:
    """Make the index of a folder from nothing; return the seconds of the whole command."""
    _drop_index(folder)
    began = time.perf_counter()
    done = mysmtp(
        "reindex", *(["--mailbox", str(folder)] if flag else []), MYSMTP_MAILBOX=str(folder), MYSMTP_SEARCH="off"
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise BenchFailed(f"mysmtp reindex failed: {done.stdout[-500:]}")
    return took


def mysmtp(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours; what it prints is in `stdout`."""
    command, environment = [sys.executable, "-m", "mysmtp", *words], plain_environment() | variables
    pipe, together = subprocess.PIPE, subprocess.STDOUT
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=pipe, stderr=together, text=True, check=False)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _only_read(folder: Path) -> None:
    for path in sorted(folder.glob("*.txt")):
        fd = os.open(path, os.O_RDONLY)
        try:
            zlib.crc32(os.read(fd, os.fstat(fd).st_size))
        finally:
            os.close(fd)
