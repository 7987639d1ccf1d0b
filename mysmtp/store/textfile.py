"""The store of mailbox files: one text file a mailbox, which anyone may read, copy, edit, restore or remove.

Puts the parts together and answers for them. How mail comes in stands in `intake`, what it stands on in `ground`, how a
mailbox is reached in `access`, what is in a file in `mailbox` and the modules it names.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from mysmtp.contracts import Offload, Receipt, Signal, run_here
from mysmtp.errors import StartFailed, StoreFailed
from mysmtp.listing import row_of
from mysmtp.message import (
    BoxCount,
    Changes,
    Compaction,
    Gathered,
    MailboxSummary,
    MailSummary,
    Message,
    Rank,
    StoredMail,
)
from mysmtp.offload import to_the_end
from mysmtp.store import fetching, showing
from mysmtp.store.access import Access
from mysmtp.store.across import Across
from mysmtp.store.boxes import Boxes
from mysmtp.store.compact import Compactor
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.following import Watch, changes_of
from mysmtp.store.gathering import Gathering
from mysmtp.store.ground import Ground
from mysmtp.store.hidden import identity, is_safe, path_of
from mysmtp.store.holder import announce
from mysmtp.store.holding import all_held
from mysmtp.store.intake import Intake
from mysmtp.store.overview import Overview
from mysmtp.store.pouring import Head, Pouring, Through
from mysmtp.store.ripeness import Clock
from mysmtp.store.scan import Status
from mysmtp.store.space import Space
from mysmtp.store.spool import Spool
from mysmtp.store.tending import Tending
from mysmtp.store.tray import Tray


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
        self._pouring = Pouring()
        self._offload = offload
        self._address = ""
        disk = disk or Disk()
        self._boxes = Boxes(self._folder)
        self._ground = Ground(self._folder, self._boxes, disk, offload, lambda: self.announce(self._address))
        self._access = Access(self._boxes, self._ground, disk, offload)
        self._intake = Intake(
            self._folder, self._boxes, self._ground, self._access.do, offload, commit_offload or offload, signal
        )
        self._marking = threading.RLock()
        self._overview = Overview(self._folder, offload, self._boxes, self._ground.write)
        self._across = Across(self._access.find, self._ground.write, offload)
        self._watch = Watch(self._folder, self._boxes.held)
        try:
            self._compactor = Compactor(self._folder, disk, offload, self._ground.behind(), clock or Clock())
            self._tending = Tending(self._folder, self._compactor, offload, self._boxes.held)
            self._ground.open()
        except OSError as fault:
            self._boxes.close()
            self._folder.close()
            raise StartFailed(f"{path} cannot be used for mailboxes: {fault.strerror or fault}") from fault

    @property
    def waiting(self) -> int:
        """How many deliveries wait for the disk to be done with those before them."""
        return self._intake.waiting

    def append(self, mailboxes: Sequence[str], message: Message) -> Sequence[int]:
        ticket = self._intake.submit(mailboxes, message, lambda _: None)
        ticket.wait()
        return ticket.ids

    def submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Receipt:
        return self._intake.submit(mailboxes, message, stored)

    def flush(self) -> None:
        """Write all that was acknowledged to the mailbox files now, instead of within a second."""
        self._ground.filing.run_pass()

    def troubles(self) -> Sequence[str]:
        return [*self._ground.journal.troubles(), *self._ground.filing.troubles(), *self._overview.troubles]

    def mailboxes(self) -> Sequence[MailboxSummary]:
        self._ground.follow()
        return self._overview.look()

    def counts(self) -> Sequence[BoxCount]:
        self._ground.follow()
        return self._overview.counts()

    def gather(self, count: int, below: Rank | None = None, above: Rank | None = None) -> Gathered:
        boxes = self.mailboxes()
        found = Gathering(self._overview.found, self._offload).page(
            count, below, above, sum(box.mails for box in boxes)
        )
        return replace(found, boxes=boxes)

    def rank(self, mailbox: str, mail_id: int) -> Rank:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: there.rank(mail_id))

    def beginnings(self, mails: Mapping[str, Sequence[int]], octets: int) -> Mapping[tuple[str, int], bytes]:
        return self._across.beginnings(mails, octets)

    def summary(self, mailbox: str) -> MailboxSummary:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: showing.summarize(there))

    def list(self, mailbox: str) -> Sequence[MailSummary]:
        there = self._access.find(mailbox)
        do = partial(self._access.do, there)
        return do(lambda: showing.list_mails(there, self._boxes.unwritten(there), do), Tray.summaries)

    def contents(self, mailbox: str) -> bytes:
        there = self._access.find(mailbox)
        return self._access.do(
            there,
            lambda: showing.contents(there) + b"".join(map(row_of, self._boxes.unwritten(there))),
            lambda tray: b"".join(map(row_of, tray.summaries())),
        )

    def read(self, mailbox: str, mail_id: int) -> StoredMail:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: fetching.read(there, mail_id), lambda tray: tray.read(mail_id))

    def record(self, mailbox: str, mail_id: int) -> bytes:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: fetching.record(there, mail_id), lambda tray: tray.record(mail_id))

    def delete(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        there = self._access.find(mailbox)
        self._tending.deleted(there)
        return self._access.remark(there, mail_ids, Status.GONE)

    def restore(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        return self._access.remark(self._access.find(mailbox), mail_ids, Status.MAIL)

    def mark(self, mailbox: str, mail_ids: Sequence[int] | None, seen: bool) -> Sequence[int]:
        there = self._access.find(mailbox)

        def work() -> Sequence[int]:
            changed = there.mark(mail_ids, seen)
            if there.seen.stale:
                self._boxes.markbook.save(there.file, there.seen)
            return changed

        with self._marking:  # one writes to the markbook at a time
            return self._access.do(there, work)

    def outdated(self, mailbox: str, before: datetime | None, last: int | None) -> Sequence[int]:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: there.outdated(before, last))

    def unseen(self, mailbox: str) -> Sequence[int]:
        there = self._access.find(mailbox)
        return self._access.do(there, there.unseen)

    def unseen_among(self, mails: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
        return self._across.unseen(mails)

    def states(self) -> Mapping[str, str]:
        self._ground.follow()
        try:
            found = to_the_end(self._offload, self._watch.states)
        except OSError as fault:
            raise StoreFailed from fault
        for tray in list(self._boxes.trays.values()):
            if waiting := len(tray.waiting):
                found[tray.mailbox.name] = f"{found.get(tray.mailbox.name, '')}+{waiting}"
        return found

    def changes(self, mailbox: str, since: object) -> Changes:
        there = self._access.find(mailbox)
        found = self._access.do(
            there, lambda: changes_of(there, since), lambda tray: Changes(None, "", (), (), True, len(tray.waiting))
        )
        return replace(found, waiting=len(self._boxes.unwritten(there)))

    def read_some(self, mailbox: str, mail_ids: Sequence[int], octets: int) -> Sequence[tuple[StoredMail, int] | None]:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: fetching.read_some(there, mail_ids, octets))

    def prints(self, mailbox: str, mail_ids: Sequence[int]) -> Mapping[int, int]:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: fetching.prints(there, mail_ids))

    def hidden_place(self, name: str) -> tuple[Path, object] | None:
        self._ground.follow()
        is_safe(self._folder, name, make=True)
        return path_of(self._folder) / name, identity(self._folder)

    def free(self) -> int:
        return self._space.free()

    def spool(self) -> Spool:
        self._ground.follow()
        return Spool(self._folder.descriptor, self._offload)

    def fetch(self, mailbox: str, mail_id: int, least: int, through: Through, head: Head) -> StoredMail | memoryview:
        there = self._access.find(mailbox)
        return self._access.do(
            there, lambda: self._pouring.fetch(there, mail_id, least, through, head), lambda tray: tray.read(mail_id)
        )

    def pour(self, mailbox: str, mail_id: int, through: Through, head: Head) -> tuple[MailSummary, memoryview] | None:
        there = self._access.find(mailbox)
        return self._access.do(there, lambda: self._pouring.pour(there, mail_id, through, head))

    def announce(self, address: str) -> None:
        self._address = address
        with suppress(OSError):  # commands then say that the folder is in use
            announce(self._folder.descriptor, address)

    def compact(self, mailbox: str) -> Compaction:
        return self._compactor.compact(self._access.find(mailbox))

    def tend(self) -> None:
        self._ground.follow()
        self._tending.look()

    def close(self) -> None:
        self._compactor.close()
        self._intake.close()
        self._ground.close()
        mailboxes = self._boxes.all
        with all_held(mailboxes):
            to_the_end(self._offload, lambda: self._boxes.catalogue.save(mailboxes))
            self._boxes.close()
            self._folder.close()
