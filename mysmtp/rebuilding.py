"""`mysmtp reindex`: the index made anew from the mailbox files, with a bar that shows how far it is.

Only a terminal gets the bar; the result is one line for everybody.
"""

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from mysmtp.errors import StartFailed
from mysmtp.store.reindex import Tally, reindex


def run(folder: Path) -> int:
    """Make the index of a folder anew and say what was read; return the exit code."""
    began = time.monotonic()
    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    read = 0

    def told(done: int, total: int) -> None:
        nonlocal read
        read = done
        bar.update(task, completed=done, total=total)

    try:
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
            task = bar.add_task("")
            tally = reindex(folder, told)
    except StartFailed as fault:
        print(f"mysmtp: {fault}", file=sys.stderr)
        return 1
    print(result_words(tally, read, time.monotonic() - began))
    return 0


def result_words(tally: Tally, octets: int, seconds: float) -> str:
    """Return what was read, in one sentence."""
    mailboxes = "1 mailbox" if tally.mailboxes == 1 else f"{tally.mailboxes:,} mailboxes"
    words = f"indexed {tally.mails:,} mails in {mailboxes}, {octets / 1e6:,.1f} MB, in {seconds:.1f} s"
    if tally.damaged:
        words += f"; {tally.damaged:,} records are damaged"
    if tally.unread:
        words += f"; {tally.unread:,} files cannot be read"
    return words
