"""How many octets mails have that were measured before, so that each is read for it once, however often clients look.

POP3 tells exact sizes, which for a mail with LF lines only its octets tell. Some 24 octets a mail, bounded.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from mysmtp.message import MailSummary

MOST = 1_000_000  # mails that are remembered, of all mailboxes together
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_MOMENT = -(1 << 63)


def microseconds(moment: datetime | None) -> int:
    """Return an aware moment as microseconds since 1970, and something smaller for none."""
    return _NO_MOMENT if moment is None else (moment - _EPOCH) // _MICROSECOND


class Measured:
    """The sizes of the mails of one mailbox, by rising id."""

    __slots__ = ("_arrived", "_ids", "octets")

    def __init__(self) -> None:
        self.octets = array("q")
        self._ids = array("q")
        self._arrived = array("q")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, mail: MailSummary, octets: int) -> None:
        """Note the size of the next mail."""
        self._ids.append(mail.id)
        self._arrived.append(microseconds(mail.arrived))
        self.octets.append(octets)

    def find(self, mail: MailSummary) -> int | None:
        """Return the size of this very mail, None where it is not known.

        It never is of one without its moment of arrival: that was written by others, who may have changed it since.
        """
        at = bisect_left(self._ids, mail.id)
        known = mail.arrived is not None and at < len(self) and self._ids[at] == mail.id
        return self.octets[at] if known and self._arrived[at] == microseconds(mail.arrived) else None


class Sizes:
    """What was measured, by mailbox; when it is too much, those are forgotten that nobody asked for the longest."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._of: dict[str, Measured] = {}
        self._mails = 0

    def of(self, mailbox: str) -> Measured:
        """Return what is known of a mailbox."""
        measured = self._of.pop(mailbox, None)
        if measured is None:
            return Measured()
        self._of[mailbox] = measured
        return measured

    def remember(self, mailbox: str, measured: Measured) -> None:
        """Keep what was measured; it does not change afterwards."""
        self._forget(mailbox)
        self._of[mailbox] = measured
        self._mails += len(measured)
        oldest: Iterator[str] = iter(list(self._of))
        while self._mails > self._most:
            self._forget(next(oldest))

    def _forget(self, mailbox: str) -> None:
        self._mails -= len(self._of.pop(mailbox, ()))
