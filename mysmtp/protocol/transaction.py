"""What one client's session and its mail transaction hold (RFC 5321 section 3.3); protocols share by having one."""

from dataclasses import dataclass, field

from mysmtp.address import Address, mailbox_name
from mysmtp.errors import TooManyRecipients
from mysmtp.message import Envelope

MAX_RECIPIENTS = 100  # RFC 5321 section 4.5.3.1.8 asks for no fewer


@dataclass(slots=True)
class Transaction:
    """One mail on its way, from MAIL to the end of data."""

    reverse_path: Address
    _forward_paths: dict[str, str] = field(default_factory=dict)  # mailbox -> the path as it was given first

    def add_recipient(self, path: Address) -> None:
        """Add one recipient; a mailbox named twice stands once. Raises TooManyRecipients."""
        mailbox = mailbox_name(str(path))
        if mailbox not in self._forward_paths and len(self._forward_paths) >= MAX_RECIPIENTS:
            raise TooManyRecipients(f"a mail has at most {MAX_RECIPIENTS}")
        self._forward_paths.setdefault(mailbox, str(path))

    @property
    def envelope(self) -> Envelope:
        """The envelope as it stands now."""
        return Envelope(str(self.reverse_path), tuple(self._forward_paths.values()))


@dataclass(slots=True)
class Session:
    """One client's state: where in the protocol it is, what it greeted with, the transaction if one is open."""

    state: str
    helo: str = ""
    transaction: Transaction | None = None
