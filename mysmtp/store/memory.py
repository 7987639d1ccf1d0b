"""A store that keeps mail in memory: for tests, and for servers that should forget everything when they stop."""

import threading
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mysmtp.contracts import Receipt
from mysmtp.errors import NoSuchMail, NoSuchMailbox, StoreFailed
from mysmtp.listing import row_of
from mysmtp.message import BoxCount, Changes, Gathered, MailboxSummary, MailSummary, Message, Rank, StoredMail
from mysmtp.store.names import lower
from mysmtp.store.record import microseconds
from mysmtp.store.textformat import PREVIEW, local_date


@dataclass(frozen=True, slots=True)
class _Kept:
    mail: StoredMail
    gone: bool = False


class _Done:
    """The Receipt of what is stored already."""

    def wait(self) -> None:
        return


class MemoryStore:
    """A MessageStore, Marking and Followed without files."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._boxes: dict[str, dict[int, _Kept]] = {}
        self._changed: Counter[str] = Counter()  # how often each mailbox was

    def append(self, mailboxes: Sequence[str], message: Message) -> Sequence[int]:
        if not all(mailboxes):
            raise StoreFailed
        with self._lock:
            return [self._keep(lower(name), message) for name in mailboxes]

    def submit(self, mailboxes: Sequence[str], message: Message, stored: Callable[[Sequence[int]], None]) -> Receipt:
        stored(self.append(mailboxes, message))
        return _Done()

    def mailboxes(self) -> Sequence[MailboxSummary]:
        with self._lock:
            return [self.summary(name) for name in sorted(self._boxes)]

    def summary(self, mailbox: str) -> MailboxSummary:
        with self._lock:
            box, mails = self._box(mailbox), self.list(mailbox)
            newest = mails[-1] if mails else None
            size, unseen = sum(mail.size for mail in mails), sum(not mail.seen for mail in mails)
            return MailboxSummary(lower(mailbox), len(mails), size, len(box), newest, unseen=unseen)

    def list(self, mailbox: str) -> Sequence[MailSummary]:
        with self._lock:
            return [kept.mail.summary for kept in self._box(mailbox).values() if not kept.gone]

    def contents(self, mailbox: str) -> bytes:
        return b"".join(map(row_of, self.list(mailbox)))

    def counts(self) -> Sequence[BoxCount]:
        return [BoxCount(each.name, each.unseen) for each in self.mailboxes()]

    def gather(self, count: int, below: Rank | None = None, above: Rank | None = None) -> Gathered:
        with self._lock:
            found = [(_rank(name, mail), mail) for name in self._boxes for mail in self.list(name)]
        found.sort(key=lambda each: each[0], reverse=True)
        start = 0
        if above is not None:
            start = max(0, sum(rank > above for rank, _ in found) - count)
        elif below is not None:
            start = sum(rank >= below for rank, _ in found)
        return Gathered(tuple(found[start : start + count]), start, len(found), self.mailboxes())

    def rank(self, mailbox: str, mail_id: int) -> Rank:
        return _rank(lower(mailbox), self.read(mailbox, mail_id).summary)

    def beginnings(self, mails: Mapping[str, Sequence[int]], octets: int) -> Mapping[tuple[str, int], bytes]:
        with self._lock:
            boxes = {name: self._boxes.get(lower(name), {}) for name in mails}
            there = [(name, each, boxes[name].get(each)) for name, ids in mails.items() for each in ids]
            return {(name, each): kept.mail.body[:octets] for name, each, kept in there if kept and not kept.gone}

    def read(self, mailbox: str, mail_id: int) -> StoredMail:
        with self._lock:
            kept = self._box(mailbox).get(mail_id)
            if kept is None or kept.gone:
                raise NoSuchMail(mailbox, mail_id)
            return kept.mail

    def delete(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        return self._mark(mailbox, mail_ids, gone=True)

    def restore(self, mailbox: str, mail_ids: Sequence[int]) -> Sequence[int]:
        return self._mark(mailbox, mail_ids, gone=False)

    def mark(self, mailbox: str, mail_ids: Sequence[int] | None, seen: bool) -> Sequence[int]:
        with self._lock:
            box, there = self._box(mailbox), {mail.id: mail for mail in self.list(mailbox)}
            wanted = there if mail_ids is None else dict.fromkeys(mail_ids)
            ids = [each for each in wanted if each in there and there[each].seen is not seen]
            for each in ids:
                stored = box[each].mail
                box[each] = replace(box[each], mail=replace(stored, summary=replace(stored.summary, seen=seen)))
            return ids

    def outdated(self, mailbox: str, before: datetime | None, last: int | None) -> Sequence[int]:
        mails = self.list(mailbox)
        beyond = 0 if last is None else max(0, len(mails) - last)
        return [
            mail.id
            for at, mail in enumerate(mails)
            if at < beyond or (before is not None and mail.arrived is not None and mail.arrived < before)
        ]

    def unseen(self, mailbox: str) -> Sequence[int]:
        return [mail.id for mail in self.list(mailbox) if not mail.seen]

    def unseen_among(self, mails: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
        with self._lock:
            there = {name: ids for name, ids in mails.items() if lower(name) in self._boxes}
            unseen = {name: frozenset(self.unseen(name)) for name in there}
            return {name: [each for each in ids if each in unseen[name]] for name, ids in there.items()}

    def states(self) -> Mapping[str, str]:
        with self._lock:
            return {name: str(self._changed[name]) for name in self._boxes}

    def changes(self, mailbox: str, since: object) -> Changes:
        with self._lock:
            now = frozenset(mail.id for mail in self.list(mailbox))
            state = str(self._changed[lower(mailbox)])
            if not isinstance(since, frozenset):
                return Changes(now, state, sorted(now), (), True)
            return Changes(now, state, sorted(now - since), sorted(since - now), False)

    def read_some(self, mailbox: str, mail_ids: Sequence[int], octets: int) -> Sequence[tuple[StoredMail, int] | None]:
        with self._lock:
            box = self._box(mailbox)
            kept = [box.get(each) for each in mail_ids]
        mails = (each.mail if each and not each.gone else None for each in kept)
        return [
            (replace(mail, body=mail.body[: max(octets, 1)]), zlib.crc32(mail.body)) if mail else None for mail in mails
        ]

    def prints(self, mailbox: str, mail_ids: Sequence[int]) -> Mapping[int, int]:
        found = self.read_some(mailbox, mail_ids, 0)
        return {each[0].summary.id: each[1] for each in found if each}

    def hidden_place(self, name: str) -> tuple[Path, object] | None:
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _box(self, mailbox: str) -> dict[int, _Kept]:
        box = self._boxes.get(lower(mailbox))
        if box is None:
            raise NoSuchMailbox(mailbox)
        return box

    def _keep(self, name: str, message: Message) -> int:
        box = self._boxes.setdefault(name, {})
        mail_id, body = len(box) + 1, message.body
        if not isinstance(body, bytes):
            body = b"".join(body.pieces())
        sender, date = message.envelope.reverse_path or "<>", local_date(message.arrived)
        summary = MailSummary(mail_id, sender, date, message.arrived, len(body), body[:PREVIEW])
        checksum = f"{zlib.crc32(body):08x}"
        box[mail_id] = _Kept(StoredMail(summary, body, message.envelope, message.trace, checksum))
        self._changed[name] += 1
        return mail_id

    def _mark(self, mailbox: str, mail_ids: Sequence[int], gone: bool) -> Sequence[int]:
        with self._lock:
            box = self._box(mailbox)
            ids = [each for each in dict.fromkeys(mail_ids) if each in box and box[each].gone is not gone]
            box.update((each, replace(box[each], gone=gone)) for each in ids)
            self._changed[lower(mailbox)] += bool(ids)
            return ids


def _rank(mailbox: str, mail: MailSummary) -> Rank:
    return Rank(microseconds(mail.arrived), mailbox, mail.id)
