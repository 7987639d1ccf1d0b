"""The store of mailbox files: one text file a mailbox, which anyone may read, copy, edit, restore or remove.

Puts the parts together: names to mailboxes, locks taken by the caller, blocking work handed to `offload`, deliveries
gathered into batches. What is in a file stands in `mailbox`, how it is written in `append`.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from mysmtp.contracts import Offload, Receipt, run_here
from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.message import MailboxSummary, MailSummary, Message, StoredMail
from mysmtp.store import names
from mysmtp.store.append import Delivery, Outcome, store_batch
from mysmtp.store.commit import GroupCommit
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.offload import to_the_end
from mysmtp.store.scan import Status
from mysmtp.store.textformat import Draft, draft

T = TypeVar("T")

_BATCH = 64 << 20  # octets written at once, so that many large mails do not stand in memory twice
_LARGE = 64 << 10  # octets of a body that is not encoded in the caller


class _Begun:
    """The Receipt of a mail that is stored when its receipt is waited for."""

    def __init__(self, store: Callable[[], None]) -> None:
        self.wait = store


class TextFileStore:
    """A MessageStore and RecordKeeper over a folder of mailbox files. Raises StartFailed when it cannot have it."""

    def __init__(self, path: Path, *, offload: Offload = run_here, disk: Disk | None = None) -> None:
        self._folder = Folder(path)
        self._offload = offload
        self._disk = disk or Disk()
        self._mailboxes: dict[str, Mailbox] = {}
        self._commits: GroupCommit[Delivery, Outcome] = GroupCommit(self._store, _BATCH, _weight)

    @property
    def waiting(self) -> int:
        """How many deliveries wait for the disk to be done with those before them."""
        return self._commits.waiting

    def append(self, mailboxes: Sequence[str], message: Message) -> Sequence[int]:
        self._folder.check()
        try:
            copies = tuple((self._to_fill(name), names.cut_name(name)) for name in mailboxes)
        except (OSError, ValueError) as fault:
            raise StoreFailed from fault
        try:
            outcome = self._commits.submit(Delivery(self._draft(message), copies)) if copies else ()
        except Exception as fault:
            raise StoreFailed from fault
        if isinstance(outcome, StoreFailed):
            raise outcome
        return outcome

    def submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Receipt:
        return _Begun(lambda: stored(self.append(mailboxes, message)))

    def _draft(self, message: Message) -> Draft:
        """Encode a mail; a large one takes long enough to be worth a thread."""
        if len(message.body) < _LARGE:
            return draft(message)
        return to_the_end(self._offload, lambda: draft(message))

    def mailboxes(self) -> Sequence[MailboxSummary]:
        self._folder.check()
        found = []
        for file, name in self._folder.files():
            mailbox = self._held(file, name)
            try:
                if names.abbreviated(file):
                    self._name(mailbox)
                found.append(self._do(mailbox, mailbox.summarize))
            except NoSuchMailbox:
                continue
            except StoreFailed as fault:
                self._folder.warn(file, f"cannot be read: {fault.__cause__}")
        return sorted(found, key=lambda summary: summary.name)

    def summary(self, mailbox: str) -> MailboxSummary:
        there = self._find(mailbox)
        return self._do(there, there.summarize)

    def list(self, mailbox: str) -> Sequence[MailSummary]:
        there = self._find(mailbox)
        return self._do(there, there.list_mails)

    def read(self, mailbox: str, mail_id: int) -> StoredMail:
        there = self._find(mailbox)
        return self._do(there, lambda: there.read(mail_id))

    def record(self, mailbox: str, mail_id: int) -> bytes:
        there = self._find(mailbox)
        return self._do(there, lambda: there.record(mail_id))

    def delete(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        there = self._find(mailbox)
        return self._do(there, lambda: there.remark(mail_ids, Status.GONE))

    def restore(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        there = self._find(mailbox)
        return self._do(there, lambda: there.remark(mail_ids, Status.MAIL))

    def close(self) -> None:
        with ExitStack() as held:
            for mailbox in _in_order(self._mailboxes.values()):
                held.enter_context(mailbox.lock)
            self._folder.close()

    def _store(self, deliveries: Sequence[Delivery], tell: Callable[[Sequence[Outcome]], None]) -> None:
        """Store a batch; whoever leads holds the locks of all its mailboxes, taken in one order by everyone."""
        with ExitStack() as held:
            for mailbox in _in_order({box.file: box for each in deliveries for box, _ in each.copies}.values()):
                held.enter_context(mailbox.lock)
            to_the_end(self._offload, lambda: tell(store_batch(self._folder, self._disk, deliveries)))

    def _do(self, mailbox: Mailbox, work: Callable[[], T]) -> T:
        with mailbox.lock:
            return to_the_end(self._offload, work)

    def _find(self, name: str) -> Mailbox:
        """Return the mailbox of a name, if it has a file. Raises NoSuchMailbox, StoreFailed."""
        self._folder.check()
        try:
            file = self._folder.file_of(name)
        except ValueError:
            raise NoSuchMailbox(name) from None
        if not self._folder.exists(file):
            self._mailboxes.pop(file, None)
            raise NoSuchMailbox(name)
        return self._held(file, name)

    def _to_fill(self, name: str) -> Mailbox:
        return self._held(self._folder.file_of(name), name)

    def _held(self, file: str, name: str) -> Mailbox:
        there = self._mailboxes.get(file)
        return there or self._mailboxes.setdefault(file, Mailbox(self._folder, file, names.lower(name), self._disk))

    def _name(self, mailbox: Mailbox) -> None:
        """Give a mailbox whose file's name is abbreviated the full name that its records carry."""
        if names.cut_name(mailbox.name):
            return
        name = self._do(mailbox, mailbox.name_inside)
        if name and names.cut_name(name) and names.file_name(name) == names.lower(mailbox.file):
            mailbox.name = name


def _in_order(mailboxes: Iterable[Mailbox]) -> Sequence[Mailbox]:
    return sorted(mailboxes, key=lambda mailbox: mailbox.file)


def _weight(delivery: Delivery) -> int:
    return (delivery.draft.size + 1024) * len(delivery.copies)
