"""The ground that mail stands on: the journal and the filing of the folder as it is now.

Opening it lets what an earlier run left in the journal, and in no file, be written. When the folder or its journal is
taken away, both are closed and opened anew on what stands there, and mail goes on.
"""

import threading
from collections.abc import Callable

from mysmtp.contracts import Offload
from mysmtp.errors import StoreFailed
from mysmtp.store.boxes import Boxes
from mysmtp.store.compact import Behind
from mysmtp.store.disk import Disk
from mysmtp.store.filing import Filing
from mysmtp.store.folder import Folder
from mysmtp.store.journal import Journal
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.recovery import by_mailbox, recover


class Ground:
    """`journal` and `filing` are there from `open` on, and may be other ones after `follow`; `lock` keeps them.

    `moved` is called when another folder stands in the place of ours.
    """

    journal: Journal
    filing: Filing

    def __init__(self, folder: Folder, boxes: Boxes, disk: Disk, offload: Offload, moved: Callable[[], None]) -> None:
        self.lock = threading.RLock()
        self._folder = folder
        self._boxes = boxes
        self._disk = disk
        self._offload = offload
        self._moved = moved

    def open(self) -> None:
        """Open the journal; let what an earlier run left in it, and in no file, be written. Raises OSError."""
        self.journal = Journal(self._folder.descriptor, self._disk)
        self.filing = Filing(self._folder, self.journal, self._disk, self._offload, self._boxes.catalogue.save)
        marks = self.journal.marks
        left = by_mailbox(self.journal.recovered)
        for name, mails in left.items():
            tray = self._boxes.tray(name)
            unknown = [each for each in mails if not (marks.same_boot and each.number <= marks.written)]
            try:
                recover(tray, self._disk, unknown)
            except (OSError, StoreFailed) as fault:
                self.filing.doubt(tray, fault)
        if self.journal.number:
            self.filing.catch_up([self._boxes.tray(name) for name in left], self.journal.number)
        self.journal.recovered = ()

    def follow(self) -> None:
        """Go on with another folder, or journal, when ours was taken away. Raises StoreFailed without a folder."""
        if not self._folder.replaced() and not self.journal.lost:
            return
        with self.lock:
            replaced = self._folder.replaced()
            if not replaced and not self.journal.lost:
                return
            self.close()
            if replaced:
                self._folder.follow()
                self._moved()
                self._boxes.forget()
            try:
                self.open()
            except OSError as fault:
                raise StoreFailed from fault
            self.filing.resume([tray for tray in self._boxes.trays.values() if tray.waiting])

    def write(self, mailbox: Mailbox) -> None:
        """Have written what waits for a mailbox. Blocks; the caller holds it."""
        tray = self._boxes.tray_of(mailbox)
        if tray is not None:
            self.filing.write_now(tray)

    def settle(self, number: int) -> bool:
        """Bring to the disk what the journal has up to a batch; tell whether it needs none of that any more."""
        for _ in range(2):  # a batch may be in the journal and not yet in the trays
            self.filing.run_pass()
            self.filing.checkpoint()
            if self.journal.marks.synced >= number:
                return True
        return False

    def doubt(self, mailbox: Mailbox, fault: OSError) -> None:
        """Take no mail for a mailbox, whose file the disk did not take, until what it holds is verified."""
        tray = self._boxes.tray(mailbox.name)
        self.filing.doubt(tray, fault)
        self.filing.tidy([tray])

    def behind(self) -> Behind:
        """Return what compaction asks of filing and the journal, which may be other ones by the time it asks."""
        return Behind(
            tray=self._boxes.tray_of,
            write=lambda tray: self.filing.write_now(tray),
            number=lambda: self.journal.number,
            settle=self.settle,
            doubt=self.doubt,
        )

    def close(self) -> None:
        """Write what waits and let go of the journal, which is left behind if something could not be written."""
        self.journal.close(remove=self.filing.close())
