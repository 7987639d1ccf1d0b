"""GET_MAIL and LIST of a mailbox with many mails, against one with few, and against the reference's scan."""

import os
import socket
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.clients import Answers, Client, ask_phase, running
from bench.faults import BenchFailed
from bench.mails import body_of, fill
from bench.rows import Row, Table
from bench.scale import Scale
from bench.servers import Server
from bench.trial import Bench

COLUMNS = ("ratio", "p50 / p99", "against: p50 / p99", "octets of the two answers")
FEW = 100
_MANY_BOX, _FEW_BOX = "many@bench.example", "few@bench.example"
_SLOW = 20  # times that something slow is asked in one turn, at most
_GET_LINES, _LIST_MORE = 6, 2  # OK, From, Date, two lines of body, dot; OK and dot


@dataclass(frozen=True, slots=True)
class Question:
    """A command, how often it is asked in one turn, and the lines its answer must have (None: that is not known)."""

    command: str
    times: int
    lines: int | None


def table(scale: Scale) -> Table:
    """Return the rows of look-ups."""
    slow = min(_SLOW, scale.asks)
    last, few_last = f"GET_MAIL {_MANY_BOX} {scale.mails}", f"GET_MAIL {_FEW_BOX} {FEW}"
    get, get_few = Question(last, scale.asks, _GET_LINES), Question(few_last, scale.asks, _GET_LINES)
    scan = Question(last, slow, _GET_LINES - 1)  # the reference sends no dot
    whole, cut = (Question(f"LIST {_MANY_BOX}", slow, lines) for lines in (scale.mails + _LIST_MORE, None))
    name, listing = f"GET_MAIL of the last of {scale.mails:,} mails", f"complete LIST of {scale.mails:,} mails"
    return Table(
        "reading",
        "Look-ups",
        COLUMNS,
        (
            Row("get-mail", f"{name}: its time ÷ that at {FEW}", "<= 1.2", lambda b: _against_few(b, get, get_few)),
            Row("get-mail-scan", f"{name}: the reference's time ÷ ours", ">= 250",
                lambda b: _against_reference(b, get, scan)),
            Row("list", f"{listing}: the reference's time (cut answer) ÷ ours", ">= 15",
                lambda b: _against_reference(b, whole, cut)),
        ),
    )  # fmt: skip


def _against_few(bench: Bench, many: Question, few: Question) -> list[str]:
    with _serving(bench) as (ours, _):
        check_last(ours, bench.scale.mails)
        with _asking(bench, ours, "lines", many) as first, _asking(bench, ours, "lines", few) as second:
            turns = [(_ask(first, many), _ask(second, few)) for _ in range(bench.scale.pairs)]
    return _cells(turns, statistics.median(a.p50 / b.p50 for a, b in turns), 2)


def _against_reference(bench: Bench, one: Question, other: Question) -> list[str]:
    with (
        _serving(bench) as (ours, reference),
        _asking(bench, ours, "lines", one) as first,
        _asking(bench, reference, "segments", other) as second,
    ):
        turns = [(_ask(first, one), _ask(second, other)) for _ in range(bench.scale.pairs)]
    return _cells(turns, statistics.median(b.p50 / a.p50 for a, b in turns), 1)


@contextmanager
def _serving(bench: Bench) -> Iterator[tuple[Server, Server]]:
    """Run both servers on one folder; the one that is not asked has nothing to do, and neither writes."""
    with bench.new_folder() as folder:
        fill(folder, _MANY_BOX, bench.scale.mails)
        fill(folder, _FEW_BOX, FEW)
        os.sync()
        with bench.servers.ours(folder) as ours, bench.servers.reference(folder) as reference:
            yield ours, reference


@contextmanager
def _asking(bench: Bench, server: Server, kind: str, question: Question) -> Iterator[Client]:
    with running(str(bench.servers.binaries / "ask"), str(server.port), kind, question.command) as client:
        ask_phase(client, 3)  # what is read at the first request is there then
        server.rested_cpu()
        yield client


def _ask(client: Client, question: Question) -> Answers:
    answers = ask_phase(client, question.times)
    if question.lines not in (None, answers.lines):
        raise BenchFailed(f"{question.command} was answered with {answers.lines} lines, not {question.lines}")
    return answers


def check_last(server: Server, mails: int) -> None:
    """Raise BenchFailed unless the last of the many mails comes as it was written."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as peer, peer.makefile("rb") as lines:
        peer.sendall(b"HELO x\nGET_MAIL %s %d\nQUIT\n" % (_MANY_BOX.encode(), mails))
        if body_of(mails) + b".\n" not in lines.read():
            raise BenchFailed(f"GET_MAIL {mails} gave something else")


def _cells(turns: list[tuple[Answers, Answers]], ratio: float, digits: int) -> list[str]:
    first, second = zip(*turns, strict=True)
    octets = f"{turns[-1][0].octets:,}; {turns[-1][1].octets:,}"
    return [f"**{ratio:,.{digits}f}**", _times(first), _times(second), octets]


def _times(answers: tuple[Answers, ...]) -> str:
    p50, p99 = statistics.median(a.p50 for a in answers), statistics.median(a.p99 for a in answers)
    return f"{p50 / 1000:,.3f} / {p99 / 1000:,.3f} ms"
