"""`mysmtp export`: mails out of the mailboxes of a folder into files that other programs read."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mysmtp.address import mailbox_name
from mysmtp.client.terminal import DONE, FAILED, REFUSED, hush
from mysmtp.files.writing import EmlFolder, Exists, Maildir, MboxFile, MboxStream, Writer, finished, name_of
from mysmtp.housekeeping import fail, mailboxes_in, say
from mysmtp.keeper import Keeper, keeper_of
from mysmtp.parcel import Parcel
from mysmtp.text import visible

Format = Literal["mbox", "eml", "maildir"]


def run(folder: Path, mailbox: str | None, form: Format, output: Path | None, force: bool) -> int:
    """Export a mailbox (None: every one, each to a file or folder of its own in `output`); return the exit code.

    Without `output` the mbox of a mailbox goes to standard output; all that is told goes to standard error then.
    """
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} mails"), TimeElapsedColumn())
    lines: list[str] = []
    damaged = 0
    try:
        with (
            keeper_of(folder) as keeper,
            Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar,
        ):
            task = bar.add_task("")
            for name in mailboxes_in(folder) if mailbox is None else [mailbox_name(mailbox)]:
                damaged += keeper.damage(name)
                place = output / name_of(name, form == "mbox") if output and mailbox is None else output
                number = _export(_tracked(keeper, name, lambda: bar.advance(task)), _writer(form, place, force))
                lines.append(visible(f"{name}  {number:,} {'mail' if number == 1 else 'mails'} to {place}"))
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001  sorted there
        return _fail(fault, lines if output else [])
    if damaged:
        print(f"mysmtp: {damaged:,} damaged {'record is' if damaged == 1 else 'records are'} left out", file=sys.stderr)
    return (say(lines) if output else DONE) or (REFUSED if damaged else DONE)


def _tracked(keeper: Keeper, mailbox: str, advance: Callable[[], None]) -> Iterator[Parcel]:
    """Give the mails of a mailbox, a bundle at a time. Raises what a Keeper raises.

    None is held here once it was given: one may be large, and the next is on its way while it is written.
    """
    after = 0
    while bundle := deque(keeper.give_out(mailbox, after)):
        after = bundle[-1].id
        while bundle:
            yield bundle.popleft()
            advance()


def _export(mails: Iterator[Parcel], writer: Writer) -> int:
    """Write mails; return how many. Raises OSError."""
    number = 0
    with finished(writer):
        for each in mails:
            writer.add(each)
            number += 1
            del each  # before the next is read
    return number


def _writer(form: Format, place: Path | None, force: bool) -> Writer:
    """Return where the mails of one mailbox go. Raises Exists, OSError."""
    if place is None:
        return MboxStream(sys.stdout.buffer)
    place.parent.mkdir(parents=True, exist_ok=True)
    if form == "mbox":
        return MboxFile(place, force)
    return EmlFolder(place, force) if form == "eml" else Maildir(place, force)


def _fail(fault: BaseException, lines: Sequence[str]) -> int:
    """Tell what was done before a fault, and the fault; return the exit code."""
    if isinstance(fault, BrokenPipeError):
        return hush()
    say(lines)
    match fault:
        case Exists():
            words, code = f"{fault} is there already; --force replaces what has the same name", REFUSED
        case OSError():
            words, code = (
                f"the mails cannot be written: {fault.strerror}" + (f" ({fault.filename})" if fault.filename else ""),
                FAILED,
            )
        case _:
            return fail(fault)
    print(visible(f"mysmtp: {words}"), file=sys.stderr)
    return code
