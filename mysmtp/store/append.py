"""Writing a batch of deliveries: one write and one sync a mailbox, and of each delivery all copies or none.

Blocks; the caller holds the locks of all mailboxes of the batch. A file whose sync failed is put back and what was
meant for it fails: nothing is tried again there, because the system may have dropped what it could not write.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mysmtp.errors import StoreFailed
from mysmtp.store.disk import Disk
from mysmtp.store.folder import Folder
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.textformat import Draft
from mysmtp.store.write import Write


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail, and the mailboxes for its copies, each with the full name where its file's name is abbreviated."""

    draft: Draft
    copies: tuple[tuple[Mailbox, str], ...]


Outcome = Sequence[int] | StoreFailed


def store_batch(folder: Folder, disk: Disk, deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Store deliveries, each wholly or not at all; return for each its ids, or why it was not stored."""
    writes = _Writes(folder, disk, deliveries)
    try:
        writes.write()
        writes.undo_failed()
        writes.sync()
        writes.undo_failed()
        outcomes = writes.outcomes()
    except BaseException as fault:
        writes.undo_all(fault)
        raise
    finally:
        writes.close()
    if len(deliveries) > 1:
        for at, delivery in enumerate(deliveries):  # what failed with others may do alone
            if isinstance(outcomes[at], StoreFailed) and not writes.unsynced & {box.file for box, _ in delivery.copies}:
                outcomes[at] = store_batch(folder, disk, [delivery])[0]
    return outcomes


class _Writes:
    """The writes of one batch, by mailbox."""

    def __init__(self, folder: Folder, disk: Disk, deliveries: Sequence[Delivery]) -> None:
        self._folder = folder
        self._disk = disk
        self._deliveries = deliveries
        self._by_file = {box.file: Write(box, disk) for each in deliveries for box, _ in each.copies}
        self._failed: dict[str, BaseException] = {}
        self.unsynced: set[str] = set()
        for number, each in enumerate(deliveries):
            for place, (box, full_name) in enumerate(each.copies):
                self._by_file[box.file].wanted.append(((number, place), each.draft, full_name))

    def write(self) -> None:
        for file, write in self._by_file.items():
            try:
                write.begin()
            except Exception as fault:  # noqa: BLE001  whatever it is, all that belongs together is undone
                self._failed[file] = fault

    def sync(self) -> None:
        made = False
        for file, write in self._standing():
            try:
                write.sync()
                made = made or write.made
            except Exception as fault:  # noqa: BLE001  as above
                self._fail(file, fault)
        if made:
            try:
                self._disk.sync_folder(self._folder.descriptor)
                self._folder.made()
            except OSError as fault:
                for file, write in self._standing():
                    if write.made:
                        self._fail(file, fault)

    def undo_failed(self) -> None:
        """Take back every write that shares a delivery with one that failed, directly or through others."""
        spread = True
        while spread:
            spread = False
            for each in self._deliveries:
                files = {box.file for box, _ in each.copies}
                cause = next((self._failed[file] for file in files if file in self._failed), None)
                for file in files - self._failed.keys() if cause else ():
                    self._failed[file] = cause or OSError()
                    spread = True
        for file in self._failed:
            self._by_file[file].undo()

    def undo_all(self, fault: BaseException) -> None:
        """Take back every write that is not finished."""
        self._failed = dict.fromkeys(self._by_file, fault)
        self.undo_failed()
        for each in self._deliveries:
            for box, _ in each.copies:
                box.index.forget()

    def outcomes(self) -> list[Outcome]:
        ids = {place: mail_id for _, write in self._standing() for place, mail_id in write.finish().items()}
        return [self._outcome(number, each, ids) for number, each in enumerate(self._deliveries)]

    def close(self) -> None:
        for write in self._by_file.values():
            write.close()

    def _outcome(self, number: int, delivery: Delivery, ids: dict[tuple[int, int], int]) -> Outcome:
        for box, _ in delivery.copies:
            if box.file in self._failed:
                failed = StoreFailed()
                failed.__cause__ = self._failed[box.file]
                return failed
        return [ids[number, place] for place in range(len(delivery.copies))]

    def _standing(self) -> Iterable[tuple[str, Write]]:
        return [(file, write) for file, write in self._by_file.items() if file not in self._failed]

    def _fail(self, file: str, fault: Exception) -> None:
        self._failed[file] = fault
        self.unsynced.add(file)
