"""Filing: mails that are durable in the journal are written to the mailbox files, one write a mailbox, soon after.

A pass writes what waits in all trays; a checkpoint, when there is a pause or the journal has grown, brings the written
files to the disk, after which the journal may forget these mails. A file that cannot be written is tried again each
second and takes no new mail meanwhile. One that the disk failed to take is written anew from the journal first: after
such a failure the system may hold octets that the disk never got.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from mysmtp.contracts import Offload
from mysmtp.errors import StoreFailed
from mysmtp.offload import to_the_end
from mysmtp.store.checkpoint import Checkpoint
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.holding import all_held, some
from mysmtp.store.journal import Journal
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.recovery import take_out
from mysmtp.store.tray import Tray
from mysmtp.text import visible

log = logging.getLogger(__name__)

_SOON = 0.05  # seconds until a few mails are written
_GATHER = 0.65  # and a crowd: one write a mailbox for all of them, well within the second that is promised
_FEW = 50  # mails that are written soon
_AGAIN = 1.0  # seconds until what failed is tried again, and of silence before a checkpoint
_BEHIND = 48 << 20  # octets of waiting mails after which committing waits for filing
_JOURNAL = 64 << 20  # octets of the journal in use after which a checkpoint is due even under load


class Filing:
    """Writes trays to their files, in a thread of its own. `offload` runs what blocks."""

    def __init__(
        self,
        folder: Folder,
        journal: Journal,
        disk: Disk,
        offload: Offload,
        save: Callable[[Iterable[Mailbox]], None],
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._disk = disk
        self._offload = offload
        self._save = save
        self._checkpoint = Checkpoint(folder, journal, disk)
        self._due: dict[str, Tray] = {}
        self._faulty: dict[str, Tray] = {}
        self._weight = 0  # octets that wait
        self._filed: deque[int] = deque()  # octets that were written, put in by whoever writes
        self._left_behind = False
        self._laid = 0  # mails since the last pass began
        self._number = journal.marks.synced  # the last batch whose mails are in trays
        self._wanted = threading.Event()
        self._hurry = threading.Event()
        self._room = threading.Event()
        self._room.set()
        self._lock = threading.RLock()  # one pass at a time
        self._gate = threading.Lock()  # held for a few steps only
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, trays: Iterable[Tray], number: int, mails: int, weight: int) -> None:
        """Note that these trays have mails of a batch waiting: so many, and so many octets of bodies."""
        with self._gate:
            for tray in trays:
                self._due[tray.mailbox.file] = tray
            self._number = number
            self._weight += weight
            self._laid += mails
        if self._weight > _BEHIND:
            self._room.clear()
            self._hurry.set()
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="filing", daemon=True)
            thread.start()
            self._thread = thread
        self._wanted.set()

    def tidy(self, trays: Iterable[Tray]) -> None:
        """Look at trays whose mail was refused: an empty file that was made for it goes again."""
        self.add(trays, self._number, 0, 0)

    def resume(self, trays: Sequence[Tray]) -> None:
        """Take over trays with mails that another journal made durable and no file could take."""
        self.add(trays, self._number, 0, _octets(trays))

    def catch_up(self, trays: Iterable[Tray], number: int) -> None:
        """Write and sync at once what an earlier run left."""
        trays = tuple(trays)
        self.add(trays, number, 0, _octets(trays))
        for tray in trays:
            self._checkpoint.touch(tray)
        self.run_pass()
        self.checkpoint()

    def wait_for_room(self) -> None:
        """Return when the files are not too far behind. Raises StoreFailed when they cannot be written."""
        if not self._room.wait(10 * _AGAIN):
            fault = next((tray.fault for tray in list(self._faulty.values()) if tray.fault is not None), None)
            raise StoreFailed from fault or OSError("the mailbox files cannot be written")

    def troubles(self) -> Sequence[str]:
        """Return a line for each mailbox that takes no mail now, and one when none does."""
        told = [
            f"{visible(tray.mailbox.name)} takes no mail until its file can be written: {visible(str(tray.fault))}"
            for tray in list(self._faulty.values())
            if tray.fault is not None
        ]
        if not self._room.is_set():
            told.append("mail waits: the mailbox files are too far behind the journal")
        if self._left_behind:
            told.append("some mails are in the journal only; the next start writes them to their mailboxes")
        return told

    def run_pass(self) -> None:
        """Write all that waits."""
        with self._lock:
            with self._gate:
                number = self._number
                trays = {**self._due, **self._faulty}
                self._due = {}
            try:
                for mailboxes in some([tray.mailbox for tray in trays.values()]):
                    with all_held(mailboxes):
                        to_the_end(self._offload, partial(self._write, [trays[each.file] for each in mailboxes]))
            except BaseException:  # whoever runs this pass may be killed: none may count as written that is not
                with self._gate:
                    self._due = {**trays, **self._due}
                raise
            if not self._faulty and not self._left_behind:
                self._checkpoint.written = number
                to_the_end(self._offload, self._note)
            self._weigh()

    def leave_behind(self) -> None:
        """Note that mails are in the journal and in no tray: it must keep them until the next start finds them."""
        self._left_behind = True

    def _weigh(self) -> None:
        """Take off what was written meanwhile, in whichever thread; make room known."""
        with self._gate:
            while self._filed:
                self._weight -= self._filed.popleft()
        if self._weight <= _BEHIND:
            self._room.set()

    def write_now(self, tray: Tray) -> None:
        """Write one tray before its mailbox is read. Blocks; the caller holds the mailbox. What fails waits on."""
        if tray.waiting or tray.empty or tray.doubtful:
            self._write([tray])

    def doubt(self, tray: Tray, fault: Exception) -> None:
        """Take no more mail for this file until what the journal has of it was written over it and synced."""
        self._checkpoint.doubt(tray, fault)
        self._faulty[tray.mailbox.file] = tray

    def checkpoint(self) -> None:
        """Bring to the disk all that was written, so that the journal can be used again."""
        with self._lock:
            self._sync()

    def _sync(self) -> None:
        unsure = list(self._checkpoint.unsure)
        with all_held(tray.mailbox for tray in unsure):
            written = to_the_end(self._offload, self._checkpoint.run)
            self._faulty |= {tray.mailbox.file: tray for tray in [*unsure, *self._checkpoint.unsure]}
        for mailboxes in some([tray.mailbox for tray in written]):
            with all_held(mailboxes):
                to_the_end(self._offload, partial(self._save, mailboxes))

    def close(self) -> bool:
        """Write and sync all that waits; tell whether the journal holds nothing more that is needed."""
        self._closed = True
        for event in (self._wanted, self._hurry):
            event.set()
        if self._thread is not None:
            self._thread.join()
        self.run_pass()
        self.checkpoint()
        return not self._faulty and not self._checkpoint.due and not self._left_behind

    def _run(self) -> None:
        while not self._closed:
            try:
                self._turn()
            except Exception:
                log.exception("writing the mailbox files failed unexpectedly; it is tried again")
                self._hurry.wait(_AGAIN)

    def _turn(self) -> None:
        if self._wanted.wait(_AGAIN if self._checkpoint.due or self._faulty else None):
            self._wanted.clear()
            if not self._hurry.wait(_SOON) and self._laid > _FEW:
                self._hurry.wait(_GATHER)
            self._hurry.clear()
            self._laid = 0
            self.run_pass()
            if self._journal.used > _JOURNAL:
                self.checkpoint()
        elif not self._closed:
            if self._faulty:
                self.run_pass()
            self.checkpoint()

    def _write(self, trays: Sequence[Tray]) -> None:
        for tray in trays:
            name, failed_before = visible(tray.mailbox.file), tray.fault is not None
            try:
                self._file(tray)
            except Exception as fault:  # noqa: BLE001  whatever it is, the mails are safe in the journal
                tray.fault = tray.fault or fault
                if not failed_before:
                    log.error("%s cannot be written, its mails wait in the journal: %s", name, fault)
            if tray.fault is not None:
                self._faulty[tray.mailbox.file] = tray
                continue
            self._faulty.pop(tray.mailbox.file, None)
            if failed_before:
                log.warning("%s is written again", name)

    def _file(self, tray: Tray) -> None:
        """Write a tray to its file; once an error came after the write, only what the file does not have."""
        if tray.doubtful:
            self._filed.append(take_out(tray))
            self._checkpoint.touch(tray)
        octets = tray.write(self._disk)
        if octets is not None:
            self._checkpoint.touch(tray)
            self._filed.append(octets)
        tray.doubtful = False

    def _note(self) -> None:
        if self._checkpoint.written <= self._journal.marks.written:
            return
        try:
            self._journal.mark(self._checkpoint.written)
            self._journal.prepare()
        except OSError as fault:
            log.warning("the journal's marks cannot be written: %s", fault)


def _octets(trays: Iterable[Tray]) -> int:
    return sum(each.mail.size for tray in trays for each in tuple(tray.waiting))
