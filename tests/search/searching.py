"""What the tests of searching share: sending a mail and searching for it, in one line each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mysmtp.contracts import MessageStore
from mysmtp.search.index import MailIndex
from mysmtp.search.query import read_query
from tests.web.posts import NOON, message

BOB = "bob@example.com"


@dataclass(frozen=True, slots=True)
class Office:
    """A store and an index of it."""

    store: MessageStore
    index: MailIndex

    def send(self, body: bytes | str, *to: str, sender: str = "alice@example.com", at: datetime | None = None) -> None:
        """Store a mail; by default each is a second later than the one before."""
        boxes = to or (BOB,)
        moment = at or NOON + timedelta(seconds=sum(box.last_id for box in self.store.mailboxes()))
        self.store.append(boxes, message(body, sender, boxes, moment))

    def find(self, text: str) -> list[tuple[str, int]]:
        """Return mailbox and id of what is found, newest first."""
        found = self.index.find(read_query(text))
        assert found.unsearched == 0
        return [(hit.mailbox, hit.id) for hit in found.hits]

    def ids(self, text: str) -> list[int]:
        """Return the ids of what is found, rising."""
        return sorted(mail_id for _, mail_id in self.find(text))
