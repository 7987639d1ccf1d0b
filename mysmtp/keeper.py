"""Who changes the mailboxes of a folder for a command: this process, or the server that has the folder.

Who has it tells its address there (`store.holder`); it is asked over HTTP, on this machine only, with the forms of
`web.housekeeping`.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

from mysmtp import exchange
from mysmtp.errors import NoSuchMailbox, StartFailed, StoreFailed
from mysmtp.message import Compaction
from mysmtp.parcel import Parcel, pack, unpack
from mysmtp.store.holder import Holder, holder_of
from mysmtp.store.textfile import TextFileStore

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PATIENCE = 3600.0  # seconds for an answer: a large mailbox takes its time
_TRIES = 5  # of a server that says it is busy
_AT_ONCE = 1000  # ids in one request


class NoServer(Exception):
    """The server that has the folder cannot be asked; `str(fault)` says why."""


class _NotThere(Exception):
    """The server knows nothing of what it was asked."""


class Keeper(Protocol):
    """Who changes the mailboxes. Every method raises NoSuchMailbox, StoreFailed, NoServer."""

    def delete(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        """Delete these mails, None for all; return those that were there."""

    def undo(self, mailbox: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        """Put these mails back, None for all that can be; return those that came back."""

    def compact(self, mailbox: str) -> Compaction:
        """Free the room of deleted mails."""

    def take_in(self, parcels: Sequence[Parcel]) -> Sequence[str]:
        """Store mails; return for each ``""``, or in words why not (`exchange.take_in`)."""

    def give_out(self, mailbox: str, after: int) -> Sequence[Parcel]:
        """Return the next mails after an id, none after the last one."""

    def damage(self, mailbox: str) -> int:
        """Return how many records are damaged and no mails."""


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

    def take_in(self, parcels: Sequence[Parcel]) -> Sequence[str]:
        return exchange.take_in(self._store, parcels)

    def give_out(self, mailbox: str, after: int) -> Sequence[Parcel]:
        return exchange.give_out(self._store, mailbox, after)

    def damage(self, mailbox: str) -> int:
        return len(self._store.summary(mailbox).damage)


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
        return Compaction(**json.loads(self._ask(mailbox, "compact", [])))

    def take_in(self, parcels: Sequence[Parcel]) -> Sequence[str]:
        answer = self._post("/housekeeping/import", pack(parcels), "application/octet-stream")
        return list(json.loads(answer)["results"])

    def give_out(self, mailbox: str, after: int) -> Sequence[Parcel]:
        return unpack(self._ask(mailbox, "export", [("after", str(after))]))

    def damage(self, mailbox: str) -> int:
        return int(json.loads(self._ask(mailbox, "damage", []))["damage"])

    def _deed(self, mailbox: str, deed: str, mail_ids: Sequence[int] | None) -> Sequence[int]:
        if mail_ids is None:
            return list(json.loads(self._ask(mailbox, deed, [("all", "1")]))["ids"])
        done: list[int] = []
        for at in range(0, len(mail_ids), _AT_ONCE):
            some = [("id", str(mail_id)) for mail_id in mail_ids[at : at + _AT_ONCE]]
            done += json.loads(self._ask(mailbox, deed, some))["ids"]
        return done

    def _ask(self, mailbox: str, deed: str, fields: Sequence[tuple[str, str]]) -> bytes:
        """Send a form about a mailbox as a page of the server would, and return the answer."""
        name = quote(mailbox.encode("utf-8", "surrogateescape"), safe="").replace(".", "%2E")
        form = urlencode(fields).encode()
        try:
            return self._post(f"/housekeeping/{quote(name)}/{deed}", form, "application/x-www-form-urlencoded")
        except _NotThere:
            raise NoSuchMailbox(mailbox) from None

    def _post(self, path: str, body: bytes, kind: str) -> bytes:
        """Return the answer to a request. Raises _NotThere, StoreFailed, NoServer."""
        headers = {"Host": self._authority, "Origin": self._holder.address, "Content-Type": kind}
        for again in range(_TRIES):
            try:
                connection = HTTPConnection(self._host, self._port, timeout=_PATIENCE)
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                status, answer = response.status, response.read()
                connection.close()
            except (OSError, HTTPException) as fault:
                raise NoServer(f"the server at {self._holder.address} does not answer: {fault}") from fault
            if status != 503 or again + 1 == _TRIES:
                break
            time.sleep(float(response.headers.get("Retry-After", "1")))
        if status == 200:
            return answer
        if status == 404:
            raise _NotThere
        raise StoreFailed from NoServer(f"the server at {self._holder.address} answers {status} {response.reason}")


@contextmanager
def keeper_of(folder: Path) -> Iterator[Keeper]:
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
