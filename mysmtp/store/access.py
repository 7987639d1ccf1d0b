"""Access to one mailbox for whatever blocks: found by its name, held meanwhile, its tray written first.

So a mail that was acknowledged is always seen. Only the disk's work goes to a thread; a mailbox is waited for in the
caller.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from mysmtp.contracts import Offload
from mysmtp.errors import NoSuchMail, NoSuchMailbox, StoreFailed
from mysmtp.offload import to_the_end
from mysmtp.store.boxes import Boxes
from mysmtp.store.disk import Disk
from mysmtp.store.ground import Ground
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.record import Status
from mysmtp.store.remarking import remark
from mysmtp.store.tray import Tray

T = TypeVar("T")


class Access:
    """Access to the mailboxes of one folder. `offload` runs what blocks."""

    def __init__(self, boxes: Boxes, ground: Ground, disk: Disk, offload: Offload) -> None:
        self._boxes = boxes
        self._ground = ground
        self._disk = disk
        self._offload = offload

    def find(self, name: str) -> Mailbox:
        """Return the mailbox of a name, if it has a file. Raises NoSuchMailbox, StoreFailed."""
        self._ground.follow()
        return self._boxes.find(name)

    def do(self, mailbox: Mailbox, work: Callable[[], T], instead: Callable[[Tray], T | None] | None = None) -> T:
        """Do what blocks with a mailbox. Raises what `work` does.

        `instead` looks for what is not in the file in a tray that cannot be written now.
        """
        tray = self._boxes.tray_of(mailbox)

        def run() -> T:
            self._ground.write(mailbox)
            try:
                return work()
            except (NoSuchMail, NoSuchMailbox):
                found = instead(tray) if instead and tray and tray.waiting else None
                if found is None:
                    raise
                return found

        with mailbox.lock:
            return to_the_end(self._offload, run)

    def remark(self, mailbox: Mailbox, mail_ids: Sequence[int], status: Status) -> Sequence[int]:
        """Change markers; a file whose sync failed is verified before it is trusted: a later sync would not tell."""
        try:
            return self.do(mailbox, lambda: remark(mailbox, self._disk, mail_ids, status))
        except StoreFailed as fault:
            if isinstance(fault.__cause__, OSError):
                self._ground.doubt(mailbox, fault.__cause__)
            raise
