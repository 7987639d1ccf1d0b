"""`mysmtp delete` and `mysmtp compact`: done in the folder itself, or by the server that has it.

Who has the folder tells its address there (`store.holder`); it is asked over HTTP, on this machine only. Answers go to
standard output, all else to standard error; exit codes are those of the commands that talk to a server.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mysmtp.address import mailbox_name
from mysmtp.client.terminal import DONE, FAILED, INTERRUPTED, NO_CONNECTION, REFUSED, UNWRITTEN, hush, put
from mysmtp.errors import NoSuchMailbox, StartFailed, StoreFailed
from mysmtp.message import Compaction
from mysmtp.store.holder import Holder, holder_of
from mysmtp.store.names import mailbox_of
from mysmtp.store.textfile import TextFileStore
from mysmtp.text import visible

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PATIENCE = 3600.0  # seconds for an answer: a large mailbox takes its time
_TRIES = 5  # of a server that says it is busy
_AT_ONCE = 1000  # ids in one request
_FEW = 20  # ids that are told one by one
_MANY = 10  # mailboxes from which on a bar is shown


class NoServer(Exception):
    """The server that has the folder cannot be asked; `str(fault)` says why."""


class Keeper(Protocol):
    """Who changes the mailboxes. Every method raises NoSuchMailbox, StoreFailed, NoServer."""

    def delete(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        """Delete these mails, None for all; return those that were there."""

    def undo(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        """Put these mails back, None for all that can be; return those that came back."""

    def compact(self, mailbox: str) -> Compaction:
        """Free the room of deleted mails."""


class _Here:
    """This process, while no server has the folder."""

    def __init__(self, store: TextFileStore) -> None:
        self._store = store
        self.compact = store.compact

    def delete(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        every = [mail.id for mail in self._store.list(mailbox)] if mail_ids is None else mail_ids
        return self._store.delete(mailbox, every)

    def undo(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        every = range(1, self._store.summary(mailbox).last_id + 1) if mail_ids is None else mail_ids
        return self._store.restore(mailbox, every)


class _There:
    """The server that has the folder."""

    def __init__(self, holder: Holder) -> None:
        where = urlsplit(holder.address)
        if where.scheme != "http" or where.hostname not in _LOOPBACK or not where.port:
            told = f"a server (process {holder.pid}) has the folder, and is not to be reached from here"
            raise NoServer(f"{told}: {holder.address}")
        self._holder = holder
        self._host, self._port, self._authority = where.hostname, where.port, where.netloc

    def delete(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        return self._deed(mailbox, "delete", mail_ids)

    def undo(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        return self._deed(mailbox, "undo", mail_ids)

    def compact(self, mailbox: str) -> Compaction:
        return Compaction(**self._ask(mailbox, "compact", []))

    def _deed(self, mailbox: str, deed: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        if mail_ids is None:
            return list(self._ask(mailbox, deed, [("all", "1")])["ids"])
        done: list[int] = []
        for at in range(0, len(mail_ids), _AT_ONCE):
            some = [("id", str(mail_id)) for mail_id in mail_ids[at : at + _AT_ONCE]]
            done += self._ask(mailbox, deed, some)["ids"]
        return done

    def _ask(self, mailbox: str, deed: str, fields: Sequence[tuple[str, str]]) -> Any:
        """Send a form as a page of the server would, and return its answer."""
        name = quote(mailbox.encode("utf-8", "surrogateescape"), safe="").replace(".", "%2E")
        headers = {
            "Host": self._authority,
            "Origin": self._holder.address,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        for again in range(_TRIES):
            try:
                connection = HTTPConnection(self._host, self._port, timeout=_PATIENCE)
                connection.request("POST", f"/housekeeping/{quote(name)}/{deed}", urlencode(fields), headers)
                response = connection.getresponse()
                status, body = response.status, response.read()
                connection.close()
            except (OSError, HTTPException) as fault:
                raise NoServer(f"the server at {self._holder.address} does not answer: {fault}") from fault
            if status != 503 or again + 1 == _TRIES:
                break
            time.sleep(float(response.headers.get("Retry-After", "1")))
        if status == 200:
            return json.loads(body)
        if status == 404:
            raise NoSuchMailbox(mailbox)
        raise StoreFailed from NoServer(f"the server at {self._holder.address} answers {status} {response.reason}")


def delete(folder: Path, mailbox: str, mail_ids: Sequence[int] | None, undo: bool) -> int:
    """Delete mails (None: all) of a mailbox, or put them back; say which; return the exit code."""
    name = mailbox_name(mailbox)
    try:
        with _keeper(folder) as keeper:
            done = (keeper.undo if undo else keeper.delete)(name, mail_ids)
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001  sorted there
        return _fail(fault)
    missing = sorted(set(mail_ids or ()) - set(done))
    code = _say([ids_words("put back" if undo else "deleted", sorted(done))] if done or not missing else [])
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
        with _keeper(folder) as keeper:
            wanted = [mailbox_name(each) for each in mailboxes] or _mailboxes_in(folder)
            hidden = len(wanted) < _MANY or not console.is_terminal
            with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
                for name in bar.track(wanted, description="compacting"):
                    with suppress(NoSuchMailbox) if not mailboxes else _nothing():
                        results.append(keeper.compact(name))
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001  sorted there
        _say(result_lines(results, bool(mailboxes)))
        return _fail(fault)
    code = _say(result_lines(results, bool(mailboxes)))
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
def _keeper(folder: Path) -> Iterator[Keeper]:
    """Give who can change the mailboxes. Raises StartFailed, NoServer."""
    if not folder.is_dir():
        raise StartFailed(f"{folder} is no folder")
    try:
        store = TextFileStore(folder)
    except StartFailed as fault:
        holder = holder_of(folder) if fault.__cause__ is None else None  # with a cause, it is not that someone has it
        if holder is None:
            raise
        yield _There(holder)
        return
    try:
        yield _Here(store)
    finally:
        store.close()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _mailboxes_in(folder: Path) -> Sequence[str]:
    return sorted({name for each in folder.iterdir() if (name := mailbox_of(each.name)) is not None})


def _say(lines: Sequence[str]) -> int:
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


def _fail(fault: BaseException) -> int:
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
