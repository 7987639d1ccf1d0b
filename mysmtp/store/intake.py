"""Mail on its way in: encoded, promised an id in each mailbox, made durable in the journal, laid in the trays.

Whoever hands a mail over gets a ticket; one committer settles all tickets that wait, with one sync of the journal.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from mysmtp.contracts import Offload, Signal
from mysmtp.errors import StoreFailed
from mysmtp.message import Message
from mysmtp.offload import to_the_end
from mysmtp.store import names
from mysmtp.store.boxes import Boxes
from mysmtp.store.commit import Committer, Delivery, Ticket
from mysmtp.store.folder import Folder
from mysmtp.store.ground import Ground
from mysmtp.store.large import large_draft
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.segment import Entry
from mysmtp.store.textformat import draft
from mysmtp.store.tray import Tray
from mysmtp.store.write import Encoded

T = TypeVar("T")

log = logging.getLogger(__name__)

_LARGE = 64 << 10  # octets of a body that is not encoded in the caller


class Do(Protocol):
    """Does what blocks with a mailbox that is held meanwhile, its tray written first."""

    def __call__(self, mailbox: Mailbox, work: Callable[[], T]) -> T: ...


class Intake:
    """Takes mail for the mailboxes of a folder. `offload` encodes what is large, `commit_offload` is the journal's."""

    def __init__(
        self,
        folder: Folder,
        boxes: Boxes,
        ground: Ground,
        do: Do,
        offload: Offload,
        commit_offload: Offload,
        signal: Callable[[], Signal],
    ) -> None:
        self._folder = folder
        self._boxes = boxes
        self._ground = ground
        self._do = do
        self._offload = offload
        self._commit_offload = commit_offload
        self._signal = signal
        self._by_name: dict[str, Tray] = {}
        self._committer = Committer(self._commit)

    @property
    def waiting(self) -> int:
        """How many deliveries wait for the disk to be done with those before them."""
        return self._committer.waiting

    def submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Ticket:
        """Take a mail for these mailboxes. Raises StoreFailed."""
        trays: list[Tray] = []
        try:
            for name in mailboxes:
                if name not in self._by_name:
                    names.file_name(name)  # no file is made for one mailbox when another cannot be
            for name in mailboxes:
                trays.append(self._tray_to_fill(name))  # one by one: what was got before a fault is needed
        except (OSError, ValueError, StoreFailed) as fault:
            self._ground.filing.tidy(trays)
            if isinstance(fault, StoreFailed):
                raise
            raise StoreFailed from fault
        try:
            ticket = Ticket(Delivery(self._draft(message), tuple(trays)), stored, self._signal)
        except StoreFailed:
            self._ground.filing.tidy(trays)
            raise
        if trays:
            self._committer.submit(ticket)
        else:
            ticket.settle(())
        return ticket

    def close(self) -> None:
        """Return when all that was taken is settled. Nothing is taken afterwards."""
        self._committer.close()

    def _tray_to_fill(self, name: str) -> Tray:
        """Return the tray of a mailbox that can take a mail. Raises StoreFailed, ValueError for what is no mailbox."""
        tray = self._by_name.get(name)
        if tray is None or tray.fault is not None or not tray.known:
            self._ground.follow()
            tray = self._boxes.tray(name)
            if not tray.known:
                self._do(tray.mailbox, tray.prepare)
            if tray.mailbox.file == names.file_name(name) and names.plain_name(name) is None:
                self._by_name[name] = tray  # no other file can come to serve this name
        tray.check()
        return tray

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
        with self._ground.lock:  # nobody changes the journal between a batch and its trays
            self._commit_here(batch)

    def _commit_here(self, batch: Sequence[Ticket]) -> None:
        ground = self._ground
        ground.follow()
        ground.filing.wait_for_room()
        promises = [[tray.promise() for tray in ticket.delivery.trays] for ticket in batch]
        try:
            number = to_the_end(self._commit_offload, lambda: ground.journal.append(_entries(batch, promises)))
        except BaseException:
            for ticket, promised in zip(batch, promises, strict=True):
                for tray, mail_id in zip(ticket.delivery.trays, promised, strict=True):
                    tray.take_back(mail_id)
            ground.filing.tidy(tray for ticket in batch for tray in ticket.delivery.trays)
            raise
        try:
            self._lay(batch, promises, number)
        except BaseException:
            ground.filing.leave_behind()
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
        trays = (tray for ticket in batch for tray in ticket.delivery.trays)
        self._ground.filing.add(trays, number, len(batch), weight)


def _entries(batch: Sequence[Ticket], promises: Sequence[Sequence[int]]) -> Sequence[Entry]:
    """Return a batch as the journal keeps it."""
    return [
        Entry(
            tuple((tray.name, mail_id) for tray, mail_id in zip(ticket.delivery.trays, promised, strict=True)),
            ticket.delivery.mail.record(0),
        )
        for ticket, promised in zip(batch, promises, strict=True)
    ]
