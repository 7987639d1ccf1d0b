"""`mysmtp delete` and `mysmtp compact`: what they tell of what a `keeper` does.

Answers go to standard output, all else to standard error; exit codes are those of the commands that talk to a server.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mysmtp.address import mailbox_name
from mysmtp.client.terminal import DONE, FAILED, INTERRUPTED, NO_CONNECTION, REFUSED, UNWRITTEN, hush, put
from mysmtp.errors import NoSuchMailbox, StartFailed, StoreFailed
from mysmtp.keeper import NoServer, keeper_of
from mysmtp.message import Compaction
from mysmtp.store.names import mailbox_of
from mysmtp.text import visible

_FEW = 20  # ids that are told one by one
_MANY = 10  # mailboxes from which on a bar is shown


def delete(folder: Path, mailbox: str, mail_ids: Sequence[int] | None, undo: bool) -> int:
    """Delete mails (None: all) of a mailbox, or put them back; say which; return the exit code."""
    name = mailbox_name(mailbox)
    try:
        with keeper_of(folder) as keeper:
            done = (keeper.undo if undo else keeper.delete)(name, mail_ids)
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001  sorted there
        return fail(fault)
    missing = sorted(set(mail_ids or ()) - set(done))
    code = say([ids_words("put back" if undo else "deleted", sorted(done))] if done or not missing else [])
    if missing:
        what = "not deleted, or its room is freed" if undo else "no such mail"
        print(f"mysmtp: 401 Email not found ({what}: {_ids(missing)})", file=sys.stderr)
    return code or (REFUSED if missing else DONE)


def compact(folder: Path, mailboxes: Sequence[str]) -> int:
    """Free the room of deleted mails in these mailboxes (none: all) and say how much; return the exit code."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    results: list[Compaction] = []
    try:
        with keeper_of(folder) as keeper:
            wanted = [mailbox_name(each) for each in mailboxes] or mailboxes_in(folder)
            hidden = len(wanted) < _MANY or not console.is_terminal
            with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
                for name in bar.track(wanted, description="compacting"):
                    with suppress(NoSuchMailbox) if not mailboxes else _nothing():
                        results.append(keeper.compact(name))
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001  sorted there
        say(result_lines(results, bool(mailboxes)))
        return fail(fault)
    code = say(result_lines(results, bool(mailboxes)))
    return code or (FAILED if any(each.outcome == "failed" for each in results) else DONE)


def ids_words(deed: str, mail_ids: Sequence[int]) -> str:
    """Return what was done to which mails: ``deleted 3, 5``, ``deleted 1,204 mails``, ``deleted nothing``."""
    if not mail_ids:
        return f"{deed} nothing"
    return f"{deed} {_ids(mail_ids)}"


def result_lines(results: Sequence[Compaction], named: bool) -> list[str]:
    """Return a line for each mailbox; where nobody named them, only for those with deleted mails, and the sum."""
    lines = []
    for each in results:
        name = visible(each.mailbox)
        if each.outcome == "done":
            lines.append(f"{name}  freed {each.freed:,} octets")
        elif named or each.outcome != "nothing":
            lines.append(f"{name}  {'failed' if each.outcome == 'failed' else 'nothing done'}: {visible(each.reason)}")
    if not named:
        count, freed = len(results), sum(each.freed for each in results)
        lines.append(f"{count:,} {'mailbox' if count == 1 else 'mailboxes'}, {freed:,} octets freed")
    return lines


def _ids(mail_ids: Sequence[int]) -> str:
    return ", ".join(map(str, mail_ids)) if len(mail_ids) <= _FEW else f"{len(mail_ids):,} mails"


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def mailboxes_in(folder: Path) -> Sequence[str]:
    """Return the mailboxes of a folder, by name."""
    return sorted({name for each in folder.iterdir() if (name := mailbox_of(each.name)) is not None})


def say(lines: Sequence[str]) -> int:
    """Write lines to standard output; return the exit code."""
    try:
        put("".join(f"{line}\n" for line in lines).encode(sys.stdout.encoding, "backslashreplace"))
    except BrokenPipeError:
        return hush()
    except OSError as fault:
        print(f"mysmtp: done, but the answer cannot be written: {fault.strerror}", file=sys.stderr)
        hush()
        return UNWRITTEN
    return DONE


def fail(fault: BaseException) -> int:
    """Tell what went wrong; return the exit code. What is no fault of mail or disk is raised again."""
    match fault:
        case KeyboardInterrupt():
            return INTERRUPTED
        case NoSuchMailbox():
            words, code = f"401 Requested email does not exist ({fault.mailbox})", REFUSED
        case StartFailed():
            words, code = str(fault), REFUSED
        case NoServer():
            words, code = str(fault), NO_CONNECTION
        case StoreFailed():
            words, code = f"500 Failed to change the mailbox: {fault.__cause__}", FAILED
        case _:
            raise fault
    print(visible(f"mysmtp: {words}"), file=sys.stderr)
    return code
