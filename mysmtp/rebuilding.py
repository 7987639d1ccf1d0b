"""`mysmtp reindex`: the index made anew from the mailbox files, with a bar that shows how far it is.

Only a terminal gets the bar; the result is a line for everybody, and another for the index of words.
"""

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from mysmtp.errors import MailFault, StartFailed
from mysmtp.search.index import MailIndex
from mysmtp.store import open_store
from mysmtp.store.reindex import Tally, reindex


def run(folder: Path, search: bool) -> int:
    """Make the index of a folder anew, that of words too if wanted, and say what was read; return the exit code."""
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
        print(result_words(tally, read, time.monotonic() - began), flush=True)
        if search:
            print(_index_words(folder, console))
    except StartFailed as fault:
        print(f"mysmtp: {fault}", file=sys.stderr)
        return 1
    return 0


def _index_words(folder: Path, console: Console) -> str:
    """Make the index of words anew; return what was done, in one sentence. Raises StartFailed."""
    began = time.monotonic()
    columns = (TextColumn("words"), BarColumn(), MofNCompleteColumn(), TextColumn("mails"), TimeRemainingColumn())
    store = open_store(f"file:{folder}")
    index = MailIndex(store)
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
            task = bar.add_task("")
            mails = index.rebuild(lambda done, total: bar.update(task, completed=done, total=total))
    except MailFault as fault:
        raise StartFailed(f"the index of words cannot be made: {fault.__cause__}") from fault
    finally:
        index.close()
        store.close()
    return f"indexed the words of {mails:,} {'mail' if mails == 1 else 'mails'} in {time.monotonic() - began:.1f} s"


def result_words(tally: Tally, octets: int, seconds: float) -> str:
    """Return what was read, in one sentence."""
    mailboxes = "1 mailbox" if tally.mailboxes == 1 else f"{tally.mailboxes:,} mailboxes"
    words = f"indexed {tally.mails:,} mails in {mailboxes}, {octets / 1e6:,.1f} MB, in {seconds:.1f} s"
    if tally.damaged:
        words += f"; {tally.damaged:,} records are damaged"
    if tally.unread:
        words += f"; {tally.unread:,} files cannot be read"
    return words
