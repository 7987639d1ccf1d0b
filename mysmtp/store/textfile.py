"""The store of mailbox files: one text file a mailbox, which anyone may read, copy, edit, restore or remove.

Puts the parts together. A mail is handed to the committer, which makes it durable in the journal together with all that
wait; then it lies in the trays of its mailboxes until filing writes it to their files. Whoever reads a mailbox has its
tray written first, so a mail that was acknowledged is always seen. What is in a file stands in `mailbox`.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from mysmtp.contracts import Offload, Receipt, Signal, run_here
from mysmtp.errors import NoSuchMail, NoSuchMailbox, StartFailed, StoreFailed
from mysmtp.listing import row_of
from mysmtp.message import Changes, Compaction, Gathered, MailboxSummary, MailSummary, Message, Rank, StoredMail
from mysmtp.store import names
from mysmtp.store.beginnings import beginnings_of
from mysmtp.store.catalogue import Catalogue
from mysmtp.store.commit import Committer, Delivery, Ticket
from mysmtp.store.compact import Behind, Compactor
from mysmtp.store.disk import Disk
from mysmtp.store.filing import Filing
from mysmtp.store.folder import Folder
from mysmtp.store.following import Watch, changes_of
from mysmtp.store.gathering import Gathering
from mysmtp.store.hidden import identity, is_safe, path_of
from mysmtp.store.holder import announce
from mysmtp.store.holding import all_held, with_each
from mysmtp.store.journal import Journal
from mysmtp.store.large import large_draft
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.markbook import Markbook
from mysmtp.store.offload import to_the_end
from mysmtp.store.overview import Overview
from mysmtp.store.recovery import by_mailbox, recover
from mysmtp.store.ripeness import Clock
from mysmtp.store.scan import Status
from mysmtp.store.segment import Entry
from mysmtp.store.space import Space
from mysmtp.store.spool import Spool
from mysmtp.store.tending import Tending
from mysmtp.store.textformat import draft
from mysmtp.store.tray import Tray
from mysmtp.store.write import Encoded

T = TypeVar("T")

log = logging.getLogger(__name__)

_LARGE = 64 << 10  # octets of a body that is not encoded in the caller


class TextFileStore:
    """A MessageStore, RecordKeeper, Marking, Followed, Watchful, Compacting and Exclusive over mailbox files.

    `offload` runs what blocks, `commit_offload` the journal's part of it, so that no reader is ever waited for;
    `signal` makes what a sender waits on. Raises StartFailed when it cannot have the folder.
    """

    def __init__(
        self,
        path: Path,
        *,
        offload: Offload = run_here,
        commit_offload: Offload | None = None,
        signal: Callable[[], Signal] = threading.Event,
        disk: Disk | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._folder = Folder(path)
        self._space = Space(self._folder)
        self._offload = offload
        self._commit_offload = commit_offload or offload
        self._signal = signal
        self._disk = disk or Disk()
        self._catalogue = Catalogue(self._folder)
        self._markbook = Markbook(self._folder)
        self._marking = threading.RLock()
        self._mailboxes: dict[str, Mailbox] = {}
        self._trays: dict[str, Tray] = {}  # by file
        self._by_name: dict[str, Tray] = {}
        self._overview = Overview(self._folder, offload, self._held, self._write)
        self._watch = Watch(self._folder, self._held)
        self._following = threading.RLock()
        self._committer = Committer(self._commit)
        self._address = ""
        try:
            self._compactor = Compactor(self._folder, self._disk, offload, self._behind(), clock or Clock())
            self._tending = Tending(self._folder, self._compactor, offload, self._held)
            self._open_journal()
        except OSError as fault:
            self._catalogue.close()
            self._markbook.close()
            self._folder.close()
            raise StartFailed(f"{path} cannot be used for mailboxes: {fault.strerror or fault}") from fault

    @property
    def waiting(self) -> int:
        """How many deliveries wait for the disk to be done with those before them."""
        return self._committer.waiting

    def append(self, mailboxes: Sequence[str], message: Message) -> Sequence[int]:
        ticket = self._submit(mailboxes, message, lambda _: None)
        ticket.wait()
        return ticket.ids

    def submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Receipt:
        return self._submit(mailboxes, message, stored)

    def flush(self) -> None:
        """Write all that was acknowledged to the mailbox files now, instead of within a second."""
        self._filing.run_pass()

    def troubles(self) -> Sequence[str]:
        return [*self._journal.troubles(), *self._filing.troubles(), *self._overview.troubles]

    def mailboxes(self) -> Sequence[MailboxSummary]:
        self._follow()
        return self._overview.look()

    def gather(self, count: int, below: Rank | None = None, above: Rank | None = None) -> Gathered:
        total = sum(box.mails for box in self.mailboxes())
        return Gathering(self._overview.found, self._offload).page(count, below, above, total)

    def rank(self, mailbox: str, mail_id: int) -> Rank:
        there = self._find(mailbox)
        return self._do(there, lambda: there.rank(mail_id))

    def beginnings(self, mails: Mapping[str, Sequence[int]], octets: int) -> Mapping[tuple[str, int], bytes]:
        wanted = []
        for name, ids in mails.items():
            with suppress(NoSuchMailbox):
                wanted.append((self._find(name), name, ids))
        return beginnings_of(wanted, octets, self._offload, self._write)

    def summary(self, mailbox: str) -> MailboxSummary:
        there = self._find(mailbox)
        return self._do(there, there.summarize)

    def list(self, mailbox: str) -> Sequence[MailSummary]:
        there = self._find(mailbox)
        return self._do(
            there, lambda: there.list_mails(self._unwritten(there), partial(self._do, there)), Tray.summaries
        )

    def contents(self, mailbox: str) -> bytes:
        there = self._find(mailbox)
        return self._do(
            there,
            lambda: there.contents() + b"".join(map(row_of, self._unwritten(there))),
            lambda tray: b"".join(map(row_of, tray.summaries())),
        )

    def read(self, mailbox: str, mail_id: int) -> StoredMail:
        there = self._find(mailbox)
        return self._do(there, lambda: there.read(mail_id), lambda tray: tray.read(mail_id))

    def record(self, mailbox: str, mail_id: int) -> bytes:
        there = self._find(mailbox)
        return self._do(there, lambda: there.record(mail_id), lambda tray: tray.record(mail_id))

    def delete(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        there = self._find(mailbox)
        self._tending.deleted(there)
        return self._remark(there, mail_ids, Status.GONE)

    def restore(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        return self._remark(self._find(mailbox), mail_ids, Status.MAIL)

    def mark(self, mailbox: str, mail_ids: Sequence[int] | None, seen: bool) -> Sequence[int]:
        there = self._find(mailbox)

        def work() -> Sequence[int]:
            changed = there.mark(mail_ids, seen)
            if there.seen.stale:
                self._markbook.save(there.file, there.seen)
            return changed

        with self._marking:  # one writes to the markbook at a time
            return self._do(there, work)

    def outdated(self, mailbox: str, before: datetime | None, last: int | None) -> Sequence[int]:
        there = self._find(mailbox)
        return self._do(there, lambda: there.outdated(before, last))

    def unseen(self, mailbox: str) -> Sequence[int]:
        there = self._find(mailbox)
        return self._do(there, there.unseen)

    def unseen_among(self, mails: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
        there: dict[str, Mailbox] = {}
        for name in mails:
            with suppress(NoSuchMailbox):
                there[name] = self._find(name)
        wanted: dict[str, set[int]] = {}  # of a file: two names may mean one
        for name, mailbox in there.items():
            wanted.setdefault(mailbox.file, set()).update(mails[name])

        def unseen(mailbox: Mailbox) -> frozenset[int]:
            with suppress(NoSuchMailbox):
                self._write(mailbox)
                return frozenset(mailbox.unseen_among(sorted(wanted[mailbox.file])))
            return frozenset()

        found = with_each({mailbox.file: mailbox for mailbox in there.values()}.values(), self._offload, unseen)
        return {name: [each for each in mails[name] if each in found[there[name].file]] for name in there}

    def states(self) -> Mapping[str, str]:
        self._follow()
        try:
            found = to_the_end(self._offload, self._watch.states)
        except OSError as fault:
            raise StoreFailed from fault
        for tray in list(self._trays.values()):
            if waiting := len(tray.waiting):
                found[tray.mailbox.name] = f"{found.get(tray.mailbox.name, '')}+{waiting}"
        return found

    def changes(self, mailbox: str, since: object) -> Changes:
        there = self._find(mailbox)
        found = self._do(
            there, lambda: changes_of(there, since), lambda tray: Changes(None, "", (), (), True, len(tray.waiting))
        )
        return replace(found, waiting=len(self._unwritten(there)))

    def read_some(self, mailbox: str, mail_ids: Sequence[int], octets: int) -> Sequence[tuple[StoredMail, int] | None]:
        there = self._find(mailbox)
        return self._do(there, lambda: there.read_some(mail_ids, octets))

    def prints(self, mailbox: str, mail_ids: Sequence[int]) -> Mapping[int, int]:
        there = self._find(mailbox)
        return self._do(there, lambda: there.prints(mail_ids))

    def hidden_place(self, name: str) -> tuple[Path, object] | None:
        self._follow()
        is_safe(self._folder, name, make=True)
        return path_of(self._folder) / name, identity(self._folder)

    def _remark(self, mailbox: Mailbox, mail_ids: Sequence[int], status: Status) -> Sequence[int]:
        """Change markers; a file whose sync failed is verified before it is trusted: a later sync would not tell."""
        try:
            return self._do(mailbox, lambda: mailbox.remark(mail_ids, status))
        except StoreFailed as fault:
            if isinstance(fault.__cause__, OSError):
                self._doubt(mailbox, fault.__cause__)
            raise

    def free(self) -> int:
        return self._space.free()

    def spool(self) -> Spool:
        self._follow()
        return Spool(self._folder.descriptor, self._offload)

    def announce(self, address: str) -> None:
        self._address = address
        with suppress(OSError):  # commands then say that the folder is in use
            announce(self._folder.descriptor, address)

    def compact(self, mailbox: str) -> Compaction:
        return self._compactor.compact(self._find(mailbox))

    def tend(self) -> None:
        self._follow()
        self._tending.look()

    def close(self) -> None:
        self._compactor.close()
        self._committer.close()
        self._close_journal()
        with all_held(self._mailboxes.values()):
            self._catalogue.save(self._mailboxes.values())
            self._catalogue.close()
            self._markbook.close()
            self._folder.close()

    def _submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Ticket:
        trays: list[Tray] = []
        try:
            for name in mailboxes:
                if name not in self._by_name:
                    names.file_name(name)  # no file is made for one mailbox when another cannot be
            for name in mailboxes:
                trays.append(self._tray_to_fill(name))  # one by one: what was got before a fault is needed
        except (OSError, ValueError, StoreFailed) as fault:
            self._filing.tidy(trays)
            if isinstance(fault, StoreFailed):
                raise
            raise StoreFailed from fault
        try:
            ticket = Ticket(Delivery(self._draft(message), tuple(trays)), stored, self._signal)
        except StoreFailed:
            self._filing.tidy(trays)
            raise
        if trays:
            self._committer.submit(ticket)
        else:
            ticket.settle(())
        return ticket

    def _draft(self, message: Message) -> Encoded:
        """Encode a mail; a large one takes long enough to be worth a thread. Raises StoreFailed."""
        body = message.body
        if isinstance(body, bytes):
            return draft(message) if len(body) < _LARGE else to_the_end(self._offload, lambda: draft(message))
        try:
            return to_the_end(self._offload, lambda: large_draft(message, body, self._folder.descriptor))
        except OSError as fault:
            raise StoreFailed from fault

    def _commit(self, batch: Sequence[Ticket]) -> None:
        """Make a batch durable in the journal, lay it in the trays and settle its tickets."""
        with self._following:  # nobody changes the journal between a batch and its trays
            self._commit_here(batch)

    def _commit_here(self, batch: Sequence[Ticket]) -> None:
        self._follow()
        self._filing.wait_for_room()
        promises = [[tray.promise() for tray in ticket.delivery.trays] for ticket in batch]
        try:
            number = to_the_end(self._commit_offload, lambda: self._journal.append(_entries(batch, promises)))
        except BaseException:
            for ticket, promised in zip(batch, promises, strict=True):
                for tray, mail_id in zip(ticket.delivery.trays, promised, strict=True):
                    tray.take_back(mail_id)
            self._filing.tidy(tray for ticket in batch for tray in ticket.delivery.trays)
            raise
        try:
            self._lay(batch, promises, number)
        except BaseException:
            self._filing.leave_behind()
            log.exception("mails that are durable in the journal could not be laid in the trays of their mailboxes")
        for ticket, promised in zip(batch, promises, strict=True):  # they are durable: refusing them would be untrue
            ticket.settle(promised)

    def _lay(self, batch: Sequence[Ticket], promises: Sequence[Sequence[int]], number: int) -> None:
        """Lay a batch that is durable in the trays of its mailboxes."""
        weight = 0
        for ticket, promised in zip(batch, promises, strict=True):
            mail = ticket.delivery.mail
            weight += mail.size * len(promised)
            for tray, mail_id in zip(ticket.delivery.trays, promised, strict=True):
                tray.lay(number, mail_id, mail)
        self._filing.add((tray for ticket in batch for tray in ticket.delivery.trays), number, len(batch), weight)

    def _do(self, mailbox: Mailbox, work: Callable[[], T], instead: Callable[[Tray], T | None] | None = None) -> T:
        """Do what blocks with a mailbox, its tray written first.

        `instead` looks for what is not in the file in a tray that cannot be written now.
        """
        tray = self._trays.get(mailbox.file)

        def run() -> T:
            self._write(mailbox)
            try:
                return work()
            except (NoSuchMail, NoSuchMailbox):
                found = instead(tray) if instead and tray and tray.waiting else None
                if found is None:
                    raise
                return found

        with mailbox.lock:
            return to_the_end(self._offload, run)

    def _write(self, mailbox: Mailbox) -> None:
        """Have written what waits for a mailbox. Blocks; the caller holds it."""
        tray = self._trays.get(mailbox.file)
        if tray is not None:
            self._filing.write_now(tray)

    def _unwritten(self, mailbox: Mailbox) -> Sequence[MailSummary]:
        tray = self._trays.get(mailbox.file)
        return tray.summaries() if tray else ()

    def _find(self, name: str) -> Mailbox:
        """Return the mailbox of a name, if it has a file. Raises NoSuchMailbox, StoreFailed."""
        self._follow()
        try:
            file = self._folder.file_of(name)
        except ValueError:
            raise NoSuchMailbox(name) from None
        if not self._folder.exists(file) and not self._waits(file):
            if file not in self._trays:
                self._mailboxes.pop(file, None)
            raise NoSuchMailbox(name)
        return self._held(file, name)

    def _waits(self, file: str) -> bool:
        tray = self._trays.get(file)
        return tray is not None and bool(tray.waiting)

    def _tray_to_fill(self, name: str) -> Tray:
        """Return the tray of a mailbox that can take a mail. Raises StoreFailed, ValueError for what is no mailbox."""
        tray = self._by_name.get(name)
        if tray is None or tray.fault is not None or not tray.known:
            self._follow()
            tray = self._tray(name)
            if not tray.known:
                self._do(tray.mailbox, tray.prepare)
            if tray.mailbox.file == names.file_name(name) and names.plain_name(name) is None:
                self._by_name[name] = tray  # no other file can come to serve this name
        tray.check()
        return tray

    def _tray(self, name: str) -> Tray:
        file = self._folder.file_of(name)
        mailbox = self._held(file, name)
        tray = self._trays.get(file)
        if tray is None:
            tray = self._trays[file] = Tray(mailbox, names.lower(name))
        return tray

    def _held(self, file: str, name: str) -> Mailbox:
        there = self._mailboxes.get(file)
        if there is None:
            made = Mailbox(self._folder, file, names.lower(name), self._disk, self._catalogue.load, self._markbook.load)
            there = self._mailboxes.setdefault(file, made)
        return there

    def _open_journal(self) -> None:
        """Open the journal; let what an earlier run left in it, and in no file, be written. Raises OSError."""
        self._journal = Journal(self._folder.descriptor, self._disk)
        self._filing = Filing(self._folder, self._journal, self._disk, self._offload, self._catalogue.save)
        marks = self._journal.marks
        left = by_mailbox(self._journal.recovered)
        for name, mails in left.items():
            tray = self._tray(name)
            unknown = [each for each in mails if not (marks.same_boot and each.number <= marks.written)]
            try:
                recover(tray, self._disk, unknown)
            except (OSError, StoreFailed) as fault:
                self._filing.doubt(tray, fault)
        if self._journal.number:
            self._filing.catch_up([self._tray(name) for name in left], self._journal.number)
        self._journal.recovered = ()

    def _behind(self) -> Behind:
        """Return what compaction asks of filing and the journal, which may be other ones by the time it asks."""
        return Behind(
            tray=lambda mailbox: self._trays.get(mailbox.file),
            write=lambda tray: self._filing.write_now(tray),
            number=lambda: self._journal.number,
            settle=self._settle,
            doubt=self._doubt,
        )

    def _settle(self, number: int) -> bool:
        """Bring to the disk what the journal has up to a batch; tell whether it needs none of that any more."""
        for _ in range(2):  # a batch may be in the journal and not yet in the trays
            self._filing.run_pass()
            self._filing.checkpoint()
            if self._journal.marks.synced >= number:
                return True
        return False

    def _doubt(self, mailbox: Mailbox, fault: OSError) -> None:
        tray = self._tray(mailbox.name)
        self._filing.doubt(tray, fault)
        self._filing.tidy([tray])

    def _close_journal(self) -> None:
        self._journal.close(remove=self._filing.close())

    def _follow(self) -> None:
        """Go on with another folder, or journal, when ours was taken away. Raises StoreFailed without a folder."""
        if not self._folder.replaced() and not self._journal.lost:
            return
        with self._following:
            replaced = self._folder.replaced()
            if not replaced and not self._journal.lost:
                return
            self._close_journal()
            if replaced:
                self._folder.follow()
                self.announce(self._address)
                for tray in self._trays.values():
                    tray.forget()
                for mailbox in self._mailboxes.values():
                    mailbox.forget_marks()
            try:
                self._open_journal()
            except OSError as fault:
                raise StoreFailed from fault
            self._filing.resume([tray for tray in self._trays.values() if tray.waiting])


def _entries(batch: Sequence[Ticket], promises: Sequence[Sequence[int]]) -> Sequence[Entry]:
    """Return a batch as the journal keeps it."""
    return [
        Entry(
            tuple((tray.name, mail_id) for tray, mail_id in zip(ticket.delivery.trays, promised, strict=True)),
            ticket.delivery.mail.record(0),
        )
        for ticket, promised in zip(batch, promises, strict=True)
    ]
