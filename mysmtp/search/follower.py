"""How the index follows the mailboxes: what has come, gone or changed since, and taking that in, a little at a time.

A mail is known by a print of its record: when a file was changed by others, prints tell which mails are to be read
again. A mailbox counts as indexed in a state only once all of it is. Mails that were deleted are found no more, and
forgotten only after a while: who puts thousands of them back has them found at once. Whoever calls does so one at a
time.
"""

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from mysmtp.contracts import Offload
from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.message import Changes, StoredMail
from mysmtp.offload import to_the_end
from mysmtp.powers import Followed
from mysmtp.search.box import Box
from mysmtp.search.sheet import MOST_OCTETS, sheet_of
from mysmtp.search.tables import Entry, Tables

T = TypeVar("T")

_MAILS = 256  # read in one step
_OCTETS = MOST_OCTETS  # of their bodies
_PRINTS = 2000  # compared in one step
_GONE = 500  # forgotten in one step
KEPT = 600.0  # seconds for which what is gone is not forgotten


class Follower:
    """Follows a store into one set of tables. `offload` runs what takes long, `clock` tells seconds."""

    def __init__(
        self, store: Followed, tables: Tables, offload: Offload, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._tables = tables
        self._offload = offload
        self._clock = clock
        kept = self._away(tables.boxes)
        self.boxes = {name: Box(name, number, state, None, state) for name, (number, state) in kept.items()}
        self.numbers = {box.number: box for box in self.boxes.values()}
        self._busy: dict[str, Box] = {}
        self._stuck: dict[str, Box] = {}  # those with mails that nobody can read now
        self._resting: dict[str, Box] = {}  # those with mails that are forgotten later

    @property
    def unsearched(self) -> int:
        """How many mails are not searched yet."""
        return sum(box.unsearched for box in {**self._stuck, **self._busy}.values())

    @property
    def hidden(self) -> int:
        """How many mails are in the tables, and gone."""
        return sum(len(box.gone) for box in {**self._resting, **self._busy}.values())

    @property
    def busy(self) -> bool:
        """Whether anything is left to do."""
        return bool(self._busy)

    def survey(self, named: frozenset[str] = frozenset()) -> None:
        """Find out what has changed; mailboxes that are `named` are looked at in any case. Raises StoreFailed."""
        now = self._clock()
        self._busy |= {name: box for name, box in self._resting.items() if now >= box.until}
        states = self._store.states()
        for name, state in states.items():
            box = self.boxes.get(name) or self._meet(name)
            if box.state != state or box.lost or name in named:
                self._look(box)
        for name in [name for name in self.boxes if name not in states]:
            self._lose(self.boxes[name])

    def step(self) -> bool:
        """Do some of what is left; tell whether there was anything."""
        if not self._busy:
            return False
        boxes: list[Box] = []
        try:
            self._some(boxes)
        except (
            BaseException
        ):  # whoever waits may be killed: what was taken off a list and not written is looked for anew
            for box in boxes:
                box.mark, box.state = None, ""
            raise
        for box in boxes:
            self._settle(box)
        return True

    def _some(self, boxes: list[Box]) -> None:
        """Read and write some of what is left; the mailboxes it is about are put into `boxes`."""
        read: list[tuple[Box, Sequence[tuple[StoredMail, int]]]] = []
        room, octets = _MAILS, 0
        for box in list(self._busy.values()):
            boxes.append(box)
            self._compare(box)
            mails = self._read(box, room)
            read.append((box, mails))
            room -= len(mails)
            octets += sum(mail.summary.size for mail, _ in mails)
            if room <= 0 or octets >= _OCTETS:
                break
        self._away(lambda: self._write(boxes, read))

    def _meet(self, name: str) -> Box:
        box = Box(name, self._away(lambda: self._tables.add_box(name)))
        self.boxes[name] = self.numbers[box.number] = box
        return box

    def _look(self, box: Box) -> None:
        """Take note of what has changed in a mailbox."""
        try:
            changes = self._store.changes(box.name, box.mark)
        except NoSuchMailbox:
            self._lose(box)
            return
        except StoreFailed:  # the store tells of it; it is looked at again each time
            return
        self._busy[box.name] = box
        self._away(lambda: self._take_note(box, changes))

    def _take_note(self, box: Box, changes: Changes) -> None:
        """Note what is to be done about a mailbox. Takes a while for a large one."""
        if not box.gone:  # what goes later is forgotten with the first: where mails go all the time they do not pile up
            box.until = self._clock() + KEPT
        if changes.whole:
            known = self._tables.prints(box.number)
            box.due, box.check, box.stale = array("q"), {}, set()
            box.gone = set(known).difference(changes.came)
        else:
            known = self._tables.prints(box.number, changes.came) if changes.came else {}
        box.lost = False
        box.gone.difference_update(changes.came)
        box.gone.update(changes.gone)
        for mail_id in changes.gone:
            box.check.pop(mail_id, None)
        box.check.update((mail_id, known[mail_id]) for mail_id in changes.came if mail_id in known)
        box.due.extend(mail_id for mail_id in changes.came if mail_id not in known)
        box.mark, box.state, box.waiting = changes.mark, changes.state, changes.waiting

    def _lose(self, box: Box) -> None:
        """Take note that a mailbox is no more."""
        box.lost, box.empty, box.mark, box.state = True, False, None, ""
        box.due, box.check, box.waiting = array("q"), {}, 0
        self._busy[box.name] = box

    def _compare(self, box: Box) -> None:
        """Take what is indexed and still the same off the list."""
        some = list(box.check)[:_PRINTS]
        if not some:
            return
        prints = self._ask(box, lambda: self._store.prints(box.name, some))
        if prints is None:
            return
        for mail_id in some:
            was = box.check.pop(mail_id)
            if mail_id not in prints:
                box.gone.add(mail_id)
            elif prints[mail_id] != was:
                box.stale.add(mail_id)
                box.due.append(mail_id)

    def _read(self, box: Box, most: int) -> list[tuple[StoredMail, int]]:
        """Read some of the mails that are due, the newest first."""
        taken = box.due[-most:]
        some = list(dict.fromkeys(reversed(taken)))
        if not some or box.check:
            return []
        found = self._ask(box, lambda: self._store.read_some(box.name, some, _OCTETS))
        if found is None:
            return []
        done = set(some[: len(found)])
        del box.due[-most:]
        box.due.extend(each for each in taken if each not in done)
        box.gone.update(mail_id for mail_id, each in zip(some, found, strict=False) if each is None)
        return [each for each in found if each is not None]

    def _ask(self, box: Box, question: Callable[[], T]) -> T | None:
        """Ask the store about a mailbox; when it cannot answer, the mailbox is looked at anew next time."""
        try:
            return question()
        except NoSuchMailbox:
            self._lose(box)
        except StoreFailed:
            box.waiting, box.mark, box.state = box.unsearched, None, ""
            box.due, box.check = array("q"), {}
        return None

    def _write(self, boxes: Sequence[Box], mails: Sequence[tuple[Box, Sequence[tuple[StoredMail, int]]]]) -> None:
        """Bring to the tables what was found out."""
        entries = [
            Entry(box.number, mail.summary.id, print_, sheet_of(mail, box.name))
            for box, some in mails
            for mail, print_ in some
        ]
        gone = list(islice(self._gone(boxes), _GONE))
        for box, mail_id in gone:
            box.gone.discard(mail_id)
        states = {box.number: box.state for box in boxes if box.is_through}
        try:
            self._tables.write(entries, [(box.number, mail_id) for box, mail_id in gone], states)
        except BaseException:
            for box, mail_id in gone:
                box.gone.add(mail_id)
            raise
        for box in boxes:
            box.saved = states.get(box.number, box.saved)
            if box.lost and box.empty:
                self._tables.drop_box(box.number)
        for entry in entries:
            self.numbers[entry.box].stale.discard(entry.id)

    def _gone(self, boxes: Sequence[Box]) -> Iterator[tuple[Box, int]]:
        """Give what is to be forgotten; of a mailbox that is no more, everything."""
        now = self._clock()
        for box in boxes:
            if now < box.until and not box.lost:
                continue
            if box.lost and not box.gone:
                box.gone = set(self._tables.prints(box.number))
                box.empty = not box.gone
            yield from [(box, mail_id) for mail_id in box.gone]

    def _settle(self, box: Box) -> None:
        """Put a mailbox off the list when nothing is left to do."""
        if box.lost and box.empty:
            del self.boxes[box.name], self.numbers[box.number], self._busy[box.name]
            self._stuck.pop(box.name, None)
            self._resting.pop(box.name, None)
            return
        if box.is_done(self._clock()):
            self._busy.pop(box.name, None)
        for some, counts in ((self._stuck, box.waiting), (self._resting, box.gone)):
            if counts:
                some[box.name] = box
            else:
                some.pop(box.name, None)

    def _away(self, work: Callable[[], T]) -> T:
        return to_the_end(self._offload, work)
