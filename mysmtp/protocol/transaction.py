"""What one client's session and its mail transaction hold (RFC 5321 section 3.3); protocols share by having one."""

from dataclasses import dataclass, field

from mysmtp.address import Address, mailbox_name
from mysmtp.errors import TooManyRecipients
from mysmtp.message import Envelope, Trace

MAX_RECIPIENTS = 100  # RFC 5321 section 4.5.3.1.8 asks for no fewer
_SHAPE_KEPT = 200  # replies of a long session that its path remembers


@dataclass(slots=True)
class Transaction:
    """One mail on its way, from MAIL to the end of data."""

    reverse_path: Address
    _forward_paths: dict[str, str] = field(default_factory=dict)  # mailbox -> the path as it was given first

    def add_recipient(self, path: Address) -> None:
        """Add one recipient; a mailbox named twice stands once. Raises TooManyRecipients."""
        text = str(path)
        mailbox = mailbox_name(text)
        if mailbox not in self._forward_paths and len(self._forward_paths) >= MAX_RECIPIENTS:
            raise TooManyRecipients(f"a mail has at most {MAX_RECIPIENTS}")
        self._forward_paths.setdefault(mailbox, text)

    @property
    def envelope(self) -> Envelope:
        """The envelope as it stands now."""
        return Envelope(str(self.reverse_path), tuple(self._forward_paths.values()))


@dataclass(slots=True)
class Session:
    """One client's state: where in the protocol it is and how it got there, who it is, the transaction if one is open.

    `shape` is its path, a mark for each reply (`message.Trace`); it keeps the last ones only.
    """

    state: str
    via: str = ""
    id: int = 0
    peer: str = ""
    helo: str = ""
    shape: str = ""
    tls: str = ""
    user: str = ""
    transaction: Transaction | None = None

    def start_over(self, initial: str) -> None:
        """Forget all but where the client is: what was said before TLS counts no more."""
        self.state, self.helo, self.user, self.transaction = initial, "", "", None

    def remember(self, step: str) -> None:
        """Add one more reply to the path: its mark, or the digit of the state it led to."""
        self.shape = (self.shape + step)[-_SHAPE_KEPT:]

    def correct(self, mark: str, later: int) -> None:
        """Change the mark of a reply, which turned out to be a refusal, `later` ones having been remembered since."""
        at = len(self.shape) - 1 - later
        if at >= 0:
            self.shape = self.shape[:at] + mark + self.shape[at + 1 :]

    def trace(self, digit: str) -> Trace:
        """Tell how a mail came in that is about to be stored, which leads to the state of this digit."""
        return Trace(self.via, self.id, self.peer, self.helo, self.shape + digit)
