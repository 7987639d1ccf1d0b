"""Whoever started the server hangs up, or does not listen: what it says has nowhere to go, and mail goes on."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.durability.ledger import until
from tests.process import ROOT, PostOfficeProcess

Start = Callable[..., PostOfficeProcess]


def _program(disposition: str) -> tuple[str, ...]:
    """The server as something starts it that left the signal of a hang-up so: a terminal, or nohup."""
    before = f"import runpy, signal; signal.signal(signal.SIGHUP, signal.{disposition}); "
    return ("-c", before + "runpy.run_path('app.py', run_name='__main__')")


def test_when_its_terminal_goes_it_lets_a_message_finish_and_ends(start: Start) -> None:
    office = start(program=_program("SIG_DFL"))
    with office.connect() as busy, office.connect() as idle:
        idle.ask("HELO x")
        busy.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: b@y", "DATA")
        office.signal(signal.SIGHUP)
        assert idle.rest() == b"500 Server shutting down\n"
        busy.say(b"last line\n.\n")
        assert busy.rest() == b"200 Message stored successfully\n500 Server shutting down\n"
    assert office.wait() == 0


def test_under_nohup_it_goes_on(start: Start) -> None:
    office = start(program=_program("SIG_IGN"))
    with office.connect() as peer:
        peer.ask("HELO x")
        office.signal(signal.SIGHUP)
        peer.ask("HELO y")
    office.send("bob@example.com")
    assert "stopping" not in office.log.read_text()


@pytest.mark.parametrize("closed", ["stdout closed", "stderr closed", "nobody reads stdout", "nobody reads stderr"])
def test_it_serves_and_ends_well_though_nobody_hears_it(tmp_path: Path, closed: str) -> None:
    app = [
        sys.executable, "app.py", "--mailbox", str(tmp_path / "mailbox"), "--port", "0", "--web-port", "0",
        "--smtp-port", "off", "--pop3-port", "off", "--log-level", "debug",
    ]  # fmt: skip
    shut = {"stdout closed": ">&-", "stderr closed": "2>&-"}.get(closed, "")
    reading, writing = os.pipe()
    os.close(reading)
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" {shut}', "sh", *app],
            cwd=ROOT,
            stdout=writing if closed == "nobody reads stdout" else said,
            stderr=writing if closed == "nobody reads stderr" else said,
        )
    os.close(writing)
    try:
        _is_seen_to_serve(tmp_path / "mailbox" / ".lock")
        if shut:
            number = 2 if shut.startswith("2") else 1
            assert Path(f"/proc/{process.pid}/fd/{number}").readlink() == Path(os.devnull)  # no file of ours
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0
    assert b"Traceback" not in (tmp_path / "said").read_bytes()


def _is_seen_to_serve(lock: Path) -> None:
    until(lambda: lock.exists() and b"http://" in lock.read_bytes(), "it is there")
    found = re.search(r"http://[\d.:]+", lock.read_text())
    assert found is not None
    with urllib.request.urlopen(f"{found[0]}/livez", timeout=30) as answer:
        assert answer.status == 200
